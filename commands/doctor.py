"""`doctor`: look at everything a backup or a restore will need, and name what is missing.

Each look is one line, OK, WARN or FAIL, with what to do about it. Nothing is changed but one
small object that is written to the vault and deleted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from commands import doctor_vaults, due, timetable
from commands.doctor_seal import encryption
from commands.doctor_targets import backup_ages
from commands.events import DoctorLine, DoctorLooked
from commands.verb import Argument, Context, Verb
from commands.words import read
from storage import schedule_notes
from storage.convex import facts, pausing
from storage.convex.deployment import Deployment
from storage.errors import (
    Cancelled,
    ConvexError,
    LifeboatError,
    MissingPermission,
    WrongKey,
)
from storage.records import open_jobs

FREE_BYTES_MIN = 200_000_000  # Below this not even a small deployment's export is safe.
LISTED_MAX = 5
ROOM_TIMES = 3  # A merge holds the archive, the target's export and the result at once.

ARGUMENTS = (Argument("deployment", "only this deployment; all of them if left out"),)


@dataclass(frozen=True)
class Request:
    deployment: str | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `doctor [deployment]`; Refused for anything else."""
    return Request(read("doctor", words, ARGUMENTS, ())["deployment"])


def run(request: Request, ctx: Context) -> DoctorLooked:
    """Look at everything; one failing look never hides the next."""
    names = [request.deployment] if request.deployment else sorted(ctx.deployments)
    looked_at = [ctx.known_deployment(name) for name in names]
    lines = list(_settings(ctx))
    for deployment in looked_at:
        lines += _deployment(deployment, ctx)
    lines += doctor_vaults.looked(ctx)
    for look in (encryption, _restores, _database, _schedules, backup_ages, _spool):
        lines += _surely(look, ctx)
    return DoctorLooked(tuple(lines))


def _settings(ctx: Context) -> Iterator[DoctorLine]:
    yield DoctorLine(
        "settings",
        "OK",
        f"Deployments: {', '.join(sorted(ctx.deployments))}. "
        f"{'Vaults' if ctx.several else 'Vault'}: {', '.join(ctx.vaults)}.",
    )
    for what, hint in ctx.settings_warnings:
        yield DoctorLine("settings", "WARN", what, hint)


def _deployment(deployment: Deployment, ctx: Context) -> Iterator[DoctorLine]:
    """Look at one deployment; after the first FAIL the rest can't be looked at."""
    name = deployment.name
    try:
        ready = facts.preflight(deployment, facts.BACKUP_NEEDS, ctx.now)
    except WrongKey as error:
        yield DoctorLine(f"{name} reachable", "OK", f"{deployment.url} answers.")
        yield DoctorLine(f"{name} key", "FAIL", error.what, error.hint)
        return
    except MissingPermission as error:
        yield DoctorLine(f"{name} reachable", "OK", f"{deployment.url} answers.")
        yield DoctorLine(f"{name} key", "OK", "The key is this deployment's.")
        yield DoctorLine(f"{name} may back up", "FAIL", error.what, error.hint)
        return
    except ConvexError as error:
        yield DoctorLine(f"{name} reachable", "FAIL", error.what, error.hint)
        return
    version = f" Convex {ready.backend_version}." if ready.backend_version else ""
    yield DoctorLine(f"{name} reachable", "OK", f"{deployment.url} answers.{version}")
    known = f" It calls itself {ready.convex_name}." if ready.convex_name else ""
    yield DoctorLine(f"{name} key", "OK", f"The key is this deployment's.{known}")
    yield DoctorLine(f"{name} may back up", "OK", "The key may export and read.")
    yield from _may_be_restored(deployment, ctx)
    yield from _runs(deployment)
    yield _clock(name, ready, ctx)


def _runs(deployment: Deployment) -> Iterator[DoctorLine]:
    """Say aloud that a deployment stands still: a restore that was killed may have left it so."""
    with suppress(ConvexError):
        if pausing.paused(deployment):
            yield DoctorLine(
                f"{deployment.name} runs",
                "WARN",
                f"{deployment.name} is paused: its app answers with errors.",
                "If no restore is at work on it, start it in the Convex dashboard.",
            )


def _may_be_restored(deployment: Deployment, ctx: Context) -> Iterator[DoctorLine]:
    if deployment.protected:
        return
    try:
        facts.preflight(deployment, facts.RESTORE_NEEDS, ctx.now)
    except ConvexError as error:
        yield DoctorLine(f"{deployment.name} may be restored", "WARN", error.what, error.hint)
    else:
        yield DoctorLine(f"{deployment.name} may be restored", "OK", "The key may import.")


