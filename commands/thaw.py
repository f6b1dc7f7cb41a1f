"""Archives in cold storage: they can't be read before they were thawed, which takes hours.

A job of the bot waits as long as it takes, through restarts; a terminal says when to come back.
"""

from __future__ import annotations

from datetime import timedelta

from commands.events import Warned
from commands.verb import Context
from storage.errors import VaultError
from storage.manifest import Manifest
from storage.vaults.vault import Thaws

READABLE = ("ready", "thawed")
LOOK_SECONDS = 300.0  # Between two looks; a cancel is heard at once.
WAKE = "vote"  # What a waiting job listens to.


def is_cold(manifest: Manifest, ctx: Context) -> bool:
    """Whether the archive has to be thawed before it can be read."""
    vault = ctx.vault
    if not isinstance(vault, Thaws):
        return False
    return vault.warmth(manifest.archive.name).state not in READABLE


def wait(manifest: Manifest, ctx: Context) -> None:
    """Return when the archive can be read; without a bot to wait, VaultError that says when."""
    vault, asking = ctx.vault, ctx.asking
    if not isinstance(vault, Thaws):
        return
    name, told = manifest.archive.name, False
    while ctx.kept("warmth", lambda: vault.warmth(name).state, str) not in READABLE:
        if asking is None:
            raise begun(manifest, ctx)
        if not told:
            seconds = ctx.kept("thaw", lambda: vault.thaw(name).total_seconds(), float)
            longest = timedelta(seconds=seconds)
            ctx.tell(Warned(f"{_rests(manifest, longest)} This job goes on by itself then."))
            told = True
        asking.wait(WAKE, LOOK_SECONDS)
        ctx.stop_if_asked()


def begun(manifest: Manifest, ctx: Context) -> VaultError:
    """Begin to thaw an archive; return the sentences that say how long it takes, and what then."""
    assert isinstance(ctx.vault, Thaws)  # noqa: S101 - whoever calls has looked.
    longest = ctx.vault.thaw(manifest.archive.name)
    return VaultError(
        _rests(manifest, longest),
        safe="Nothing else was touched.",
        hint=f"Type the same again then. In Slack, `lifeboat verify {manifest.id}` waits for it, "
        f"proves it and says so.",
    )


def _rests(manifest: Manifest, longest: timedelta) -> str:
    hours = longest / timedelta(hours=1)
    return f"{manifest.id} rests in cold storage. Thawing it has begun and takes up to {hours:g} h."
