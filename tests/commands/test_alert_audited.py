"""Who took an alert on or silenced it stands in the audit log, and no vault keeps them from it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts_kept import KeptAlerts
from bot.audit_words import more, who
from commands import alert, audited
from commands.alert_events import AlertTaken
from commands.alert_rules import AlertRules
from commands.trouble import Seen, Trouble
from storage.audit import Audit, Entry
from storage.errors import Refused, VaultFull
from storage.outbox import Outbox
from storage.vaults.local import LocalFolder
from tests.commands.audit_contexts import context
from tests.storage.audit_logs import Ticking

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FAILED = Trouble(
    kind="job failed",
    about="backup of production",
    severity="severe",
    what="It failed.",
    safe="All is as it was.",
    hint="Ask again.",
    since=AT,
    deployment="production",
)


class Ill(LocalFolder):
    """A folder that takes nothing, or never answers until it is let go."""

    def __init__(self, folder: Path, *, hangs: bool) -> None:
        super().__init__(folder)
        self.hangs, self.go = hangs, threading.Event()

    def put(self, name: str, chunks: Iterable[bytes], **more: Any) -> Any:
        if self.hangs:
            self.go.wait(20)
        raise VaultFull("The disk is full.")


@pytest.fixture
def kept(tmp_path: Path) -> KeptAlerts:
    found = KeptAlerts(Outbox(tmp_path / "outbox.db"), AlertRules(), lambda: AT, dict, {})
    found.looked(Seen((FAILED,)))
    return found


def do(kept: KeptAlerts, folder: Path, *words: str, **changes: Any) -> AlertTaken:
    ctx = context(folder / "vault", alerts=kept, **changes)
    result = alert.run(alert.parse([words[0], kept.open()[0].id, *words[1:]]), ctx)
    assert isinstance(result, AlertTaken)
    return result


def entries(folder: Path) -> list[Entry]:
    return list(Audit(LocalFolder(folder / "vault"), Ticking()).entries())


def test_who_did_what_to_which_alert_and_until_when_is_written(kept: KeptAlerts, tmp_path: Path):
    assert do(kept, tmp_path, "ack").unwritten == ""
    do(kept, tmp_path, "snooze", "4h")
    silent, taken = entries(tmp_path)
    (id_,) = [each.id for each in kept.open()]

    assert (taken.what, silent.what) == ("alert.acknowledged", "alert.snoozed")
    assert {each.about for each in (taken, silent)} == {id_}
    assert who(taken) == "Rizal, Slack"
    assert taken.deployment == "production"
    assert list(more(silent)) == [
        f"about {id_}",
        "job failed: backup of production",
        "until 2026-11-24T06:00:00Z",
    ]


@pytest.mark.parametrize(
    ("hangs", "why"), [(False, "The disk is full."), (True, "has not answered for 0.2 s.")]
)
def test_a_vault_that_takes_nothing_stops_nobody_and_is_told(
    kept: KeptAlerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: bool, why: str
):
    monkeypatch.setattr(audited, "WRITE_SECONDS", 0.2)
    ill = Ill(tmp_path / "vault", hangs=hangs)
    try:
        result = do(kept, tmp_path, "ack", audit=Audit(ill, Ticking()))
    finally:
        ill.go.set()

    assert why in result.unwritten
    assert kept.open()[0].acknowledged_by == "Rizal"


def test_what_was_refused_is_not_written(kept: KeptAlerts, tmp_path: Path):
    do(kept, tmp_path, "ack")
    with pytest.raises(Refused):
        do(kept, tmp_path, "ack")
    with pytest.raises(Refused):
        do(kept, tmp_path, "snooze", "900d")

    assert len(entries(tmp_path)) == 1


def test_without_an_audit_log_it_counts_and_nothing_is_said(kept: KeptAlerts, tmp_path: Path):
    assert do(kept, tmp_path, "snooze", "1h", audit=None).unwritten == ""
    assert kept.open()[0].snoozed_until == AT + timedelta(hours=1)
