"""Small makers of manifests and checks, for tests that care about one field of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from storage import shelf
from storage.finding import Finding, LookedAt
from storage.manifest import (
    ArchiveFacts,
    Asked,
    Check,
    Contents,
    DeploymentFacts,
    Manifest,
    SnapshotFacts,
    TableFacts,
)
from storage.vaults.vault import Vault

AT = datetime(2026, 11, 24, 2, 0, 13, tzinfo=UTC)


def make_check(**changes: Any) -> Check:
    """Return a full check that found nothing."""
    return Check(
        **{
            "at": AT,
            "by": "rizal",
            "door": "terminal",
            "looked_at": LookedAt(bytes=3, entries=2, tables=1, documents=2),
            **changes,
        }
    )


def make_finding(**changes: Any) -> Finding:
    """Return a finding of damage."""
    return Finding(**{"check": "rows", "what": "Row 3 is not JSON.", **changes})


def make_manifest(
    *, deployment: str = "production", taken_at: datetime = AT, archive_bytes: int = 3, **changes
) -> Manifest:
    """Return the manifest of a backup of one table; any field can be given."""
    id = changes.pop("id", f"{deployment}-{taken_at:%Y-%m-%d-%H%M}")
    table = TableFacts(name="npd", number=10_001, documents=2, bytes=50, sha256="1" * 64)
    facts = {
        "id": id,
        "deployment": DeploymentFacts(name=deployment, url=f"https://{deployment}.test"),
        "snapshot": SnapshotFacts(
            timestamp_ns=int(taken_at.timestamp()) * 10**9 + taken_at.microsecond * 1000,
            export_id="jd7",
            bytes=archive_bytes,
            sha256="4" * 64,
            with_files=True,
        ),
        "kind": "manual",
        "asked": Asked(by="rizal", door="terminal", at=taken_at),
        "finished": taken_at,
        "lifeboat_version": "0.1.0",
        "archive": ArchiveFacts(
            name=shelf.archive_name(deployment, id), bytes=archive_bytes, sha256="4" * 64
        ),
        "contents": Contents(tables=(table,)),
        "check": make_check(at=taken_at),
    }
    return Manifest(**{**facts, **changes})


def keep(vault: Vault, manifest: Manifest, archive: bytes = b"zip") -> Manifest:
    """Put a backup into a vault in the order of docs/format.md: archive first, manifest last."""
    vault.put(manifest.archive.name, [archive])
    shelf.write_manifest(vault, manifest)
    return manifest
