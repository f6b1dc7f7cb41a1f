"""Copies one backup from one vault into another, in the order that makes a copy true.

Archive, then proof that it can be read there, then what is kept beside it, then the manifest. A
copy that was killed half-way is an archive without a manifest; the next try uses it, if its bytes
are the right ones, and the sweep takes it otherwise. You will not find here when a copy is made,
nor what is told meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from storage import shelf, typed
from storage.errors import (
    AlreadyThere,
    ArchiveError,
    LifeboatError,
    ManifestError,
    NotThere,
    SourceLost,
    VaultError,
)
from storage.manifest import Check, Manifest
from storage.vaults.vault import Vault

T = TypeVar("T")
Passing = Callable[[Iterable[bytes], str, int], Iterator[bytes]]  # Chunks, a step, their bytes.
There = Literal["nothing", "half", "whole"]


@dataclass(frozen=True)
class Road:
    """From where to where one backup is copied; `passing` sees each chunk go by."""

    source: Vault
    to: Vault
    manifest: Manifest
    text: bytes  # The manifest's own bytes: a newer Lifeboat may have written more than we know.
    passing: Passing

    @property
    def archive(self) -> str:
        return self.manifest.archive.name


def road(source: Vault, to: Vault, deployment: str, id: str, passing: Passing) -> Road:
    """Read the manifest that is copied; ManifestError if it can't be read, or is gone."""
    try:
        manifest, text = _from(source, lambda: shelf.read_label(source, deployment, id))
    except NotThere as error:
        raise ManifestError(error.what, safe=error.safe, hint=error.hint) from error
    return Road(source, to, manifest, text, passing)


def there(way: Road) -> There:
    """Return how much of the copy there is; ManifestError if it is of another backup."""
    about = way.manifest.deployment.name, way.manifest.id
    try:
        known = shelf.read_manifest(way.to, *about)
    except NotThere:
        return "nothing"
    if known != way.manifest:
        raise ManifestError(
            f"The vault {way.to.name!r} has another manifest of {way.manifest.id} than "
            f"{way.source.name!r}: they are not copies of one backup.",
            safe="Both are as they were; nothing was copied.",
            hint=f"Verify each (`lifeboat verify {way.manifest.id} --vault {way.to.name}`), and "
            f"move the wrong one away by hand.",
        )
    try:
        size = way.to.stat(way.archive).bytes
    except NotThere:
        return "half"
    return "whole" if size == way.manifest.archive.bytes else "half"


def store(way: Road) -> bool:
    """Put the archive there; True if the right bytes lay there already and were read.

    ArchiveError when the source gives other bytes than its manifest says: nothing of it is kept.
    """
    for last_try in (False, True):
        try:
            shelf.put_as(way.to, way.manifest.kind, way.archive, _right_bytes(way))
        except AlreadyThere:
            if _is_right(way):
                return True
            if last_try:
                raise _other_bytes(way) from None
            _make_room(way)
        else:
            return False
    raise AssertionError("unreachable")


def prove(way: Road) -> None:
    """Read the copy back; one that differs is taken away again, and is a VaultError."""
    if _is_right(way):
        return
    if there(way) == "nothing":
        shelf.take_back(way.to, way.archive)
    raise _other_bytes(way)


def beside(way: Road) -> int:
    """Copy what is kept beside the archive and is not there yet: checks, holds; return how many.

    A check keeps saying in which vault it was made.
    """
    folder = shelf.folder_name(way.manifest.deployment.name, way.manifest.id)
    label = shelf.manifest_name(way.manifest.deployment.name, way.manifest.id)
    note = shelf.removed_name(way.manifest.deployment.name, way.manifest.id)
    known = {stored.name for stored in way.to.list(folder)}
    copied = 0
    for stored in list(_from(way.source, lambda: list(way.source.list(folder)))):
        if stored.name in known | {way.archive, label, note}:
            continue
        copied += small(way.source, way.to, stored.name)
    return copied


