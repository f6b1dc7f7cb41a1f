"""Exactly one writer wins, on a server that does not know If-None-Match: by claims.

Before the request that gives a name, the writer lays a small object of its own beside it and lists
them. Only who sees its claim alone goes on; who is not first in order takes its claim away and
tries again. Two can't both be alone: the later of the two listings shows both claims, as long as
the server lists what was written before. That is all it needs of the server.

A killed writer's claim counts for nothing after CLAIM_SECONDS, measured by the server's own clock.
"""

from __future__ import annotations

import hashlib
import random
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from storage.errors import NotThere, VaultError, VaultUnreachable
from storage.vaults.local import PART_BEGINS, PART_ENDS
from storage.vaults.s3_calls import Calls
from storage.vaults.s3_upload import sums
from storage.vaults.s3_words import taken

CLAIM_SECONDS = 3600
FIRST_PAUSE_SECONDS = 0.02
PAUSE_SECONDS_MAX = 0.5


@contextmanager
def claimed(calls: Calls, name: str) -> Iterator[None]:
    """Hold the only claim on a name; AlreadyThere if somebody else has given it meanwhile.

    VaultUnreachable if others never let go of their claims.
    """
    folder, _, leaf = name.rpartition("/")
    begins = f"{folder}/{PART_BEGINS}{leaf}-" if folder else f"{PART_BEGINS}{leaf}-"
    ours = f"{begins}{secrets.token_hex(8)}{PART_ENDS}"
    try:
        _wait_alone(calls, name, begins, ours)
        yield
    finally:
        with suppress(VaultError):
            calls("delete_object", ours)


def _wait_alone(calls: Calls, name: str, begins: str, ours: str) -> None:
    waits = calls.place.waits
    until, pause, laid = waits.clock() + waits.deadline_seconds, FIRST_PAUSE_SECONDS, False
    while waits.clock() < until:
        if not laid:
            calls("put_object", ours, **sums(calls.place, b"", hashlib.sha256(b"").digest()))
        others = _others(calls, begins, ours)
        if not others:
            return
        laid = ours < min(others)  # The first in order waits for the others to go.
        if not laid:
            calls("delete_object", ours)
        if _is_there(calls, name):
            raise taken(name)
        waits.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a pause, no secret.
        pause = min(pause * 2, PAUSE_SECONDS_MAX)
    raise VaultUnreachable(
        f"Somebody else has been writing {begins.replace(PART_BEGINS, '')[:-1]} into the vault "
        f"{calls.vault!r} for {waits.deadline_seconds:g} s.",
        safe="Nothing of it was kept.",
        hint="Run the same again; a claim of a process that was killed ends after an hour.",
    )


def _is_there(calls: Calls, name: str) -> bool:
    try:
        calls.head(name)
    except NotThere:
        return False
    return True


def _others(calls: Calls, begins: str, ours: str) -> list[str]:
    """Return the claims of others that count."""
    cut = len(calls.place.prefix)
    found: dict[str, datetime] = {}
    for page in calls.pages(
        "list_objects_v2",
        {"NextContinuationToken": "ContinuationToken"},
        Prefix=calls.place.prefix + begins,
    ):
        for item in page.get("Contents", ()):
            name = item["Key"][cut:]
            if re.fullmatch(rf"[0-9a-f]{{16}}{re.escape(PART_ENDS)}", name[len(begins) :]):
                found[name] = item["LastModified"]
    if ours not in found:
        raise calls.odd("its listings do not show what was just written")
    old = found[ours] - timedelta(seconds=CLAIM_SECONDS)
    return [name for name, at in found.items() if name != ours and at > old]
