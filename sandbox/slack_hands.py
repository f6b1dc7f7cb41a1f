"""What people do in the stand-in Slack and what they see there, by HTTP: the hands of a test.

Starting one is `slack_world.py`'s.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.slack_people import Json

_HOST = "127.0.0.1"
_HANDS_SECONDS = 60
_Found = TypeVar("_Found")


class SlackFailed(Exception):
    """The stand-in did not start, or nobody could do what was asked; says why."""


class Hands:
    """What people do in the workspace, what they see, and the knobs; ids as in `slack_people.py`.

    A doing waits until the bot has answered or Slack gave up, and tells its `outcome`: acked,
    operation_timeout, dispatch_failed, refused (with the `notice` shown), or said.
    """

    _facts: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self._facts["url"])

    @property
    def api_url(self) -> str:
        """For `WebClient(base_url=…)`."""
        return str(self._facts["api_url"])

    @property
    def bot_token(self) -> str:
        return str(self._facts["bot_token"])

    @property
    def app_token(self) -> str:
        return str(self._facts["app_token"])

    @property
    def other_bot_token(self) -> str:
        """Another app's, which may only chat:write."""
        return str(self._facts["other_bot_token"])

    @property
    def signing_secret(self) -> str:
        return str(self._facts["signing_secret"])

    @property
    def people(self) -> dict[str, str]:
        """Ids by name: rizal, ayu, budi, citra, dewi, eko, farah, gita, deployer, lifeboat."""
        return dict(self._facts["people"])

    @property
    def channels(self) -> dict[str, str]:
        """Ids by name: backups, general, random-without-the-bot, shared-with-partner, …"""
        return dict(self._facts["channels"])

    @property
    def groups(self) -> dict[str, str]:
        """Ids by handle: backup-operators, backup-approvers."""
        return dict(self._facts["groups"])

    # Doings.

    def say(self, person: str, channel: str, text: str, thread_ts: str = "") -> Json:
        """Says it, in the channel or a thread; "/…" is a command. A message has its `ts`."""
        told = {"do": "say", "channel": channel, "text": text, "thread_ts": thread_ts}
        return self._do(person, told)

    def command(self, person: str, channel: str, text: str) -> Json:
        """Runs a slash command, as `say` does."""
        return self.say(person, channel, text)

    def click(
        self, person: str, channel: str, ts: str, action_id: str, value: Any = None, **more: Any
    ) -> Json:
        """Presses the element of the message that has this action_id.

        For a menu, `value` is that of the option to choose. `block_id` says which of several
        elements; `stale=True` finds one that only an older version of the message had.
        """
        action = {} if value is None else _anything(value)
        told = {"do": "act", "channel": channel, "ts": ts, "action_id": action_id}
        return self._do(person, told | {"action": action} | more)

    def choose(
        self, person: str, view: Mapping[str, Any], action_id: str, value: Any = None
    ) -> Json:
        """Presses a button of a modal, or chooses in one of its menus."""
        told = {"do": "act", "view": view["id"], "action_id": action_id}
        return self._do(person, told | {"action": _anything(value)})

    def submit(
        self, person: str, view: Mapping[str, Any], values: Mapping[str, Any] | None = None
    ) -> Json:
        """Submits a modal, with values by action_id: a text, an option's value, or a list of them.

        `errors` in the answer are those of Slack itself (`unfilled`) or the bot's.
        """
        told = _values(view, values or {})
        return self._do(person, {"do": "submit", "view": view["id"], "values": told})

    def close(self, person: str, view: Mapping[str, Any], *, everything: bool = False) -> Json:
        """Closes the top modal, or the whole stack."""
        told = {"do": "close", "view": view["id"], "everything": everything}
        return self._do(person, told)

    def dismiss(self, person: str, channel: str, ts: str) -> Json:
        return self._do(person, {"do": "dismiss", "channel": channel, "ts": ts})

    # Sights.

    def messages(self, channel: str) -> list[Json]:
        """Everything in the channel, replies too, oldest first; nothing ephemeral."""
        return list(self._look("messages", channel=channel))

    def thread(self, channel: str, ts: str) -> list[Json]:
        return list(self._look("thread", channel=channel, ts=ts))

    def ephemerals(self, person: str, channel: str) -> list[Json]:
        """What only this person sees there."""
        return list(self._look("ephemerals", person=person, channel=channel))

    def view(self, person: str) -> Json | None:
        """The modal that they have on top."""
        found: Json | None = self._look("view", person=person)
        return found

    def home(self, person: str) -> Json | None:
        found: Json | None = self._look("home", person=person)
        return found

    def notices(self, person: str) -> list[str]:
        """What Slack itself told them, oldest first."""
        return [one["text"] for one in self._look("notices", person=person)]

    def log(self, way: str = "", name: str = "") -> list[Json]:
        """Everything between Slack and the bot: way api, envelope, ack, response_url, trouble."""
        return [
            entry
            for entry in self._look("log")
            if way in ("", entry["way"]) and name in ("", entry["name"])
        ]

    def state(self) -> Json:
        """How many sockets the bot holds, which troubles are on, and who and what there is."""
        return dict(self._look("state"))

    def wait_for(self, predicate: Callable[[], _Found], seconds: float = 10.0) -> _Found:
        """What the predicate gives as soon as it gives anything; raises SlackFailed."""
        end = time.monotonic() + seconds
        while not (found := predicate()):
            if time.monotonic() > end:
                raise SlackFailed(f"nothing came of it in {seconds} s")
            time.sleep(0.02)
        return found

    # Knobs.

    def trouble(self, kind: str, **settings: Any) -> Json:
        """Arranges a trouble of `slack_troubles.KINDS`, or makes it at once."""
        return dict(self._turn("trouble", {"kind": kind, **settings}))

    def heal(self, kind: str | None = None) -> None:
        self._turn("heal", {"kind": kind})

    def reset(self) -> None:
        """Back to the first day; the bot's sockets stay."""
        self._turn("reset", {})

    def change(self, kind: str, id_: str, **change: Any) -> Json:
        """Changes a person (deleted=True …), a group (users=[…]) or a channel (members=[…] …)."""
        return dict(self._turn("change", {"kind": kind, "id": id_, "change": change}))

    def event(self, event: Mapping[str, Any]) -> str:
        """Delivers an event as it is; its event_id."""
        return str(self._turn("event", {"event": dict(event)})["event_id"])

    def verify(self) -> bool:
        """Whether the bot's request URL answers a url_verification."""
        return bool(self._turn("verify", {})["verified"])

    def _do(self, person: str, told: Json) -> Json:
        return dict(self._turn("do", {"person": person, **told}))

    def _turn(self, knob: str, wish: Mapping[str, Any]) -> Any:
        return self._asked("POST", knob, json.dumps(wish))

    def _look(self, knob: str, **about: str) -> Any:
        return self._asked("GET", f"{knob}?{urlencode(about)}", None)

    def _asked(self, method: str, knob: str, text: str | None) -> Any:
        port = int(self._facts["port"])
        with closing(HTTPConnection(_HOST, port, timeout=_HANDS_SECONDS)) as connection:
            connection.request(method, f"/_sandbox/{knob}", text)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        if answer.status != 200:
            raise SlackFailed(f"{knob}: {told['message']}")
        return told


def _values(view: Mapping[str, Any], values: Mapping[str, Any]) -> Json:
    """Values by action_id, put under their blocks as the page would."""
    told: Json = {}
    left = dict(values)
    for block in view["blocks"]:
        inside = [block.get("element"), block.get("accessory"), *block.get("elements", [])]
        for one in inside:
            if isinstance(one, dict) and one.get("action_id") in left:
                entry = _anything(left.pop(one["action_id"]))
                told.setdefault(block["block_id"], {})[one["action_id"]] = entry
    if left:
        raise SlackFailed(f"the window has no {', '.join(sorted(left))}")
    return told


_NAMES = ("user", "channel", "conversation", "date", "time", "date_time")


def _anything(value: Any) -> Json:
    """The value under every name that an element may look for it."""
    if isinstance(value, list):
        chosen = {"selected_options": [{"value": one} for one in value]}
        return chosen | {f"selected_{name}s": value for name in _NAMES}
    option = None if value is None else {"value": value}
    told = {f"selected_{name}": value for name in _NAMES}
    return told | {"value": value, "selected_option": option}
