"""`lifeboat run`: the bot itself, from settings to a socket, and back down in good order.

Up: the data folder's lock, the engine (which goes on with what a killed bot left), the courier,
then the door to Slack, last; while Slack is away it follows later (`bot/slack_away.py`). Down: the
door first, so that nothing new comes in; running jobs may end for a while, the rest goes on at the
next start.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import app as house
from bot import (
    demo_words,
    log_lines,
    settings_alerts,
    settings_health,
    settings_slack,
    slack_away,
    standing_by,
    systemd,
)
from bot import slack as slack_door
from bot.alerting import Alerting
from bot.board import Board
from bot.by_itself import ByItself
from bot.courier import Courier, SlackAway
from bot.desk import Desk
from bot.doors import Door, Listening, SlackRefused, Socket
from bot.jobs import Engine, JobRun
from bot.lookout import Lookout
from bot.people import People
from bot.pulse import Pulse
from bot.questions import Questions, restore_of
from bot.roads import made
from bot.roads.road import Road
from bot.settings import Settings
from bot.settings_seen import note_changes
from bot.settings_slack import Tokens
from bot.slack_away import Line, Opening
from bot.uploads import Uploads
from bot.votes import Votes
from bot.watch import Watch
from bot.watched import Watched
from bot.worker import Copying, Heard, Worker
from commands import copy
from commands.aim import queue_of
from commands.asked import Approved
from commands.jobs import APPROVED
from commands.looking import Looking
from commands.restore import VERB as RESTORE
from commands.restore_thawed import Request as Thawing
from commands.verb import Context
from storage.errors import LifeboatError
from storage.secret import Secret

log = logging.getLogger("lifeboat")
WATCH_SECONDS = 5.0


def main(
    settings: Settings,
    environ: Mapping[str, str],
    format: log_lines.Format,
    told: threading.Event,
) -> int:
    """Run until told to stop; return the exit code. LifeboatError when it can't begin.

    Once the log is JSON, what keeps it from beginning stands in the log instead.
    """
    faulthandler.enable()  # A crash below Python still says where.
    tokens = settings_slack.tokens(settings.slack, environ, settings.paths.settings.name)
    pings = settings_health.pings(settings.health, environ, settings.paths.settings)
    file = settings.paths.settings
    roads = settings_alerts.hidden(settings.alerts, file.parent, environ, file.name)
    secret = [*_secrets(settings, tokens), *settings_health.hidden(pings), *roads]
    log_lines.begin(format, [*secret, *house.hidden(settings)])
    say = _say if format == "text" else log.info
    try:
        if not told.is_set():
            _live(settings, lambda world: Bot(settings, tokens, world, environ, pings), say, told)
    except LifeboatError as error:
        if format == "text":
            raise
        log.critical("The bot can't begin. %s %s %s", error.what, error.safe, error.hint)
        return max(error.exit_code, 1)
    say("Stopped. What was not finished goes on at the next start.")
    sys.stdout.flush()
    # The engine's threads may still be in a step; the next start does that step again.
    os._exit(0)


def _live(
    settings: Settings,
    made: Callable[[Context], Bot],
    say: Callable[[str], None],
    told: threading.Event,
) -> None:
    with ExitStack() as up:
        world = up.enter_context(
            house.built(settings, tell=lambda _event: None, confirm=lambda _question: False)
        )
        bot = made(world)
        if not standing_by.waited(settings, bot.place, told, say, bot.refused):
            return
        bot.start()
        say(f"Lifeboat is up: {bot.where}. Stop it with Ctrl-C.")
        systemd.tell("READY=1")
        while not told.wait(WATCH_SECONDS):
            _go_round(bot)
        systemd.tell("STOPPING=1")
        say("Stopping: no new work; running jobs may end.")
        bot.stop()


class Bot:
    """Everything of one running bot, joined."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        world: Context,
        environ: Mapping[str, str],
        pings: Mapping[str, Secret],
    ) -> None:
        self._settings, self._tokens, self._environ = settings, tokens, environ
        self.place = house.engine_place(settings)
        self._pings = pings
        self._roads: Mapping[str, Road] = {}
        self._kept = house.alerts(settings, lambda _outbox: self._roads, spare=True)
        self._world = replace(world, alerts=self._kept)
        self._web = slack_door.client(tokens.bot, settings.slack.api_url)
        self._heard = Heard()
        self._said: dict[str, float] = {}
        looking = slack_door.client(tokens.bot, settings.slack.api_url, slack_away.LOOK_SECONDS_MAX)
        self._line = Line(looking, tokens.app, world.now)

    @property
    def where(self) -> str:
        """Who the bot is and how it is reached, or that Slack is away."""
        slack, me = self._settings.slack, self._line.me
        if me is None or self._line.absence is not None:
            return f"without Slack, and waits for it. {self._line.said()}".rstrip(". ")
        how = "Socket Mode" if slack.mode == "socket" else f"http://{slack.host}:{slack.port}"
        return f"{me.user} in {me.team_name}, by {how}"

    def refused(self) -> str:
        """Ask Slack whether it takes this bot; return why not, "" where it does or is away."""
        try:
            self._line.ask()
        except SlackRefused as error:
            return error.what
        return ""

    def start(self) -> None:
        """Begin, in the order in which nothing can be lost; LifeboatError when it can't."""
        settings = self._settings
        world = self._world
        self._engine = self._made_engine()
        self._engine.hold()  # Before a port, which the bot that has the folder may hold as well.
        self._line.ask()
        self._courier = Courier(self._web)
        self._board = self._made_board()
        people = People(self._web)
        self._alerting = self._alerts(people)
        self._votes = Votes(
            people, self._engine, settings.approvals, settings.roles, self._line.team, world
        )
        self._by_itself = ByItself(self._engine, world, self._board, self._courier, people)
        self._desk = self._made_desk(people)
        self._make_door()
        world.spool.sweep()
        self._engine.start()
        self._watched.start()
        self._engine.forget(timedelta(days=settings.jobs.keep_days))
        note_changes(settings, world)
        self._board.settle()
        self._by_itself.catch_up()
        try:
            self._opening.begin()
        except LifeboatError:
            self.stop()
            raise
        self._glass = _watch(settings, world, self._courier, self._engine)
        self._glass.look()
        self._by_itself.start()
        self._alerting.start()
        self._watched.guard()

    def _make_door(self) -> None:
        """Make the door and all that watches the bot; nothing is open yet, nothing watches yet."""
        settings, world, tokens = self._settings, self._world, self._tokens
        pulse = Pulse(
            self._reachable,
            self._by_itself.alive,
            self._slack_answers,
            unlooked_seconds=self._alerting.unlooked_seconds,
            slack_away=self._line.said,
        )
        self._watched = Watched(settings, world, self._engine, self._pings, pulse)
        acked, socket = self._watched.acked, settings.slack.mode == "socket"

        def making() -> App:
            self._web.hurry()
            signing = None if socket else tokens.signing
            return slack_door.door(self._web, signing, self._desk, self._courier)

        self._door: Door
        if socket:
            self._door = Socket(making, tokens, acked)
        else:
            self._door = Listening(making, settings.slack, acked)
        self._line.up, self._line.returned = self._reachable, self._slack_is_back
        self._opening = Opening(self._line, self._door)

    def _slack_is_back(self) -> None:
        self._web.hurry()
        self._courier.hurry()

    def _reachable(self) -> bool:
        return self._door.up()

    def _slack_answers(self) -> bool:
        """Whether Slack answers though its socket is down; one that never was up is no client's."""
        return self._opening.done and self._line.answers()

    def _alerts(self, people: People) -> Alerting:
        """Join what looks for troubles with the roads by which they are told."""
        settings, world, outbox = self._settings, self._world, self._kept.outbox
        slack = (self._courier, people.check_channel)
        self._roads = made.roads(settings, self._environ, outbox, world.now, slack)
        standing = Looking(replace(world, jobs=self._engine), clock_alive=self._clock_alive)
        finders = {slack_away.KINDS: self._line.troubles}
        look = Lookout(world, self._engine, finders, standing).look
        return Alerting(self._kept, self._roads, look, settings.alerts.look_seconds)

    def _clock_alive(self) -> bool:
        return self._by_itself.check()

    def _made_engine(self) -> Engine:
        """Return the engine, whose jobs find what is made after it when they begin."""
        worker = Worker(
            self._world,
            lambda: self._board,
            self._heard,
            approvers=self._approvers,
            begin=self._begin,
            copy=self._copy,
            followers=lambda: self._watched.followers,
            jobs=lambda: self._engine,
        )
        return Engine(self.place, worker)

    def _made_desk(self, people: People) -> Desk:
        return Desk(
            replace(self._world, jobs=self._engine),
            people,
            self._settings.roles,
            self._line.team,
            self._engine,
            self._board,
            show_modal=lambda trigger, view: _open_view(self._web, trigger, view),
            votes=self._votes,
            rounds=self._by_itself.rounds,
            demo=demo_words.of(os.environ),
        )

    def _made_board(self) -> Board:
        """Return the board, with its questions and its pictures."""
        world = self._world
        board = Board(
            self._courier,
            self._engine,
            protected=lambda name: name in world.deployments and world.deployments[name].protected,
            now=world.now,
            questions=Questions(
                self._courier,
                self._engine,
                world.now,
                self._settings.approvals.channel,
                lambda channel, ts: _link(self._web, channel, ts),
            ),
        )
        board.uploads = Uploads(self._web, self._courier)
        return board

    def _approvers(self) -> frozenset[str]:
        return self._votes.approvers()

    def _begin(self, asking: JobRun, restore: Approved | Thawing) -> str:
        """Submit the restore that was waited for: at most once, its id is that of the waiting."""
        job_id = restore_of(asking.id)
        verb, request = APPROVED, msgspec.to_builtins(restore)
        if isinstance(restore, Thawing):
            verb, request = RESTORE.name, restore.restore
        wish = msgspec.structs.replace(
            asking.wish,
            verb=verb,
            request=request,
            queue="",
            ts=str(self._engine.facts(asking.id).get("ts") or ""),
        )
        self._engine.submit(job_id, wish)
        return job_id

    def _copy(self, run: JobRun, copying: Copying) -> str:
        """Submit the copy of a backup, for whoever asked for the backup: at most once."""
        job_id = f"copy-{copying.vault}-{copying.backup}"
        wish = msgspec.structs.replace(
            run.wish,
            verb=copy.VERB.name,
            deployment=copying.deployment,
            request=msgspec.to_builtins(copy.Request(copying.backup, copying.vault)),
            backup=copying.backup,
            queue=queue_of(copying.vault),
            ts="",
        )
        self._engine.submit(job_id, wish)
        return job_id

    def watch(self) -> None:
        """Say once what no job says: one is given up or silent, or somebody broke the glass."""
        self._glass.look()
        self._by_itself.check()
        self._board.give_up()
        bound = self._settings.jobs.silent_minutes_max * 60
        silent = dict(self._heard.silent(bound))
        for job_id in [known for known in self._said if known not in silent]:
            del self._said[job_id]
        for job_id, seconds in silent.items():
            if job_id not in self._said:
                self._said[job_id] = seconds
                self._board.silent(job_id, seconds)
        self._watched.went_round()

    def stop(self) -> None:
        """End in good order: the door, the desk, the engine, what the courier still carries."""
        self._watched.still()
        self._alerting.still()
        self._by_itself.stop()  # No schedule begins anything while the door is being closed.
        self._opening.stop()
        with suppress(Exception):
            self._door.close()
        self._alerting.stop()
        self._desk.close()
        self._engine.drain(self._settings.jobs.stop_seconds)
        if self._board.uploads is not None:
            self._board.uploads.close()
        self._courier.close()
        self._watched.stop()
        self._engine.stop(0)


