"""What is wrong right now: one look over everything that a bot can see by itself.

Each kind of trouble has a finder. One that can't look at the moment makes its kinds unknown: what
it would have named is neither there nor over. You will not find here whom it is told
(`bot/alerting.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.job_rows import EndedJob
from commands import causes
from commands.aim import EVERY
from commands.jobs import APPROVED, ASK
from commands.last_good import last_good
from commands.looking import KINDS, Looking
from commands.trouble import Kind, Seen, Trouble
from commands.verb import Context
from storage.errors import LifeboatError

log = logging.getLogger(__name__)
OVERLAP = timedelta(minutes=2)  # Rows that were written while the last look was made.
SEVERE_FROM = 3  # So many failures in a row are severe, whatever failed.
BACKUP = "backup"
CALLED: Mapping[str, str] = {"now": BACKUP, APPROVED: "restore"}
SYNC, COPY = "sync", "copy"
NOT_ALERTED = frozenset({ASK})  # How a question ends is told where it was asked.
NOT_ALL = "Not everything could be copied; its message names what was not."
BY_ASKER = frozenset({"Refused", "NotAllowed", "NotInChannel"})  # Mistakes of whoever asked.
Finder = Callable[[], Iterable[Trouble]]


class Jobs(Protocol):
    """The engine, as far as looking goes."""

    def ended(self, since: datetime | None) -> Sequence[EndedJob]: ...


@dataclass
class Lookout:
    """Everything that is looked at; `finders` are more of them, by the kinds that they name.

    `standing` finds what stands by itself, without a job that failed; it is told of jobs that
    ended, for one may have changed or broken what it knows.
    """

    world: Context
    jobs: Jobs
    finders: dict[tuple[Kind, ...], Finder] = field(default_factory=dict)
    standing: Looking | None = None
    _ended: dict[str, EndedJob] = field(default_factory=dict)
    _looked: datetime | None = None

    def __post_init__(self) -> None:
        self.finders = {("job failed",): self._jobs_failed, **self.finders}

    def look(self) -> Seen:
        """Return every trouble there is, and which kinds could not be looked for."""
        troubles: list[Trouble] = []
        unknown: set[Kind] = set()
        for kinds, find in self.finders.items():
            try:
                troubles += find()
            except LifeboatError as error:
                log.info("%s can't be looked for now: %s", ", ".join(kinds), error.what)
                unknown.update(kinds)
            except Exception as error:
                log.error("looking for %s broke", ", ".join(kinds), exc_info=error)
                unknown.update(kinds)
        seen = self._standing()
        return Seen((*troubles, *seen.troubles), frozenset(unknown) | seen.unknown)

    def _standing(self) -> Seen:
        if self.standing is None:
            return Seen()
        try:
            return self.standing.look()
        except LifeboatError as error:
            log.info("standing troubles can't be looked for now: %s", error.what)
        except Exception as error:
            log.error("looking for standing troubles broke", exc_info=error)
        return Seen(unknown=KINDS)

    def _jobs_failed(self) -> Iterable[Trouble]:
        """Name each verb whose newest run on a deployment failed."""
        now = self.world.now()
        since = None if self._looked is None else self._looked - OVERLAP
        for job in self.jobs.ended(since):
            if self.standing is not None and job.id not in self._ended:
                self.standing.soon(job.deployment, failed=job.state == "failed")
            self._ended[job.id] = job
        self._looked = now
        rows: dict[tuple[str, str], list[EndedJob]] = {}
        for job in sorted(self._ended.values(), key=lambda each: (each.ended_at, each.id)):
            if _counts(job) and (job.deployment in self.world.deployments or job.verb == SYNC):
                rows.setdefault((_called(job), job.deployment), []).append(job)
        syncs = [jobs[-1] for (verb, _), jobs in rows.items() if verb == SYNC]
        for (verb, deployment), jobs in rows.items():
            del jobs[:-1000]
            if not _failed(jobs[-1]) or any(_made_good(jobs[-1], sync) for sync in syncs):
                continue
            if verb != BACKUP or not self._backed_up_since(jobs[-1]):
                yield self._failed(verb, deployment, jobs)

    def _backed_up_since(self, failed: EndedJob) -> bool:
        """Whether a good backup was taken since then, by whomever: the vault tells, no job does."""
        try:
            good = last_good(failed.deployment, self.world.catalog)
        except LifeboatError:
            return False
        return good is not None and good.taken_at > failed.ended_at

    def _failed(self, verb: str, deployment: str, jobs: Sequence[EndedJob]) -> Trouble:
        newest, first, times = jobs[-1], jobs[-1], 0
        for job in reversed(jobs):
            if not _failed(job):
                break
            first, times = job, times + 1
        of = self.world.deployments.get(deployment)  # None: what fills a vault is of no deployment.
        protected = of is not None and of.protected
        grave = (protected and verb in (BACKUP, "restore")) or times >= SEVERE_FROM
        return Trouble(
            kind="job failed",
            about=f"{verb} of {deployment}",
            severity="severe" if grave else "warning",
            what=f"The {verb} of {deployment} failed (job {newest.id}): {newest.what or NOT_ALL}",
            safe=newest.safe or "Every earlier backup is as it was.",
            hint=newest.hint or "Ask for it again; `lifeboat doctor` looks at what it needs.",
            since=first.ended_at,
            deployment="" if of is None else deployment,
            times=times,
            retry=self._retry(newest),
            because=causes.of_a_job(verb, deployment, newest.vault, newest.kind, self._vaults()),
        )

    def _vaults(self) -> Sequence[str]:
        """Return the names of the vaults, the one that backups are written to first."""
        first = self.world.first.name
        return (first, *(name for name in self.world.vaults if name != first))

    def _retry(self, job: EndedJob) -> str:
        """Return the words that ask for the same again; "" for what people have to confirm."""
        schedule = self.world.schedules.get(job.schedule)
        if schedule is not None and job.deployment in schedule.typed:
            return " ".join((job.verb, *schedule.typed[job.deployment]))
        if job.verb == "now":
            return f"now {job.deployment}"
        if job.verb in ("verify", COPY) and job.backup:
            to = f" --to {job.vault}" if job.verb == COPY and job.vault else ""
            return f"{job.verb} {job.backup}{to}"
        if job.verb == SYNC:
            return f"{SYNC} {job.vault}".rstrip()
        return ""


def _called(job: EndedJob) -> str:
    return CALLED.get(job.verb, job.verb)


def _counts(job: EndedJob) -> bool:
    """Whether a run says something of how things stand; a cancelled one does not."""
    if job.verb in NOT_ALERTED or job.state == "cancelled":
        return False
    return not (job.door == "slack" and job.kind in BY_ASKER)


def _failed(job: EndedJob) -> bool:
    """Whether a run failed; one that fills vaults tells so in what it found, and goes on."""
    return job.state == "failed" or (job.verb == SYNC and job.state == "look")


def _made_good(failed: EndedJob, sync: EndedJob) -> bool:
    """Whether a later run filled the vault into which this one could not copy."""
    fills = sync.deployment in (EVERY, failed.vault or failed.deployment)
    later = (sync.ended_at, sync.id) > (failed.ended_at, failed.id)
    return failed.verb in causes.COPYING and fills and later and not _failed(sync)
