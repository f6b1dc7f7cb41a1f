"""When each deployment's backups were last restored to an unprotected one, and how long it took.

Read from the records of restores in the vault, by their names first: a record's name holds its
target and its time, so of many restores only the newest few are opened.
"""

from __future__ import annotations

from commands.standings import Staged
from commands.verb import Context
from storage.errors import ManifestError
from storage.records import Record, read

LOOKED_AT_MAX = 20  # Restores that are opened for each target.
ENDED = "-ended.json"


def last_staged(ctx: Context) -> dict[str, Staged]:
    """Return the newest such restore for each deployment whose backup it was."""
    found: dict[str, Staged] = {}
    for into, deployment in ctx.deployments.items():
        if deployment.protected:
            continue
        for job in _ended(into, ctx)[:LOOKED_AT_MAX]:
            try:
                told = _staged(into, list(read(ctx.vault, job)))
            except ManifestError:
                continue  # A record that can't be read proves nothing.
            if told is None:
                continue
            source, staged = told
            if source not in found or found[source].at < staged.at:
                found[source] = staged
    return found


def _ended(into: str, ctx: Context) -> list[str]:
    """Return the ids of restores into a deployment that have ended, newest first."""
    names = (stored.name for stored in ctx.vault.list(f"jobs/restore.{into}."))
    return sorted((name.split("/")[1] for name in names if name.endswith(ENDED)), reverse=True)


def _staged(into: str, records: list[Record]) -> tuple[str, Staged] | None:
    """Return which deployment's backup a restore was of, and the restore; None if it failed."""
    ended, asked = records[-1], next((each for each in records if each.step == "asked"), None)
    plan = asked.data.get("plan") if asked is not None else None
    if not isinstance(plan, dict) or ended.data.get("outcome") != "restored":
        return None
    if ended.data.get("findings"):
        return None  # It was done, and not as promised.
    seconds = (ended.at - records[0].at).total_seconds()
    backup, source = str(plan.get("backup")), str(plan.get("source"))
    return source, Staged(ended.at, backup, into, seconds)
