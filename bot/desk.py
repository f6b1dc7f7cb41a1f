"""Where a wish from Slack is heard out: who asked, which verb, may they, and then done or queued.

Everything here runs in the desk's own threads, after Slack has been acked. Short verbs are
answered privately at once; long ones become jobs of the engine. Nothing leaves this room as an
exception: a person who asked always gets a sentence.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from bot import demo_words, prunes
from bot.board import Board
from bot.demo_words import Demo
from bot.jobs import Engine, Wish
from bot.messages import (
    alerts,
    answers,
    audited,
    doctor,
    helping,
    kit,
    listing,
    modal,
    report,
    scheduled,
    shown,
    standing,
)
from bot.messages.model import Message
from bot.people import People
from bot.rounds import Rounds
from bot.typed_words import words
from bot.votes import Said, Votes
from bot.worker import submitted
from commands import TERMINAL_VERBS, VERBS, alert
from commands.aim import Aim
from commands.alert_events import AlertsTold, AlertTaken, AlertTested
from commands.events import (
    AuditTold,
    AuditVerified,
    BackupShown,
    BackupsListed,
    CancelAsked,
    DoctorLooked,
    Event,
    Result,
    StatusTold,
    Warned,
)
from commands.jobs import ASK, THAW
from commands.key_events import KitTold
from commands.prune import VERB as PRUNE
from commands.retention_events import HoldChanged
from commands.roles import Roles, check, perform, role_of
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    SchedulesTold,
)
from commands.timetable import Schedule
from commands.verb import Caller, Context, Verb
from commands.votes import APPROVE, DENY, WITHDRAW
from commands.votes import Request as Word
from storage.errors import LifeboatError, Refused

log = logging.getLogger(__name__)
THREADS = 8
LISTED_MAX = 500
VIEWS: Mapping[type[Result], Callable[[Any], Message]] = {
    BackupShown: shown.backup,
    StatusTold: standing.status,
    DoctorLooked: doctor.looked,
    KitTold: kit.told,
    HoldChanged: report.full,
    AuditTold: audited.answer,
    AuditVerified: audited.answer,
    AlertsTold: alerts.answer,
    AlertTaken: alerts.answer,
    AlertTested: alerts.answer,
}


@dataclass(frozen=True)
class Asked:
    """Somebody asked something in Slack.

    `once` is the same for a redelivery and differs for everything else. `answer` tells the asker
    alone; with `instead` it takes the place of the message whose button was pressed.
    """

    user: str
    channel: str
    words: tuple[str, ...]
    once: str
    answer: Callable[[Message, bool], None]
    instead: bool = False
    page: int = 1
    trigger: str = ""  # Opens a modal, once, within three seconds.


@dataclass(eq=False)
class Desk:
    """Hears wishes out, several at a time."""

    world: Context
    people: People
    roles: Roles
    home_team: Callable[[], str]  # NotAllowed until Slack has said which it is.
    engine: Engine
    board: Board
    show_modal: Callable[[str, dict[str, Any]], None]
    votes: Votes
    rounds: Rounds | None = None
    demo: Demo | None = None  # None: this bot plays in no demo.

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="desk")

    def hand_over(self, asked: Asked) -> None:
        """Take a wish; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._hear(asked))

    def again(self, asked: Asked, job_id: str) -> None:
        """Take the wish to do an ended job once more, for whoever asks now; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._again(asked, job_id))

    def retry(self, asked: Asked, alert_id: str) -> None:
        """Take the wish to do what an alert is about once more; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._retry(asked, alert_id))

    def open_modal(self, asked: Asked) -> None:
        """Ask the questions of a restore in a modal; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._open_modal(asked))

    def open_undo(self, asked: Asked) -> None:
        """Ask in the same modal, filled in to take a restore back; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._open_undo(asked))

    def prune(self, asked: Asked, value: str) -> None:
        """Have the plan done that a button was shown with, if it is the same; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._prune(asked, value))

    def vote(self, asked: Asked, said: Said) -> None:
        """Take what somebody says to a question; returns at once."""
        self._pool.submit(self._surely, asked, lambda: self._vote(asked, said))

    def open_vote(self, asked: Asked, question: str, card: str, word: str) -> None:
        """Open the modal in which a yes or a no is said; returns at once."""

        def opening() -> None:
            self.show_modal(asked.trigger, self.votes.modal(question, card, word))

        self._pool.submit(self._surely, asked, opening)

    def soon(self, doing: Callable[[], None]) -> None:
        """Do something small that must not hold Slack's threads up."""
        self._pool.submit(doing)

    def protected(self) -> frozenset[str]:
        """The deployments that one person can't restore alone."""
        return frozenset(name for name, each in self.world.deployments.items() if each.protected)

    def channel_of(self, job_id: str) -> str:
        """Where a job was asked for, "" if it is not known."""
        wish = self.engine.wish(job_id)
        return wish.channel if wish is not None else ""

    def close(self) -> None:
        """Let what is being heard out end, and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _surely(self, asked: Asked, doing: Callable[[], None]) -> None:
        """Do it; whatever goes wrong, the asker gets a sentence."""
        try:
            doing()
        except LifeboatError as error:
            asked.answer(answers.refused(error), False)
        except Exception as error:
            number = secrets.token_hex(4)
            log.error("a wish broke (%s)", number, exc_info=error)
            asked.answer(answers.bug(number), False)

    def _hear(self, asked: Asked) -> None:
        name, *rest = asked.words or ("help",)
        if name in ("help", "--help", "-h"):
            asked.answer(self._help(rest[0] if rest else None), asked.instead)
            return
        if self.demo is not None and name.lower() == demo_words.WORD:
            self._play(self.demo, asked, rest)
            return
        verb = VERBS.get(name.lower())
        if name.lower() in TERMINAL_VERBS:
            what = f"`{name.lower()}` is for a terminal: a secret never passes through Slack."
            raise Refused(what, hint="Ask whoever runs Lifeboat.")
        if verb is None:
            asked.answer(answers.unknown_verb(name, list(VERBS)), False)
            return
        if "help" in rest[:1] or "--help" in rest:
            asked.answer(self._help(verb.name), asked.instead)
            return
        if verb in (APPROVE, DENY, WITHDRAW):
            self._vote_typed(asked, verb.parse(rest))
            return
        caller = self._caller(asked, verb)
        request = verb.parse(rest)
        ctx = replace(self.world, caller=caller, begin=self._beginning(caller, asked))
        if verb is PRUNE:
            plan = _with_warnings(ctx, lambda heard: prunes.shown(tuple(rest), asked.page, heard))
            asked.answer(plan, asked.instead)
            return
        if verb.aim is None:
            asked.answer(self._short(verb, request, ctx, asked), asked.instead)
        else:
            self._long(verb, request, ctx, asked)

    def _play(self, demo: Demo, asked: Asked, words: Sequence[str]) -> None:
        """Show something of the demo; only who may back up may make a stand-in fail."""
        like = VERBS["summary" if words[:1] == ["summary"] else "now"]
        self._caller(asked, replace(like, name=" ".join((demo_words.WORD, *words[:1]))))
        played = demo.play(words, self.world.deployment(None).name)
        if played.answer is not None:
            asked.answer(played.answer, False)
        self._hear(replace(asked, words=played.verb))

    def _prune(self, asked: Asked, value: str) -> None:
        ctx = replace(self.world, caller=self._caller(asked, PRUNE))

        def submit(deployment: str, wish: Wish) -> None:
            self._submit(job_name(wish.verb, deployment, asked.once), wish, asked)

        answer = prunes.confirmed(value, asked.channel, ctx, submit)
        if answer is not None:
            asked.answer(answer, False)

    def _vote_typed(self, asked: Asked, typed: Word) -> None:
        checked = typed.said if typed.word == "yes" else ""
        why = typed.said if typed.word != "yes" else ""
        said = Said(asked.user, typed.question, typed.word, asked.once, checked=checked, why=why)
        self._vote(asked, said)

    def _vote(self, asked: Asked, said: Said) -> None:
        self.votes.take(said)
        asked.answer(answers.vote_taken(said.question), False)

    def _caller(self, asked: Asked, verb: Verb) -> Caller:
        """Return who asked, asked of Slack right now; NotAllowed when they may not."""
        person = self.people.person(asked.user, self.roles.groups)
        role = role_of(person, self.home_team(), self.roles)
        caller = Caller(person.id, person.name, door="slack", role=role, team=person.team)
        check(verb, caller)
        return caller

    def _help(self, topic: str | None) -> Message:
        if topic is None:
            return helping.overview(VERBS)
        verb = VERBS.get(topic)
        return helping.verb(verb) if verb else answers.unknown_verb(topic, list(VERBS))

    def _short(self, verb: Verb, request: Any, ctx: Context, asked: Asked) -> Message:
        """Do a verb at once; what it warns of stands under its answer."""
        if verb.name == "list":
            request = replace(request, limit=max(request.limit, LISTED_MAX))
        return _with_warnings(
            ctx, lambda heard: self._view(perform(verb, request, heard), request, asked)
        )

    def _view(self, result: Result, request: Any, asked: Asked) -> Message:
        match result:
            case BackupsListed():
                return listing.page(
                    result, asked.page, request.deployment, " ".join(asked.words[1:])
                )
            case SchedulesTold() | SchedulePaused() | ScheduleResumed() | ScheduleBegan():
                return self._scheduled(result)
            case CancelAsked():
                self.board.cancelling(result.job_id)
                return answers.cancel_asked(result)
            case _:
                return VIEWS[type(result)](result)

    def _scheduled(self, result: scheduled.Answer) -> Message:
        """Answer about schedules; a pause, or its end, is told to the channel right after."""
        rounds = self.rounds
        if isinstance(result, SchedulePaused | ScheduleResumed) and rounds is not None:
            self.soon(partial(rounds.changed, result.name))
        return scheduled.answer(result)

    def _beginning(self, caller: Caller, asked: Asked) -> Callable[[Schedule], Sequence[str]]:
        """Return a way to have a schedule done now, shown where it was asked for."""

        def begin(schedule: Schedule) -> Sequence[str]:
            assert self.rounds is not None  # noqa: S101 - a running bot has them.
            self.people.check_channel(asked.channel)
            return self.rounds.begin(schedule, caller, asked.channel, asked.once)

        return begin

    def _long(self, verb: Verb, request: Any, ctx: Context, asked: Asked) -> None:
        """Settle what is touched, queue the job, and post its message."""
        if getattr(request, "dry_run", False):
            result = perform(verb, request, ctx)
            asked.answer(answers.dry_run(result), False)
            return
        assert verb.aim is not None  # noqa: S101 - the caller looked.
        aim = verb.aim(request, ctx)
        if not getattr(aim.request, "yes", True):
            self._ask_in_modal(aim, asked)
            return
        job, wanted = verb.name, aim.request
        if aim.question is not None:
            job, wanted = ASK, aim.question
        elif aim.thawing is not None:
            job, wanted = THAW, aim.thawing
        job_id = job_name(job, aim.deployment, asked.once)
        wish = Wish(
            verb=job,
            deployment=aim.deployment,
            request=submitted(verb.name, wanted),
            # A question, and who waits for hours, keeps no backup waiting.
            queue=job_id if job in (ASK, THAW) or aim.apart else aim.queue,
            backup=aim.backup,
            caller_id=ctx.caller.id,
            caller_name=ctx.caller.name,
            team=ctx.caller.team,
            door="slack",
            asked_at=ctx.now(),
            channel=asked.channel,
        )
        self._submit(job_id, wish, asked)

    def _submit(self, job_id: str, wish: Wish, asked: Asked) -> None:
        self.people.check_channel(wish.channel)
        if not self.engine.submit(job_id, wish):
            asked.answer(answers.already(job_id), False)
            return
        try:
            shown = self.board.open(job_id, wish)
        except Refused:  # Nobody would ever see what becomes of it.
            with suppress(Refused):
                self.engine.cancel(job_id)
            raise
        view = self.board.view(job_id)
        if not shown and view is not None:
            asked.answer(answers.started(view), False)

    def _open_modal(self, asked: Asked) -> None:
        """Ask how to restore a backup; a press of a button names nothing but the backup."""
        self._caller(asked, VERBS["restore"])
        self._show_restore(asked, asked.words[1], None, modal.Typed())

    def _open_undo(self, asked: Asked) -> None:
        """A safety backup goes back, whole, to where it was taken: that takes its restore back."""
        self._caller(asked, VERBS["restore"])
        safety = asked.words[1]
        into = self.world.catalog.find(safety).deployment
        self._show_restore(asked, safety, into, modal.Typed(mode="replace-all"))

    def _ask_in_modal(self, aim: Aim, asked: Asked) -> None:
        """Ask about a restore that was typed, with everything filled in as it was typed."""
        request = aim.request
        typed = modal.Typed(request.mode, request.tables or (), request.reason)
        self._show_restore(asked, aim.backup, request.to, typed)

    def _show_restore(
        self, asked: Asked, backup: str, into: str | None, typed: modal.Typed
    ) -> None:
        entry = self.world.catalog.find(backup)
        # Unprotected ones first: where a restore usually goes.
        targets = sorted(self.world.deployments, key=lambda name: (name in self.protected(), name))
        source = self.world.deployments.get(entry.deployment)
        into = into or (source.restore_to if source else None)
        view = modal.restore(entry, targets, into, asked.channel, typed)
        self.show_modal(asked.trigger, view)

    def _retry(self, asked: Asked, alert_id: str) -> None:
        """Do an alert's own words, which never were in the button, as whoever pressed it."""
        assert self.world.alerts is not None  # noqa: S101 - a running bot has them.
        retry = alert.find(alert_id, self.world.alerts).trouble.retry
        if not retry:
            raise Refused("Nothing does this again by a button.", hint="Type it: /backup help")
        self._hear(replace(asked, words=words(retry)))

    def _again(self, asked: Asked, job_id: str) -> None:
        wish = self.engine.wish(job_id)
        if wish is None:
            raise Refused(
                "That job is not remembered any more.", hint="Type the command again: /backup help"
            )
        if wish.verb not in VERBS:
            raise Refused(
                "What other people approved, or were asked, is not done once more by a button.",
                hint=f"Ask again: /backup restore {wish.backup} to {wish.deployment} reason …",
            )
        caller = self._caller(asked, VERBS[wish.verb])
        wish = msgspec.structs.replace(
            wish,
            caller_id=caller.id,
            caller_name=caller.name,
            team=caller.team,
            door="slack",
            channel=asked.channel,
            asked_at=self.world.now(),
            why="",
        )
        self._submit(job_name(wish.verb, wish.deployment, asked.once), wish, asked)


def _with_warnings(ctx: Context, doing: Callable[[Context], Message]) -> Message:
    """Return an answer, and under it what was warned of while it was made."""
    warned: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Warned):
            warned.append(event.text)

    return answers.warned(doing(ctx.telling(hear)), warned)


def job_name(verb: str, deployment: str, once: str) -> str:
    """Return a job's id: typable, and the same for the same delivery: now-production-4k2f9c."""
    digest = hashlib.sha256(once.encode()).digest()
    return f"{verb}-{deployment}-{base64.b32encode(digest)[:6].decode().lower()}"