def _clock(name: str, ready: facts.Preflight, ctx: Context) -> DoctorLine:
    skew = ready.clock_skew_seconds
    if skew is None:
        return DoctorLine(f"{name} clock", "OK", "The deployment does not tell its time.")
    if abs(skew) > ctx.rules.clock_skew_seconds_max:
        return DoctorLine(
            f"{name} clock",
            "WARN",
            f"This machine's clock and the deployment's differ by {abs(skew):.0f} s.",
            "Set this machine's clock (NTP); ids and ages of backups follow it.",
        )
    return DoctorLine(f"{name} clock", "OK", f"The clocks agree within {abs(skew):.0f} s.")


def _surely(look: Callable[[Context], Iterator[DoctorLine]], ctx: Context) -> Iterator[DoctorLine]:
    """Do a look; if it can't be done, that is a FAIL of its own."""
    try:
        yield from look(ctx)
    except Cancelled:
        raise
    except LifeboatError as error:
        yield DoctorLine(look.__name__.strip("_"), "FAIL", error.what, error.hint)


def _restores(ctx: Context) -> Iterator[DoctorLine]:
    jobs = open_jobs(ctx.first, "restore.")
    if not jobs:
        yield DoctorLine("restores", "OK", "No restore was left half-way.")
        return
    yield DoctorLine(
        "restores",
        "WARN",
        f"Restores that have not ended: {', '.join(jobs[:LISTED_MAX])}.",
        "If none is running, run the same `lifeboat restore` again: it finds out how it ended.",
    )


def _database(ctx: Context) -> Iterator[DoctorLine]:
    """Look at the database that replicas share, where there is one."""
    who = ctx.jobs.replica() if ctx.jobs is not None else None
    if who:
        yield DoctorLine("database", "OK", f"The bots' database answers; {who} is at work.")
    elif who is not None:
        what = "The bots' database answers, and no bot is at work on it."
        yield DoctorLine("database", "WARN", what, "Start one, or better two: lifeboat run")


def _schedules(ctx: Context) -> Iterator[DoctorLine]:
    """Look whether anybody keeps the schedules, which are paused, which meet odd nights."""
    on = [each for each in ctx.schedules.values() if each.on]
    if not on:
        return
    if ctx.jobs is None or not ctx.jobs.bot_runs():
        what = f"No bot is running here, and {len(on)} of the settings' schedules need one."
        yield DoctorLine("schedules", "WARN", what, "Start it with `lifeboat run`.")
    else:
        yield DoctorLine("schedules", "OK", f"A bot keeps {', '.join(each.name for each in on)}.")
    for each in on:
        pause = timetable.paused(schedule_notes.read(ctx.vault, each.name), ctx.now())
        if pause is not None:
            what = f"It is paused until {pause.until:%Y-%m-%d %H:%M} UTC by {pause.by_name}."
            hint = f"To end it: lifeboat schedule resume {each.name}"
            yield DoctorLine(f"schedule {each.name}", "WARN", what, hint)
        for odd in due.odd_nights(each.calendar, ctx.now()):
            hint = "Choose another time if that is not what you want."
            yield DoctorLine(f"schedule {each.name}", "WARN", odd, hint)


def _spool(ctx: Context) -> Iterator[DoctorLine]:
    free = ctx.spool.free_bytes()
    biggest = max((entry.bytes for entry in ctx.catalog.backups()), default=0)
    needed = max(FREE_BYTES_MIN, biggest * ROOM_TIMES)
    if free >= needed:
        yield DoctorLine("spool", "OK", f"{free / 1e9:,.1f} GB free for archives in passing.")
        return
    state = "FAIL" if free < max(FREE_BYTES_MIN, biggest) else "WARN"
    yield DoctorLine(
        "spool",
        state,
        f"{free / 1e9:,.2f} GB free; a backup or restore may need {needed / 1e9:,.2f} GB.",
        "Make room, or set data_folder in the settings to a bigger disk.",
    )


VERB = Verb(
    name="doctor",
    about="Look at everything a backup needs and name what is missing.",
    parse=parse,
    run=run,
    arguments=ARGUMENTS,
    examples=("doctor", "doctor production"),
    failed_exit_code=2,
)
