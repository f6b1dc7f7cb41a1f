"""The vault with bad days: it passes the suite on good ones, and its faults do what they say."""

from __future__ import annotations

import contextlib
import hashlib

import pytest

from storage.errors import AlreadyThere, NotThere, VaultUnreachable
from storage.vaults.local import LocalFolder
from tests.storage.vaults.faulty import (
    EVERY,
    HONEST,
    KINDS,
    LIES,
    METHODS,
    Crashed,
    Fault,
    Faults,
    FaultyVault,
)
from tests.storage.vaults.suite import VaultSuite

BODY = b"0123456789"


@pytest.fixture
def inner(tmp_path):
    return LocalFolder(tmp_path / "vault")


class TestOnGoodDays(VaultSuite):
    @pytest.fixture
    def vault(self, inner):
        return FaultyVault(inner, Faults(seed=1, rate=0.0))


class RetriesAndReadsBack:
    """What a sound caller does: the same again after trouble, and a look at what came."""

    def __init__(self, vault):
        self._vault = vault
        self.name = vault.name

    def __getattr__(self, method):
        def again(*words):
            for _ in range(50):
                try:
                    answer = getattr(self._vault, method)(*words)
                    return list(answer) if method in ("list", "open") else answer
                except VaultUnreachable:
                    continue
            raise AssertionError("fifty bad answers on end")

        return again


@pytest.mark.parametrize("seed", range(25))
def test_honest_bad_days_are_survived_by_trying_again(inner, seed):
    pairs = [pair for pair in HONEST if not pair[1].startswith("crash")]
    bad = FaultyVault(inner, Faults(seed, rate=0.4, pairs=pairs))
    vault = RetriesAndReadsBack(bad)
    for number in range(10):
        body = hashlib.sha256(bytes([number])).digest()
        with contextlib.suppress(AlreadyThere):  # An earlier try was heard and not answered.
            vault.put(f"a/{number}", [body])

        assert b"".join(vault.open(f"a/{number}")) == body
    assert [stored.name for stored in vault.list("a/")] == [f"a/{n}" for n in range(10)]
    assert bad.told


@pytest.mark.parametrize("seed", range(10))
def test_the_same_seed_gives_the_same_day(tmp_path, seed):
    def day(number):
        vault = FaultyVault(LocalFolder(tmp_path / str(number)), Faults(seed, 0.5, EVERY))
        for step in range(30):
            try:
                vault.put(f"a{step}", [b"x"])
                list(vault.open(f"a{step}"))
                list(vault.list())
                vault.delete(f"a{step}")
            except (VaultUnreachable, NotThere, AlreadyThere):
                continue
            except Crashed:
                vault.revive()
        return vault.told

    assert day(1) == day(2)
    assert len(day(3)) > 10


def test_every_method_meets_every_fault():
    assert set(EVERY) == {(method, kind) for method in METHODS for kind in KINDS}
    assert set(HONEST) | LIES == set(EVERY)


@pytest.mark.parametrize(
    ("kind", "raised", "kept"),
    [
        ("error", VaultUnreachable, False),
        ("timeout", VaultUnreachable, True),
        ("truncated", VaultUnreachable, False),
        ("crash before", Crashed, False),
        ("crash after", Crashed, True),
        ("duplicate", None, True),
    ],
)
def test_a_put_on_a_bad_day_is_kept_whole_or_not_at_all(inner, kind, raised, kept):
    vault = FaultyVault(inner, [Fault("put", kind)])
    if raised:
        with pytest.raises(raised):
            vault.put("a", [BODY])
    else:
        vault.put("a", [BODY])

    assert [b"".join(inner.open(stored.name)) for stored in inner.list()] == [BODY] * kept
    assert [fault for _, _, fault, _ in vault.told] == [kind]


def test_a_late_put_is_seen_after_the_next_call(inner):
    vault = FaultyVault(inner, [Fault("put", "reordered")])
    vault.put("a", [BODY])

    assert list(inner.list()) == []
    assert [stored.name for stored in vault.list()] == ["a"]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("truncated", b"012345"),
        ("duplicate", b"0123456786789"),
        ("reordered", b"0126783459"),
    ],
)
def test_lies_of_a_read_are_told_without_a_word(inner, kind, seen):
    inner.put("a", [BODY])
    vault = FaultyVault(inner, [Fault("open", kind)])

    assert b"".join(vault.open("a")) == seen
    assert b"".join(vault.open("a")) == BODY


@pytest.mark.parametrize(
    ("kind", "raised"), [("timeout", VaultUnreachable), ("crash after", Crashed)]
)
def test_a_read_is_cut_in_the_middle(inner, kind, raised):
    inner.put("a", [BODY])
    vault = FaultyVault(inner, [Fault("open", kind)])
    came = []

    with pytest.raises(raised):
        came.extend(vault.open("a"))
    assert b"".join(came) == b"012345"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("truncated", ["a"]),
        ("duplicate", ["a", "b", "b", "c"]),
        ("reordered", ["b", "a", "c"]),
    ],
)
def test_lies_of_a_listing(inner, kind, names):
    for name in "abc":
        inner.put(name, [b""])
    vault = FaultyVault(inner, [Fault("list", kind)])

    assert [stored.name for stored in vault.list()] == names
    assert [stored.name for stored in vault.list()] == ["a", "b", "c"]


def test_a_crash_ends_the_process_until_a_new_one_comes(inner):
    vault = FaultyVault(inner, [Fault("stat", "crash before", name="a")])
    inner.put("a", [BODY])
    inner.put("b", [BODY])
    vault.stat("b")
    with pytest.raises(Crashed):
        vault.stat("a")
    with pytest.raises(Crashed):
        vault.stat("b")
    vault.revive()

    assert vault.stat("a").bytes == len(BODY)


def test_a_crash_is_no_error_that_anybody_catches():
    assert not issubclass(Crashed, Exception)


def test_a_delete_that_was_not_answered_was_done(inner):
    inner.put("a", [BODY])
    vault = FaultyVault(inner, [Fault("delete", "timeout")])
    with pytest.raises(VaultUnreachable):
        vault.delete("a")

    assert list(inner.list()) == []