def small(source: Vault, to: Vault, name: str) -> bool:
    """Copy a small object; False when somebody else was faster, or it is gone."""
    try:
        text = _from(source, lambda: b"".join(source.open(name)))
        if shelf.backup_of(name, shelf.CHECKS):
            text = _from_there(text, source.name)
        to.put(name, [text])
    except (AlreadyThere, NotThere):
        return False
    return True


def label(way: Road, proof: Check) -> None:
    """Write the proof, and then the manifest, which makes the copy exist."""
    shelf.write_check(way.to, way.manifest.deployment.name, way.manifest.id, proof)
    try:
        shelf.write_label(way.to, way.manifest, way.text)
    except AlreadyThere:
        if there(way) != "whole":  # Somebody else has copied it meanwhile; that is as good.
            raise


def _right_bytes(way: Road) -> Iterator[bytes]:
    """Yield the archive from the source; the last step is to find that it was the right one."""
    archive, digest, size = way.manifest.archive, hashlib.sha256(), 0
    try:
        chunks = _from(way.source, lambda: way.source.open(archive.name))
    except NotThere as error:
        raise ArchiveError(error.what, where=archive.name, safe=error.safe) from error
    passing = way.passing(_chunks_from(way.source, chunks), "copy", archive.bytes)
    for chunk in passing:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    if (size, digest.hexdigest()) != (archive.bytes, archive.sha256):
        raise ArchiveError(
            f"The copy of {way.manifest.id} in {way.source.name!r} is not what its manifest says "
            f"({size:,} of {archive.bytes:,} bytes, or another SHA-256).",
            where=archive.name,
            safe=f"Nothing of it was kept in {way.to.name!r}.",
            hint=f"Run `lifeboat verify {way.manifest.id} --vault {way.source.name}`.",
        )


def _make_room(way: Road) -> None:
    """Take away an archive that is not the manifest's; a labelled one only for a better one."""
    if there(way) == "nothing":
        shelf.take_back(way.to, way.archive)
        return
    for _ in _right_bytes(way):
        pass
    way.to.delete(way.archive)


def _is_right(way: Road) -> bool:
    """Read the archive as it lies there and hold it against the manifest."""
    archive, digest, size = way.manifest.archive, hashlib.sha256(), 0
    for chunk in way.passing(way.to.open(archive.name), "read the copy back", archive.bytes):
        digest.update(chunk)
        size += len(chunk)
    return (size, digest.hexdigest()) == (archive.bytes, archive.sha256)


def _chunks_from(source: Vault, chunks: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except VaultError as error:
        raise _lost(source, error) from error


def _from(source: Vault, reading: Callable[[], T]) -> T:
    """Read from the source; its troubles are told apart from those of the vault written to."""
    try:
        return reading()
    except NotThere:
        raise
    except VaultError as error:
        raise _lost(source, error) from error


def _lost(source: Vault, error: LifeboatError) -> SourceLost:
    return SourceLost(
        f"The vault {source.name!r}, which is copied from, broke off: {error.what}",
        safe=error.safe,
        hint=error.hint,
    )


def _from_there(text: bytes, vault: str) -> bytes:
    """Return a check with the vault it was made in; one that can't be read goes as it is."""
    try:
        check = typed.decode(text, Check)
    except msgspec.MsgspecError:
        return text
    if check.vault:
        return text
    told = msgspec.structs.replace(check, vault=vault)
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _other_bytes(way: Road) -> VaultError:
    return VaultError(
        f"The vault {way.to.name!r} holds other bytes of {way.archive} than it was given.",
        safe=f"The backup itself is untouched in {way.source.name!r}; this copy does not count.",
        hint=f"Check the disk of {way.to.name!r}, then run `lifeboat copy {way.manifest.id} --to "
        f"{way.to.name}` again.",
    )
