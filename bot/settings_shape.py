"""The shape of lifeboat.toml: every table, every key, its type, bounds and default.

This is the one list of what may stand in the settings; docs/settings.md and
lifeboat.example.toml are tested against it. Whether the values make sense together is decided in
`settings.py`. Every key has a default here, even those that must be given: what is missing is
said in the same breath as everything else.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.fields import FieldInfo

from bot.settings_lookout import LookoutTable
from bot.settings_shape_alerts import AlertsTable, SmtpTable, WebhookTable
from bot.settings_shape_health import HealthTable
from bot.settings_shape_kept import (
    EncryptionTable,
    KeptTable,
    RetentionTable,
    SweepTable,
    Table,
    VaultTable,
)


class LifeboatTable(Table):
    data_folder: str = Field(
        default="lifeboat-data",
        min_length=1,
        description="Folder for the spool, the catalog and locks; relative to this file.",
    )
    default_deployment: str | None = Field(
        default=None,
        description="The deployment meant when none is named; the only one if there is one.",
    )
    clock_skew_seconds_max: float = Field(
        default=30,
        ge=1,
        le=86_400,
        description="Warn when this machine's clock and a deployment's differ by more seconds.",
    )
    download_tries: int = Field(
        default=4,
        ge=1,
        le=100,
        description="How often a cut download is begun again before it is given up.",
    )


class DeploymentTable(Table):
    url: str | None = Field(
        default=None,
        description="The deployment's own address, such as https://happy-animal-123.convex.cloud.",
    )
    key_env: str | None = Field(
        default=None,
        description="Environment variable, in capital letters, that holds the deploy or admin key.",
    )
    key_file: str | None = Field(
        default=None, description="File that holds the key instead; relative to this file."
    )
    protected: bool = Field(
        default=False,
        description="Restored only after a second person's approval; a deployment called "
        "production or prod must say true or false.",
    )
    restore_to: str | None = Field(
        default=None,
        description="The deployment that restores of this one's backups go to by default.",
    )
    expected_tables: list[str] | None = Field(
        default=None,
        max_length=10_000,
        description="Tables every backup must hold; component/path/table below the root. Left "
        "out: not checked.",
    )
    allow_plain_http: bool = Field(
        default=False,
        description="Allow http:// to a public address, where anyone on the way reads the key.",
    )
    target_hours: float | None = Field(
        default=None,
        gt=0,
        le=24 * 366,
        description="How old its last good backup may be before it is overdue. Left out: the "
        "longest time between two runs of its backup schedules.",
    )


class VerifyTable(Table):
    compare_with: int = Field(
        default=7, ge=1, le=1000, description="How many earlier backups a backup is compared with."
    )
    shrink_percent_max: float = Field(
        default=30, ge=0, le=100, description="Warn when size or documents shrink by more per cent."
    )
    grow_percent_max: float = Field(
        default=300,
        ge=0,
        le=1_000_000,
        description="Warn when size or documents grow by more per cent.",
    )


class PatienceTable(Table):
    export_hours_max: float = Field(
        default=6, gt=0, le=168, description="Hours to wait for Convex to make a snapshot."
    )
    import_hours_max: float = Field(
        default=12, gt=0, le=168, description="Hours to wait for Convex to finish an import."
    )
    connect_seconds: float = Field(
        default=10, gt=0, le=600, description="Seconds to wait for a connection."
    )
    read_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds of silence after which an answer is given up.",
    )
    poll_seconds_max: float = Field(
        default=5,
        ge=0.1,
        le=300,
        description="Longest pause between two looks at a running export or import.",
    )
    tries: int = Field(
        default=6,
        ge=1,
        le=100,
        description="How often a request that failed in passing is sent, if it may be repeated.",
    )
    retry_seconds: float = Field(
        default=0.5,
        ge=0,
        le=60,
        description="Pause before the second try; it doubles each time, up to 30 s.",
    )
    outage_seconds_max: float = Field(
        default=300,
        ge=0,
        le=86_400,
        description="How long a deployment may stay away in the middle of a wait.",
    )


class SlackTable(Table):
    mode: Literal["socket", "http"] = Field(
        default="socket",
        description='How Slack reaches the bot: "socket" needs no address, "http" listens.',
    )
    bot_token_env: str = Field(
        default="SLACK_BOT_TOKEN",
        description="Environment variable that holds the bot token (xoxb-…).",
    )
    app_token_env: str = Field(
        default="SLACK_APP_TOKEN",
        description='Environment variable that holds the app-level token (xapp-…), for "socket".',
    )
    signing_secret_env: str = Field(
        default="SLACK_SIGNING_SECRET",
        description='Environment variable that holds the signing secret, for "http".',
    )
    listen: str = Field(
        default="127.0.0.1:3000",
        description='Address and port on which "http" listens for Slack\'s requests.',
    )
    api_url: str = Field(
        default="https://slack.com/api/",
        description="Slack's own address; another one only for a stand-in on this machine.",
    )
    channel: str | None = Field(
        default=None,
        description="Id of the channel (C…) where jobs of schedules are shown that name no other.",
    )


class RolesTable(Table):
    operators: list[str] = Field(
        default=[],
        max_length=1000,
        description="Ids of people (U…) and user groups (S…) who may back up, verify and restore "
        "to staging.",
    )
    viewers: list[str] | None = Field(
        default=None,
        max_length=1000,
        description="Ids of those who may only look. Left out: every full member of the workspace.",
    )


class ApprovalsTable(Table):
    approvers: list[str] = Field(
        default=[],
        max_length=1000,
        description="Ids of people (U…) and user groups (S…) who may approve a restore of a "
        "protected deployment. Empty: nobody can, so none is restored from Slack.",
    )
    quorum: int = Field(
        default=1, ge=1, le=20, description="How many people other than whoever asked must approve."
    )
    quorum_replace_all: int = Field(
        default=1, ge=1, le=20, description="How many for replace-all, if that is more."
    )
    quorum_losing: int = Field(
        default=2,
        ge=1,
        le=20,
        description="How many when a table would lose more than losing_percent of its rows.",
    )
    losing_percent: float = Field(
        default=50, ge=0, le=100, description="From which loss of a table's rows that holds."
    )
    approve_within_minutes: float = Field(
        default=60, gt=0, le=10_080, description="How long a question may be answered."
    )
    use_within_minutes: float = Field(
        default=30, gt=0, le=1440, description="How long an approval is good for the act to begin."
    )
    undo_within_hours: float = Field(
        default=24, gt=0, le=720, description="How long a finished restore offers its undo."
    )
    staging_first_days: float = Field(
        default=7,
        ge=0,
        le=365,
        description="The backup must have been restored to an unprotected deployment within so "
        "many days; 0: not asked for.",
    )
    age_days_max: float = Field(
        default=30, gt=0, le=3650, description="Refuse to restore a backup that is older."
    )
    pause: bool = Field(
        default=True, description="Pause a protected deployment while it is restored."
    )
    channel: str | None = Field(
        default=None, description="Id of a channel (C…) that gets a pointer to every question."
    )
    break_glass: bool = Field(
        default=False,
        description="Allow a restore of a protected deployment by one person from the terminal, "
        "for the day Slack is gone.",
    )
    break_glass_wait_seconds: float = Field(
        default=60, ge=5, le=3600, description="The countdown before such a restore begins."
    )


class JobsTable(Table):
    database_env: str | None = Field(
        default=None,
        description="Name of the environment variable with the address of a PostgreSQL database, "
        "for several replicas; the engine keeps a file in the data folder if left out.",
    )
    database_file: str | None = Field(
        default=None, description="A file with that address, instead of the variable."
    )
    silent_minutes_max: float = Field(
        default=15,
        ge=0.05,
        le=1440,
        description="Say aloud that a job has not moved for so many minutes.",
    )
    keep_days: int = Field(
        default=30, ge=1, le=3650, description="How long the engine remembers jobs that ended."
    )
    stop_seconds: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="How long a stopping bot lets running jobs end before the next start goes on "
        "with them.",
    )
    copy_tries: int = Field(
        default=10,
        ge=1,
        le=100,
        description="How often the bot tries to copy a backup into another vault.",
    )
    copy_retry_seconds: float = Field(
        default=60,
        ge=0.05,
        le=3600,
        description="Pause before the second try; it doubles each time, up to an hour.",
    )
    pause_days: float = Field(
        default=3,
        gt=0,
        le=366,
        description="How long a schedule is paused when whoever pauses it does not say.",
    )
    pause_days_max: float = Field(
        default=14, gt=0, le=366, description="How long a schedule may be paused at most."
    )


class ScheduleTable(Table):
    verb: str | None = Field(
        default=None,
        description="What is done: backup, verify, prune, copy, or another verb that the bot does "
        "as a job.",
    )
    deployments: list[str] | None = Field(
        default=None,
        max_length=100,
        description="The deployments it is done for, one job each; the default one if left out.",
    )
    kind: str | None = Field(
        default=None,
        description="What a backup is for: daily, weekly or monthly; daily if left out.",
    )
    cron: str | None = Field(
        default=None,
        description="When: minute, hour, day, month, weekday, such as 0 3 * * sun. Weekdays are "
        "names.",
    )
    every: str | None = Field(
        default=None, description="How often instead: 30m, 6h, 1d, counted from midnight in UTC."
    )
    zone: str = Field(
        default="UTC", description="The zone whose clock cron means, such as Asia/Jakarta."
    )
    words: list[str] = Field(
        default=[],
        max_length=50,
        description="More words for the verb, as they are typed in a terminal.",
    )
    channel: str | None = Field(
        default=None, description="Id of the channel (C…) where its jobs are shown."
    )
    ping_env: str | None = Field(
        default=None,
        description="Environment variable that holds an address to ping when it begins and ends, "
        "such as a check's of healthchecks.io.",
    )
    ping_file: str | None = Field(
        default=None,
        min_length=1,
        description="File that holds the address instead; relative to this file.",
    )
    on: bool = Field(default=True, description="Whether it runs at all.")


class File(Table):
    """The whole file. Tables of the tables are named by the person who writes them."""

    lifeboat: LifeboatTable = LifeboatTable()
    deployments: dict[str, DeploymentTable] = Field(default_factory=dict)
    vaults: dict[str, VaultTable] = Field(default_factory=dict)
    encryption: EncryptionTable = EncryptionTable()
    verify: VerifyTable = VerifyTable()
    patience: PatienceTable = PatienceTable()
    sweep: SweepTable = SweepTable()
    retention: RetentionTable = RetentionTable()
    slack: SlackTable = SlackTable()
    roles: RolesTable = RolesTable()
    approvals: ApprovalsTable = ApprovalsTable()
    jobs: JobsTable = JobsTable()
    lookout: LookoutTable = LookoutTable()
    alerts: AlertsTable = AlertsTable()
    webhook: WebhookTable = WebhookTable()
    smtp: SmtpTable = SmtpTable()
    health: HealthTable = HealthTable()
    schedules: dict[str, ScheduleTable] = Field(default_factory=dict)


TABLES: dict[str, type[Table]] = {
    "lifeboat": LifeboatTable,
    "deployments.<name>": DeploymentTable,
    "vaults.<name>": VaultTable,
    "encryption": EncryptionTable,
    "verify": VerifyTable,
    "patience": PatienceTable,
    "sweep": SweepTable,
    "retention": RetentionTable,
    "retention.deployments.<name>": KeptTable,
    "retention.vaults.<name>": KeptTable,
    "slack": SlackTable,
    "roles": RolesTable,
    "approvals": ApprovalsTable,
    "jobs": JobsTable,
    "lookout": LookoutTable,
    "alerts": AlertsTable,
    "webhook": WebhookTable,
    "smtp": SmtpTable,
    "health": HealthTable,
    "schedules.<name>": ScheduleTable,
}


def keys_of(table: type[Table]) -> dict[str, FieldInfo]:
    """Return the keys of a table, without the tables inside it."""
    return {
        name: key for name, key in table.model_fields.items() if "Table" not in str(key.annotation)
    }
