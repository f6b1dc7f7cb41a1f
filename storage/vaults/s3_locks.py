"""Locks of a bucket: objects that nobody may remove for a time, or while they are held.

The bucket must have been made with object lock. A lock is on a version of an object, and Lifeboat
writes one version only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from storage.errors import NotThere, ObjectLocked, VaultDenied, VaultError, VaultUnreachable
from storage.vaults.s3_calls import Calls
from storage.vaults.vault import FOREVER


def hold(calls: Calls, name: str, *, on: bool) -> None:
    """Put a legal hold on an object, or take it off: fine where a bucket can't hold at all."""
    calls.head(name)
    status = "ON" if on else "OFF"
    try:
        _needs_lock(
            calls,
            lambda: calls(
                "put_object_legal_hold",
                name,
                LegalHold={"Status": status},
                ChecksumAlgorithm="SHA256",
            ),
        )
    except _NoLock:
        if on:
            raise


def lock(calls: Calls, name: str, until: datetime) -> None:
    """Lock an object until then, unless it is locked for longer."""
    known = calls.head(name)
    now_until = known.get("ObjectLockRetainUntilDate")
    if now_until is not None and now_until >= until:
        return
    mode = known.get("ObjectLockMode") or (calls.place.lock_mode or "governance").upper()
    _needs_lock(
        calls,
        lambda: calls(
            "put_object_retention",
            name,
            Retention={"Mode": mode, "RetainUntilDate": until},
            ChecksumAlgorithm="SHA256",
        ),
    )


def locked_until(known: dict[str, Any], now: datetime) -> datetime | None:
    """Return what the answer to a HEAD says of locks; one that has ended is none."""
    if known.get("ObjectLockLegalHoldStatus") == "ON":
        return FOREVER
    until: datetime | None = known.get("ObjectLockRetainUntilDate")
    return until if until is not None and until > now else None


def remove(calls: Calls, name: str) -> bool:
    """Remove every version of an object and return True; ObjectLocked if a lock forbids it.

    False: the policy lets nobody remove a version, so S3 marks the object as removed. It is hidden,
    and goes when the bucket's own rule removes old versions.
    """
    while True:
        try:
            known = calls.head(name)
        except NotThere:
            return True
        version = known.get("VersionId")
        locked = locked_until(known, datetime.now(UTC))
        if locked is not None:
            raise _locked(calls, name, locked)
        try:
            calls("delete_object", name, **({"VersionId": version} if version else {}))
        except VaultDenied:
            if not version:
                raise
            calls("delete_object", name)
            return False
        if not version:
            return True


def _locked(calls: Calls, name: str, until: datetime) -> ObjectLocked:
    if until == FOREVER:
        return ObjectLocked(
            f"{name} is under a legal hold in the vault {calls.vault!r} and can't be removed.",
            safe="It is untouched.",
            hint="Release the hold first, if everybody agrees that it may go.",
        )
    return ObjectLocked(
        f"{name} is locked in the vault {calls.vault!r} until {until:%Y-%m-%d %H:%M} UTC and "
        f"can't be removed before.",
        until=until,
        safe="It is untouched.",
        hint="Nothing has to be done: it can be removed after that.",
    )


class _NoLock(VaultError):
    """The bucket was made without object lock."""


def _needs_lock(calls: Calls, doing: Any) -> None:
    try:
        doing()
    except (VaultDenied, NotThere):
        raise
    except VaultUnreachable as error:
        if "InvalidRequest" not in error.what and "ObjectLock" not in error.what:
            raise
        raise _NoLock(
            f"The bucket {calls.place.bucket} of the vault {calls.vault!r} has no object lock.",
            safe="Nothing was changed.",
            hint="Object lock is switched on when a bucket is made; docs/vaults.md says how.",
        ) from error
