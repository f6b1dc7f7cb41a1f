"""What a stand-in deployment holds on its first day: a region's treasury, told row by row.

Pure and deterministic: the same size, number and deployment give the same rows byte for byte,
and no row depends on another being held. Putting rows into a database is the stand-in's work.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sandbox import seed_rows, seed_schema
from sandbox.seed_files import SeedFile, make
from sandbox.seed_ids import Ids
from sandbox.seed_rows import Cast, RowText

SIZES = ("empty", "small", "medium", "large")

# Id, creation time in ms, and the whole document as export JSON with no line end.
SeedRow = tuple[str, float, str]

# Component, table, number, what makes a row, and how many rows each size has. A component
# numbers its own tables, so 10001 is three tables.
_PLAN: tuple[tuple[str, str, int, RowText, tuple[int, int, int]], ...] = (
    ("", "organizations", 10001, seed_rows.organization, (6, 60, 300)),
    ("", "users", 10002, seed_rows.user, (18, 600, 6_000)),
    ("", "npd", 10003, seed_rows.npd, (40, 12_000, 200_000)),
    ("", "sp2d", 10004, seed_rows.sp2d, (30, 9_000, 150_000)),
    ("", "auditLogs", 10005, seed_rows.audit_log, (90, 30_000, 600_000)),
    ("", "budgets", 10006, seed_rows.budget, (12, 2_500, 42_000)),
    ("", "attachments", 10007, seed_rows.attachment, (8, 300, 500)),
    ("", "settings", 10008, seed_rows.setting, (13, 13, 13)),
    ("", "drafts", 10009, seed_rows.setting, (0, 0, 0)),
    ("waitlist", "entries", 10001, seed_rows.waiting, (12, 500, 1_200)),
    ("waitlist/inner", "counters", 10001, seed_rows.counter, (3, 16, 16)),
)
# Stored files: one for each attachment, and one in a component.
_STORAGE_NUMBER = 540
_FILES_IN_WAITLIST = 1
# Staging began as a copy of production: these tables it has whole, of others this share.
_COPIED_WHOLE = frozenset({"organizations", "settings", "counters", "drafts"})
_COPIED_SHARE = 0.6
_OWN_SHARE = 0.05


@dataclass(frozen=True)
class SeedTable:
    """One table; `rows` makes its rows anew at each call, `documents` of them."""

    component: str
    name: str
    number: int
    documents: int
    rows: Callable[[], Iterator[SeedRow]]


@dataclass(frozen=True)
class Seed:
    """Everything a deployment starts with; `schemas` is by component path, "" is the root."""

    components: tuple[str, ...]
    tables: tuple[SeedTable, ...]
    files: Callable[[], Iterator[SeedFile]]
    environment: Mapping[str, str]
    schemas: Mapping[str, str]
    package_version: str


def plan(size: str, *, number: int = 1, deployment: str = "production", shift: int = 0) -> Seed:
    """The seed of this size; `shift` is added to every user table's number.

    Staging shares ids with production of the same number, as an older copy of it would; any
    other name has rows of its own only.
    """
    if size not in SIZES:
        raise ValueError(f"no seed is called {size!r}; there are {', '.join(SIZES)}")
    if size == "empty":
        return Seed(("",), (), lambda: iter(()), {}, {}, seed_schema.PACKAGE_VERSION)
    teller = _Teller(size, number, deployment, shift)
    return Seed(
        components=("", "waitlist", "waitlist/inner"),
        tables=tuple(teller.table(*row) for row in _PLAN),
        files=teller.files,
        environment=dict(seed_schema.ENVIRONMENT),
        schemas=seed_schema.active(),
        package_version=seed_schema.PACKAGE_VERSION,
    )


class _Teller:
    """Makes the tables of one deployment: shared rows first, then the deployment's own."""

    def __init__(self, size: str, number: int, deployment: str, shift: int) -> None:
        self._column = SIZES.index(size) - 1
        self._shift = shift
        self._copy = deployment == "staging"
        # The ids of rows that both have come from production's name.
        self._first = f"{number}/{'production' if self._copy else deployment}"
        self._own = f"{number}/{deployment}/own"
        counts = {name: count[self._column] for _, name, _, _, count in _PLAN}
        ids = {name: self._ids("", name, n, self._first) for c, name, n, _, _ in _PLAN if not c}
        ids["_storage"] = Ids(f"{self._first}//_storage", _STORAGE_NUMBER)
        self._cast = Cast(ids, counts, rich=size != "large")

    def _ids(self, component: str, name: str, number: int, label: str) -> Ids:
        return Ids(f"{label}/{component}/{name}", number + self._shift)

    def _shares(self, name: str, count: int) -> tuple[int, int]:
        """How many rows come from production, and how many are the deployment's own."""
        if not self._copy or name in _COPIED_WHOLE:
            return count, 0
        return int(count * _COPIED_SHARE), max(1, int(count * _OWN_SHARE))

    def table(
        self, component: str, name: str, number: int, text: RowText, counts: tuple[int, int, int]
    ) -> SeedTable:
        count = counts[self._column]
        shared, own = self._shares(name, count)
        first = self._ids(component, name, number, self._first)
        second = self._ids(component, name, number, self._own)

        def rows() -> Iterator[SeedRow]:
            yield from self._rows(first, text, range(shared), count)
            yield from self._rows(second, text, range(count - own, count), count)

        return SeedTable(component, name, number + self._shift, shared + own, rows)

    def _rows(self, ids: Ids, text: RowText, places: range, count: int) -> Iterator[SeedRow]:
        cast = self._cast
        for place in places:
            digest = ids.digest(place)
            id_ = ids.of(digest)
            at = seed_rows.created(place, count)
            head = f'"_creationTime":{at},"_id":"{id_}"'
            yield id_, at, text(cast, head, place, digest[16:])

    def files(self) -> Iterator[SeedFile]:
        count = self._cast.counts["attachments"]
        shared, own = self._shares("attachments", count)
        # An own attachment names the file of its place, so those files are here as well.
        places = [*range(shared), *range(count - own, count)] if own else range(count)
        yield from self._stored("", self._cast.ids["_storage"], places, count)
        inside = Ids(f"{self._first}/waitlist/_storage", _STORAGE_NUMBER)
        yield from self._stored("waitlist", inside, range(_FILES_IN_WAITLIST), 1)

    def _stored(
        self, component: str, ids: Ids, places: range | list[int], count: int
    ) -> Iterator[SeedFile]:
        for place in places:
            digest = ids.digest(place)
            at = seed_rows.created(place, count)
            yield make(component, ids.of(digest), at, place, digest[16:])
