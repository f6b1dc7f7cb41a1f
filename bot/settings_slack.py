"""What the settings say of Slack, and the tokens it takes to speak there.

Tokens are read when the bot starts and never for a terminal command: `lifeboat now` works on a
machine that has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from bot.settings_shape import File, SlackTable
from bot.settings_words import Mistake, SettingsRefused
from commands.policy import Approvals
from commands.roles import Roles
from commands.timetable import Pausing
from storage.secret import Secret

PERSON_OR_GROUP = re.compile(r"[UWS][A-Z0-9]{5,20}")
CHANNEL = re.compile(r"[CG][A-Z0-9]{5,20}")
LISTEN = re.compile(r"(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:]{2,45}\]):(?P<port>\d{1,5})")
SLACK_HOST = "slack.com"
NOT_THE_ENGINES = {"copy_tries", "copy_retry_seconds", "database_env", "database_file"}
WHERE_TO_FIND = "docs/slack-setup.md says where to find it."


@dataclass(frozen=True)
class SlackSettings:
    """How Slack is reached; `host` and `port` are where "http" listens."""

    mode: str
    api_url: str
    host: str
    port: int
    bot_token_env: str
    app_token_env: str
    signing_secret_env: str


@dataclass(frozen=True)
class Tokens:
    """What opens Slack; the one that the mode does not need is empty."""

    bot: Secret
    app: Secret
    signing: Secret


@dataclass(frozen=True)
class JobsSettings:
    """Bounds of the engine, in the units of their names."""

    silent_minutes_max: float
    keep_days: int
    stop_seconds: float
    pause_days: float
    pause_days_max: float

    @property
    def pausing(self) -> Pausing:
        """How long schedules are paused."""
        return Pausing(timedelta(days=self.pause_days), timedelta(days=self.pause_days_max))


def slack(file: File) -> SlackSettings:
    """Return the settings of Slack; an address that is none was told as a mistake."""
    table = file.slack
    match = LISTEN.fullmatch(table.listen)
    return SlackSettings(
        mode=table.mode,
        api_url=table.api_url if table.api_url.endswith("/") else f"{table.api_url}/",
        host=match["host"].strip("[]") if match else "127.0.0.1",
        port=int(match["port"]) if match else 0,
        bot_token_env=table.bot_token_env,
        app_token_env=table.app_token_env,
        signing_secret_env=table.signing_secret_env,
    )


def roles(file: File) -> Roles:
    """Return who may do what."""
    viewers = file.roles.viewers
    return Roles(
        operators=frozenset(file.roles.operators),
        viewers=None if viewers is None else frozenset(viewers),
    )


def approvals(file: File) -> Approvals:
    """Return the rules by which protected deployments are restored."""
    table = file.approvals
    return Approvals(
        approvers=frozenset(table.approvers),
        quorum=table.quorum,
        quorum_replace_all=table.quorum_replace_all,
        quorum_losing=table.quorum_losing,
        losing_percent=table.losing_percent,
        approve_within=timedelta(minutes=table.approve_within_minutes),
        use_within=timedelta(minutes=table.use_within_minutes),
        undo_within=timedelta(hours=table.undo_within_hours),
        staging_first=timedelta(days=table.staging_first_days),
        age_max=timedelta(days=table.age_days_max),
        pause=table.pause,
        channel=table.channel or "",
        break_glass=table.break_glass,
        break_glass_wait_seconds=table.break_glass_wait_seconds,
    )


def jobs(file: File) -> JobsSettings:
    """Return the bounds of the engine."""
    return JobsSettings(**file.jobs.model_dump(exclude=NOT_THE_ENGINES))


def mistakes(file: File) -> Iterator[Mistake]:
    """Find ids that are none, and addresses that can't be listened on or must not be trusted."""
    yield from _ids("roles.operators", file.roles.operators)
    yield from _ids("roles.viewers", file.roles.viewers or ())
    yield from _ids("approvals.approvers", file.approvals.approvers)
    yield from _channel("slack.channel", file.slack.channel)
    yield from _quorum(file)
    if file.jobs.pause_days > file.jobs.pause_days_max:
        yield Mistake(
            "jobs.pause_days",
            "A pause would last longer than pause_days_max allows.",
            "Lower the one or raise the other.",
        )
    yield from _addresses(file.slack)


