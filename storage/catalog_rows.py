"""The catalog's rows: what is kept of a manifest and of a check, and what they come to in a list.

Pure but for the reading of a vault. You will not find SQL here; that is `storage/catalog.py`.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from storage import holds, shelf, typed
from storage.errors import Cancelled, LifeboatError, ManifestError, NotThere, Refused
from storage.manifest import Check, Manifest
from storage.vaults.vault import Stored, Vault

BATCH = 100
CANDIDATES_SHOWN = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One backup in one vault, and how its last proof there ended.

    `differs` says that its manifest is not that of the first copy, `whole` that its archive lies
    beside its manifest.
    """

    vault: str
    verified_at: datetime | None
    verified_by: str | None
    verified_findings: int
    differs: bool = False
    whole: bool = True

    @property
    def good(self) -> bool:
        """Whether nothing is known against it."""
        return self.whole and not self.verified_findings


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One backup in a list. `taken_at` is the moment the snapshot shows, UTC.

    `vault` and `verified_…` are of the copy that speaks for it: the first whole one without
    findings, or the first. `copies` are all of them, in the order of preference.
    """

    id: str
    deployment: str
    taken_at: datetime
    kind: str
    label: str
    bytes: int
    documents: int
    tables: int
    files: int
    verified_at: datetime | None
    verified_by: str | None
    verified_findings: int
    asked_by: str
    vault: str
    verified_damage: int = 0  # How many of the findings are damage.
    whole: bool = True  # All tables.
    held: str = ""  # Why, who and when, if it is held.
    sealed_for: tuple[str, ...] = ()  # Public keys; none: the archive is plain.
    manifest_sha256: str = ""
    copies: tuple[Copy, ...] = ()

    @property
    def sealed(self) -> bool:
        """Whether the archive is sealed."""
        return bool(self.sealed_for)


class Look:
    """One look through a vault: what is new, what is gone, what can't be read.

    `known` is changed: what is still there is taken out of it, so the rest is gone.
    """

    def __init__(self, vault: Vault, known: dict[str, dict[str, str]]) -> None:
        self._vault, self._known = vault, known
        self.added = 0
        self.unreadable: list[tuple[str, str]] = []
        self.halves: dict[tuple[str, str], str] = {}  # With the manifest's name.

    def batches(self) -> Iterator[list[tuple[str, dict[str, Any]]]]:
        """Yield rows for the tables, a bounded number at a time."""
        batch: list[tuple[str, dict[str, Any]]] = []
        archive_of = ""  # An archive's name comes before its manifest's.
        for stored in self._vault.list(f"{shelf.BACKUPS}/"):
            folder, _, leaf = stored.name.rpartition("/")
            archive_of = folder if leaf.startswith(shelf.ARCHIVE) else archive_of
            of = shelf.backup_of(stored.name, shelf.MANIFEST)
            if of is not None and archive_of != folder:
                self.halves[of] = stored.name
            row = self._row(stored)
            if row is not None:
                batch.append(row)
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
        self.halves = {of: name for of, name in self.halves.items() if self._still_half(name)}

    def half_deleted(self) -> Iterator[tuple[str, str]]:
        """Yield each manifest whose archive is gone, and the sentence about it."""
        told = {name for name, _ in self.unreadable}
        for (_, id), name in self.halves.items():
            if name in told:
                continue
            yield (
                name,
                f"The manifest of {id} is in the vault {self._vault.name!r}, and its archive is "
                f"not: half of it was deleted.",
            )

    def _still_half(self, manifest: str) -> bool:
        """Look once more: a backup that came while the vault was listed is seen in two halves."""
        folder = manifest.removesuffix(shelf.MANIFEST)
        names = {stored.name.removeprefix(folder) for stored in self._vault.list(folder)}
        return shelf.MANIFEST in names and not any(n.startswith(shelf.ARCHIVE) for n in names)

    def _row(self, stored: Stored) -> tuple[str, dict[str, Any]] | None:
        """Return the row of a new object; None if it is known, unreadable or neither kind."""
        manifest_of = shelf.backup_of(stored.name, shelf.MANIFEST)
        check_of = shelf.backup_of(stored.name, shelf.CHECKS)
        of = manifest_of or check_of or shelf.backup_of(stored.name, shelf.HOLDS)
        if of is None:
            return None
        table = "backups" if manifest_of else "checks" if check_of else "holds"
        source = f"{stored.bytes} {stored.modified.isoformat()}"
        if self._known[table].get(stored.name) == source:
            del self._known[table][stored.name]
            return None
        try:
            if manifest_of:
                manifest = shelf.read_manifest(self._vault, *of)
                facts = _backup_row(manifest, self._vault.name)
            elif check_of:
                facts = _check_row(shelf.read_check(self._vault, stored.name))
            else:
                facts = {"word": msgspec.json.encode(holds.read_one(self._vault, stored.name))}
        except NotThere:
            return None
        except Cancelled:
            raise
        except LifeboatError as error:
            self.unreadable.append((stored.name, error.what))
            return None
        self.added += bool(manifest_of) and stored.name not in self._known[table]
        self._known[table].pop(stored.name, None)
        keys = {"name": stored.name, "vault": self._vault.name, "source": source}
        return table, {**keys, "deployment": of[0], "id": of[1], **facts}


def _backup_row(manifest: Manifest, vault: str) -> dict[str, Any]:
    try:
        taken_at = manifest.snapshot.taken_at
    except (ValueError, OverflowError, OSError) as error:
        raise ManifestError(
            f"The manifest of {manifest.id} gives a snapshot time that no calendar knows: "
            f"{manifest.snapshot.timestamp_ns} ns."
        ) from error
    contents = manifest.contents
    entry = Entry(
        id=manifest.id,
        deployment=manifest.deployment.name,
        taken_at=taken_at,
        kind=manifest.kind,
        label=manifest.label,
        bytes=manifest.archive.bytes,
        documents=contents.documents,
        tables=len(contents.tables),
        files=contents.files,
        verified_at=manifest.check.at,
        verified_by=manifest.check.by,
        verified_findings=len(manifest.check.findings),
        asked_by=manifest.asked.by,
        vault=vault,
        verified_damage=_damage(manifest.check),
        whole=manifest.chosen is None,
        sealed_for=sealed.recipients if (sealed := manifest.archive.sealed) else (),
        manifest_sha256=hashlib.sha256(msgspec.json.encode(manifest)).hexdigest(),
    )
    replace = msgspec.structs.replace
    storage = tuple(replace(part, listed=False, files=()) for part in contents.storage)
    short = replace(
        manifest,
        contents=replace(contents, storage=storage),
        deployment=replace(manifest.deployment, schemas=None),
    )
    return {
        "taken_us": microseconds(taken_at),
        "kind": manifest.kind,
        "whole": int(manifest.chosen is None and manifest.kind != "safety"),
        "facts": msgspec.json.encode(entry),
        "manifest": msgspec.json.encode(short),
    }


def _check_row(check: Check) -> dict[str, Any]:
    return {
        "at_us": microseconds(check.at),
        "by": check.by,
        "depth": check.depth,
        "findings": len(check.findings),
        "damage": _damage(check),
        "elsewhere": int(bool(check.vault)),
    }


def _damage(check: Check) -> int:
    return sum(finding.severity == "damage" for finding in check.findings)


def standing(words: Mapping[str, bytes]) -> str:
    """Return why a backup is held, "" if it is not; `words` are by their objects' names."""
    told = {name: typed.decode(word, holds.Hold) for name, word in words.items()}
    return "; ".join(hold.told for hold in holds.standing(told).values())