def _watch(settings: Settings, world: Context, courier: Courier, engine: Engine) -> Watch:
    assert world.audit is not None  # noqa: S101 - the bot's world always has one.
    return Watch(world.audit, courier, engine, settings.approvals.channel, world.now)


def _link(web: WebClient, channel: str, ts: str) -> str:
    """Return the address of a message, or nothing: a pointer without a link still points."""
    with suppress(SlackClientError, OSError):
        return str(web.chat_getPermalink(channel=channel, message_ts=ts).get("permalink") or "")
    return ""


def _open_view(web: WebClient, trigger: str, view: dict[str, Any]) -> None:
    try:
        web.views_open(trigger_id=trigger, view=view)
    except (SlackClientError, OSError) as error:
        raise SlackAway(
            "Slack did not open the form in time.", hint="Press the button once more."
        ) from error


def _go_round(bot: Bot) -> None:
    """Go one round; what breaks it is logged, and the watchdog knows that none has ended since."""
    try:
        bot.watch()
    except Exception as error:
        log.error("a round of the bot broke", exc_info=error)


def _secrets(settings: Settings, tokens: Tokens) -> list[Secret]:
    keys = [each.key for each in settings.deployments.values()]
    return [tokens.bot, tokens.app, tokens.signing, *keys]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
