"""Ctrl-C and SIGTERM at each step: cleaned up, said so, and the exit code is the signal's."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bot.cli import Stopped
from commands.events import StepBegan, StepFinished
from tests.journeys import house as of
from tests.journeys.house import BACKUP_STEPS, RESTORE_STEPS, STOPS
from tests.sandbox import wire

CONFIRM = RESTORE_STEPS.index("confirm")
MOMENTS = [StepBegan, StepFinished]


class Stop:
    """Stops the work at a step, as the signal's handler does, the moment it begins or ends."""

    def __init__(self, moment, step, times=1):
        self._moment, self._step, self._left = moment, step, times

    def __call__(self, event):
        if isinstance(event, self._moment) and event.step == self._step:
            self._left -= 1
            if not self._left:
                raise Stopped(signal.SIGTERM)


def stopped(house, stop, *words):
    with house.inside(tell=stop) as here, pytest.raises(Stopped) as caught:
        here.do(*words)
    return str(caught.value)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", [*BACKUP_STEPS, "choose tables"])
def test_a_stopped_backup_leaves_nothing(house, step, moment):
    stopped(house, Stop(moment, step), "now", "--tables", "npd")
    done = (moment, step) == (StepFinished, "manifest")

    assert len(house.manifests()) == done
    assert len(house.files()) == 2 * done
    assert house.scratch() == house.torn() == []


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("place", range(CONFIRM), ids=lambda place: RESTORE_STEPS[place])
def test_a_restore_stopped_before_the_confirm_leaves_nothing_waiting(house, place, moment):
    house.backup()
    before = of.rows(house.staging)
    step = RESTORE_STEPS[place]
    said = stopped(
        house,
        Stop(moment, step, RESTORE_STEPS[: place + 1].count(step)),
        "restore",
        "latest",
        "--yes",
    )
    of.settled(house.staging)

    assert of.dangling(house.staging) == []
    assert of.confirmed(house.staging) == 0
    assert of.rows(house.staging) == before
    assert all(steps[-1] == "ended" for steps in house.jobs().values())
    assert house.scratch() == house.torn() == []
    assert place < 2 or "staging is as it was: nothing was restored." in said


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", RESTORE_STEPS[CONFIRM:])
def test_a_restore_stopped_after_the_confirm_says_what_goes_on_and_the_way_back(
    house, step, moment
):
    held = of.rows(house.production)
    house.backup()
    said = stopped(house, Stop(moment, step), "restore", "latest", "--yes")
    (safety,) = house.job_data("safety")
    again = house.run("restore", "latest:production", "--yes", "--json")

    assert "Run the same command again" in said
    assert safety["backup"] in said
    assert again.code == 0
    assert of.rows(house.staging) == held
    assert of.confirmed(house.staging) == 1
    assert of.dangling(house.staging) == []
    assert all(steps[-1] == "ended" for steps in house.jobs().values())


HELD_BACKUPS = [
    ("preflight", {"kind": "hang", "match": "/api/check_admin_key"}),
    ("export", {"kind": "export_stuck"}),
    ("download", {"kind": "slow_body", "seconds": 30, "chunk": 30_000}),
]
HELD_RESTORES = [
    ("plan", {"kind": "hang", "match": "/api/query"}),
    ("stage", {"kind": "hang", "match": "/api/import/upload_part"}),
    ("compare", {"kind": "import_stuck_uploaded"}),
    ("restore", {"kind": "import_slow", "seconds": 0.2}),
]


@pytest.mark.slow
@pytest.mark.parametrize("signum", STOPS)
@pytest.mark.parametrize(("step", "trouble"), HELD_BACKUPS, ids=lambda each: str(each)[:10])
def test_a_signal_ends_a_backup_with_its_own_exit_code(house, step, trouble, signum):
    house.production.trouble(**trouble)
    running = house.start("now", "--json")
    running.until(step)
    ended = running.signal(signum)

    assert ended.code == ended.last["exit_code"] == STOPS[signum]
    assert ended.last["kind"] == "Stopped"
    assert "earlier backups" in ended.failure or "cleaned up" in ended.failure
    assert house.files() == house.scratch() == []


@pytest.mark.slow
@pytest.mark.parametrize("signum", STOPS)
@pytest.mark.parametrize(("step", "trouble"), HELD_RESTORES, ids=lambda each: str(each)[:10])
def test_a_signal_ends_a_restore_with_its_own_exit_code(house, step, trouble, signum):
    house.backup()
    before, held = of.rows(house.staging), of.rows(house.production)
    house.staging.trouble(**trouble)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until(step)
    if step == "compare":
        wire.until(lambda: of.imports(house.staging))
    ended = running.signal(signum)
    house.staging.heal()
    of.settled(house.staging)

    assert ended.code == ended.last["exit_code"] == STOPS[signum]
    assert of.rows(house.staging) == (held if step == "restore" else before)
    assert of.dangling(house.staging) == []
    assert house.scratch() == house.torn() == []


@pytest.mark.slow
def test_a_second_signal_ends_at_once(house):
    """Here the cleaning up itself hangs: the cancel of the import is never answered."""
    house.backup()
    house.staging.trouble(kind="import_stuck_uploaded")
    house.staging.trouble(kind="hang", match="/api/cancel_import")
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("compare")
    wire.until(lambda: of.imports(house.staging))
    os.kill(running.pid, signal.SIGINT)
    time.sleep(0.5)
    ended = running.signal(signal.SIGINT)

    assert ended.code == -signal.SIGINT
    house.staging.heal()
    assert house.run("restore", "latest", "--yes").code == 0
    assert of.dangling(house.staging) == []


@pytest.mark.slow
def test_a_person_who_presses_ctrl_c_reads_what_happened(house):
    house.production.trouble(kind="export_stuck")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "--settings", str(house.settings), "now"],
        cwd=of.ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    wire.until(lambda: house.production.requests("/api/export"))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()

    assert process.returncode == 130
    assert err.splitlines()[-4:] == [
        "  export: not finished",
        "What happened: You stopped it.",
        "What is safe:  What was begun is cleaned up.",
        "What to do:    Run the same command again when you like.",
    ]


def test_a_stopped_look_at_the_deployments_stops(house):
    """Doctor turns what a look finds into a line, but not a person's wish to stop."""

    with house.inside() as here, pytest.raises(Stopped):
        here.ctx.spool.free_bytes = stop_now
        here.do("doctor")


def test_a_stopped_look_into_the_vault_stops(house):
    """A manifest that can't be read is named and passed by, but not a person's wish to stop."""
    house.backup()
    with house.inside() as here, pytest.raises(Stopped):
        here.ctx.vault.open = stop_now
        (house.data / "catalog.db").unlink()
        here.do("list")


def stop_now(*_):
    raise Stopped(signal.SIGINT)