def held(entry: Entry, words: Mapping[str, bytes]) -> Entry:
    """Return the entry with why it is held, if it is."""
    why = standing(words) if words else ""
    return msgspec.structs.replace(entry, held=why) if why else entry


def merged(
    entries: Iterable[Entry],
    vaults: Sequence[str],
    halves: Mapping[str, AbstractSet[tuple[str, str]]],
) -> list[Entry]:
    """Return each backup once, in the order in which it first comes, with all its copies."""
    place = {name: number for number, name in enumerate(vaults)}
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.deployment, entry.id), []).append(entry)
    return [
        _one(
            sorted(copies, key=lambda entry: place.get(entry.vault, len(place))),
            {vault for vault, names in halves.items() if of in names},
        )
        for of, copies in found.items()
    ]


def _one(entries: list[Entry], half: AbstractSet[str]) -> Entry:
    """Return one backup of its copies; `half` are vaults where its archive is gone."""
    copies = tuple(
        Copy(
            vault=entry.vault,
            verified_at=entry.verified_at,
            verified_by=entry.verified_by,
            verified_findings=entry.verified_findings,
            differs=entry.manifest_sha256 != entries[0].manifest_sha256,
            whole=entry.vault not in half,
        )
        for entry in entries
    )
    pairs = list(zip(entries, copies, strict=True))
    whole = [entry for entry, copy in pairs if copy.whole]
    good = [entry for entry, copy in pairs if copy.good]
    speaks = (good or whole or entries)[0]
    return msgspec.structs.replace(speaks, copies=copies)


def verified(entry: Entry, checks: list[tuple[int, str, str, int, int]]) -> Entry:
    """Return the entry with its newest check.

    A clean look at the size and hash alone says nothing of the rows, so it leaves the findings of
    the full check before it standing.
    """
    for at, by, depth, findings, damage in sorted(checks):
        if entry.verified_at is not None and at < microseconds(entry.verified_at):
            continue
        if depth == "manifest" and not findings:
            findings, damage = entry.verified_findings, entry.verified_damage  # noqa: PLW2901
        entry = msgspec.structs.replace(
            entry,
            verified_at=_moment(at),
            verified_by=by,
            verified_findings=findings,
            verified_damage=damage,
        )
    return entry


def microseconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _moment(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def ambiguous(ref: str, fitting: Sequence[Entry]) -> Refused:
    shown = ", ".join(entry.id for entry in fitting[:CANDIDATES_SHOWN])
    more = len(fitting) - CANDIDATES_SHOWN
    return Refused(
        f"{ref!r} is the start of {len(fitting)} backups: {shown}"
        + (f" and {more} more." if more > 0 else "."),
        hint="Type more of the id.",
    )


def unknown(ref: str, ids: Sequence[str]) -> Refused:
    near = difflib.get_close_matches(ref, ids, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif ids:
        hint = "Run `lifeboat list` to see the backups there are."
    else:
        hint = "There is no backup yet. Take one: lifeboat now"
    return Refused(f"There is no backup called {ref!r}.", hint=hint)
