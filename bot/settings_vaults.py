"""Vaults in lifeboat.toml: whether the values of one make sense, and the place they describe.

Credentials are none of its keys: a bucket is opened with those that every AWS program finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings_shape import PatienceTable
from bot.settings_shape_kept import VaultTable
from bot.settings_words import Mistake, Where, dotted, shown
from storage.convex.address import is_plain_http_to_public
from storage.vaults.s3_place import S3Place, Waits
from storage.vaults.vault import NAME_MAX

KINDS = ("manual", "pre-deploy", "daily", "weekly", "monthly", "safety")
# Classes that are read at once: what is stored is read back before a backup counts.
CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/)*")
REGION = re.compile(r"[a-z0-9-]{1,40}")
HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", re.IGNORECASE)
LOCK_DAYS_MAX = 36_500
KEY_BYTES_MAX = 1024  # S3's own limit for a name with its prefix.
FOR_ALL = {"kind", "offsite", "offline"}
FOR_S3 = frozenset(VaultTable.model_fields) - {"folder", *FOR_ALL}


def mistakes(where: Where, table: VaultTable) -> Iterator[Mistake]:
    """Find what is wrong with a bucket's table, or with a folder's that holds a bucket's keys."""
    if table.kind != "s3":
        for name in sorted(table.model_fields_set & FOR_S3):
            yield Mistake(
                dotted((*where, name)),
                "This is a setting of a bucket, and this vault is a folder.",
                'Take it out, or write kind = "s3".',
            )
        return
    if table.folder is not None:
        yield Mistake(
            dotted((*where, "folder")),
            "This is a setting of a folder, and this vault is a bucket.",
            'Take it out, or write kind = "folder".',
        )
    yield from _names(where, table)
    yield from _endpoint(where, table)
    yield from _classes(where, table)
    yield from _locks(where, table)
    if table.kms_key is not None and table.server_encryption != "aws:kms":
        yield Mistake(
            dotted((*where, "kms_key")),
            "A KMS key is used with KMS encryption only.",
            'Write server_encryption = "aws:kms", or take the key out.',
        )


def place(table: VaultTable, patience: PatienceTable) -> S3Place | None:
    """Return the place a bucket's table describes, or None when it has no bucket."""
    if table.bucket is None:
        return None
    return S3Place(
        bucket=table.bucket,
        endpoint=table.endpoint.strip().rstrip("/") if table.endpoint else None,
        region=table.region,
        prefix=table.prefix,
        path_style=table.path_style,
        conditional_create=table.conditional_create,
        checksum=table.checksum,
        part_bytes=table.part_mib << 20,
        workers=table.upload_workers,
        encryption=table.server_encryption,
        kms_key=table.kms_key,
        storage_class=table.storage_class or {},
        cold_class=table.cold_class,
        thaw_days=table.thaw_days,
        thaw_tier=table.thaw_tier,
        lock_mode=table.lock_mode,
        lock_days=table.lock_days or {},
        waits=Waits(
            connect_seconds=patience.connect_seconds,
            read_seconds=patience.read_seconds,
            tries=patience.tries,
            retry_seconds=patience.retry_seconds,
            deadline_seconds=patience.outage_seconds_max,
        ),
    )


def apart(places: Mapping[str, Path | S3Place]) -> Iterator[Mistake]:
    """Find vaults that lie in one another: a copy there would be no second copy."""
    names = list(places)
    for number, name in enumerate(names):
        for other in names[:number]:
            mine, theirs = places[name], places[other]
            if isinstance(mine, S3Place) and isinstance(theirs, S3Place):
                yield from _buckets_apart(name, mine, other, theirs)
            elif isinstance(mine, Path) and isinstance(theirs, Path):
                yield from _folders_apart(name, mine, other, theirs)


def _folders_apart(name: str, mine: Path, other: str, theirs: Path) -> Iterator[Mistake]:
    if not (mine.is_relative_to(theirs) or theirs.is_relative_to(mine)):
        return
    how = "are the same folder" if mine == theirs else "lie one in the other"
    yield Mistake(
        dotted(("vaults", name, "folder")),
        f"The vaults {shown(other)} and {shown(name)} {how}.",
        "Give each a folder of its own, best on another disk.",
    )


