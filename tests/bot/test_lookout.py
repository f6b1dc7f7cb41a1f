"""The lookout: which jobs that ended are a trouble, how often they failed, what does them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.job_rows import EndedJob
from bot.lookout import Lookout
from commands.trouble import Trouble
from storage.errors import VaultUnreachable

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAILED = EndedJob(
    id="now-production-aaaaaa",
    verb="now",
    deployment="production",
    backup="",
    door="schedule",
    schedule="daily",
    state="failed",
    ended_at=AT,
    what="The key is refused.",
    safe="Nothing was touched.",
    hint="Make a new key.",
    kind="WrongKey",
)


class Jobs:
    """An engine's ended jobs; what was asked for is kept."""

    def __init__(self, *jobs: EndedJob) -> None:
        self.jobs = list(jobs)
        self.since: list[datetime | None] = []

    def ended(self, since: datetime | None) -> Sequence[EndedJob]:
        self.since.append(since)
        return [each for each in self.jobs if since is None or each.ended_at >= since]


def job(number: int, **changes: Any) -> EndedJob:
    facts = {"id": f"now-production-{number}", "ended_at": AT + number * MINUTE}
    return replace(FAILED, **{**facts, **changes})


class Catalog:
    """What is known of the vault: the newest good backup of production, if there is one."""

    def __init__(self) -> None:
        self.taken_at: datetime | None = None

    def backups(self, deployment: str, **_: Any) -> list[Any]:
        if self.taken_at is None or deployment != "production":
            return []
        return [SimpleNamespace(id="b", taken_at=self.taken_at, verified_at=None)]

    def previous(self, deployment: str, **_: Any) -> list[Any]:
        check = SimpleNamespace(findings=(), at=self.taken_at)
        return [SimpleNamespace(id=each.id, check=check) for each in self.backups(deployment)]


def lookout(jobs: Jobs, catalog: Catalog | None = None, **more: Any) -> Lookout:
    deployments = {
        "production": SimpleNamespace(protected=True),
        "staging": SimpleNamespace(protected=False),
    }
    daily = SimpleNamespace(typed={"production": ("production", "--kind", "daily")})
    world = SimpleNamespace(
        deployments=deployments,
        schedules={"daily": daily},
        now=lambda: AT + 60 * MINUTE,
        vaults={"local": None, "second": None},
        first=SimpleNamespace(name="local"),
        catalog=catalog or Catalog(),
    )
    return Lookout(cast(Any, world), jobs, **more)


def troubles(*jobs: EndedJob) -> list[Trouble]:
    return list(lookout(Jobs(*jobs)).look().troubles)


def test_a_failed_backup_is_over_when_somebody_else_has_taken_one_since():
    """From a terminal, say: no job of the bot tells of it, the vault does."""
    catalog, jobs = Catalog(), Jobs(job(1), job(2, verb="verify", id="verify-x", backup="b"))
    looking = lookout(jobs, catalog)
    catalog.taken_at = AT
    before = [each.about for each in looking.look().troubles]
    catalog.taken_at = AT + 2 * MINUTE
    after = [each.about for each in looking.look().troubles]

    assert before == ["backup of production", "verify of production"]
    assert after == ["verify of production"]


def test_a_failed_job_is_a_trouble_with_its_own_words():
    (found,) = troubles(job(1))

    assert found.key == "job failed/backup of production"
    assert "The key is refused." in found.what
    assert (found.safe, found.hint) == ("Nothing was touched.", "Make a new key.")
    assert (found.severity, found.times, found.since) == ("severe", 1, AT + MINUTE)
    assert found.retry == "now production --kind daily"


def test_failures_in_a_row_are_counted_from_the_last_success():
    (found,) = troubles(job(1), job(2, state="done"), job(3), job(4, state="cancelled"), job(5))

    assert (found.times, found.since) == (2, AT + 3 * MINUTE)


