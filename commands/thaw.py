"""Archives in cold storage: they can't be read before they were thawed, which takes hours.

A job of the bot waits as long as it takes, through restarts; a terminal says when to come back.
"""

from __future__ import annotations

from datetime import timedelta

from commands.events import Warned
from commands.verb import Context
from storage.errors import VaultError
from storage.manifest import Manifest
from storage.vaults.several import Several
from storage.vaults.vault import Thaws, Vault

READABLE = ("ready", "thawed")
LOOK_SECONDS = 300.0  # Between two looks; a cancel is heard at once.
WAKE = "vote"  # What a waiting job listens to.


def is_cold(manifest: Manifest, ctx: Context) -> bool:
    """Whether it has to be thawed before it can be read: no vault has a copy that is warm."""
    return _cold(manifest, ctx) is not None


def wait(manifest: Manifest, ctx: Context) -> None:
    """Return when the archive can be read; without a bot to wait, VaultError that says when."""
    asking = ctx.asking
    if not any(isinstance(vault, Thaws) for vault in _vaults(ctx)):
        return
    told = False
    while ctx.kept("warmth", lambda: _state(manifest, ctx), str) not in READABLE:
        if asking is None:
            raise begun(manifest, ctx)
        if not told:
            seconds = ctx.kept("thaw", lambda: _thaw(manifest, ctx).total_seconds(), float)
            longest = timedelta(seconds=seconds)
            ctx.tell(Warned(f"{_rests(manifest, longest)} This job goes on by itself then."))
            told = True
        asking.wait(WAKE, LOOK_SECONDS)
        ctx.stop_if_asked()


def begun(manifest: Manifest, ctx: Context) -> VaultError:
    """Begin to thaw an archive; return the sentences that say how long it takes, and what then."""
    return VaultError(
        _rests(manifest, _thaw(manifest, ctx)),
        safe="Nothing else was touched.",
        hint=f"Type the same again then. In Slack, `lifeboat verify {manifest.id}` waits for it, "
        f"proves it and says so.",
    )


def _thaw(manifest: Manifest, ctx: Context) -> timedelta:
    vault = _cold(manifest, ctx)
    return timedelta(0) if vault is None else vault.thaw(manifest.archive.name)


def _state(manifest: Manifest, ctx: Context) -> str:
    vault = _cold(manifest, ctx)
    return READABLE[0] if vault is None else vault.warmth(manifest.archive.name).state


def _cold(manifest: Manifest, ctx: Context) -> Thaws | None:
    """Return the vault whose copy has to be thawed; None when one can be read now.

    A vault that can't be asked says its trouble to whoever reads it.
    """
    name, cold = manifest.archive.name, None
    for vault in _vaults(ctx):
        try:
            if not isinstance(vault, Thaws):
                vault.stat(name)
                return None
            if vault.warmth(name).state in READABLE:
                return None
        except VaultError:
            continue
        cold = cold or vault
    return cold


def _vaults(ctx: Context) -> tuple[Vault, ...]:
    return ctx.vault.each if isinstance(ctx.vault, Several) else (ctx.vault,)


def _rests(manifest: Manifest, longest: timedelta) -> str:
    hours = longest / timedelta(hours=1)
    return f"{manifest.id} rests in cold storage. Thawing it has begun and takes up to {hours:g} h."
