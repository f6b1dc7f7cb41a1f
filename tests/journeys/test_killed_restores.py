"""kill -9 at each moment of a restore: the next one finds out, and nothing is imported twice."""

import json
import shutil
import signal
from itertools import count

import pytest

from storage.errors import Refused
from tests.journeys import house as of
from tests.journeys.house import BACKUP_STEPS, RESTORE_STEPS, House
from tests.sandbox import wire

HOLDS = {
    "preflight": {"kind": "hang", "match": "/api/check_admin_key"},
    "plan": {"kind": "hang", "match": "/api/query"},
    "describe": {"kind": "hang", "match": "/api/v1/deployment_info"},
    "export": {"kind": "export_stuck"},
    "download": {"kind": "slow_body", "seconds": 20, "chunk": 20_000},
    "stage": {"kind": "hang", "match": "/api/import/finish_upload"},
    "compare": {"kind": "import_stuck_uploaded"},
    "confirm": {"kind": "hang", "match": "/api/perform_import"},
    "restore": {"kind": "import_slow", "seconds": 0.2},
}


def check_the_next_restore(house, before, held, words=()):
    """The target is as it was or as promised; the same again ends well, and imports once."""
    house.staging.heal()
    of.settled(house.staging)
    began, ended = of.confirmed(house.staging), "ended" in str(house.jobs())

    assert began <= 1
    assert of.rows(house.staging) == (held if began else before)
    assert house.torn() == []
    again = house.run("restore", "latest:production", *words, "--yes", "--json")

    assert again.code == 0, again.out
    assert of.rows(house.staging) == held
    assert again.last["resumed"] is (began == 1 and not ended)
    assert of.confirmed(house.staging) == (2 if began and ended else 1)
    assert of.dangling(house.staging) == []
    assert all(steps[-1] == "ended" for steps in house.jobs().values())


def check_nothing_stays(house):
    house.grow_old()
    house.do("now")
    states = {line.name: line.state for line in house.do("doctor").lines}

    assert (states["leftovers"], states["restores"]) == ("OK", "OK")
    assert house.scratch() == house.torn() == []


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(RESTORE_STEPS)), ids=lambda at: RESTORE_STEPS[at])
def test_a_restore_killed_at_a_step_is_settled_by_the_next(house, place):
    step = RESTORE_STEPS[place]
    before, held = of.rows(house.staging), of.rows(house.production)
    house.backup()
    if step in HOLDS:
        # Of two steps of this name the first is held; before the second one it has gone by.
        house.staging.trouble(**HOLDS[step], skip=RESTORE_STEPS[:place].count(step))
    running = house.start("restore", "latest", "--yes", "--json")
    running.until(step, times=RESTORE_STEPS[: place + 1].count(step))
    running.kill()

    check_the_next_restore(house, before, held)
    check_nothing_stays(house)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 7))
def test_a_restore_killed_before_any_effect_is_settled_by_the_next(world, tmp_path, first):
    world["production"].reset()
    template = House(made(tmp_path / "template"), world)
    template.backup()
    held, ended = of.rows(world["production"]), []
    for moment in count(first, 6):
        world["staging"].reset()
        house = House(made(tmp_path / str(moment)), world)
        shutil.copytree(template.vault, house.vault)
        before = of.rows(house.staging)
        words = (str(moment), "restore", "latest", "--yes", "--json")
        ended.append(house.start(*words, module="tests.journeys.killed").end().code)
        if ended[-1] == 0:
            break
        check_the_next_restore(house, before, held)

    assert set(ended[:-1]) == {-signal.SIGKILL}
    assert len(ended) > 4


def made(folder):
    folder.mkdir()
    return folder


def killed_at(house, step, *words):
    """Restore under the trouble that holds this step, and kill it there."""
    house.staging.trouble(**HOLDS[step])
    running = house.start("restore", "latest:production", "--yes", "--json", *words)
    running.until(step)
    if step == "compare":
        wire.until(lambda: of.imports(house.staging))
    running.kill()


def test_doctor_names_a_restore_that_was_killed_and_what_to_do(house):
    house.backup()
    killed_at(house, "compare")
    house.staging.heal()
    (job,) = house.jobs()
    line = {line.name: line for line in house.do("doctor").lines}["restores"]

    assert line.state == "WARN"
    assert job in line.what
    assert "lifeboat restore" in line.hint


def test_an_import_that_waits_for_a_confirm_is_cancelled_by_the_next_restore(house):
    house.backup()
    killed_at(house, "compare")
    house.staging.heal()
    waited = wire.until(lambda: "waiting_for_confirmation" in of.imports(house.staging))
    with house.inside() as here:
        here.do("restore", "latest", "--yes")

        assert "was stopped half-way" in here.said
        assert "is cancelled. It had changed nothing in staging." in here.said
    assert waited
    assert sorted(of.imports(house.staging)) == ["completed", "failed"]


