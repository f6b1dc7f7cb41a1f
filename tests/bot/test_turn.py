"""Of several bots on one database one is at work, whatever is killed, cut off or frozen."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from bot import turn
from bot.turn import Turn, at_work
from storage.database import DatabaseAway
from storage.errors import Refused
from storage.secret import Secret
from tests import debian
from tests.postgres import PASSWORD, Postgres, ends, postgres
from tests.slack.house import ROOT, free_port, wait_for

PROCESS = """
import sys, threading, time
from bot import turn
from storage.secret import Secret
turn.FAREWELL_SECONDS = float(sys.argv[2])
mine = turn.Turn(Secret(sys.argv[1]), lambda why: (print("lost", why, flush=True)))
mine.wait(threading.Event(), lambda who, away: print("waits for", who, away, flush=True))
print("at work", flush=True)
if sys.stdin.readline():
    mine.leave(clean=True)
"""


@pytest.fixture
def url(database_server: Postgres) -> str:
    return database_server.database()


@pytest.fixture
def turns(url: str) -> Iterator[Callable[..., Turn]]:
    """Make turns on the database; each is given back at the end."""
    made: list[Turn] = []

    def new(lost: Callable[[str], None] = lambda _why: None) -> Turn:
        made.append(Turn(Secret(url), lost))
        return made[-1]

    yield new
    for each in made:
        each.leave(clean=True)


def quietly(_who: str, _away: str) -> None:
    """Somebody who is told that a bot stands by, and does nothing."""


def process(url: str, farewell: float = 15) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, url, str(farewell)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(of: subprocess.Popen[str]) -> str:
    assert of.stdout is not None
    return of.stdout.readline().strip()


def test_one_of_two_is_at_work_and_the_other_is_told_who(turns: Callable[..., Turn], url: str):
    first, told, stop = turns(), [], threading.Event()
    went = first.wait(stop, quietly)
    who = at_work(Secret(url))
    waiting = threading.Thread(
        target=turns().wait, args=(stop, lambda who, _away: told.append(who))
    )
    waiting.start()
    wait_for(lambda: told)
    stop.set()
    waiting.join(10)

    assert went
    assert told == [who]
    assert str(os.getpid()) in str(who)
    assert not waiting.is_alive()


def test_a_turn_that_is_taken_is_refused_to_whoever_can_not_wait(turns: Callable[..., Turn]):
    turns().take()

    with pytest.raises(Refused, match="already a bot at work on this database"):
        turns().take()


def test_a_turn_that_was_given_back_is_the_next_ones_within_two_looks(turns: Callable[..., Turn]):
    first, second = turns(), turns()
    first.take()
    got: list[float] = []
    waiting = threading.Thread(
        target=lambda: (second.wait(threading.Event(), quietly), got.append(time.monotonic()))
    )
    waiting.start()
    time.sleep(0.5)
    left = time.monotonic()
    first.leave(clean=True)
    waiting.join(20)

    assert got
    assert got[0] - left < 2 * turn.LOOK_SECONDS + 3


def test_of_many_that_begin_at_once_exactly_one_is_at_work(turns: Callable[..., Turn]):
    stop, went = threading.Event(), []
    racing = [
        threading.Thread(target=lambda each: went.append(each.wait(stop, quietly)), args=(turns(),))
        for _ in range(8)
    ]
    for each in racing:
        each.start()
    wait_for(lambda: went)
    time.sleep(1.5)
    stop.set()
    for each in racing:
        each.join(20)

    assert sorted(went) == [False] * 7 + [True]


def test_one_that_was_killed_here_is_followed_at_once(url: str, turns: Callable[..., Turn]):
    with process(url) as first:
        assert line(first) == "at work"
        first.kill()
    began = time.monotonic()
    turns().wait(threading.Event(), quietly)

    assert time.monotonic() - began < turn.FAREWELL_SECONDS / 2


def test_one_that_vanished_elsewhere_is_given_time_to_end_first(
    url: str, turns: Callable[..., Turn], monkeypatch: pytest.MonkeyPatch
):
    """It may only be cut off: it ends itself after LOST_SECONDS, and nobody works beside it."""
    with process(url) as first:
        assert line(first) == "at work"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE lifeboat.at_work SET machine = 'another'")
        first.kill()
    monkeypatch.setattr(turn, "FAREWELL_SECONDS", 2.0)
    began = time.monotonic()
    turns().wait(threading.Event(), quietly)

    assert time.monotonic() - began >= 2.0


def test_whoever_follows_waits_longer_than_one_cut_off_needs_to_end():
    assert turn.FAREWELL_SECONDS >= turn.LOST_SECONDS + 2 * turn.LOOK_SECONDS + 2


@pytest.mark.slow
def test_a_bot_whose_session_was_ended_knows_it_within_seconds(url: str):
    lost: list[str] = []
    mine = Turn(Secret(url), lost.append)
    mine.take()
    ends(url)
    wait_for(lambda: lost, 10)
    mine.leave(clean=False)

    assert "another bot may be at work" in lost[0]


@pytest.mark.slow
def test_a_bot_whose_server_was_stopped_or_frozen_knows_it_before_anybody_follows():
    with postgres() as server:
        url = server.database()
        stopped: list[str] = []
        mine = Turn(Secret(url), stopped.append)
        mine.take()
        server.stop()
        wait_for(lambda: stopped, 10)
        mine.leave(clean=False)
        server.start()
        frozen: list[tuple[str, float]] = []
        again = Turn(Secret(server.database()), lambda why: frozen.append((why, time.monotonic())))
        again.wait(threading.Event(), quietly)
        began = time.monotonic()
        server.signal_all(signal.SIGSTOP)
        wait_for(lambda: frozen, turn.LOST_SECONDS + 10)
        server.signal_all(signal.SIGCONT)
        again.leave(clean=False)

    assert frozen[0][1] - began < turn.FAREWELL_SECONDS
    assert "another bot may be at work" in frozen[0][0]


def test_a_standing_by_bot_outlives_its_server_and_one_that_never_saw_it_says_so(url: str):
    with pytest.raises(DatabaseAway, match="there is no such database"):
        Turn(Secret(url + "_"), str).wait(threading.Event(), quietly)


@pytest.mark.slow
def test_a_bot_that_stands_by_waits_for_a_server_that_comes_back():
    with postgres() as server:
        url = server.database()
        stop, told, went = threading.Event(), [], []
        with process(url) as first:
            assert line(first) == "at work"
            second = Turn(Secret(url), str)
            waiting = threading.Thread(
                target=lambda: went.append(
                    second.wait(stop, lambda who, away: told.append((bool(who), away)))
                )
            )
            waiting.start()
            wait_for(lambda: told)
            server.stop()
            assert line(first).startswith("lost")
            first.kill()
        wait_for(lambda: len(told) == 2)
        time.sleep(2)
        assert went == []
        server.start()
        waiting.join(30)
        second.leave(clean=True)

    assert went == [True]
    assert told[0] == (True, "")
    assert all("The bots' database can't be used now" in away for _, away in told[1:])
    assert len(told) <= 5  # Not once a second.


def test_a_bot_that_was_frozen_with_its_machine_begins_nothing_and_ends(
    turns: Callable[..., Turn], monkeypatch: pytest.MonkeyPatch
):
    lost: list[str] = []
    mine = turns(lost.append)
    mine.take()
    awake, real = mine.sure(), turn._clock
    mine._leaving.set()  # Nobody looks meanwhile, as while all of it stands still.
    monkeypatch.setattr(turn, "_clock", lambda: real() + turn.LOST_SECONDS + 1)

    assert awake
    assert not mine.sure()


@pytest.mark.slow
def test_a_pooler_of_transactions_is_refused_before_a_turn_is_taken(
    database_server: Postgres, url: str, tmp_path: Path
):
    with pooled(database_server, tmp_path, "transaction") as pooler:
        with pytest.raises(Refused, match="pools transactions"):
            Turn(Secret(pooler(url)), str).take()
        nobody = at_work(Secret(url))
    with pooled(database_server, tmp_path, "session") as pooler:
        mine = Turn(Secret(pooler(url)), str)
        mine.take()
        somebody = at_work(Secret(url))
        mine.leave(clean=True)

    assert nobody is None
    assert str(os.getpid()) in str(somebody)


@contextmanager
def pooled(server: Postgres, folder: Path, mode: str) -> Iterator[Callable[[str], str]]:
    """A real pgbouncer before the server; turns an address into one that leads through it."""
    program = debian.command(
        "pgbouncer", lambda: shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    )
    port = free_port()
    (folder / "users").write_text(f'"lifeboat" "{PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder / 'users'}\npool_mode = {mode}\n"
    )
    for each in (folder, folder / "users", folder / "pgbouncer.ini"):
        each.chmod(0o755)
    for each in folder.parents:
        if str(each).startswith("/tmp/pytest"):
            each.chmod(0o755)
    as_other = ["-u", "postgres"] if os.geteuid() == 0 else []
    with subprocess.Popen([program, "-q", *as_other, str(folder / "pgbouncer.ini")]) as process:
        try:
            wait_for(lambda: listens(port))
            yield lambda url: url.replace(f":{server.port}/", f":{port}/")
        finally:
            process.kill()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
