"""How long backups are kept: facts and the time go in, a decision with its reasons comes out.

Pure. Everything that speaks for a backup is a reason to keep it, one is enough; only a backup for
which nothing speaks may go. You will not find here how facts are gathered nor how anything is
removed (`commands/prune.py`), nor what the settings may say (`retention_policy.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from storage.manifest import Kind
from storage.retention_policy import Policies, Policy
from storage.vaults.vault import FOREVER

Rule = Literal[
    "held",
    "pinned",
    "doubt",
    "future",
    "locked",
    "undo",
    "floor",
    "age",
    "week",
    "month",
    "expired",
]
DAY = timedelta(days=1)
SHORTER: dict[str, tuple[Kind, ...]] = {"weekly": ("daily",), "monthly": ("daily", "weekly")}


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one backup in one vault.

    `proven_at` is when it was last found sound; None when it was found damaged, or never looked
    at. `whole` is false for one of chosen tables. `held` is why it is held, `doubt` why nobody can
    decide about it; "" when it is not so.
    """

    id: str
    deployment: str
    vault: str
    taken_at: datetime
    kind: Kind
    bytes: int = 0
    proven_at: datetime | None = None
    whole: bool = True
    held: str = ""
    pinned: bool = False
    doubt: str = ""
    undo_until: datetime | None = None
    locked_until: datetime | None = None


