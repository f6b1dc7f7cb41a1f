"""The newest backup of a deployment that is worth something: whole, and not known to be damaged."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.catalog import Catalog, Entry
from storage.manifest import Manifest

OFTEN_ENOUGH, LOOKED_BACK_MAX = 3, 100  # Manifests are big.
EVER = datetime.max.replace(tzinfo=UTC)


def last_good(deployment: str, catalog: Catalog, before: datetime = EVER) -> Entry | None:
    """Return the newest backup of all tables that is not known to be damaged, or None."""
    found = catalog.backups(deployment=deployment, include_safety=False)
    entries = {entry.id: entry for entry in found}
    for limit in (OFTEN_ENOUGH, LOOKED_BACK_MAX):
        for manifest in catalog.previous(deployment, before=before, limit=limit):
            entry = entries.get(manifest.id)
            if entry is None or damaged(manifest):
                continue
            looked_again = entry.verified_at is not None and entry.verified_at > manifest.check.at
            if not (looked_again and entry.verified_findings):
                return entry
    return None


def damaged(manifest: Manifest) -> bool:
    """Whether the check that was made with the backup found damage."""
    return any(finding.severity == "damage" for finding in manifest.check.findings)
