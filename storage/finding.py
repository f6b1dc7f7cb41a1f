"""One thing a check noticed, and the tally of what the checks looked at."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["damage", "warning"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a check noticed, in a sentence with its numbers.

    `damage` means the archive does not hold what it should; `warning` means it is sound but a
    person should look. `verify` ends with exit code 1 for either, `now` for damage only: a loud
    backup of an odd deployment is a backup. `where` is an entry name, with `:line` for a row.
    """

    check: str
    what: str
    where: str = ""
    severity: Severity = "damage"


class LookedAt(msgspec.Struct, frozen=True, kw_only=True):
    """How much a check read. All zero means it saw nothing, which is never sound."""

    bytes: int = 0
    entries: int = 0
    tables: int = 0
    documents: int = 0
    files: int = 0
