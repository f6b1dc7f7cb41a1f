"""Several vaults as one: the five promises, and what happens when some of them fail.

The property at the end is the heart of it: whatever fails in whichever vault, at whichever byte, a
reader gets the right bytes or an error.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import AlreadyThere, NotThere, VaultError, VaultFull, VaultUnreachable
from storage.vaults.local import LocalFolder
from storage.vaults.several import Several
from storage.vaults.vault import KeepsByKind, KeepsParts, Locks, LooksAtItself, Thaws
from tests.storage.vaults.failing import Failing
from tests.storage.vaults.suite import VaultSuite

BODY = bytes(range(256)) * 3000  # Three chunks of a folder.


@pytest.fixture
def told():
    return []


@pytest.fixture
def vaults(tmp_path):
    return [Failing(LocalFolder(tmp_path / name, name=name)) for name in ("one", "two", "three")]


@pytest.fixture
def several(vaults, told):
    return Several(vaults, lambda vault, sentence: told.append(sentence))


class TestThePromises(VaultSuite):
    @pytest.fixture
    def vault(self, several):
        return several


def test_it_has_the_name_of_the_vault_it_writes_to(several):
    assert several.name == "one"


def test_what_is_put_and_deleted_is_so_in_the_first_vault_alone(several, vaults):
    for vault in vaults:
        vault.put("a", [b"x"])
    several.put("b", [b"y"])
    several.delete("a")

    assert [[s.name for s in vault.list()] for vault in vaults] == [["b"], ["a"], ["a"]]


def test_a_name_that_another_vault_has_is_free_in_the_first(several, vaults):
    vaults[1].put("a", [b"other"])
    several.put("a", [b"first"])

    assert b"".join(several.open("a")) == b"first"
    with pytest.raises(AlreadyThere):
        several.put("a", [b"again"])


@pytest.mark.parametrize("error", [VaultFull("no room"), VaultUnreachable("gone", hint="Look.")])
def test_a_first_vault_that_takes_nothing_is_an_error_and_the_others_get_nothing(
    several, vaults, error
):
    vaults[0].breaks(error)

    with pytest.raises(type(error)):
        several.put("a", [b"x"])
    assert list(vaults[1].list()) == []


def test_a_lost_first_vault_says_how_to_go_on_without_it(several, vaults):
    vaults[0].breaks(VaultUnreachable("gone", hint="Look."))

    with pytest.raises(VaultUnreachable) as raised:
        several.put("a", [b"x"])
    assert "another vault first in the settings" in raised.value.hint


def test_a_fallback_is_told_once_for_each_vault_and_trouble(several, vaults, told):
    for vault in vaults:
        for name in "abc":
            vault.put(name, [b"x"])
    vaults[0].breaks(VaultUnreachable("The vault 'one' is gone."))
    for name in "abc":
        assert b"".join(several.open(name)) == b"x"
        several.stat(name)
    list(several.list())

    assert told == ["The vault 'one' is gone. 'two' stood in for it."]


def test_another_listener_hears_it_anew(several, vaults, told):
    vaults[1].put("a", [b"x"])
    several.stat("a")
    again = []
    several.hearing(lambda vault, sentence: again.append(vault)).stat("a")

    assert len(told) == len(again) == 1


def test_an_object_that_only_a_later_vault_has_is_read_there_with_a_word(several, vaults, told):
    vaults[2].put("a", [b"x"])

    assert b"".join(several.open("a")) == b"x"
    assert "'one' holds no a" in told[0]
    assert "'three' stood in" in told[0]


def test_an_object_that_no_vault_has_is_not_there_and_nothing_is_told(several, told):
    with pytest.raises(NotThere):
        several.open("a")
    assert told == []


def test_while_a_vault_can_not_be_asked_nobody_says_that_an_object_is_not_there(several, vaults):
    vaults[1].breaks(VaultUnreachable("gone"))

    with pytest.raises(VaultUnreachable):
        several.stat("a")


def test_a_broken_read_goes_on_at_the_same_byte_in_the_next_vault(several, vaults, told):
    for vault in vaults:
        vault.put("a", [BODY])
    vaults[0].breaks(VaultUnreachable("cut"), after_bytes=300_000)

    assert b"".join(several.open("a", 7)) == BODY[7:]
    assert "'two' went on at byte" in told[0]


def test_a_read_that_ends_early_goes_on_in_the_next_vault(several, vaults):
    for vault in vaults:
        vault.put("a", [BODY])
    vaults[0].ends_early(300_000)

    assert b"".join(several.open("a")) == BODY


def test_a_broken_read_never_goes_on_in_an_object_of_another_size(several, vaults):
    vaults[0].put("a", [BODY])
    vaults[1].put("a", [BODY + b"more"])
    vaults[0].breaks(VaultUnreachable("cut"), after_bytes=300_000)

    with pytest.raises(VaultUnreachable, match="cut"):
        b"".join(several.open("a"))


def test_a_broken_read_passes_over_a_vault_of_another_size_to_one_of_the_same(several, vaults):
    vaults[0].put("a", [BODY])
    vaults[1].put("a", [b"short"])
    vaults[2].put("a", [BODY])
    vaults[0].breaks(VaultUnreachable("cut"), after_bytes=300_000)

    assert b"".join(several.open("a")) == BODY


def test_a_read_that_ends_early_in_the_last_vault_is_an_error(several, vaults):
    vaults[0].put("a", [BODY])
    vaults[0].ends_early(300_000)

    with pytest.raises(VaultError, match="of the 768,000 bytes"):
        b"".join(several.open("a"))


def test_a_listing_names_each_object_once_in_order_as_the_first_that_has_it_knows_it(
    several, vaults
):
    vaults[0].put("b", [b"1"])
    vaults[1].put("a", [b"22"])
    vaults[1].put("b", [b"22"])
    vaults[2].put("c/d", [b"333"])

    assert [(s.name, s.bytes) for s in several.list()] == [("a", 2), ("b", 1), ("c/d", 3)]


def test_a_vault_that_can_not_be_listed_is_left_out_with_a_word(several, vaults, told):
    vaults[0].put("a", [b"x"])
    vaults[1].put("b", [b"x"])
    vaults[0].breaks(VaultUnreachable("The vault 'one' is gone."))

    assert [s.name for s in several.list()] == ["b"]
    assert told == ["The vault 'one' is gone. The others were listed without it."]


def test_when_no_vault_can_be_listed_it_is_an_error_and_no_empty_list(several, vaults):
    for vault in vaults:
        vault.breaks(VaultUnreachable(f"{vault.name} is gone"))

    with pytest.raises(VaultUnreachable, match="one is gone"):
        list(several.list())


fault = st.one_of(
    st.none(),
    st.tuples(st.just("breaks"), st.integers(0, 40)),
    st.tuples(st.just("ends_early"), st.integers(0, 40)),
    st.tuples(st.just("lost"), st.just(0)),
)
holding = st.tuples(st.sampled_from(["same", "none", "longer", "shorter"]), fault)


@given(
    each=st.lists(holding, min_size=1, max_size=4),
    start=st.integers(0, 45),
    size=st.integers(0, 40),
)
def test_whatever_fails_a_reader_gets_the_right_bytes_or_an_error(each, start, size):
    """A vault's object is a copy, or has another size; it fails before or at any byte, or ends."""
    body = bytes(itertools.islice(itertools.cycle(range(7, 250)), size))
    bodies = {"same": body, "none": None, "longer": body + b"?", "shorter": body[:-1] or None}
    vaults = [
        Failing.of(f"v{place}", {} if bodies[what] is None else {"a": bodies[what]}, fault)
        for place, (what, fault) in enumerate(each)
    ]
    first = next((w for w, f in each if bodies[w] is not None and (f or ("",))[0] != "lost"), None)
    try:
        got = b"".join(Several(vaults).open("a", start))
    except VaultError:
        return

    assert first is not None
    assert got == bodies[first][start:]


