"""Views of a question that other people have to answer: the card, its changes, its modals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    ConfirmObject,
    InputBlock,
    MarkdownTextObject,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.messages.modal import WORD_MIN
from bot.messages.model import ActionId, Field, JobState, Message, ViewId
from bot.messages.parts import Part, Pressed, Said, button, facts, listed, message, small
from bot.messages.report_restore import numbered
from bot.messages.text import at, bold, code, mention, plain, said, told
from bot.messages.typed import command
from bot.words import age, counted, duration, size, some
from commands.approval import Approval, State, Vote
from commands.events import ApprovalAsked, Plan
from commands.known import Known
from commands.policy import losses, short
from storage.audit import Entry

STATES = {
    State.WAITING: "Waiting for approval",
    State.APPROVED: "Approved",
    State.DENIED: "Denied",
    State.WITHDRAWN: "Withdrawn",
    State.EXPIRED: "Lapsed",
    State.VOID: "Void",
    State.SPENT: "Approved",
}
DOING: dict[JobState, tuple[str, str]] = {  # What became of an approved restore.
    "queued": ("Approved", "The restore begins."),
    "running": ("Running", "The restore runs."),
    "done": ("Done", "The restore is done: its result is below."),
    "look": ("Done, but look at it", "The restore is done: look at its result below."),
    "failed": ("Failed", "The restore failed: what is so now is below."),
    "cancelled": ("Cancelled", "The restore was cancelled: what is so now is below."),
}
LOSSES_SHOWN = 8
NAMES_SHOWN = 10
REASON_MAX = 500


def line(plan: Plan, approval: Approval, now: datetime) -> Message:
    """Return the channel's one-line status of a question."""
    return message(_line(plan, approval, now))


def card(asked: ApprovalAsked, approval: Approval, now: datetime) -> Message:
    """Return the card: the plan, who asked and why, who may answer until when, and the buttons."""
    return message(_card(asked, approval, now, STATES[approval.state], so_far(approval)))


def doing(asked: ApprovalAsked, approval: Approval, now: datetime, state: JobState) -> Message:
    """Return the card of a question whose restore is under way, or over."""
    word, sentence = DOING[state]
    return message(_card(asked, approval, now, word, f"{_given(approval)} {sentence}"))


def pointer(asked: ApprovalAsked, link: str) -> Message:
    """Return the pointer for the approvers' own channel."""
    approval, plan = asked.approval, asked.plan
    where = f" <{link}|Go to the card>." if link.startswith("https://") else ""
    typed = code(command("approve", approval.id))
    return message(
        [
            Said(
                f"{mention(approval.asked_by, approval.asked_name)} asks to restore "
                f"{code(plan.backup)} into {bold(plan.target)}; {_missing(approval)} until "
                f"{at(approval.approve_until)}.{where}"
            ),
            small(f"or type {typed}" if where else f"the card is where it was asked · {typed}"),
        ]
    )


def changed(approval: Approval) -> Message:
    """Return what is told in the thread when somebody's word counted; everybody in it is named."""
    return message([Said(f"{so_far(approval)} {everybody(approval)}")])


def everybody(approval: Approval) -> str:
    """Return mentions of whoever asked and of everybody whose word counted."""
    people = {approval.asked_by: approval.asked_name}
    people |= {vote.by: vote.name for vote in approval.votes}
    return " ".join(mention(id, name) for id, name in people.items())


def alone(entry: Entry) -> Message:
    """Return what everybody is told of a restore by one person alone."""
    return message(
        [
            Said(
                f"*Break-glass:* {said(entry.by_name or entry.by)} restores {code(entry.about)} "
                f"into {bold(entry.deployment)} alone, from a terminal; it began "
                f"{at(entry.at)}. Nobody else was asked."
            ),
            Said(f"*Why:* {told(entry.why, REASON_MAX)}"),
            small(
                f"entry {entry.number:,} of the audit log",
                f"how it ended: {code(command('audit', 'about', entry.about))}",
            ),
        ]
    )


def gone(why: str) -> Message:
    """Return the card of a question that ended without an answer, where its plan isn't known."""
    return message([Said(f"{STATES[State.VOID]}: {told(why)} Nothing was restored.")])


def approve_modal(plan_about: str, value: str) -> dict[str, Any]:
    """Return the modal that an approver confirms in; `value` is the pressed button's."""
    return _modal(
        ViewId.APPROVE,
        value,
        ("Approve a restore", "Approve"),
        plan_about,
        (Field.CHECKED, "What did you check?", "The plan, the reason, the time …"),
    )


def deny_modal(plan_about: str, value: str) -> dict[str, Any]:
    """Return the modal in which an approver says why not."""
    return _modal(
        ViewId.DENY,
        value,
        ("Deny a restore", "Deny"),
        plan_about,
        (Field.REASON, "Why not?", "What has to be different"),
    )


def about(target: str, backup: str, fingerprint: str) -> str:
    """Return what a vote is about, for its modal: target, backup, fingerprint's short form."""
    return (
        f"Restore {code(backup)} into {bold(target)}.\nFingerprint of the plan: "
        f"{code(short(fingerprint))}; it is the one on the card."
    )


def _line(plan: Plan, approval: Approval, now: datetime) -> Iterator[Part]:
    yield Said(
        f"{bold(plan.target)} (protected) · Restore of {code(plan.backup)} — "
        f"{STATES[approval.state]}"
    )
    yield Said(so_far(approval))
    yield small(
        f"Asked by {mention(approval.asked_by, approval.asked_name)} {at(approval.asked_at)}",
        f"the card is in the thread · job {code(approval.id)}",
    )


