"""Where a bucket is and how objects are kept in it, as the settings say; and how long to wait.

Credentials are not here: they come from where every AWS program looks for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

PART_BYTES = 8 << 20
PARTS_MAX = 10_000  # S3's own limit.
# The first parts are of one size; from here on every thousand doubles it, so that an archive of
# half a terabyte fits and a small one needs little memory.
PARTS_OF_ONE_SIZE = 5_000
LABELS = ".json"  # Manifests, checks and entries are read all the time: never in another class.


@dataclass(frozen=True)
class Waits:
    """How long and how often; `sleep` and `clock` are replaced in tests only."""

    connect_seconds: float = 10
    read_seconds: float = 60
    tries: int = 6
    retry_seconds: float = 0.5
    retry_seconds_max: float = 30
    deadline_seconds: float = 300  # For one request with all its tries.
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class S3Place:
    """One bucket, or the part of it whose names begin with `prefix` (empty, or ending in `/`)."""

    bucket: str
    endpoint: str | None = None  # None: AWS.
    region: str | None = None
    prefix: str = ""
    path_style: bool = False
    conditional_create: bool = True  # The server knows If-None-Match: *.
    checksum: Literal["sha256", "md5"] = "sha256"
    part_bytes: int = PART_BYTES
    workers: int = 2
    encryption: Literal["AES256", "aws:kms"] | None = None  # None: as the bucket says.
    kms_key: str | None = None
    storage_class: Mapping[str, str] = field(default_factory=dict)  # By kind of backup.
    cold_class: Literal["GLACIER", "DEEP_ARCHIVE"] = "GLACIER"
    thaw_days: int = 7
    thaw_tier: Literal["Standard", "Bulk", "Expedited"] = "Standard"
    lock_mode: Literal["governance", "compliance"] | None = None
    lock_days: Mapping[str, int] = field(default_factory=dict)  # By kind of backup.
    waits: Waits = field(default_factory=Waits)

    def size_of_part(self, number: int) -> int:
        """Return how many bytes the part of that number, from 1 on, holds unless it is the last."""
        doubled = max(0, -(-(number - PARTS_OF_ONE_SIZE) // 1000))
        return self.part_bytes << doubled

    def kept(self, name: str, kind: str | None, now: datetime) -> dict[str, Any]:
        """Return how a new object is kept: its class, its encryption, its lock."""
        how: dict[str, Any] = {}
        if self.encryption:
            how["ServerSideEncryption"] = self.encryption
        if self.encryption == "aws:kms" and self.kms_key:
            how["SSEKMSKeyId"] = self.kms_key
        if kind and kind in self.storage_class and not name.endswith(LABELS):
            how["StorageClass"] = self.storage_class[kind]
        days = self.lock_days.get(kind) if kind else None
        if self.lock_mode and days:
            how["ObjectLockMode"] = self.lock_mode.upper()
            how["ObjectLockRetainUntilDate"] = now + timedelta(days=days)
        return how
