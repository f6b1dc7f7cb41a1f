"""Monthlies rest in cold storage, and whoever wants one is told how long it takes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from commands import verify
from storage.audit import Audit
from storage.errors import Refused, VaultError
from storage.vaults.local import LocalFolder
from storage.vaults.several import Several
from storage.vaults.vault import Thaws, Warmth
from tests.journeys.test_prune import audit, stock


class Glacier(LocalFolder):
    """A folder with a cold place: what lies there can't be opened before it was thawed."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.states, self.broken, self.full = {}, False, False

    def put(self, name, chunks):
        if self.full and name.startswith("audit/"):
            raise VaultError("There is no room for the audit log.")
        return super().put(name, chunks)

    def cool(self, name):
        if self.broken:
            raise VaultError("The bucket knows no GLACIER.")
        self.stat(name)
        self.states[name] = "cold"

    def thaw(self, name):
        self.states[name] = "thawing"
        return timedelta(hours=5)

    def warmth(self, name):
        self.stat(name)
        state = self.states.get(name, "ready")
        cold = state in ("cold", "thawing")
        return Warmth(state, "GLACIER", takes=timedelta(hours=5 if cold else 0))

    def open(self, name, start=0):
        if self.states.get(name, "thawed") not in ("ready", "thawed"):
            raise VaultError(f"{name} lies in cold storage.")
        return super().open(name, start)


@dataclass
class Waiting:
    """A job of the bot, whose every look finds the archive thawed after so many waits.

    In the wait `again` it finds that it was thawed and is cold once more.
    """

    vault: Glacier
    waits: int = 3
    waited: list = field(default_factory=list)
    job_id: str = "verify-production-4k2f9c"
    again: int = 0

    def approvers(self):
        return frozenset()

    def begin(self, approved):
        raise AssertionError(approved)

    def wait(self, topic, seconds):
        self.waited.append((topic, seconds))
        if len(self.waited) == self.again:
            self.vault.states = dict.fromkeys(self.vault.states, "cold")
        if len(self.waited) == self.waits:
            self.vault.states = dict.fromkeys(self.vault.states, "thawed")


@pytest.fixture
def cold(house):
    house.write(retention={"floor": 1})
    return Glacier(house.vault, name="local")


def do(house, vault, *words, **changes):
    with house.inside() as here:
        here.ctx = replace(here.ctx, vault=vault, **changes)
        return here.do(*words), here.said


def test_the_stand_in_keeps_the_protocol(cold):
    assert isinstance(cold, Thaws)


def test_monthlies_older_than_a_year_move_and_nothing_else(house, cold):
    young, old, older = stock(house, 300, 400, 800, kind="monthly")
    stock(house, 1)
    weekly = stock(house, 350, kind="weekly")
    plan, _ = do(house, cold, "prune", "--dry-run")
    result, _ = do(house, cold, "prune", "--yes")
    again, _ = do(house, cold, "prune", "--yes")

    assert plan.plan.cooling == result.cooled == (old, older)
    assert again.cooled == ()
    assert {name.split("/")[2] for name in cold.states} == {old, older}
    assert {*weekly, young} <= set(house.manifests())
    assert [entry["about"] for entry in audit(house, "prune.cooled")] == [old, older]


def test_held_ones_and_the_floor_stay_warm(house, cold):
    house.write(retention={"floor": 1})
    newest, held = stock(house, 400, 800, kind="monthly")
    house.do("hold", held, "--reason", "the tax audit")
    result, _ = do(house, cold, "prune", "--yes")

    assert (newest in house.manifests(), result.cooled) == (True, ())


def test_nothing_moves_where_the_settings_say_never(house, cold):
    house.write(retention={"floor": 1, "cold_days": 0})
    stock(house, 1, 800, kind="monthly")

    assert do(house, cold, "prune", "--yes")[0].cooled == ()


def test_a_vault_that_cant_is_told_and_everything_stays(house, cold):
    ids = stock(house, 1, 700, 800, kind="monthly")
    cold.broken = True
    result, said = do(house, cold, "prune", "--yes")

    assert result.cooled == ()
    assert said.count("stays where it is: The bucket knows no GLACIER.") == 1
    assert set(ids) == set(house.manifests())


def frozen(house, cold):
    id_ = house.backup()
    cold.cool(f"backups/production/{id_}/archive.zip")
    return id_


def test_a_terminal_says_how_long_thawing_takes_and_begins_it(house, cold):
    id_ = frozen(house, cold)
    for words in (("verify", id_), ("restore", id_, "--to", "staging", "--yes")):
        cold.states = dict.fromkeys(cold.states, "cold")
        with pytest.raises(VaultError, match="takes up to 5 h") as failed:
            do(house, cold, *words)

        assert set(cold.states.values()) == {"thawing"}
        assert "Type the same again then" in failed.value.hint


