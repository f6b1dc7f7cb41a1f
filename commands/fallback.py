"""Reading a copy that must be sound, from the first vault that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from commands.events import Warned
from commands.verb import Context
from storage.errors import ArchiveError, NotThere, VaultError
from storage.vaults.vault import Vault

T = TypeVar("T")


def first_sound(reading: Callable[[Vault], T], ctx: Context) -> T:
    """Return what the first vault gives whose copy is sound; the first one's trouble if none is.

    `reading` raises ArchiveError for bytes that are not sound, and is told so before the next.
    """
    left, first = list(ctx.vaults.values()), None
    while left:
        vault = left.pop(0)
        try:
            return reading(vault)
        except (ArchiveError, VaultError) as error:
            # A vault that never had the copy says less than one whose copy is broken.
            first = error if first is None or isinstance(first, NotThere) else first
            if left:
                then = f"Reading the copy in {left[0].name!r} instead."
                ctx.tell(Warned(f"In the vault {vault.name!r}: {error.what} {then}"))
    assert first is not None  # noqa: S101 - there is always a vault.
    raise first
