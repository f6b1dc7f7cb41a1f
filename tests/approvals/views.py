"""Every view of a question, with believable facts, the longest plausible ones and the worst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from bot.messages import approval as views
from bot.messages.model import Message
from commands.approval import Approval, State, Vote
from commands.events import ApprovalAsked, FilesPlan, Plan, TablePlan
from commands.known import Known
from storage.audit import Entry
from tests.bot import terminal_events as made
from tests.bot.messages.facts import HOSTILE, LONG_TABLE, long_plan
from tests.bot.terminal_events import AT, ID, NOW

ASKER, AYU, BUDI = "U0RIZAL001", "U0AYU00002", "U0BUDI0003"
FINGERPRINT = "3f2a9c01" + "0" * 56
LONG_NAME = (HOSTILE * 9)[:200]


def approval(**changes: Any) -> Approval:
    """A question that waits for one of two."""
    facts: dict[str, Any] = {
        "id": "ask-production-4k2f9c",
        "fingerprint": FINGERPRINT,
        "asked_by": ASKER,
        "asked_name": "Rizal Hakim",
        "asked_at": AT,
        "quorum": 1,
        "approvers": frozenset({ASKER, AYU, BUDI}),
        "approve_until": AT + timedelta(hours=1),
        "use_within": timedelta(minutes=30),
        "reason": "npd was emptied by the migration",
    }
    return Approval(**{**facts, **changes})


def vote(by: str = AYU, name: str = "Ayu Lestari", **changes: Any) -> Vote:
    return Vote(**{"by": by, "name": name, "at": AT, "checked": "the plan, with Budi", **changes})


def plan(**changes: Any) -> Plan:
    """A restore of everything that loses rows of npd."""
    facts: dict[str, Any] = {
        "target": "production",
        "target_url": "https://happy-animal-123.convex.cloud",
        "tables": (
            TablePlan("", "npd", 47, 40, 40, "replaced"),
            TablePlan("", "scratch", 3, 0, 0, "deleted"),
            TablePlan("waitlist/inner", "entries", 12, 12, 12, "replaced"),
        ),
        "files": (FilesPlan("", 8, 9, 9, "replaced"),),
    }
    return made.plan(**{**facts, **changes})


def known(**changes: Any) -> Known:
    facts: dict[str, Any] = {
        "taken_at": AT - timedelta(days=1),
        "bytes": 60_700,
        "verified_at": AT - timedelta(hours=20),
        "verified_findings": 0,
        "staged_at": AT - timedelta(hours=2),
        "staged_in": "staging",
        "restored_seconds": (4.0, 5.5),
        "added": {"npd": 12},
        "newest_change": AT - timedelta(minutes=5),
        "can_pause": True,
    }
    return Known(**{**facts, **changes})


def asked(**changes: Any) -> ApprovalAsked:
    facts: dict[str, Any] = {
        "approval": approval(),
        "plan": plan(),
        "known": known(),
        "warnings": ("12 rows came into production after the snapshot and would be lost.",),
    }
    return ApprovalAsked(**{**facts, **changes})


def long_approval(**changes: Any) -> Approval:
    """A question that hundreds may answer, with the longest and worst words."""
    facts: dict[str, Any] = {
        "id": "ask-" + "d" * 40 + "-4k2f9c",
        "asked_by": HOSTILE,
        "asked_name": LONG_NAME,
        "quorum": 20,
        "approvers": frozenset(f"U{i:010}" for i in range(1_000)) | {HOSTILE},
        "votes": tuple(vote(f"U{i:010}", LONG_NAME, checked=HOSTILE * 20) for i in range(19)),
        "reason": HOSTILE * 90,
        "ended_by": LONG_NAME,
        "why": HOSTILE * 90,
    }
    return approval(**{**facts, **changes})


def long_asked(**changes: Any) -> ApprovalAsked:
    tables = tuple(
        TablePlan("waitlist/inner", LONG_TABLE.format(i), 10**12, 1, 1, "replaced")
        for i in range(10_000)
    )
    worst = known(
        staged_in=HOSTILE,
        undo_of="",
        restored_seconds=(10**7,) * 3,
        added={LONG_TABLE.format(i): 10**12 for i in range(10_000)},
        added_at_least=True,
        can_pause=False,
        bytes=10**18,
    )
    facts: dict[str, Any] = {
        "approval": long_approval(),
        "plan": replace(long_plan(), tables=tables, conflicts=()),
        "known": worst,
        "warnings": (HOSTILE * 20,) * 1_000,
    }
    return asked(**{**facts, **changes})


def glass(**changes: Any) -> Entry:
    """The audit entry of a restore by one person alone."""
    facts: dict[str, Any] = {
        "what": "break-glass",
        "by": "terminal:rizal@office",
        "by_name": "rizal",
        "door": "terminal",
        "about": ID,
        "deployment": "production",
        "why": "Slack is down, and rows are lost",
        "number": 12,
        "at": AT,
        "before": "0" * 64,
    }
    return Entry(**{**facts, **changes})


ENDS = {
    "approved": {"state": State.APPROVED, "votes": (vote(),)},
    "denied": {"state": State.DENIED, "ended_by": "Budi Santoso", "why": "wait for the audit"},
    "denied-silently": {"state": State.DENIED, "ended_by": "Budi Santoso"},
    "withdrawn": {"state": State.WITHDRAWN, "ended_by": "Rizal Hakim"},
    "lapsed": {"state": State.EXPIRED, "why": "Nobody answered in time."},
    "void": {"state": State.VOID, "why": "Somebody who approved it is no approver any more."},
    "spent": {"state": State.SPENT, "votes": (vote(), vote(BUDI, "Budi Santoso", checked=""))},
}
BARE = known(
    verified_at=None,
    staged_at=None,
    staged_in="",
    restored_seconds=(),
    added={},
    newest_change=None,
    can_pause=False,
)
MESSAGES: dict[str, Callable[[], Message]] = {
    "card": lambda: views.card(asked(), approval(), NOW),
    "card-one-of-two": lambda: views.card(asked(), approval(quorum=2, votes=(vote(),)), NOW),
    "card-bare": lambda: views.card(asked(known=BARE, warnings=()), approval(), NOW),
    "card-undo": lambda: views.card(
        asked(known=known(undo_of="restore.production.20261124T000000-00aa", paused=True)),
        approval(),
        NOW,
    ),
    "card-longest": lambda: views.card(long_asked(), long_approval(), NOW),
    "line": lambda: views.line(plan(), approval(), NOW),
    "line-longest": lambda: views.line(
        replace(long_plan(), backup=LONG_NAME, target=LONG_NAME), long_approval(), NOW
    ),
    "changed": lambda: views.changed(approval(quorum=2, votes=(vote(),))),
    "changed-longest": lambda: views.changed(long_approval()),
    "pointer": lambda: views.pointer(asked(), "https://treasury.slack.com/archives/C1/p2"),
    "pointer-without-link": lambda: views.pointer(asked(), ""),
    "pointer-longest": lambda: views.pointer(long_asked(), "javascript:alert(1)"),
    "gone": lambda: views.gone("It was cancelled on request."),
    "gone-longest": lambda: views.gone(HOSTILE * 90),
    "alone": lambda: views.alone(glass()),
    "alone-longest": lambda: views.alone(
        glass(by_name=HOSTILE * 20, about=LONG_NAME, deployment=HOSTILE, why=HOSTILE * 90)
    ),
    **{
        f"card-{name}": lambda end=end: views.card(asked(), approval(**end), NOW)
        for name, end in ENDS.items()
    },
    **{
        f"card-{state}": lambda state=state: views.doing(
            asked(), approval(**ENDS["approved"]), NOW, state
        )
        for state in views.DOING
        if state != "queued"
    },
    **{
        f"line-{name}": lambda end=end: views.line(plan(), approval(**end), NOW)
        for name, end in ENDS.items()
    },
    **{
        f"changed-{name}": lambda end=end: views.changed(approval(**end))
        for name, end in ENDS.items()
    },
    "changed-denied-longest": lambda: views.changed(long_approval(state=State.DENIED)),
    "line-void-longest": lambda: views.line(long_plan(), long_approval(state=State.VOID), NOW),
}
VALUE = "ask-production-4k2f9c 3f2a-9c01"
MODALS: dict[str, Callable[[], dict[str, Any]]] = {
    "modal-approve": lambda: views.approve_modal(views.about("production", ID, FINGERPRINT), VALUE),
    "modal-deny": lambda: views.deny_modal(views.about("production", ID, FINGERPRINT), VALUE),
    "modal-approve-longest": lambda: views.approve_modal(
        views.about(LONG_NAME, LONG_NAME, HOSTILE * 9), "a" * 2_000
    ),
    "modal-deny-longest": lambda: views.deny_modal(
        views.about(LONG_NAME, LONG_NAME, ""), "a" * 2_000
    ),
}


def people(name: str) -> list[str]:
    """Whom a view may mention: those who asked, voted or may vote."""
    long = [f"U{i:010}" for i in range(1_000)]
    return [ASKER, AYU, BUDI, *(long if "longest" in name else ())]


def as_json(view: Any) -> Any:
    """A view as its golden file holds it."""
    if isinstance(view, Message):
        view = {"text": view.text, "blocks": list(view.blocks)}
    return msgspec.json.decode(msgspec.json.encode(view))