def tokens(facts: SlackSettings, environ: Mapping[str, str], file_name: str) -> Tokens:
    """Read the tokens that the mode needs; SettingsRefused lists every one that is missing."""
    found: list[Mistake] = []

    def read(key: str, name: str, prefix: str, what: str) -> Secret:
        value = environ.get(name, "").strip()
        if not value:
            found.append(
                Mistake(
                    f"slack.{key}",
                    f"The environment variable {name} holds no {what}.",
                    f"Type: export {name}='{prefix}…'. {WHERE_TO_FIND}",
                )
            )
        elif not value.startswith(prefix):
            found.append(
                Mistake(
                    f"slack.{key}",
                    f"What {name} holds is not a {what}: it does not begin with {prefix!r}.",
                    WHERE_TO_FIND,
                )
            )
        return Secret(value)

    none = Secret("")
    socket = facts.mode == "socket"
    read_tokens = Tokens(
        bot=read("bot_token_env", facts.bot_token_env, "xoxb-", "bot token"),
        app=read("app_token_env", facts.app_token_env, "xapp-", "app-level token")
        if socket
        else none,
        signing=none
        if socket
        else read("signing_secret_env", facts.signing_secret_env, "", "signing secret"),
    )
    if found:
        raise SettingsRefused(file_name, found)
    return read_tokens


def _quorum(file: File) -> Iterator[Mistake]:
    """Find a quorum that no restore could ever reach, as far as people are named one by one."""
    table = file.approvals
    named = set(table.approvers)
    if not named or any(each.startswith("S") for each in named):
        return  # Nobody is asked, or a group: how many are in it is known when Slack is asked.
    operators = {each for each in file.roles.operators if not each.startswith("S")}
    most = max(table.quorum, table.quorum_replace_all, table.quorum_losing)
    others = min((len(named - {asker}) for asker in operators), default=len(named))
    if others < most:
        yield Mistake(
            "approvals.approvers",
            f"{most} people other than whoever asks have to approve, and only {others} can.",
            "Name more approvers, or lower quorum, quorum_replace_all or quorum_losing.",
        )


def _channel(where: str, id: str | None) -> Iterator[Mistake]:
    if id is not None and not CHANNEL.fullmatch(id):
        yield Mistake(where, "This is not the id of a channel (C…).", "Copy it from Slack.")


def _ids(where: str, ids: Iterable[str]) -> Iterator[Mistake]:
    for number, each in enumerate(ids, start=1):
        if not PERSON_OR_GROUP.fullmatch(each):
            yield Mistake(
                where,
                f"Item {number} is not the id of a person (U…) or of a user group (S…).",
                "Names change and are not safe; copy the id from the profile in Slack.",
            )


def _addresses(table: SlackTable) -> Iterator[Mistake]:
    match = LISTEN.fullmatch(table.listen)
    if match is None or not 0 < int(match["port"]) < 65_536:
        yield Mistake(
            "slack.listen",
            "This is not an address and a port.",
            'Write listen = "127.0.0.1:3000".',
        )
    parts = urlsplit(table.api_url)
    host = parts.hostname or ""
    slack_itself = parts.scheme == "https" and (
        host == SLACK_HOST or host.endswith((f".{SLACK_HOST}", ".slack-gov.com"))
    )
    stand_in = parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1")
    if not slack_itself and not stand_in:
        yield Mistake(
            "slack.api_url",
            "This is neither Slack's address nor that of a stand-in on this machine.",
            "Leave the line out: the tokens would be sent there.",
        )