def test_a_running_import_is_followed_and_reported_as_the_same_restore(house):
    held = of.rows(house.production)
    house.backup()
    killed_at(house, "restore")
    ended = house.process("restore", "latest:production", "--yes")
    safety = house.do("list", "--kind", "safety").entries

    assert ended.code == 0
    assert "It was this same restore" in ended.err
    assert ended.out.startswith("Restored (by an earlier run that was stopped): staging holds")
    assert len(safety) == 1
    assert ended.out.splitlines()[-1].startswith(f"Safety backup: {safety[0].id}. To undo: ")
    assert of.rows(house.staging) == held


def test_another_restore_waits_for_the_killed_one_and_is_then_done_too(house):
    house.backup()
    killed_at(house, "restore")
    house.production.mutate("npd", "delete", 9)
    held = of.rows(house.production)
    other = house.backup()
    with house.inside() as here:
        result = here.do("restore", other, "--yes")

        assert "It was another restore" in here.said
        assert "has table number" not in here.said
    assert (result.resumed, result.exit_code) == (False, 0)
    assert of.confirmed(house.staging) == 2
    assert of.rows(house.staging) == held


def test_a_killed_restore_of_other_tables_is_not_the_same(house):
    house.backup()
    killed_at(house, "restore", "--tables", "npd")
    result = house.do("restore", "latest:production", "--tables", "users", "--yes")

    assert result.resumed is False
    assert of.confirmed(house.staging) == 2


def test_an_import_that_failed_after_the_kill_changed_nothing_and_is_done_again(house):
    held = of.rows(house.production)
    house.backup()
    house.staging.trouble(kind="import_fails", message="no luck")
    house.staging.trouble(kind="import_stuck")
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("restore")
    running.kill()
    house.staging.heal()
    of.settled(house.staging)
    with house.inside() as here:
        here.do("restore", "latest", "--yes")

    assert of.rows(house.staging) == held
    assert all(steps[-1] == "ended" for steps in house.jobs().values())


def test_a_dry_run_after_a_kill_touches_nothing(house):
    house.backup()
    killed_at(house, "compare")
    house.staging.heal()
    files = house.files()
    house.do("restore", "latest", "--dry-run")

    assert house.files() == files
    assert of.dangling(house.staging) != []


def test_a_restore_of_another_machine_is_left_alone_until_it_is_taken_over(house):
    held = of.rows(house.production)
    house.backup()
    killed_at(house, "compare")
    house.staging.heal()
    (asked,) = house.vault.glob("jobs/*/00-asked.json")
    text = asked.read_text()
    asked.chmod(0o644)
    host = json.loads(text)["data"]["host"]
    asked.write_text(text.replace(f'"{host}"', '"a-burned-machine"'))
    with house.inside() as here, pytest.raises(Refused, match="a-burned-machine") as caught:
        here.do("restore", "latest", "--yes")
    changed = of.changes(house.staging)
    result = house.do("restore", "latest", "--yes", "--take-over")

    assert "--take-over" in str(caught.value)
    assert "/api/cancel_import" not in changed
    assert result.exit_code == 0
    assert of.rows(house.staging) == held


def test_the_lock_of_a_killed_restore_is_free(house):
    house.backup()
    killed_at(house, "stage")
    house.staging.heal()

    assert house.do("restore", "latest", "--yes").exit_code == 0


def test_a_safety_backup_of_a_killed_restore_is_a_backup_like_any(house):
    before = of.rows(house.staging)
    house.backup()
    killed_at(house, "restore")
    of.settled(house.staging)
    (safety,) = house.do("list", "--kind", "safety").entries
    house.do("restore", "latest:production", "--yes")
    house.do("restore", safety.id, "--to", "staging", "--yes")

    assert house.do("verify", safety.id).findings == ()
    assert of.rows(house.staging) == before


def test_every_backup_step_was_killed():
    assert set(BACKUP_STEPS) < set(RESTORE_STEPS)


def test_a_killed_restore_of_a_backup_that_is_gone_is_settled_as_well(house):
    first, second = house.backup(), house.backup()
    house.staging.trouble(**HOLDS["restore"])
    running = house.start("restore", first, "--yes", "--json")
    running.until("restore")
    running.kill()
    shutil.rmtree(house.archive(first).parent)
    with house.inside() as here:
        result = here.do("restore", second, "--yes")

        assert f"It was another restore ({first}, replace-all) and is done now." in here.said
    assert result.exit_code == 0
