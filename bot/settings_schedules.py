"""What the settings say of schedules: each is read whole before the bot promises to keep it.

The words that a schedule would type are read by the verb itself, now and not at two in the
morning. What is due when is decided in `commands/due.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.settings_sense import NAME, NAME_HINT, Shaped
from bot.settings_shape import ScheduleTable
from bot.settings_slack import CHANNEL
from bot.settings_words import Mistake, did_you_mean, dotted, quoted, shown
from commands import VERBS, due
from commands.due import Calendar
from commands.timetable import Schedule
from commands.verb import Verb
from storage.errors import Refused

CALLED = {"backup": "now"}  # What schedules call a verb by.
BY_PEOPLE_ONLY = ("restore",)
ZONE_HINT = "Write a zone's whole name, such as Asia/Jakarta, Europe/Berlin or UTC."
NO_ZONES = {"localtime", "posixrules", "Factory"}  # Files of some machines, not places.
KIND = "daily"


def verbs() -> Mapping[str, Verb]:
    """Return what may be scheduled, by the word that the settings use: verbs that are jobs."""
    other = {name: called for called, name in CALLED.items()}
    return {
        other.get(name, name): verb
        for name, verb in VERBS.items()
        if verb.aim is not None and verb.request is not None and name not in BY_PEOPLE_ONLY
    }


def read(shaped: Shaped, default: str | None) -> tuple[dict[str, Schedule], list[Mistake]]:
    """Return the schedules that can be kept, and what is wrong with the others."""
    made: dict[str, Schedule] = {}
    found: list[Mistake] = []
    for name, table in shaped.file.schedules.items():
        reading = _Reading(name, table, shaped, default)
        schedule = reading.schedule()
        found += reading.mistakes
        if schedule is not None and not reading.mistakes:
            made[name] = schedule
    return made, found


@dataclass
class _Reading:
    """One schedule as it is read, with what is wrong in it."""

    name: str
    table: ScheduleTable
    shaped: Shaped
    default: str | None
    mistakes: list[Mistake] = field(default_factory=list)

    def schedule(self) -> Schedule | None:
        if not NAME.fullmatch(self.name):
            self._wrong("", f"{shown(self.name)} is no name for a schedule.", f"{NAME_HINT} daily.")
        verb, zone = self._verb(), self._zone()
        calendar = self._calendar(zone) if zone is not None else None
        channel = self._channel()
        typed: dict[str, tuple[str, ...]] = {} if verb is None else dict(self._typed(verb))
        requests = {} if verb is None else self._requests(verb, typed)
        if verb is None or calendar is None or not requests:
            return None
        table = self.table
        words = f"every {table.every}" if table.every else f"{table.cron} ({table.zone})"
        told = [verb.name, words, sorted(typed.items()), table.on]
        return Schedule(
            name=self.name,
            verb=verb.name,
            calendar=calendar,
            words=words,
            requests=requests,
            typed=typed,
            channel=channel,
            on=table.on,
            fingerprint=hashlib.sha256(json.dumps(told).encode()).hexdigest(),
        )

    def _verb(self) -> Verb | None:
        known = verbs()
        if self.table.verb is not None and self.table.verb in known:
            return known[self.table.verb]
        hint = f'Write verb = "backup", or one of: {", ".join(sorted(known))}.'
        if self.table.verb is None:
            if not self._told("verb"):
                self._wrong("", "It does not say what is to be done.", hint)
        elif self.table.verb in BY_PEOPLE_ONLY:
            self._wrong("verb", "A restore is asked for by people, never by a clock.", hint)
        elif self.table.verb in VERBS and self.table.verb not in CALLED.values():
            self._wrong("verb", "This verb is answered at once and is no job to schedule.", hint)
        else:
            near = did_you_mean(self.table.verb, known, hint)
            self._wrong("verb", f"There is no verb called {quoted(self.table.verb)}.", near)
        return None

    def _zone(self) -> ZoneInfo | None:
        if self.table.zone not in NO_ZONES:
            with suppress(ZoneInfoNotFoundError, ValueError, OSError):
                return ZoneInfo(self.table.zone)
        near = did_you_mean(self.table.zone, available_timezones() - NO_ZONES, ZONE_HINT)
        self._wrong("zone", f"There is no zone called {quoted(self.table.zone)}.", near)
        return None

    def _calendar(self, zone: ZoneInfo) -> Calendar | None:
        cron, every = self.table.cron, self.table.every
        if (cron is None) == (every is None):
            if not self._told("cron") and not self._told("every"):
                what = "It says nowhere when." if cron is None else "It has both cron and every."
                self._wrong("", what, 'Write cron = "0 2 * * *" or every = "6h", one of the two.')
            return None
        try:
            return due.cron(cron, zone) if cron is not None else due.every(every or "")
        except Refused as refused:
            self._wrong("every" if cron is None else "cron", refused.what, refused.hint)
            return None

    def _channel(self) -> str:
        channel = self.table.channel or self.shaped.file.slack.channel or ""
        where = "channel" if self.table.channel is not None else ""
        if not channel:
            if self.table.on and not self._told("channel"):
                self._wrong(
                    "",
                    "It has no channel, so nobody would see what becomes of it.",
                    'Write channel = "C…" into it, or once into [slack].',
                )
        elif where and not CHANNEL.fullmatch(channel):
            self._wrong(where, "This is not the id of a channel (C…).", "Copy it from Slack.")
        return channel

    def _typed(self, verb: Verb) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each deployment with the words that somebody would type for it."""
        names = self.table.deployments
        if verb.every:
            if names is not None:
                hint = "Take the line out: it tells of every deployment."
                self._wrong("deployments", f"`{verb.name}` has no deployment of its own.", hint)
            yield verb.every, tuple(self.table.words)
            return
        if names is None:
            names = [self.default] if self.default else []
        if not names and not self._told("deployments"):
            hint = 'Write deployments = ["production"].'
            self._wrong("", "It names no deployment, and there is no default one.", hint)
        known = self.shaped.file.deployments
        for name in dict.fromkeys(names):
            if name not in known and not self.shaped.told("deployments", name):
                near = did_you_mean(name, known, f"There are: {', '.join(map(shown, known))}.")
                what = f"There is no deployment called {quoted(name)}."
                self._wrong("deployments", what, near)
            elif name in known:
                yield name, (*_first(verb, name), *self._kind(verb), *self.table.words)

    def _kind(self, verb: Verb) -> Sequence[str]:
        takes = next((option for option in verb.options if option.name == "kind"), None)
        if takes is None:
            if self.table.kind is not None:
                hint = "Take the line out: only backups are of a kind."
                self._wrong("kind", f"`{self.table.verb}` has no kind.", hint)
            return ()
        return ("--kind", self.table.kind or KIND)

    def _requests(self, verb: Verb, typed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        try:
            return {name: verb.parse(words) for name, words in typed.items()}
        except Refused as refused:
            where = "words" if self.table.words else "kind"
            self._wrong(where, "The verb does not understand what it would be asked.", refused.hint)
            return {}

    def _told(self, key: str) -> bool:
        return self.shaped.told("schedules", self.name, key)

    def _wrong(self, key: str, what: str, hint: str) -> None:
        where = ("schedules", self.name, key) if key else ("schedules", self.name)
        mistake = Mistake(dotted(where), what, hint)
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)


def _first(verb: Verb, deployment: str) -> Sequence[str]:
    """Return the word for a deployment, as this verb's first argument takes it."""
    first = verb.arguments[0].name if verb.arguments else ""
    return {"deployment": (deployment,), "backup": (f"latest:{deployment}",)}.get(first, ())
