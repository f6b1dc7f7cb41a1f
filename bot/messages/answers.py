"""Private answers: what only the person who asked or pressed is told."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from datetime import datetime

from bot.messages import report
from bot.messages.job import place, title
from bot.messages.model import JobView, Message
from bot.messages.parts import BLOCKS_MAX, TEXT_MAX, Said, message, small
from bot.messages.text import at, code, length, said, shortened, told
from bot.messages.typed import COMMAND, command
from bot.messages.verdict import SAFE, failed
from commands.events import CancelAsked, JobFailed, Result
from storage.errors import LifeboatError, Refused

HELP = f"{COMMAND} help"
WARNINGS_MAX = 4
PLAIN_REFUSALS = ("Refused", "NotAllowed")


def refused(error: LifeboatError | JobFailed) -> Message:
    """Return why not; a plain refusal in its own sentences, a failure in its three."""
    by_kind = isinstance(error, JobFailed) and error.kind in PLAIN_REFUSALS
    if not by_kind and not isinstance(error, Refused):
        return message(failed(error))
    what = told(error.what) or "That can't be done."
    return message((Said(f"*Not done.* {what}"), Said(told(error.hint)), small(told(error.safe))))


def unknown_verb(word: str, verbs: Collection[str]) -> Message:
    """Return that there is no such verb, the nearest one, and where all of them are."""
    near = difflib.get_close_matches(word.lower(), list(verbs), n=1)
    meant = f" Did you mean {code(f'{COMMAND} {near[0]}')}?" if near else ""
    return message(
        [Said(f"There is no {code(f'{COMMAND} {word}', 60)}.{meant} {code(HELP)} shows them all.")]
    )


def started(job: JobView) -> Message:
    """Return that a job was asked for, and where to follow it."""
    queue = f"{place(job.ahead)}, " if job.state == "queued" else ""
    return message(
        (
            Said(f"{title(job)}: asked for; {queue}follow it at its message in this channel."),
            small(f"job {code(job.id)}", f"to stop it: {code(command('cancel', job.id))}"),
        )
    )


def already(job: JobView | str) -> Message:
    """Return that this very request is a job already, so that nothing was done twice."""
    about, id = ("That", job) if isinstance(job, str) else (title(job), job.id)
    return message(
        [
            Said(
                f"{about} was asked for already, and is not done twice. It is job {code(id)}; "
                f"{code(command('status'))} shows where it stands."
            )
        ]
    )


def old_button() -> Message:
    """Return that a button belongs to a message that is no longer the newest."""
    return message(
        [
            Said(
                "This button belongs to an older message and does nothing any more. Nothing was "
                f"changed. {code(command('status'))} shows what runs, {code(command('list'))} "
                "the backups."
            )
        ]
    )


def not_allowed(refusal: LifeboatError | str) -> Message:
    """Return the sentence of a refusal to somebody who may not."""
    if isinstance(refusal, LifeboatError):
        return refused(refusal)
    return message([Said(f"*Not done.* {told(refusal)}"), small("Nothing was touched.")])


def not_in_channel(bot_name: str = "lifeboat") -> Message:
    """Return that the bot can't write into this channel, and how to let it in."""
    return message(
        [
            Said("*Not done.* Lifeboat is not in this channel, so it could not tell you here."),
            Said(f"Type {code(f'/invite @{bot_name}')} and then the same again."),
            small("Nothing was touched."),
        ]
    )


def cancel_asked(asked: CancelAsked) -> Message:
    """Return what will become of a job that was told to stop."""
    if asked.was == "queued":
        return message([Said(f"Cancelled: {code(asked.job_id)} had not begun.")])
    return message(
        [
            Said(
                f"Asked to stop: {code(asked.job_id)}. It stops at the next safe point; a restore "
                "whose import is confirmed goes on to its end."
            )
        ]
    )


def vote_taken(question: str) -> Message:
    """Return that a word was handed to its question, which alone decides what it is worth."""
    return message([Said(f"Your word is with {code(question)}; its card shows what it comes to.")])


def given_up(job_id: str, safe: str = "") -> Message:
    """Return that a job ended the bot several times over and is not begun again."""
    return message(
        [
            Said(
                f"*Given up:* job {code(job_id)} stopped the bot several times and is not begun "
                "again."
            ),
            Said(f"*What is safe:* {told(safe or SAFE)}"),
            Said(
                f"*What to do:* tell whoever runs Lifeboat; {code(command('status'))} shows what "
                "there is. A restore is settled by the next one into the same deployment."
            ),
        ]
    )


def dry_run(result: Result) -> Message:
    """Return the plan of a restore that was only asked about."""
    return report.full(result)


def warned(answer: Message, sentences: Sequence[str]) -> Message:
    """Return an answer with what was noticed on the way; as many warnings as there is room for."""
    room = BLOCKS_MAX - len(answer.blocks)
    shown = list(dict.fromkeys(sentences))[: min(WARNINGS_MAX, room)]
    if not shown:
        return answer
    more = message([Said(f"*Warning:* {told(each, 400)}") for each in shown])
    text = f"{shortened(answer.text, TEXT_MAX - length(more.text) - 1)}\n{more.text}"
    return Message(text, (*answer.blocks, *more.blocks))


def late(answer: Message, made_at: datetime) -> Message:
    """Return a message that says of itself when it was made: Slack was not there to take it."""
    note = message([small(f"Posted late: this was made {at(made_at)}")])
    room = len(answer.blocks) + len(note.blocks) <= BLOCKS_MAX
    text = f"{shortened(answer.text, TEXT_MAX - length(note.text) - 1)}\n{note.text}"
    return Message(text, (*answer.blocks, *note.blocks) if room else answer.blocks)


def nobody_can_say(why: str = "") -> Message:
    """Return that Slack could not be asked who somebody is, so nothing was done."""
    return message(
        [
            Said(
                "*Not done.* Slack can't say at the moment who you are and what you may do, so "
                "nobody is let through. Try again in a minute."
            ),
            small("Nothing was touched.", said(why)),
        ]
    )


def bug(id: str) -> Message:
    """Return that something of ours broke, with the id that leads to it in the log."""
    return message(
        [
            Said(f"Something in Lifeboat broke while it heard you out. Its id is {code(id)}."),
            Said(
                "Tell whoever runs Lifeboat that id: the reason is in its log. "
                f"{code(command('status'))} shows whether a job of yours is there."
            ),
        ]
    )
