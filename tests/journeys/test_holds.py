"""A held backup stays whatever its age, and everybody sees why."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.verb import Caller
from storage import holds
from storage.errors import NotThere, Refused
from storage.vaults.local import LocalFolder
from tests.journeys.house import Clock
from tests.journeys.test_prune import audit, stock

WHY = "the tax audit of 2026"
RIZAL = Caller("U0RIZAL", "Rizal", door="slack", role="operator", team="T1")
AYU = Caller("U0AYU", "Ayu", door="slack", role="operator", team="T1")
TWO = {"release_needs_second_person": True, "release_within_hours": 24, "floor": 1}


@pytest.fixture
def old(house):
    """A backup that would go if it were not held."""
    house.write(retention={"floor": 1})
    return stock(house, 1, 500)[1]


def say(house, caller, *words, clock=None):
    with house.inside(clock=clock) as here:
        here.ctx = replace(here.ctx, caller=caller)
        return here.do(*words)


def test_a_held_backup_stays_and_list_show_and_prune_say_why(house, old):
    held = house.process("hold", old, "--reason", WHY)
    pruned = house.process("prune", "--yes")
    listed, shown = house.process("list"), house.process("show", old)
    planned = house.process("prune", "--dry-run")

    assert (held.code, pruned.code) == (0, 0), held.err + pruned.err
    assert held.out.startswith(f"Held: {old}")
    assert old in house.manifests()
    assert all(WHY in ended.out for ended in (held, listed, shown, planned))


def test_a_release_lets_it_go_again_and_deletes_no_history(house, old):
    house.process("hold", old, "--reason", WHY)
    released = house.process("release", old, "--reason", "the audit is over")
    words = sorted((house.vault / "backups/production" / old / "holds").iterdir())
    listed = house.process("list")
    house.process("prune", "--yes")

    assert released.code == 0, released.err
    assert [json.loads(path.read_text())["act"] for path in words] == ["hold", "release"]
    assert WHY not in listed.out
    assert old not in house.manifests()
    assert [e["why"] for e in audit(house, "hold.placed")] == [WHY]
    assert [e["why"] for e in audit(house, "hold.released")] == ["the audit is over"]


def test_two_holds_are_both_released_and_both_shown(house, old):
    house.do("hold", old, "--reason", WHY)
    result = house.do("hold", old, "--reason", "a lawsuit")

    assert len(result.holds) == 2
    assert len(house.do("release", old, "--reason", "all over").holds) == 2
    assert house.do("list").entries[-1].held == ""


def test_a_hold_that_came_after_a_release_was_made_up_stands(house, old):
    """A release names what it ends."""
    house.do("hold", old, "--reason", WHY)
    vault = LocalFolder(house.vault, name="local")
    words = holds.read(vault, "production", old)
    release = replace_word(next(iter(words.values())), act="release", ends=tuple(words))
    house.do("hold", old, "--reason", "a lawsuit")
    holds.write(vault, "production", old, release)

    assert "a lawsuit" in house.do("list").entries[-1].held
    assert WHY not in house.do("list").entries[-1].held


def replace_word(word, **changes):
    fields = {name: getattr(word, name) for name in word.__struct_fields__}
    return holds.Hold(**{**fields, **changes})


def test_a_release_of_what_is_not_held_is_refused(house, old):
    ended = house.process("release", old, "--reason", "whatever")

    assert ended.code == 2
    assert f"{old} is not held." in ended.err


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_a_reason_is_needed(house, verb):
    assert house.process(verb, "latest").code == 2
    assert "It needs a reason" in house.process(verb, "latest", "--reason", "x").err


def test_a_removed_backup_is_brought_back_by_a_hold(house, old):
    before = house.archive(old).read_bytes()
    house.process("prune", "--yes")
    assert old not in house.manifests()
    held = house.process("hold", old, "--reason", WHY)
    house.process("prune", "--yes")

    assert held.code == 0, held.err
    assert "it is a backup again" in held.err
    assert house.archive(old).read_bytes() == before
    assert f"backups/production/{old}/removed.json" not in house.files()


def test_who_asks_for_a_removed_backup_is_told_how_it_comes_back(house, old):
    house.process("prune", "--yes")
    shown = house.process("show", old)

    assert shown.code == 2
    assert f"{old} was removed" in shown.err
    assert f"lifeboat hold {old} --reason" in shown.err


def test_a_hold_that_came_while_the_label_went_brings_it_back(house, old, monkeypatch):
    """Whoever holds writes first; whoever removes looks again after the label is gone."""
    delete = LocalFolder.delete

    def held_right_before(self, name):
        monkeypatch.setattr(LocalFolder, "delete", delete)
        delete(self, name)
        word = make_word(house)
        holds.write(self, "production", old, word)

    monkeypatch.setattr(LocalFolder, "delete", held_right_before)
    result = house.do("prune", "--yes")

    assert result.removed == ()
    assert old in house.manifests()
    assert "somebody holds it" in result.spared[0][1]


def make_word(house):
    with house.inside() as here:
        return holds.Hold(
            act="hold", at=here.ctx.now(), by="U0AYU", by_name="Ayu", door="slack", why=WHY
        )


def test_a_hold_that_comes_too_late_says_so_and_the_next_prune_brings_it_back(
    house, old, monkeypatch
):
    """Killed between the label and the second look: the word is there, the label is not."""
    house.do("prune", "--yes")
    holds.write(LocalFolder(house.vault, name="local"), "production", old, make_word(house))
    assert old not in house.manifests()
    ended = house.process("prune", "--yes")

    assert "it is a backup again" in ended.err
    assert old in house.manifests()


def test_a_hold_that_cant_be_read_holds(house, old):
    house.do("hold", old, "--reason", WHY)
    (path,) = (house.vault / "backups/production" / old / "holds").iterdir()
    path.chmod(0o600)
    path.write_text("{")
    house.data.joinpath("catalog.db").unlink()
    ended = house.process("prune", "--yes")

    assert "is not a readable hold" in ended.err
    assert old in house.manifests()


def test_a_lost_catalog_forgets_no_hold(house, old):
    house.do("hold", old, "--reason", WHY)
    house.data.joinpath("catalog.db").unlink()

    assert WHY in house.process("list").out


def test_a_second_person_is_needed_where_the_settings_say_so(house, old):
    house.write(retention=TWO)
    house.do("hold", old, "--reason", WHY)
    first = say(house, RIZAL, "release", old, "reason", "the audit is over")
    again = say(house, RIZAL, "release", old, "reason", "I said so already")
    assert (first.what, again.what) == ("release asked", "release asked")
    assert house.do("list").entries[-1].held
    second = say(house, AYU, "release", old, "reason", "I agree, it is over")

    assert second.what == "released"
    assert not house.do("list").entries[-1].held
    assert "asked for by Rizal" in audit(house, "hold.released")[0]["why"]
    assert len(audit(house, "hold.release-asked")) == 2


def test_the_first_wish_is_good_for_so_many_hours(house, old):
    house.write(retention=TWO)
    house.do("hold", old, "--reason", WHY)
    clock = Clock()
    say(house, RIZAL, "release", old, "reason", "the audit is over", clock=clock)
    clock.jump(hours=25)
    late = say(house, AYU, "release", old, "reason", "I agree, it is over", clock=clock)

    assert late.what == "release asked"
    assert say(house, RIZAL, "release", old, "reason", "yes, over", clock=clock).what == "released"


def test_a_wish_does_not_release_a_hold_that_came_after_it(house, old):
    house.write(retention=TWO)
    house.do("hold", old, "--reason", WHY)
    say(house, RIZAL, "release", old, "reason", "the audit is over")
    say(house, AYU, "hold", old, "reason", "a lawsuit")

    assert say(house, AYU, "release", old, "reason", "I agree").what == "release asked"


@pytest.mark.parametrize("other", [{"team": "T2"}, {"door": "terminal"}], ids=str)
def test_a_word_that_slack_did_not_vouch_for_is_no_first_word(house, old, other):
    house.write(retention={**TWO, "release_needs_second_person": True})
    house.do("hold", old, "--reason", WHY)
    vault = LocalFolder(house.vault, name="local")
    words = holds.read(vault, "production", old)
    wish = replace_word(
        next(iter(words.values())),
        **{"act": "release asked", "ends": tuple(words), "by": "U0X", "team": "T1", "door": "slack"}
        | other,
    )
    holds.write(vault, "production", old, wish)

    assert say(house, AYU, "release", old, "reason", "I agree").what == "release asked"


def test_a_terminal_cant_be_the_second_person(house, old):
    house.write(retention=TWO)
    house.do("hold", old, "--reason", WHY)

    with pytest.raises(Refused, match="a terminal can't vouch for anybody"):
        house.do("release", old, "--reason", "I am two")


class Locking(LocalFolder):
    """A folder that remembers what it was told to lock."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.locked = set()

    def hold(self, name):
        self.stat(name)
        self.locked.add(name)

    def release(self, name):
        self.locked.discard(name)

    def lock(self, name, until):
        raise AssertionError("A hold is no lock for a time.")

    def locked_until(self, name):
        return None


def test_where_the_vault_can_lock_it_does(house, old):
    vault = Locking(house.vault, name="local")
    with house.inside() as here:
        here.ctx = replace(here.ctx, vault=vault)
        held = here.do("hold", old, "--reason", WHY)
        locked = set(vault.locked)
        here.do("release", old, "--reason", "all over")

    assert held.locked
    assert {name.rpartition("/")[2] for name in locked} == {"archive.zip", "manifest.json"}
    assert vault.locked == set()


def test_a_backup_that_the_vault_locks_is_kept_until_the_lock_ends(house, old):
    class Locked(Locking):
        def locked_until(self, name):
            return Clock()() + timedelta(days=1)

    with house.inside() as here:
        here.ctx = replace(here.ctx, vault=Locked(house.vault, name="local"))
        result = here.do("prune", "--yes")
        plan = here.do("prune", "--dry-run").plan

    assert result.removed == ()
    assert plan.decisions[-1].rule == "locked"


def test_a_hold_of_what_is_gone_for_good_is_refused(house, old):
    house.write(retention={"floor": 1, "grace_days": 0})
    house.do("prune", "--yes")

    with pytest.raises((Refused, NotThere)):
        house.do("hold", old, "--reason", WHY)
