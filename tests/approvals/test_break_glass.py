"""A restore of production by one person alone, in a real terminal's window: every lock holds."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.approvals.conftest import LOST
from tests.approvals.glass import (
    ALLOWED,
    ASKED,
    REASON,
    breaking,
    command_of,
    count,
    killed_after_the_confirm,
)
from tests.approvals.held import Held, confirmed, held_back, paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.window import CTRL_C, CTRL_D, Window
from tests.journeys.house import settled


@pytest.fixture
def house(template: ApprovalHouse, promised: dict) -> Iterator[ApprovalHouse]:
    """A team that allows it; no bot runs."""
    template.production.reset()
    template.production.mutate("npd", "delete", LOST)
    template.write(approvals=ALLOWED)
    yield template
    template.production.heal()

    assert not paused(template.production)


@pytest.fixture
def held(house: ApprovalHouse) -> Held:
    return Held(house.production)


def test_settings_that_do_not_allow_it_refuse_it(house: ApprovalHouse, held: Held):
    house.write()
    before = count(house)
    with breaking(house) as window:
        code = window.ended()

    assert code == 2
    assert "The settings do not allow production to be restored by one person." in window.said
    assert house.production.events("export_requested") == []
    assert count(house) == before
    assert held.untouched()


@pytest.mark.parametrize("reason", ["", "    ", "oops"])
def test_it_needs_a_reason(house: ApprovalHouse, held: Held, reason: str):
    before = count(house)
    with breaking(house, reason=reason) as window:
        code = window.ended()

    assert code == 2
    assert "Break-glass needs a reason." in window.said
    assert count(house) == before
    assert held.untouched()


def test_a_protected_deployment_is_never_restored_without_the_word(
    house: ApprovalHouse, held: Held
):
    with Window(house, "restore", house.backup, "--to", "production", "--yes") as window:
        code = window.ended()

    assert code == 2
    assert "production is protected" in window.said
    assert "--break-glass --reason" in window.said
    assert held.untouched()


def test_what_is_no_terminal_is_refused(house: ApprovalHouse, held: Held):
    before = count(house)
    done = house.terminal(
        "restore", house.backup, "--to", "production", "--break-glass", "--reason", REASON, "--yes"
    )

    assert done.returncode == 2
    assert "this is no terminal" in done.stderr
    assert count(house) == before
    assert held.untouched()


def test_a_name_that_comes_by_a_pipe_is_nobody_typing(house: ApprovalHouse, held: Held):
    before = count(house)
    words = ("restore", house.backup, "--to", "production", "--break-glass", "--reason", REASON)
    done = subprocess.run(
        ["sh", "-c", 'yes production | "$@"', "sh", *command_of(house, *words)],
        env=house.environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert count(house) == before
    assert held.untouched()


def test_a_machine_that_wants_json_is_no_person(house: ApprovalHouse, held: Held):
    with breaking(house, "--json") as window:
        code = window.ended()

    assert code == 2
    assert "this is no terminal" in window.said
    assert held.untouched()


@pytest.mark.parametrize("typed", ["Production\n", "staging\n", "\n", "y\n", "yes\n", CTRL_D])
def test_a_name_that_is_typed_wrong_ends_it(house: ApprovalHouse, held: Held, typed: str):
    before = count(house)
    with breaking(house) as window:
        window.until(ASKED)
        window.type(typed)
        code = window.ended()

    assert code == 1
    assert "The name was not typed as it is written: production." in window.said
    assert "Nothing was changed in production." in window.said
    assert count(house) == before
    assert held.untouched()


def test_ctrl_c_instead_of_the_name_ends_it(house: ApprovalHouse, held: Held):
    before = count(house)
    with breaking(house) as window:
        window.until(ASKED)
        window.type(CTRL_C)
        code = window.ended()

    assert code == 130
    assert count(house) == before
    assert held.untouched()


@pytest.mark.parametrize(
    ("stop", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_second_thought_in_the_countdown_is_in_time(
    house: ApprovalHouse, held: Held, stop: str | int, code: int
):
    before = count(house)
    with breaking(house) as window:
        window.until(ASKED)
        window.type("production\n")
        window.until("It begins in 5 s. Ctrl-C stops it.")
        if isinstance(stop, str):
            window.type(stop)
        else:
            window.signal(stop)
        ended = window.ended()

    assert ended == code
    assert "Nothing was changed in production." in window.said
    assert house.production.events("export_requested") == []
    assert count(house) == before
    assert held.untouched()


def test_one_person_restores_production_and_it_is_written_down_before(
    house: ApprovalHouse, promised: dict
):
    before = count(house)
    with breaking(house) as window:
        window.until(ASKED)
        began = time.monotonic()
        window.type("production\n")
        code = window.ended()
        took = time.monotonic() - began
    told = [(each.what, each.outcome) for each in house.audit()[before:]]
    entry = house.audit()[before]

    assert code == 0, window.said
    assert took > 5
    assert told == [
        ("break-glass", ""),
        ("restore.started", ""),
        ("restore.confirmed", ""),
        ("restore.ended", "restored"),
    ]
    assert (entry.why, entry.about, entry.deployment) == (REASON, house.backup, "production")
    assert entry.by.startswith("terminal:")
    assert "production is paused." in window.said and "production runs again." in window.said
    assert "--reason 'take it back' --break-glass" in " ".join(window.said.split())
    assert held_back(house.production, promised)
    assert house.log_whole()


def test_the_audit_log_tells_it_for_what_it_was(house: ApprovalHouse, promised: dict):
    with breaking(house) as window:
        window.until(ASKED)
        window.type("production\n")
        assert window.ended() == 0, window.said
    told = house.terminal("audit", "--about", house.backup).stdout

    assert f"BREAK-GLASS by {house.audit()[-1].by_name}: {REASON}" in told
    assert "NOBODY'S YES" not in told


def test_what_the_settings_would_forbid_is_told_and_left_to_the_one_who_is_there(
    house: ApprovalHouse, promised: dict
):
    house.write(
        approvals={
            "break_glass": True,
            "break_glass_wait_seconds": 5,
            "staging_first_days": 0.000001,
        }
    )
    with breaking(house) as window:
        window.until("Never straight to production", ASKED)
        window.type("production\n")
        code = window.ended()

    assert code == 0
    assert held_back(house.production, promised)


def test_a_vault_that_can_not_take_the_entry_keeps_everything_from_happening(
    house: ApprovalHouse, held: Held
):
    last = house.folder / "vault/audit/9999999999.json"
    with breaking(house) as window:
        window.until(ASKED)
        last.write_text("{}")
        window.type("production\n")
        code = window.ended()
    last.unlink()

    assert code == 1
    assert "The audit log can't go on" in window.said
    assert house.production.events("export_requested") == []
    assert house.production.requests("/api/v1/pause_deployment") == []
    assert held.untouched()


def test_a_dry_run_needs_no_glass_and_writes_nothing(house: ApprovalHouse, held: Held):
    before = count(house)
    done = house.terminal("restore", house.backup, "--to", "production", "--dry-run")

    assert done.returncode == 0
    assert count(house) == before
    assert held.untouched()


def test_a_refusal_settles_nothing_that_somebody_else_left(house: ApprovalHouse):
    """A killed restore waits for whoever may go on with it."""
    with killed_after_the_confirm(house):
        settled(house.production)
        before = house.records()
        house.write()
        with breaking(house) as window:
            assert window.ended() == 2
        same = house.records() == before
        house.write(approvals=ALLOWED)
        with breaking(house) as window:
            window.until("production runs again")
            assert window.ended() == 0, window.said

    assert same
    assert confirmed(house.production) == 1


def test_a_killed_one_is_settled_by_the_next_and_production_runs_again(
    house: ApprovalHouse, promised: dict
):
    with killed_after_the_confirm(house):
        stood_still = paused(house.production)
        settled(house.production)
        with breaking(house) as window:
            code = window.ended()

    assert stood_still
    assert code == 0
    assert "It was this same restore" in window.said
    assert "production runs again." in window.said
    assert held_back(house.production, promised)


def test_no_key_is_ever_shown(house: ApprovalHouse):
    key = house.production.key.partition("|")[2]
    with breaking(house) as window:
        window.until(ASKED)
        window.type("no\n")
        window.ended()

    assert key not in window.said
    assert key not in json.dumps([each.facts for each in house.audit()])
