"""The waiting job before a restore of an archive that rests in cold storage.

It takes no turn of any deployment and touches none: tonight's backup comes before it, and nothing
is paused or locked meanwhile. When the archive can be read it begins the restore, at most once, in
the queue of its target, and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from commands import thaw
from commands.asked import safe_words
from commands.thaw_events import ArchiveThawed
from commands.verb import Context
from storage import shelf
from storage.errors import Refused


@dataclass(frozen=True)
class Request:
    """A backup of `source` that waits to be restored; `restore` is that request as JSON."""

    backup: str
    source: str
    to: str
    restore: dict[str, Any]

    @staticmethod
    def before(restore: Any, source: str) -> Request:
        """Return what has to be waited for before a restore whose names are settled."""
        return Request(restore.backup, source, restore.to, msgspec.to_builtins(restore))


def run(request: Request, ctx: Context) -> ArchiveThawed:
    """Wait until the archive can be read and have the restore begun; the result names its job."""
    asking = ctx.asking
    if asking is None:
        raise Refused("Only a job of the bot waits for that.", hint="Type the restore itself.")
    with safe_words(f"Nothing was restored: {request.to} is as it was."):
        manifest = shelf.read_manifest(ctx.vault, request.source, request.backup)
        thaw.wait(manifest, ctx)
        ctx.stop_if_asked()
    begun = ctx.kept("begin", lambda: asking.begin(request), str)
    return ArchiveThawed(request.backup, request.to, begun)