def _card(
    asked: ApprovalAsked, approval: Approval, now: datetime, word: str, stands: str
) -> Iterator[Part]:
    plan, known = asked.plan, asked.known
    yield Said(f"{bold(plan.target)} (protected) · {word}")
    yield Said(
        f"{mention(approval.asked_by, approval.asked_name)} asks to restore {code(plan.backup)} "
        f"into {bold(plan.target)}, mode {said(plan.mode)}."
    )
    yield Said(f"*Why:* {told(approval.reason, REASON_MAX)}")
    yield Said(stands)
    yield listed(lambda text: f"*Warning:* {told(text)}", asked.warnings, "warnings")
    yield listed(
        lambda loss: (
            f"*Loses rows:* {code(loss.table)} {loss.before:,} → {loss.after:,} "
            f"(−{loss.percent:.0f} %)"
        ),
        losses(plan)[:LOSSES_SHOWN],
        "tables that lose rows",
    )
    yield facts(_known(known, now))
    yield from numbered(plan)
    if approval.state is State.WAITING:
        value = f"{approval.id} {short(approval.fingerprint)}"
        yield Pressed(_buttons(value))
        yield small(
            f"fingerprint {code(short(approval.fingerprint))}",
            f"or type {code(command('approve', approval.id))}, "
            f"{code(command('deny', approval.id, 'reason', '…'))}",
        )


def _buttons(value: str) -> tuple[Any, ...]:
    sure = ConfirmObject(
        title=PlainTextObject(text="Withdraw the question?"),
        text=PlainTextObject(text="Nobody will be able to approve it any more."),
        confirm=PlainTextObject(text="Withdraw"),
        deny=PlainTextObject(text="Leave it"),
    )
    return (
        button("Approve…", ActionId.APPROVE, value, style="primary"),
        button("Deny…", ActionId.DENY, value, style="danger"),
        button("Withdraw", ActionId.WITHDRAW, value, confirm=sure),
    )


def _known(known: Known, now: datetime) -> Iterator[tuple[str, str | None]]:
    yield "Backup", f"{at(known.taken_at)}, {age(known.taken_at, now)} · {size(known.bytes)}"
    verified = known.verified_at
    yield "Verified", f"{at(verified)}, {age(verified, now)}" if verified else "never"
    staged = known.staged_at
    if known.undo_of:
        yield "Takes back", f"restore {code(known.undo_of)}"
    else:
        yield (
            "Tried in" if staged else "Tried in staging",
            f"{bold(known.staged_in)}, {age(staged, now)}" if staged else "never",
        )
    if known.restored_seconds:
        took = ", ".join(duration(seconds) for seconds in known.restored_seconds)
        yield "Its last restores took", took
    added = [f"{table} +{rows:,}" for table, rows in sorted(known.added.items())]
    if added:
        most = "at least " if known.added_at_least else ""
        newest = f"; newest {at(known.newest_change)}" if known.newest_change else ""
        yield "Came after the snapshot", f"{most}{said(some(added, NAMES_SHOWN), 600)}{newest}"
    pausing = "paused already" if known.paused else "paused for the restore, then started again"
    yield "Writes", pausing if known.can_pause or known.paused else "*not paused*: see the warning"


def so_far(approval: Approval) -> str:
    """Return how a question stands, in a sentence."""
    given = _given(approval)
    match approval.state:
        case State.WAITING:
            return f"{given} {_missing(approval)}, until {at(approval.approve_until)}.".lstrip()
        case State.APPROVED:
            return f"{given} The restore begins."
        case State.SPENT:
            return given
        case State.DENIED:
            why = f": {told(approval.why, REASON_MAX)}" if approval.why else ""
            return f"{_ended(f'Denied by {said(approval.ended_by)}{why}')} Nothing was restored."
        case State.WITHDRAWN:
            return f"Withdrawn by {said(approval.ended_by)}. Nothing was restored."
        case _:
            return f"{_ended(told(approval.why))} Nothing was restored."


def _given(approval: Approval) -> str:
    votes = " and ".join(_vote(vote) for vote in approval.votes)
    return f"Approved by {votes}." if votes else ""


def _ended(words: str) -> str:
    """Return words that end as a sentence does."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _missing(approval: Approval) -> str:
    said_yes = {vote.by for vote in approval.votes}
    others = sorted(approval.approvers - said_yes - {approval.asked_by})
    named = " ".join(f"<@{id}>" for id in others[:NAMES_SHOWN] if id.isalnum())
    more = f" and {len(others) - NAMES_SHOWN} more" if len(others) > NAMES_SHOWN else ""
    return (
        f"{counted(approval.missing, 'approval')} of {named}{more} needed"
        if approval.missing
        else "nobody is missing"
    )


def _vote(vote: Vote) -> str:
    checked = f" (“{said(vote.checked, 200)}”)" if vote.checked else ""
    return f"{mention(vote.by, vote.name)}{checked}"


def _modal(
    id: ViewId,
    value: str,
    names: tuple[str, str],
    plan_about: str,
    field: tuple[Field, str, str],
) -> dict[str, Any]:
    title, submit = names
    name, label, placeholder = field
    view = View(
        type="modal",
        callback_id=id.value,
        title=PlainTextObject(text=plain(title, 24)),
        submit=PlainTextObject(text=submit),
        close=PlainTextObject(text="Close"),
        private_metadata=value,
        blocks=[
            SectionBlock(text=MarkdownTextObject(text=plan_about, verbatim=True)),
            InputBlock(
                block_id=name.value,
                label=PlainTextObject(text=label),
                element=PlainTextInputElement(
                    action_id=name.value,
                    placeholder=PlainTextObject(text=placeholder),
                    min_length=WORD_MIN,
                    max_length=REASON_MAX,
                    multiline=True,
                ),
            ),
        ],
    )
    return view.to_dict()
