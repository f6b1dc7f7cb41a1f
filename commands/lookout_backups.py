"""Troubles with backups themselves: none in time, one that is not as usual, one with findings.

Pure: facts and the moment in, troubles out. The facts are gathered in `looking.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from commands.baseline import SMALL, Learning, Odd, Sample, judge
from commands.checks import table_path
from commands.lookout_targets import Target
from commands.trouble import Trouble
from storage.manifest import Manifest

TOLD_MAX = 3
DRIFT = ("against the last backups", "tables that had documents")  # Checks that learning refines.


@dataclass(frozen=True)
class Covered:
    """One deployment and its newest good backup: one of all tables, without damage.

    `since` is from when on backups were expected, None if nobody knows: what is counted from while
    there is none. `causes` are sentences on why there may be none, as far as one can see.
    """

    name: str
    target: Target | None
    taken_at: datetime | None = None
    id: str = ""
    since: datetime | None = None
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """How the newest verification of one copy of a backup ended; `told` are its findings."""

    deployment: str
    id: str
    vault: str
    at: datetime
    damage: int
    findings: int
    told: tuple[str, ...] = ()
    good_copy: str = ""  # Another vault that holds a good one.


def overdue(covered: Covered, now: datetime) -> Iterator[Trouble]:
    """Find a deployment without a good backup in its target time, whatever the reason."""
    target = covered.target
    if target is None:
        return
    from_ = covered.taken_at or covered.since
    due_by = now if from_ is None else from_ + target.age_max
    if now < due_by:
        return
    name, allowed = covered.name, f"at most {length(target.age_max)} ({target.why})"
    what = f"{name} has no good backup at all; the newest may be {allowed} old."
    safe = "The deployment itself is untouched; nothing that Lifeboat holds could bring it back."
    if covered.taken_at is not None:
        what = (
            f"The newest good backup of {name} is {length(now - covered.taken_at)} old; it may be "
            f"{allowed}."
        )
        safe = f"{covered.id} of {moment(covered.taken_at)} is safe, and can be restored."
    yield Trouble(
        kind="backup overdue",
        about=name,
        severity="severe",
        what=" ".join((what, *covered.causes)),
        safe=safe,
        hint=f"Take one now: lifeboat now {name}",
        since=due_by,
        deployment=name,
        retry=f"now {name}",
    )


def anomaly(newest: Manifest, before: Sequence[Manifest], learning: Learning) -> Iterator[Trouble]:
    """Find a newest backup whose size or documents are not as usual; `before` are sound ones.

    While too little is known to learn from, what the backup's own check warned of counts.
    """
    name = newest.deployment.name
    told = [_odd_words(what, unit, odd) for what, unit, odd in _odd(newest, before, learning)]
    if len(before) < learning.values_min:
        told = [each.what for each in newest.check.findings if each.check in DRIFT]
    if not told:
        return
    more = f" And {len(told) - TOLD_MAX:,} more like it." if len(told) > TOLD_MAX else ""
    yield Trouble(
        kind="anomaly",
        about=name,
        severity="severe" if _lost(newest, before, learning) else "warning",
        what=f"The newest backup of {name} ({newest.id}) is not as usual. "
        f"{' '.join(told[:TOLD_MAX])}{more}",
        safe=f"The backup is whole and kept{_the_one_before(before)}.",
        hint=f"Look at it: lifeboat show {newest.id}. If that is how {name} is now, acknowledge "
        f"this: it becomes the usual by itself.",
        since=newest.snapshot.taken_at,
        deployment=name,
    )


def findings(checked: Checked) -> Iterator[Trouble]:
    """Find a copy of a backup whose newest verification found something."""
    if not checked.findings:
        return
    where, damaged = f"{checked.id} in {checked.vault}", checked.damage > 0
    counted = f"{checked.findings:,} finding{'' if checked.findings == 1 else 's'}"
    told = "".join(f" {each}" for each in checked.told[:TOLD_MAX])
    count = f"{counted}, {checked.damage:,} of damage" if damaged else f"{counted}, none of damage"
    kept = "It can be restored, and a person should look at it first."
    if damaged:
        kept = (
            f"The copy in {checked.good_copy} is good."
            if checked.good_copy
            else "Nothing was removed; older backups are as they were."
        )
    hint = f"Look again: lifeboat verify {checked.id} --vault {checked.vault}"
    if damaged and checked.good_copy:
        hint = f"Replace it by the good one: lifeboat copy {checked.id} --to {checked.vault}"
    elif damaged:
        hint = f"Take a new one: lifeboat now {checked.deployment}"
    yield Trouble(
        kind="findings",
        about=f"{checked.id} {checked.vault}",
        severity="severe" if damaged else "warning",
        what=f"The verification of {where} at {moment(checked.at)} has {count}.{told}",
        safe=kept,
        hint=hint,
        since=checked.at,
        deployment=checked.deployment,
        retry=f"verify {checked.id} --vault {checked.vault}",
    )


def half_gone(vault: str, sentences: Sequence[str], now: datetime) -> Iterator[Trouble]:
    """Find manifests in a vault that can't be read, or whose archive is gone."""
    if not sentences:
        return
    more = len(sentences) - TOLD_MAX
    told = " ".join(sentences[:TOLD_MAX]) + (f" And {more:,} more like it." if more > 0 else "")
    yield Trouble(
        kind="findings",
        about=f"labels {vault}",
        severity="severe",
        what=told,
        safe="Every other backup is as it was; none of these counts as one.",
        hint="See all of them: lifeboat doctor. If another vault has copies, copy those here.",
        since=now,
    )


