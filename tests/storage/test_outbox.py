"""The outbox: what was put there is sent, once, whatever is killed, lost or damaged on the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import outbox_file
from storage.database import DatabaseAway
from storage.errors import Refused, SpoolError
from storage.outbox import Kept, Outbox, Sending
from storage.outbox_database import OutboxDatabase
from storage.secret import Secret
from tests.postgres import PASSWORD, Postgres, ends
from tests.slack.house import free_port

AT = datetime(2026, 11, 24, 2, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALERT = Kept("a-1", "job failed/backup of production", True, AT, b"{}")
ROOT = Path(__file__).parents[2]
DIES = """
import os, signal, sys
from datetime import UTC, datetime
from tests.storage.test_outbox import opened
taken = opened(sys.argv[1]).take("slack", datetime.now(UTC))
print(taken.sending.doubt, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def opened(where: str) -> Outbox:
    """The outbox in a file, or in the database of an address."""
    if where.startswith("postgresql://"):
        return Outbox(OutboxDatabase(lambda: Secret(where)))
    return Outbox(Path(where))


@pytest.fixture(params=["file", "database"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an outbox lies: of one bot, and of replicas."""
    if request.param == "file":
        return str(tmp_path / "data" / "outbox.db")
    server: Postgres = request.getfixturevalue("database_server")
    return server.database()


@pytest.fixture
def outbox(where: str) -> Outbox:
    return opened(where)


@pytest.fixture
def in_file(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "data" / "outbox.db")


def sending(what: str = "raised", alert: Kept = ALERT, road: str = "slack") -> Sending:
    return Sending(alert.id, road, what, b"{}", AT, AT)


def put(outbox: Outbox, *sends: Sending, alert: Kept = ALERT) -> None:
    outbox.change(lambda _opened: ([alert], list(sends or [sending(alert=alert)])))


def taken(outbox: Outbox, now: datetime = AT, road: str = "slack") -> list[tuple[str, str]]:
    """Take and finish all that is due."""
    found = []
    while (each := outbox.take(road, now)) is not None:
        found.append((each.alert.id, each.sending.what))
        outbox.done(each, now)
    return found


def test_what_was_put_there_is_taken_once(outbox: Outbox):
    put(outbox)

    assert taken(outbox) == [("a-1", "raised")]
    assert taken(outbox) == []


def test_it_is_there_for_another_process(outbox: Outbox, where: str):
    put(outbox)

    assert taken(opened(where)) == [("a-1", "raised")]


def test_each_road_has_its_own(outbox: Outbox):
    put(outbox, sending(), sending(road="smtp"))

    assert taken(outbox) == [("a-1", "raised")]
    assert taken(outbox, road="smtp") == [("a-1", "raised")]


def test_what_a_killed_bot_had_begun_is_sent_once_more_and_in_doubt(outbox: Outbox, where: str):
    put(outbox)
    told = [
        subprocess.run(
            [sys.executable, "-c", DIES, where],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        for _ in range(2)
    ]
    last = outbox.take("slack", datetime.now(UTC))

    assert [each.returncode for each in told] == [-signal.SIGKILL] * 2
    assert [each.stdout.strip() for each in told] == ["False", "True"]
    assert last is not None
    assert last.sending.doubt


def test_a_refused_send_is_not_in_doubt_and_waits_for_its_time(outbox: Outbox):
    put(outbox)
    first = outbox.take("slack", AT)
    assert first is not None
    outbox.failed(first, "Slack is away.", AT + 60 * SECOND, doubt=False)
    again = outbox.take("slack", AT + 60 * SECOND)

    assert outbox.take("slack", AT + 59 * SECOND) is None
    assert again is not None
    assert (again.sending.doubt, again.sending.tries) == (False, 1)


def test_one_that_may_have_arrived_stays_in_doubt(outbox: Outbox):
    put(outbox)
    for number, doubt in enumerate((True, False)):
        each = outbox.take("slack", AT + number * SECOND)
        assert each is not None
        outbox.failed(each, "cut off", AT + (number + 1) * SECOND, doubt=doubt)
    last = outbox.take("slack", AT + 2 * SECOND)

    assert last is not None
    assert last.sending.doubt


def test_what_is_told_of_one_alert_keeps_its_order_and_holds_up_no_other(outbox: Outbox):
    other = replace(ALERT, id="a-2", key="another")
    put(outbox, sending(), sending("again"))
    first = outbox.take("slack", AT)
    assert first is not None
    outbox.failed(first, "away", AT + 60 * SECOND, doubt=False)
    put(outbox, sending(alert=other), alert=other)

    assert taken(outbox, AT) == [("a-2", "raised")]
    assert taken(outbox, AT + 60 * SECOND) == [("a-1", "raised"), ("a-1", "again")]


def test_where_it_was_put_says_all_that_waited(outbox: Outbox):
    put(outbox, sending(), sending("again"), sending("recovered"))
    first = outbox.take("slack", AT)
    assert first is not None
    put(outbox, sending("later"))
    outbox.put(first, "C1 1.2", "late", AT)
    rest = outbox.take("slack", AT)

    assert rest is not None
    assert (rest.sending.what, rest.place, rest.note) == ("later", "C1 1.2", "late")


def test_nothing_is_told_before_its_time_unless_it_is_hurried(outbox: Outbox):
    put(outbox, replace(sending(), after=AT + 3600 * SECOND))

    assert taken(outbox, AT) == []
    outbox.hurry("a-1", AT)
    assert taken(outbox, AT) == [("a-1", "raised")]


def test_a_reply_that_has_arrived_is_not_sent_again_for_its_edit(outbox: Outbox):
    put(outbox, sending("again"))
    first = outbox.take("slack", AT)
    assert first is not None
    outbox.said(first)
    outbox.failed(first, "the edit failed", AT, doubt=False)
    again = outbox.take("slack", AT)

    assert again is not None
    assert (again.sending.said, again.sending.doubt) == (True, False)


def test_one_trouble_has_one_open_alert_even_if_two_raise_it_at_once(where: str):
    def raise_it(number: int) -> None:
        mine = replace(ALERT, id=f"a-{number}")

        def once(opened: Sequence[Kept]) -> tuple[list[Kept], list[Sending]]:
            return ([], []) if opened else ([mine], [sending(alert=mine)])

        opened(where).change(once)

    threads = [threading.Thread(target=raise_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened(where).alerts(open=True)) == 1
    assert len(taken(opened(where))) == 1


def test_two_alerts_may_change_their_troubles_round(outbox: Outbox):
    other = replace(ALERT, id="a-2", key="another")
    put(outbox)
    put(outbox, alert=other)
    outbox.change(
        lambda _opened: ([replace(ALERT, key="another"), replace(other, key=ALERT.key)], [])
    )

    assert {each.id: each.key for each in outbox.alerts(open=True)} == {
        "a-1": "another",
        "a-2": ALERT.key,
    }


def test_what_is_over_is_read_with_the_open_ones_if_it_was_told_of_since_then(outbox: Outbox):
    over = replace(ALERT, id="a-2", key="other", open=False)
    put(outbox, sending("recovered", alert=over), alert=over)
    put(outbox)

    def read(since: datetime | None) -> list[str]:
        found: list[Kept] = []

        def look(known: Sequence[Kept]) -> tuple[list[Kept], list[Sending]]:
            found.extend(known)
            return [], []

        outbox.change(look, since)
        return [each.id for each in found]

    assert read(None) == ["a-1"]
    assert read(AT) == ["a-1", "a-2"]
    assert read(AT + SECOND) == ["a-1"]


def test_an_error_leaves_all_as_it_was(outbox: Outbox):
    put(outbox)

    def refuse(_opened: Sequence[Kept]) -> tuple[list[Kept], list[Sending]]:
        raise Refused("No.")

    with pytest.raises(Refused):
        outbox.change(refuse)
    assert len(outbox.alerts(open=True)) == 1


def test_a_deleted_file_is_begun_anew(in_file: Outbox, tmp_path: Path):
    put(in_file)
    (tmp_path / "data" / "outbox.db").unlink()

    assert in_file.alerts(open=True) == []
    put(in_file)
    assert taken(in_file) == [("a-1", "raised")]


@pytest.mark.parametrize(
    "bytes_there", [b"this is no database" * 500, b"SQLite format 3\0" + b"x" * 9]
)
def test_a_damaged_file_is_set_aside_and_begun_anew(
    in_file: Outbox, tmp_path: Path, bytes_there: bytes
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "outbox.db").write_bytes(bytes_there)
    put(in_file)

    assert taken(in_file) == [("a-1", "raised")]
    assert [each.read_bytes() for each in (tmp_path / "data").glob("*set-aside*")] == [bytes_there]


def test_another_database_is_not_touched(in_file: Outbox, tmp_path: Path):
    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data" / "outbox.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    put(in_file)
    (aside,) = (tmp_path / "data").glob("*set-aside*")

    assert b"theirs" in aside.read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_a_sentence(tmp_path: Path):
    (tmp_path / "data").mkdir(mode=0o500)

    with pytest.raises(SpoolError, match="The outbox"):
        put(Outbox(tmp_path / "data" / "outbox.db"))


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path: Path):
    (tmp_path / "data").touch()

    with pytest.raises(SpoolError, match="The outbox"):
        put(Outbox(tmp_path / "data" / "outbox.db"))


def test_what_is_over_and_told_is_forgotten_after_a_month_and_nothing_else(outbox: Outbox):
    over = replace(ALERT, open=False)
    waits = replace(ALERT, id="a-2", key="b", open=False)
    put(outbox, alert=over)
    taken(outbox)
    put(outbox, sending(alert=waits), alert=waits)
    outbox.wake(AT + timedelta(days=31))

    assert [each.id for each in outbox.alerts(open=False)] == ["a-2"]
    assert taken(outbox, AT + timedelta(days=31)) == [("a-2", "raised")]


def test_when_each_road_was_last_proven_is_kept(outbox: Outbox):
    outbox.prove("slack", AT, "alert")
    outbox.prove("slack", AT + SECOND, "test")

    assert outbox.proofs() == {"slack": (AT + SECOND, "test")}


def test_a_server_that_was_away_is_told_and_used_again(database_server: Postgres):
    where = database_server.database()
    outbox = opened(where)
    put(outbox)
    cut = ends(where)
    kept = taken(outbox)
    nobody = opened(where.replace(str(database_server.port), str(free_port())))

    assert cut == 1
    assert kept == [("a-1", "raised")]
    with pytest.raises(DatabaseAway, match="nothing listens at its address") as away:
        put(nobody)
    assert PASSWORD not in f"{away.value} {away.value.__cause__} {away.value.__context__}"


def test_a_bot_whose_disk_is_full_goes_on_in_memory_and_writes_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "outbox.db"
    put(Outbox(path))
    spare, real = Outbox(path, spare=True), outbox_file.sqlite3.connect
    full = True

    def connect(where: object, *args: object, **named: object) -> object:
        connection = real(where, *args, **named)  # type: ignore[call-overload]
        if full and where == path:
            connection.execute("PRAGMA max_page_count = 1")  # As far as it is: the disk is full.
        return connection

    monkeypatch.setattr(outbox_file.sqlite3, "connect", connect)
    other = replace(ALERT, id="a-2", key="another", facts=b"x" * 100_000)
    put(spare, sending(alert=other), alert=other)

    assert spare.in_memory
    assert taken(spare) == [("a-1", "raised"), ("a-2", "raised")]
    with pytest.raises(SpoolError, match="full"):
        put(Outbox(path), sending(alert=other), alert=other)
    full = False
    monkeypatch.setattr(outbox_file, "WRITE_BACK_SECONDS", 0.0)
    assert len(spare.alerts(open=True)) == 2
    assert not spare.in_memory
    assert [each.id for each in Outbox(path).alerts(open=True)] == ["a-1", "a-2"]
    assert taken(Outbox(path)) == []