@pytest.mark.parametrize("state", ["done", "look"])
def test_a_run_that_got_through_ends_it(state: str):
    assert troubles(job(1), job(2, state=state)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "cancelled"},
        {"verb": "ask"},
        {"door": "slack", "kind": "Refused"},
        {"deployment": "gone-from-the-settings"},
    ],
)
def test_what_says_nothing_of_how_things_stand_is_no_trouble(changes: dict[str, Any]):
    assert troubles(job(1, **changes)) == []


def test_a_schedule_that_is_refused_is_a_trouble():
    assert len(troubles(job(1, kind="Refused"))) == 1


def test_each_verb_and_deployment_stands_for_itself():
    found = troubles(
        job(1),
        job(2, verb="verify", backup="production-1", schedule="", door="slack"),
        job(3, deployment="staging", schedule=""),
    )

    assert [(each.about, each.severity, each.retry) for each in found] == [
        ("backup of production", "severe", "now production --kind daily"),
        ("verify of production", "warning", "verify production-1"),
        ("backup of staging", "warning", "now staging"),
    ]


SYNC = {"verb": "sync", "deployment": "second", "vault": "second", "schedule": "", "what": ""}
COPY = {"verb": "copy", "backup": "production-1", "vault": "second", "schedule": ""}


def test_a_vault_that_could_not_be_filled_is_a_trouble_though_its_job_went_on():
    (found,) = troubles(job(1, **SYNC, state="look"))

    assert (found.about, found.deployment, found.retry) == ("sync of second", "", "sync second")
    assert "Not everything could be copied" in found.what


@pytest.mark.parametrize(
    ("filled", "left"), [("second", 0), ("every-vault", 0), ("third", 1), ("", 1)]
)
def test_a_failed_copy_is_over_when_its_vault_was_filled(filled: str, left: int):
    jobs = [job(1, **COPY)]
    if filled:
        jobs.append(job(2, **{**SYNC, "deployment": filled, "vault": ""}, state="done"))

    assert len(troubles(*jobs)) == left
    assert len(troubles(*jobs, job(3, **COPY))) == 1


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"kind": "WrongKey"}, ("key refused/production",)),
        ({"kind": "VaultUnreachable"}, ("vault unreachable/local",)),
        ({"kind": "VaultFull"}, ("vault filling/local",)),
        ({"kind": "Unreachable"}, ()),
        (COPY | {"kind": "CutDownload"}, ("copy failing/second",)),
        (COPY | {"kind": "VaultDenied"}, ("vault unreachable/second", "copy failing/second")),
        (
            {"verb": "verify", "kind": "VaultUnreachable"},
            ("vault unreachable/local", "vault unreachable/second"),
        ),
    ],
)
def test_a_failed_job_names_what_would_explain_it(
    changes: dict[str, Any], because: tuple[str, ...]
):
    (found,) = troubles(job(1, **changes))

    assert found.because == because


def test_three_in_a_row_are_severe_whatever_failed():
    jobs = [job(number, deployment="staging") for number in range(3)]

    assert [each.severity for each in troubles(*jobs)] == ["severe"]


def test_what_other_people_approve_is_not_done_again_by_a_button():
    (found,) = troubles(job(1, verb="approved", schedule=""))

    assert (found.about, found.retry) == ("restore of production", "")


def test_only_what_is_new_is_read_at_the_next_look_and_nothing_is_forgotten():
    jobs = Jobs(job(1))
    looking = lookout(jobs)
    looking.look()
    jobs.jobs = [job(59)]

    assert looking.look().troubles[0].times == 2
    assert jobs.since[0] is None
    assert jobs.since[1] is not None


def test_a_finder_that_can_not_look_makes_only_its_own_kinds_unknown():
    def blind() -> Sequence[Trouble]:
        raise VaultUnreachable("The vault is away.")

    def broken() -> Sequence[Trouble]:
        raise KeyError("mine")

    finders = {("vault filling", "findings"): blind, ("anomaly",): broken}
    seen = lookout(Jobs(job(1)), finders=finders).look()

    assert len(seen.troubles) == 1
    assert seen.unknown == {"vault filling", "findings", "anomaly"}