class Reason(msgspec.Struct, frozen=True):
    """One thing that speaks for a backup, or the one that lets it go."""

    rule: Rule
    what: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one backup, and everything that speaks for it, the strongest first."""

    backup: Backup
    keep: bool
    reasons: tuple[Reason, ...]

    @property
    def rule(self) -> Rule:
        return self.reasons[0].rule

    @property
    def short(self) -> str:
        """The strongest reason, and how many more there are."""
        more = len(self.reasons) - 1
        also = f" (and {more} more reason{'s' if more > 1 else ''})" if more else ""
        return self.reasons[0].what + also

    @property
    def why(self) -> str:
        """All reasons."""
        return "; ".join(reason.what for reason in self.reasons)


class Slot(msgspec.Struct, frozen=True):
    """A week or a month that has no backup of its own kind, and what it is called."""

    rule: Literal["week", "month"]
    name: str  # 2026-W48, 2026-11
    kind: Literal["weekly", "monthly"]


def decide(backups: Iterable[Backup], policies: Policies, now: datetime) -> tuple[Decision, ...]:
    """Decide on every backup; by vault and deployment, newest first.

    Deciding again on those that are kept, at the same time, keeps all of them. Later on, never
    anything comes back that could go before.
    """
    groups: dict[tuple[str, str], list[Backup]] = {}
    for backup in backups:
        groups.setdefault((backup.vault, backup.deployment), []).append(backup)
    decisions: list[Decision] = []
    for (vault, deployment), group in sorted(groups.items()):
        policy = policies.of(deployment, vault)
        newest_first = sorted(group, key=_age_order, reverse=True)
        counted = [each for each in newest_first if counts(each, now)]
        floor = {each.id for each in counted[: policy.floor]}
        slots = standing_in(counted, policy)
        for each in newest_first:
            case = _Case(each, policy, now, each.id in floor, slots.get(each.id, []))
            decisions.append(case.decided())
    return tuple(decisions)


def counts(backup: Backup, now: datetime) -> bool:
    """Whether a backup counts for the floor, a week or a month.

    It has to be proven sound, of all tables, taken by now, and not what somebody restored over.
    """
    sound = backup.proven_at is not None and backup.whole
    return sound and backup.kind != "safety" and backup.taken_at <= now


def standing_in(counted: Sequence[Backup], policy: Policy) -> dict[str, list[Slot]]:
    """Return, by id, the weeks and months that a backup of a shorter kind stands in for.

    The earliest of its week or month does, so that one that comes later changes nothing.
    """
    own: set[Slot] = set()
    earliest: dict[Slot, str] = {}
    for each in sorted(counted, key=_age_order):
        for slot in _slots(each.taken_at, policy.zone):
            if each.kind == slot.kind:
                own.add(slot)
            elif each.kind in SHORTER[slot.kind]:
                earliest.setdefault(slot, each.id)
    found: dict[str, list[Slot]] = {}
    for slot, id in earliest.items():
        if slot not in own:
            found.setdefault(id, []).append(slot)
    return found


def fingerprint(decisions: Iterable[Decision]) -> str:
    """Return a SHA-256 over which backups would go; any other choice has another one."""
    going = sorted(
        (each.backup.vault, each.backup.deployment, each.backup.id)
        for each in decisions
        if not each.keep
    )
    return hashlib.sha256(json.dumps(going).encode()).hexdigest()


class _Case(msgspec.Struct, frozen=True):
    """One backup before its judge."""

    backup: Backup
    policy: Policy
    now: datetime
    in_floor: bool
    slots: list[Slot]

    def decided(self) -> Decision:
        reasons = (*self._whatever_its_age(), *self._by_age())
        if reasons:
            return Decision(backup=self.backup, keep=True, reasons=reasons)
        return Decision(backup=self.backup, keep=False, reasons=(self._expired(),))

    def _whatever_its_age(self) -> Iterator[Reason]:
        backup, now = self.backup, self.now
        if backup.held:
            yield Reason("held", f"held: {backup.held}")
        if backup.pinned:
            yield Reason("pinned", "pinned in the settings")
        if backup.doubt:
            yield Reason("doubt", backup.doubt)
        if backup.taken_at > now:
            yield Reason("future", "taken in the future by this machine's clock; look at the clock")
        if backup.locked_until is not None and backup.locked_until > now:
            yield Reason("locked", f"the vault has it locked {_lock_ends(backup.locked_until)}")
        if backup.undo_until is not None and backup.undo_until >= now:
            until = _moment(backup.undo_until)
            yield Reason("undo", f"the undo of a restore, possible until {until}")
        if self.in_floor:
            yield Reason("floor", f"one of the {self.policy.floor} newest that are proven")

    def _by_age(self) -> Iterator[Reason]:
        backup, age = self.backup, self.now - self.backup.taken_at
        if age < timedelta(0):
            return  # From the future; that was said.
        days = self.policy.days(backup.kind)
        if age <= days * DAY:
            yield Reason("age", f"{backup.kind} backups are kept {_days(days)}; {self._left(days)}")
        for slot in self.slots:
            days = self.policy.days(slot.kind)
            if age <= days * DAY:
                yield Reason(
                    slot.rule,
                    f"stands in for the {slot.kind} of {slot.name}, of which there is none; kept "
                    f"{_days(days)}; {self._left(days)}",
                )

    def _expired(self) -> Reason:
        backup = self.backup
        kinds: list[tuple[Kind, str]] = [(backup.kind, backup.kind)]
        kinds += [(slot.kind, f"{slot.kind} of {slot.name}") for slot in self.slots]
        days, called = max((self.policy.days(kind), called) for kind, called in kinds)
        what = f"{called} backups are kept" if called == backup.kind else f"the {called} is kept"
        told = f"{what} {_days(days)}; it is {_days((self.now - backup.taken_at) // DAY)} old"
        if backup.kind in ("daily", "weekly") and backup.proven_at is None:
            told += "; it is not proven sound, so it stands in for no week or month"
        return Reason("expired", told)

    def _left(self, days: int) -> str:
        left = (days * DAY - (self.now - self.backup.taken_at)) // DAY
        return f"{_days(left)} to go" if left else "less than a day to go"


def _age_order(backup: Backup) -> tuple[datetime, int, str]:
    return backup.taken_at, len(backup.id), backup.id


@lru_cache(maxsize=100_000)
def _slots(taken_at: datetime, zone: str) -> tuple[Slot, Slot]:
    local = taken_at.astimezone(ZoneInfo(zone))
    year, week, _ = local.isocalendar()
    return (
        Slot("week", f"{year}-W{week:02d}", "weekly"),
        Slot("month", f"{local:%Y-%m}", "monthly"),
    )


def _days(days: int) -> str:
    return f"{days:,} day" if days == 1 else f"{days:,} days"


def _lock_ends(until: datetime) -> str:
    return "until a hold is released" if until == FOREVER else f"until {_moment(until)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