@given(
    holds=st.lists(
        st.tuples(st.sets(st.sampled_from("abcdefg")), st.one_of(st.none(), st.integers(0, 7))),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_fails_a_listing_is_in_order_and_holds_all_that_the_others_have(holds):
    vaults = [
        Failing.of(f"v{place}", dict.fromkeys(names, b"x"), None, lists=lists)
        for place, (names, lists) in enumerate(holds)
    ]
    whole = [names for names, lists in holds if lists is None or lists > len(names)]
    try:
        got = [stored.name for stored in Several(vaults).list()]
    except VaultError:
        assert whole == []
        return

    assert got == sorted(set(got))
    assert set().union(*whole) <= set(got) <= set().union(*(names for names, _ in holds))


class ByKind(Failing):
    """A first vault that keeps objects by kind."""

    def __init__(self, vault):
        super().__init__(vault)
        self.kinds = {}

    def put_as(self, kind, name, chunks):
        self.kinds[name] = kind
        return self.put(name, chunks)


def test_an_object_of_a_kind_is_kept_by_the_first_vault_as_it_keeps_that_kind(tmp_path, vaults):
    first = ByKind(LocalFolder(tmp_path / "kinds", name="kinds"))
    several = Several([first, *vaults])
    several.put_as("monthly", "a/b", [BODY])

    assert first.kinds == {"a/b": "monthly"}
    assert b"".join(several.open("a/b")) == BODY


def test_a_first_vault_that_knows_no_kinds_just_keeps_it(several, vaults):
    several.put_as("monthly", "a/b", [BODY])

    assert vaults[0].stat("a/b").bytes == len(BODY)


def test_several_vaults_promise_nothing_that_only_some_of_them_can(several):
    """Locks, thawing and what else one vault can are asked of that vault, by its name."""
    assert isinstance(several, KeepsByKind)
    assert not any(isinstance(several, each) for each in (Locks, Thaws, KeepsParts, LooksAtItself))