def test_who_had_it_thawed_stands_in_the_audit_log_once_for_each_thawing(house, cold):
    id_ = frozen(house, cold)
    waiting = Waiting(cold, again=2)
    do(house, cold, "verify", id_, asking=waiting)
    with pytest.raises(VaultError, match="takes up to 5 h"):
        cold.states = dict.fromkeys(cold.states, "cold")
        do(house, cold, "verify", id_)
    with pytest.raises(VaultError, match="takes up to 5 h"):
        do(house, cold, "verify", id_)  # It thaws already: nobody pays for that again.
    told = audit(house, "thaw.asked")

    assert [entry["facts"].get("job") for entry in told] == [waiting.job_id, waiting.job_id, None]
    assert {(entry["about"], entry["deployment"]) for entry in told} == {(id_, "production")}
    assert told[0]["facts"]["vault"] == "local"
    assert told[0]["by"]


def test_nothing_is_thawed_that_can_not_be_written_down(house, cold):
    id_ = frozen(house, cold)
    cold.full = True
    with pytest.raises(VaultError, match="no room for the audit log"):
        do(house, cold, "verify", id_, audit=Audit(cold, lambda: datetime.now(UTC)))

    assert set(cold.states.values()) == {"cold"}


def test_what_was_thawed_is_verified_and_restored(house, cold):
    id_ = frozen(house, cold)
    cold.states = dict.fromkeys(cold.states, "thawed")

    assert do(house, cold, "verify", id_)[0].exit_code == 0
    assert do(house, cold, "restore", id_, "--to", "staging", "--yes")[0].exit_code == 0


def test_a_plan_of_a_restore_says_what_thawing_would_take_and_begins_none(house, cold):
    id_ = frozen(house, cold)

    told = do(house, cold, "restore", id_, "--to", "staging", "--dry-run")[0]
    assert (told.plan.backup, told.thaw_hours) == (id_, 5)
    assert set(cold.states.values()) == {"cold"}

    cold.states = dict.fromkeys(cold.states, "thawed")
    assert do(house, cold, "restore", id_, "--to", "staging", "--dry-run")[0].thaw_hours is None


def test_a_job_of_the_bot_waits_and_then_goes_on(house, cold):
    id_ = frozen(house, cold)
    waiting = Waiting(cold)
    result, said = do(house, cold, "verify", id_, asking=waiting)

    assert result.exit_code == 0
    assert len(waiting.waited) == 3
    assert "takes up to 5 h. This job goes on by itself then." in said


def test_a_waiting_job_can_be_cancelled(house, cold):
    id_ = frozen(house, cold)

    def stop():
        raise Refused("stopped")

    with pytest.raises(Refused, match="stopped"):
        do(house, cold, "verify", id_, asking=Waiting(cold), stop_if_asked=stop)


def test_a_verification_that_waits_takes_no_turn_of_its_deployment(house, cold):
    id_ = frozen(house, cold)
    with house.inside() as here:
        ctx = replace(here.ctx, vault=cold)
        request = verify.parse([id_])

        assert verify.aim(request, ctx).apart
        assert not verify.aim(request, here.ctx).apart


def test_a_copy_of_a_cold_backup_begins_the_thawing_and_says_when(house, cold):
    id_ = frozen(house, cold)
    second = LocalFolder(house.folder / "second", name="second")
    several = {"vaults": {"local": cold, "second": second}}
    both = Several([cold, second])
    with pytest.raises(VaultError, match="takes up to 5 h"):
        do(house, both, "copy", id_, "--to", "second", **several)
    assert list(second.list()) == []
    cold.states = dict.fromkeys(cold.states, "thawed")

    assert do(house, both, "copy", id_, "--to", "second", **several)[0].exit_code == 0


def test_a_copy_that_is_not_cold_is_restored_instead_with_a_word(house, cold):
    id_ = house.backup()
    second = LocalFolder(house.folder / "second", name="second")
    several = {"vaults": {"local": cold, "second": second}}
    both = Several([cold, second])
    do(house, both, "copy", id_, "--to", "second", **several)
    cold.cool(f"backups/production/{id_}/archive.zip")
    result, said = do(house, both, "restore", id_, "--to", "staging", "--yes", **several)

    assert result.exit_code == 0
    assert "Reading the copy in 'second' instead" in said
    assert set(cold.states.values()) == {"cold"}