def _buckets_apart(name: str, mine: S3Place, other: str, theirs: S3Place) -> Iterator[Mistake]:
    if (_server(mine), mine.bucket) != (_server(theirs), theirs.bucket):
        return
    if not (mine.prefix.startswith(theirs.prefix) or theirs.prefix.startswith(mine.prefix)):
        return
    how = (
        "are the same place in one bucket"
        if mine.prefix == theirs.prefix
        else ("lie one in the other, in one bucket")
    )
    yield Mistake(
        dotted(("vaults", name, "bucket")),
        f"The vaults {shown(other)} and {shown(name)} {how}.",
        "Give each a bucket of its own, best in another account; or each a prefix of its own.",
    )


def _server(place: S3Place) -> str:
    """Return which server it is, as far as an address tells; AWS has many addresses."""
    if place.endpoint is None:
        return "AWS"
    parts = urlsplit(place.endpoint.lower())
    host = parts.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return "AWS"
    return f"{host}:{parts.port or {'http': 80}.get(parts.scheme, 443)}"


def _names(where: Where, table: VaultTable) -> Iterator[Mistake]:
    if table.bucket is not None and not BUCKET.fullmatch(table.bucket):
        yield Mistake(
            dotted((*where, "bucket")),
            "This is no name of a bucket.",
            "A bucket's name is 3 to 63 small letters, digits, dots and dashes; no address, no "
            "s3://.",
        )
    if not PREFIX.fullmatch(table.prefix) or len(table.prefix) + NAME_MAX > KEY_BYTES_MAX:
        yield Mistake(
            dotted((*where, "prefix")),
            "This is no prefix: it is letters, digits, '.', '_' and '-', and ends with a slash.",
            'Write it as in prefix = "lifeboat/", or leave it out.',
        )
    if table.region is not None and not REGION.fullmatch(table.region):
        yield Mistake(
            dotted((*where, "region")),
            "This is no name of a region.",
            'Write it as in region = "eu-central-1".',
        )


def _endpoint(where: Where, table: VaultTable) -> Iterator[Mistake]:
    """Find an address that is none, or where anyone on the way could read backups."""
    if table.endpoint is None:
        return
    at = dotted((*where, "endpoint"))
    hint = 'Write the server\'s own address, as in endpoint = "https://s3.example.org".'
    try:
        parts = urlsplit(table.endpoint.strip())
        _ = parts.port
    except ValueError:
        yield Mistake(at, "This is not an address.", hint)
        return
    if parts.scheme not in ("https", "http") or not HOST.fullmatch(parts.hostname or ""):
        yield Mistake(at, "An address begins with https:// and names a host.", hint)
    elif parts.username is not None or parts.query or parts.fragment or parts.path.strip("/"):
        yield Mistake(
            at,
            "The address holds more than the host: a user, a path or a query.",
            "Write the host alone; the bucket goes into `bucket`, credentials into neither.",
        )
    elif is_plain_http_to_public(table.endpoint.strip()) and not table.allow_plain_http:
        yield Mistake(
            at,
            "Over http:// to a public address anyone on the way can read the backups.",
            "Write https://, or say allow_plain_http = true if the way is safe.",
        )


def _classes(where: Where, table: VaultTable) -> Iterator[Mistake]:
    at = (*where, "storage_class")
    for kind, kept in (table.storage_class or {}).items():
        yield from _kind(at, kind)
        if kept not in CLASSES:
            yield Mistake(
                dotted((*at, kind)),
                "This is no storage class that new backups may have: they are read back at once.",
                f"Choose one of {', '.join(CLASSES)}; for colder ones there is cold_class.",
            )


def _locks(where: Where, table: VaultTable) -> Iterator[Mistake]:
    at = (*where, "lock_days")
    for kind, days in (table.lock_days or {}).items():
        yield from _kind(at, kind)
        if not 1 <= days <= LOCK_DAYS_MAX:
            yield Mistake(
                dotted((*at, kind)),
                f"This has to be 1 to {LOCK_DAYS_MAX:,} days.",
                "A kind that is not named is not locked.",
            )
    if table.lock_mode is not None and not table.lock_days:
        yield Mistake(
            dotted((*where, "lock_mode")),
            "It says how to lock, and lock_days does not say how long.",
            "Write it as in lock_days = { daily = 30, monthly = 365 }.",
        )
    if table.lock_days and table.lock_mode is None:
        yield Mistake(
            dotted(at),
            "It says how long to lock, and lock_mode does not say how.",
            'Write lock_mode = "governance" (some may lift it) or "compliance" (nobody can).',
        )


def _kind(at: Where, kind: str) -> Iterator[Mistake]:
    if kind not in KINDS:
        yield Mistake(
            dotted(at),
            f"{shown(kind)} is no kind of backup.",
            f"The kinds are: {', '.join(KINDS)}.",
        )
