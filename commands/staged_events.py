"""A restore to an unprotected deployment: a small fact that several results are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Staged:
    """A restore of a backup into an unprotected deployment that kept its promises."""

    at: datetime
    backup: str
    into: str
    seconds: float
