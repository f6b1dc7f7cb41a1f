"""`/metrics`: what is known of this bot, in the words that Prometheus reads.

Labels are names of the settings, verbs and states, never what a person typed: their number is
bounded. Whatever is scraped is in memory already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from bot.jobs import JobRun
from bot.readings import LastBackup, Reading
from commands.events import BackupFinished, BackupVerified, Event, Result, Warned
from commands.jobs import JOBS
from storage.errors import Cancelled, LifeboatError, VaultError

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)  # Slack waits for three.
LAST_SUCCESS = "lifeboat_backup_last_success_timestamp_seconds"
AT_WORK = "lifeboat_at_work"
STANDS_BY = (
    f"# HELP {AT_WORK} 1 when this bot is at work, 0 when it stands by.\n"
    f"# TYPE {AT_WORK} gauge\n{AT_WORK} 0.0\n"
).encode()
ENDS = ("done", "look", "failed", "cancelled")
OF_A_BACKUP = "of the newest good backup."


class Metrics:
    """Follows the jobs and counts; what stands still is asked for when somebody reads."""

    def __init__(
        self,
        reading: Callable[[], Reading | None],
        ill: Callable[[], bool],
        now: Callable[[], datetime],
        vaults: Iterable[str],
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._ended = Counter(
            "lifeboat_jobs_ended",
            "Jobs that ended since the bot began, by how.",
            ["verb", "state"],
            registry=self._registry,
        )
        for verb in JOBS:
            for state in ENDS:
                self._ended.labels(verb, state)
        self._vault_errors = Counter(
            "lifeboat_vault_errors",
            "How often a vault could not be used or looked at since the bot began.",
            ["vault"],
            registry=self._registry,
        )
        self._vaults = tuple(vaults)
        for vault in self._vaults:
            self._vault_errors.labels(vault)
        self._acks = Histogram(
            "lifeboat_ack_seconds",
            "From the moment the bot takes what Slack sends up to its ack.",
            buckets=ACK_BUCKETS,
            registry=self._registry,
        )
        self._findings = Counter(
            "lifeboat_findings",
            "Findings of the checks that this bot has made since it began.",
            ["deployment"],
            registry=self._registry,
        )
        self._registry.register(_Standing(reading, ill, now))

    def text(self) -> bytes:
        """Return everything, as Prometheus reads it."""
        return generate_latest(self._registry)

    def acked(self, seconds: float) -> None:
        self._acks.observe(seconds)

    def vault_failed(self, vault: str) -> None:
        self._vault_errors.labels(vault).inc()

    def began(self, run: JobRun) -> None:
        """Nothing is counted when a job begins; it may begin again after a kill."""

    def heard(self, run: JobRun, event: Event) -> None:
        if isinstance(event, Warned) and event.vault:
            self.vault_failed(event.vault)

    def ended(self, run: JobRun, outcome: Result | LifeboatError) -> None:
        if isinstance(outcome, LifeboatError):
            state = "cancelled" if isinstance(outcome, Cancelled) else "failed"
        else:
            state = "look" if outcome.exit_code else "done"
        if isinstance(outcome, VaultError):
            named = run.wish.request.get("vault")  # Otherwise the one that is written to.
            self.vault_failed(named if named in self._vaults else self._vaults[0])
        if run.wish.verb in JOBS:
            self._ended.labels(run.wish.verb, state).inc()
        if isinstance(outcome, BackupFinished | BackupVerified) and outcome.findings:
            self._findings.labels(run.wish.deployment).inc(len(outcome.findings))

    def over(self, run: JobRun) -> None:
        """It was counted when it ended."""


class _Standing(Collector):
    """What is so at the moment of the scrape."""

    def __init__(
        self,
        reading: Callable[[], Reading | None],
        ill: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._reading, self._ill, self._now = reading, ill, now

    def collect(self) -> Iterable[Metric]:
        yield _one(
            "lifeboat_healthy", "1 when /healthz says so, or else 0.", float(not self._ill())
        )
        yield _one(AT_WORK, "1 when this bot is at work, 0 when it stands by.", 1.0)
        reading = self._reading()
        if reading is None:
            return
        age = (self._now() - reading.at).total_seconds()
        yield _one("lifeboat_reading_age_seconds", "Since these numbers were read.", max(0.0, age))
        yield _one(
            "lifeboat_approvals_open", "Questions that wait for a second person.", reading.questions
        )
        yield _each("lifeboat_jobs", "Jobs that have not ended, by state.", "state", reading.jobs)
        yield _each(
            "lifeboat_alerts_open",
            "Alerts that are not over, by severity.",
            "severity",
            reading.alerts,
        )
        yield from self._of_deployments(reading)

    def _of_deployments(self, reading: Reading) -> Iterator[Metric]:
        now = self._now()
        for name, about, value in _of_a_backup(now):
            family = GaugeMetricFamily(name, about, labels=["deployment"])
            for deployment, last in reading.deployments.items():
                if last is not None and (told := value(last)) is not None:
                    family.add_metric([deployment], told)
                elif last is None and name == LAST_SUCCESS:
                    family.add_metric([deployment], 0)  # Older than any rule allows.
            yield family


def _of_a_backup(
    now: datetime,
) -> Iterable[tuple[str, str, Callable[[LastBackup], float | None]]]:
    return (
        (
            LAST_SUCCESS,
            f"The moment that the snapshot shows, {OF_A_BACKUP}",
            lambda last: last.taken_at.timestamp(),
        ),
        (
            "lifeboat_backup_age_seconds",
            f"The age of the snapshot, {OF_A_BACKUP}",
            lambda last: (now - last.taken_at).total_seconds(),
        ),
        (
            "lifeboat_backup_duration_seconds",
            f"How long the steps took, {OF_A_BACKUP}",
            lambda last: last.seconds,
        ),
        (
            "lifeboat_backup_size_bytes",
            f"The archive in the vault, {OF_A_BACKUP}",
            lambda last: last.bytes,
        ),
        ("lifeboat_backup_documents", f"Documents, {OF_A_BACKUP}", lambda last: last.documents),
        (
            "lifeboat_backup_findings",
            f"Findings of the last check, {OF_A_BACKUP}",
            lambda last: last.findings,
        ),
        (
            "lifeboat_backup_last_check_timestamp_seconds",
            f"The last check, {OF_A_BACKUP}",
            lambda last: None if last.verified_at is None else last.verified_at.timestamp(),
        ),
    )


def _each(name: str, about: str, label: str, counts: Mapping[Any, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)
