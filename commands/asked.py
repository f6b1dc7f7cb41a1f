"""A restore of a protected deployment, as it is asked for and answered: what both jobs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from commands import policy
from commands.approval import Approval, Ballot
from commands.events import ApprovalAsked, Plan
from commands.known import Known
from commands.make_plan import make_plan
from commands.plan import Mode
from commands.verb import Context
from storage.convex.deployment import Deployment
from storage.errors import LifeboatError, Refused
from storage.manifest import Manifest


@dataclass(frozen=True)
class Request:
    """A restore of a protected deployment, as it was asked for."""

    backup: str
    source: str
    to: str
    mode: Mode
    tables: tuple[str, ...] | None
    reason: str


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """One ballot on its way to the job: who pressed what, as Slack and the settings saw them then.

    `approvers` are those who may vote at that moment; None when Slack could not be asked, and then
    nothing counts.
    """

    by: str
    name: str
    word: str
    fingerprint: str
    at: datetime
    may_approve: bool
    approvers: frozenset[str] | None
    checked: str = ""
    why: str = ""

    @property
    def ballot(self) -> Ballot:
        """What the rule looks at."""
        return Ballot(
            by=self.by,
            name=self.name,
            word=self.word,
            fingerprint=self.fingerprint,
            may_approve=self.may_approve,
            checked=self.checked,
            why=self.why,
        )


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """An approval, the request it was given for as JSON builtins, and what people were shown.

    `asked` is for showing again: what is done is planned anew. Questions of older versions have
    none.
    """

    approval: Approval
    request: dict[str, Any]
    asked: ApprovalAsked | None = None


def plan_of(request: Request, target: Deployment, manifest: Manifest) -> Plan:
    """Read what the target holds and return what the restore would do; touches nothing."""
    return make_plan(manifest, target, request.mode, request.tables)


def refuse(plan: Plan, known: Known, ctx: Context) -> None:
    """Refused with every reason why this must not be done at all."""
    reasons = [conflict.what for conflict in plan.conflicts]
    reasons += policy.objections(known, ctx.rules.approvals, ctx.now())
    if reasons:
        raise Refused(" ".join(reasons), hint="Put it right, then ask again.")


@contextmanager
def safe_words(words: str) -> Iterator[None]:
    """Say of every error in the block what is safe: what it says itself is true elsewhere."""
    try:
        yield
    except LifeboatError as error:
        error.safe = words
        raise


def warnings(plan: Plan, known: Known) -> Iterator[str]:
    """Yield what whoever approves has to know, though it is allowed."""
    yield from plan.warnings
    added = sum(known.added.values())
    if added:
        most = "at least " if known.added_at_least else ""
        yield (
            f"{most}{added:,} rows came into {plan.target} after the snapshot and would be lost."
            if plan.mode in ("replace", "replace-all")
            else f"{most}{added:,} rows came into {plan.target} after the snapshot."
        )
    for part in plan.files:
        if part.fate == "replaced" and part.before:
            of = f" of {part.component}" if part.component else ""
            yield (
                f"Stored files{of} are replaced as a whole: {part.before:,} now, "
                f"{part.archive or 0:,} afterwards; files that came later are lost."
            )
    if not known.can_pause:
        yield (
            f"{plan.target} can't be paused with this key: writes during the restore are lost. "
            f"Pause it in the Convex dashboard first."
        )