def _odd(
    newest: Manifest, before: Sequence[Manifest], learning: Learning
) -> list[tuple[str, str, Odd]]:
    """Return each number that is not as usual, its name and its unit, the worst first."""
    now, found = newest.snapshot.taken_at, []
    whole: tuple[tuple[str, Mapping[datetime, float], float], ...] = (
        ("documents", {m.snapshot.taken_at: m.contents.documents for m in before},
         newest.contents.documents),
        ("bytes", {m.snapshot.taken_at: m.archive.zip_bytes for m in before},
         newest.archive.zip_bytes),
    )  # fmt: skip
    for unit, values, value in whole:
        odd = judge(value, _samples(values), now, learning)
        if odd is not None:
            found.append((newest.deployment.name, unit, odd))
    for path, (documents, bytes_) in _tables(newest, before).items():
        odd = judge(documents[0], documents[1], now, learning)
        if odd is not None:
            found.append((path, "documents", odd))
            continue
        if max([documents[0], *(sample.value for sample in documents[1])]) < SMALL:
            continue  # One row more or less changes the size of a small table by much.
        odd = judge(bytes_[0], bytes_[1], now, learning)
        if odd is not None:
            found.append((path, "bytes", odd))
    return sorted(found, key=lambda each: (each[2].way == "grew", -each[2].times, each[0]))


def _tables(
    newest: Manifest, before: Sequence[Manifest]
) -> dict[str, tuple[tuple[int, list[Sample]], tuple[int, list[Sample]]]]:
    """Return documents and bytes of each table by its path: now, and before; 0 where it is not.

    A table that is younger than the history has none before it came to be.
    """
    at = {m.snapshot.taken_at: {table_path(t): t for t in m.contents.tables} for m in before}
    here = {table_path(table): table for table in newest.contents.tables}
    paths = sorted(here.keys() | {path for tables in at.values() for path in tables})
    found = {}
    for path in paths:
        born = min((when for when, tables in at.items() if path in tables), default=None)
        seen = [(when, tables.get(path)) for when, tables in at.items() if born and when >= born]
        now = here.get(path)
        found[path] = (
            (now.documents if now else 0, [Sample(w, t.documents if t else 0) for w, t in seen]),
            (now.bytes if now else 0, [Sample(w, t.bytes if t else 0) for w, t in seen]),
        )
    return found


def _samples(values: Mapping[datetime, float]) -> list[Sample]:
    return [Sample(at, value) for at, value in values.items()]


def _odd_words(what: str, unit: str, odd: Odd) -> str:
    """Return the numbers in a sentence: `users: 1,204 documents, 8,310 to 8,640 in the last …`."""
    usual = odd.usual
    seen = f"{usual.least:,.0f}"
    if usual.most > usual.least:
        seen += f" to {usual.most:,.0f}"
    now = f"{odd.value:,.0f} {unit}" if odd.value else f"no {unit} any more"
    return f"{what}: {now}, {seen} in the last {usual.samples} backups."


def _lost(newest: Manifest, before: Sequence[Manifest], learning: Learning) -> bool:
    """Whether half of a table or of everything, or more, is gone: somebody may have to act."""
    odd = [each for _, unit, each in _odd(newest, before, learning) if unit == "documents"]
    return any(each.way == "gone" or 2 * each.value < each.usual.level for each in odd)


def _the_one_before(before: Sequence[Manifest]) -> str:
    if not before:
        return ""
    last = max(before, key=lambda manifest: manifest.snapshot.taken_at)
    return f"; so is the one before it, {last.id}"


def moment(at: datetime) -> str:
    """Return a moment for a sentence; readers in other zones need to be told which it is."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def length(span: timedelta) -> str:
    """Return a length of time in its two biggest units: `1 day 3 h`, `26 min`."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [f"{days} day{'' if days == 1 else 's'}" if days else "", f"{hours} h" if hours else ""]
    if not days:
        parts.append(f"{left} min" if left else "")
    told = " ".join(part for part in parts if part)
    return told or f"{max(0, int(span.total_seconds()))} s"
