"""What every vault must do, whatever it is made of: subclass it and give it a `vault` fixture."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import AlreadyThere, NotThere, Refused
from storage.vaults.vault import NAME_MAX

LEGAL_PART = st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}\Z")
LEGAL = st.lists(LEGAL_PART, min_size=1, max_size=4).map("/".join)
ILLEGAL = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/./b",
    ".hidden",
    "a/.hidden",
    "a b",
    "a\\b",
    "a\0b",
    "a\n",
    "é",
    "x" * 201,
    "/".join(["x" * 100] * 9),
]
# Each example puts, looks and deletes what it put, so one vault serves all of them.
SHARED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
_numbers = itertools.count()


class VaultSuite:
    """The five promises, each held to."""

    def test_what_was_put_is_read_back(self, vault):
        stored = vault.put("a/b.bin", [b"one", b"", b"two"])

        assert b"".join(vault.open("a/b.bin")) == b"onetwo"
        assert (stored.name, stored.bytes) == ("a/b.bin", 6)

    def test_an_empty_object_is_an_object(self, vault):
        vault.put("empty", [])

        assert (list(vault.open("empty")), vault.stat("empty").bytes) == ([], 0)

    def test_a_big_object_comes_in_bounded_chunks(self, vault):
        block = bytes(range(256)) * 4096
        vault.put("big", (block for _ in range(3)))

        chunks = list(vault.open("big"))
        assert b"".join(chunks) == block * 3
        assert max(map(len, chunks)) <= 1 << 20

    @pytest.mark.parametrize("start", [0, 1, 5, 6, 100])
    def test_reading_begins_where_it_is_told_to(self, vault, start):
        vault.put("a", [b"onetwo"])

        assert b"".join(vault.open("a", start)) == b"onetwo"[start:]

    def test_a_reader_may_stop_early(self, vault):
        vault.put("a", [b"x" * 600_000])
        chunks = vault.open("a")
        next(chunks)

        chunks.close()  # A file left open would be an error of this test.

    def test_a_name_is_created_once(self, vault):
        vault.put("a", [b"first"])

        with pytest.raises(AlreadyThere):
            vault.put("a", [b"second"])
        assert b"".join(vault.open("a")) == b"first"

    def test_exactly_one_of_many_writers_wins(self, vault):
        won, lost = [], []
        gate = threading.Barrier(8)

        def write(number: int) -> None:
            gate.wait()
            try:
                vault.put("race/one", [bytes([number])] * 1000)
                won.append(number)
            except AlreadyThere:
                lost.append(number)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(won), len(lost)) == (1, 7)
        assert b"".join(vault.open("race/one")) == bytes(won) * 1000

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
    def test_a_source_that_fails_leaves_nothing(self, vault, error):
        def torn():
            yield b"half"
            raise error("source")

        with pytest.raises(error, match="source"):
            vault.put("a/torn", torn())
        assert list(vault.list()) == []

    def test_a_name_is_free_again_after_a_failed_put(self, vault):
        def torn():
            yield b"half"
            raise ValueError

        with pytest.raises(ValueError):
            vault.put("a", torn())
        vault.put("a", [b"whole"])

        assert b"".join(vault.open("a")) == b"whole"

    def test_an_object_is_not_seen_before_it_is_whole(self, vault):
        seen = []

        def slow():
            yield b"half"
            seen.extend(vault.list())
            with pytest.raises(NotThere):
                vault.stat("a")
            yield b"whole"

        vault.put("a", slow())

        assert seen == []

    @pytest.mark.parametrize("method", ["stat", "open"])
    def test_what_is_not_there_is_said_to_be_not_there(self, vault, method):
        with pytest.raises(NotThere):
            getattr(vault, method)("a/none")

    def test_the_start_of_a_name_is_not_an_object(self, vault):
        vault.put("a/b", [b""])

        with pytest.raises(NotThere):
            vault.stat("a")

    def test_deleting_is_done_once_or_often(self, vault):
        vault.put("a/b", [b""])
        vault.delete("a/b")
        vault.delete("a/b")

        assert list(vault.list()) == []

    def test_deleting_leaves_the_neighbours(self, vault):
        vault.put("a/b", [b""])
        vault.put("a/c", [b""])
        vault.delete("a/b")

        assert [stored.name for stored in vault.list()] == ["a/c"]

    def test_putting_while_neighbours_are_deleted_never_fails(self, vault):
        def put_and_delete(mine: str) -> None:
            for number in range(30):
                vault.put(f"deep/er/{mine}-{number}", [b"x"])
                vault.delete(f"deep/er/{mine}-{number}")
            done.append(mine)

        done: list[str] = []
        threads = [threading.Thread(target=put_and_delete, args=(n,)) for n in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(done) == ["a", "b", "c"]

    @given(names=st.lists(LEGAL, unique=True, max_size=12), data=st.data())
    @SHARED
    def test_listing_is_in_the_order_of_the_names(self, vault, names, data):
        folder = f"order{next(_numbers)}/"
        taken: list[str] = []
        for name in names:
            if not any(n.startswith(f"{name}/") or name.startswith(f"{n}/") for n in taken):
                vault.put(folder + name, [b""])
                taken.append(name)
        cut = data.draw(st.integers(0, 3))
        prefix = folder + (taken[0][:cut] if taken else "")

        listed = [stored.name for stored in vault.list(prefix)]
        assert listed == sorted(folder + n for n in taken if (folder + n).startswith(prefix))

    def test_listing_what_is_not_there_is_empty(self, vault):
        assert list(vault.list("none/such")) == []

    def test_a_listing_tells_size_and_time(self, vault):
        vault.put("a", [b"123"])
        (stored,) = vault.list()

        assert stored == vault.stat("a")
        assert stored.bytes == 3
        assert abs(stored.modified - datetime.now(UTC)) < timedelta(minutes=5)

    @given(part=LEGAL)
    @SHARED
    def test_every_legal_name_is_taken(self, vault, part):
        name = f"legal{next(_numbers)}/{part}"
        vault.put(name, [b"x"])

        assert b"".join(vault.open(name)) == b"x"

    @pytest.mark.parametrize("name", ["x" * 200, "/".join(["y" * 199] * 4)])
    def test_the_longest_names_are_taken(self, vault, name):
        assert len(name) <= NAME_MAX

        vault.put(name, [b"x"])

    @pytest.mark.parametrize("method", ["put", "open", "stat", "delete"])
    @pytest.mark.parametrize("name", ILLEGAL)
    def test_an_illegal_name_is_refused(self, vault, method, name):
        with pytest.raises(Refused):
            getattr(vault, method)(name, *([[b""]] if method == "put" else []))

    @given(name=st.text(max_size=12))
    @SHARED
    def test_no_name_leads_anywhere_else(self, vault, name):
        folder = f"any{next(_numbers)}"
        try:
            vault.put(f"{folder}/{name}", [b"x"])
        except Refused:
            return

        assert [stored.name for stored in vault.list(f"{folder}/")] == [f"{folder}/{name}"]
