"""Archives in cold storage: they can't be read before they were thawed, which takes hours.

A job of the bot waits as long as it takes, through restarts; a terminal says when to come back.
Nobody waits here while holding something up: who waits takes no turn of a deployment, holds no lock
and has paused nothing (`restore_thawed.py`, `ask.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from commands import audited
from commands.events import Noted, StepBegan, Warned
from commands.verb import Asking, Context
from storage.errors import Cancelled, NotThere, VaultError
from storage.manifest import Manifest
from storage.vaults.several import Several
from storage.vaults.vault import Thaws, Vault

STEP = "thaw"
COLD, READABLE, UNKNOWN = "cold", ("ready", "thawed"), "unknown"
LOOK_SECONDS = 300.0  # Between two looks; a cancel is heard at once.
WAKE = "vote"  # What a waiting job listens to.


def may_be_cold(ctx: Context) -> bool:
    """Whether any vault has a cold place at all."""
    return any(isinstance(vault, Thaws) for vault in _vaults(ctx))


def is_cold(manifest: Manifest, ctx: Context) -> bool:
    """Whether it has to be thawed before it can be read: no vault has a copy that is warm."""
    return _look(manifest, ctx)[0] is not None


def takes(manifest: Manifest, ctx: Context) -> timedelta | None:
    """Return how long a restore has to wait for the thawing at most; None for what can be read."""
    vault, _ = _look(manifest, ctx) if may_be_cold(ctx) else (None, UNKNOWN)
    return vault.warmth(manifest.archive.name).takes if vault is not None else None


def wait(manifest: Manifest, ctx: Context, beforehand: Callable[[], None] = lambda: None) -> None:
    """Return when the archive can be read; without a bot to wait, VaultError that says when.

    `beforehand` is done once, before the thawing of one that is cold: to refuse what need not wait.
    """
    if not may_be_cold(ctx):
        return
    state = ctx.kept("warmth", lambda: _state(manifest, ctx), str)
    if state in (*READABLE, UNKNOWN):  # Whoever reads a vault that can't be asked says why.
        return
    if ctx.asking is None:
        raise begun(manifest, ctx)
    ctx.kept("beforehand", beforehand, type(None))
    longest = _asked_for(manifest, ctx, times=1)
    told = f"{_rests(manifest, longest)} This job goes on by itself then."
    ctx.tell(StepBegan(STEP))
    ctx.tell(Noted(told))
    ctx.kept("say", lambda: ctx.tell(Warned(told)), type(None))
    times = 1
    while state not in READABLE:
        _sleep(ctx.asking, ctx)
        state = ctx.kept("warmth", lambda: _state(manifest, ctx), str)
        if state == COLD:  # It was thawed for some days, and nobody was awake on any of them.
            times += 1
            _asked_for(manifest, ctx, times)


def must_be_warm(manifest: Manifest, ctx: Context) -> None:
    """VaultError, with thawing begun, for what can't be read: asked once in a job, before it acts.

    What was thawed stays so for some days, and a job may have waited longer for its turn.
    """
    if may_be_cold(ctx) and ctx.kept("cold", lambda: is_cold(manifest, ctx), bool):
        raise begun(manifest, ctx)


def begun(manifest: Manifest, ctx: Context) -> VaultError:
    """Begin to thaw an archive; return the sentences that say how long it takes, and what then."""
    hint = "Ask again: the new job waits for it by itself."
    if ctx.asking is None:
        hint = (
            f"Type the same again then; asked in Slack, as `/backup restore {manifest.id}`, it "
            f"waits and goes on by itself."
        )
    return VaultError(
        _rests(manifest, _thaw(manifest, ctx)), safe="Nothing else was touched.", hint=hint
    )


def _sleep(asking: Asking, ctx: Context) -> None:
    """Wait for the next look; Cancelled when somebody asked for that."""
    if asking.wait(WAKE, LOOK_SECONDS) == "stop":
        raise Cancelled("It was cancelled on request.", hint="Ask again when you like.")
    ctx.stop_if_asked()


def _asked_for(manifest: Manifest, ctx: Context, times: int) -> timedelta:
    """Ask for the thawing, once each of so many times; how long it takes at most."""

    def asking() -> float:
        return _thaw(manifest, ctx, f" {times}").total_seconds()

    return timedelta(seconds=ctx.kept("thaw", asking, float))


def _thaw(manifest: Manifest, ctx: Context, which: str = "") -> timedelta:
    """Begin to thaw it, written down before: it costs money. VaultError when that can't be.

    `which` tells one thawing of a job from its next one.
    """
    vault, state = _look(manifest, ctx)
    if vault is None:
        return timedelta(0)
    if state == COLD:  # What thaws already is asked for by nobody.
        job = ctx.asking.job_id if ctx.asking is not None else ""
        audited.entry(
            ctx,
            "thaw.asked",
            once=f"{job} thaw.asked {manifest.id}{which}" if job else "",
            about=manifest.id,
            deployment=manifest.deployment.name,
            facts={"vault": vault.name, "bytes": manifest.archive.bytes},
        )
    return vault.thaw(manifest.archive.name)


def _state(manifest: Manifest, ctx: Context) -> str:
    return _look(manifest, ctx)[1]


def _look(manifest: Manifest, ctx: Context) -> tuple[Thaws | None, str]:
    """Return the vault whose copy has to be thawed, None when there is none, and how it stands.

    Unknown: nothing can be read just now, and a vault that can't be asked may have a copy. What is
    nowhere at all counts as readable: whoever reads it says that it is gone.
    """
    name = manifest.archive.name
    found: tuple[Thaws | None, str] = (None, READABLE[0])
    for vault in _vaults(ctx):
        try:
            state = vault.warmth(name).state if isinstance(vault, Thaws) else _there(vault, name)
        except NotThere:
            continue
        except VaultError:
            found = found if found[0] else (None, UNKNOWN)
            continue
        if state in READABLE or not isinstance(vault, Thaws):
            return None, READABLE[0]
        found = found if found[0] else (vault, state)
    return found


def _there(vault: Vault, name: str) -> str:
    vault.stat(name)
    return READABLE[0]


def _vaults(ctx: Context) -> tuple[Vault, ...]:
    return ctx.vault.each if isinstance(ctx.vault, Several) else (ctx.vault,)


def _rests(manifest: Manifest, longest: timedelta) -> str:
    hours = longest / timedelta(hours=1)
    return f"{manifest.id} rests in cold storage. Thawing it has begun and takes up to {hours:g} h."
