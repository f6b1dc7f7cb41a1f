"""What an interaction hands the bot to answer by: `response_url`s and `trigger_id`s.

A link works five times in thirty minutes, a trigger opens one modal within three seconds. Both are
secrets; answering by a link is `slack_respond.py`'s.
"""

import secrets
import time
from dataclasses import dataclass

from sandbox.slack_data import SlackData
from sandbox.slack_ids import trigger_id
from sandbox.slack_people import TEAM, Json
from sandbox.slack_wire import Refused

USES_MAX = 5


@dataclass
class _Trigger:
    person: str
    view: str  # the modal it came from, or ""
    until: float
    used: bool = False


class Links:
    """The links and triggers that were handed out; links live on over a restart."""

    def __init__(self, data: SlackData, *, link_seconds: float, trigger_seconds: float) -> None:
        self._data = data
        self._link_seconds, self._trigger_seconds = link_seconds, trigger_seconds
        self._triggers: dict[str, _Trigger] = {}

    def link(self, kind: str, channel: str, person: str, ts: str = "") -> str:
        """The path of a new link, of a command ("commands") or an action with its message."""
        id_ = secrets.token_urlsafe(18)
        about = {
            "id": id_,
            "kind": kind,
            "channel": channel,
            "person": person,
            "ts": ts,
            "uses": 0,
            "until": time.time() + self._link_seconds,
        }
        self._data.keep("link", id_, about)
        return f"/{kind}/{TEAM}/{id_}"

    def use(self, kind: str, id_: str) -> Json:
        """The link's row, now used once more; raises what Slack answers for a spent one."""
        found = self._data.one("link", id_)
        if found is None or found["kind"] != kind:
            raise Refused("invalid_url")
        if time.time() > found["until"]:
            raise Refused("expired_url")
        if found["uses"] >= USES_MAX:
            raise Refused("used_url")
        found["uses"] += 1
        self._data.keep("link", id_, found)
        return found

    def trigger(self, person: str, view: str = "") -> str:
        made = trigger_id()
        self._triggers[made] = _Trigger(person, view, time.monotonic() + self._trigger_seconds)
        return made

    def exchange(self, given: str) -> tuple[str, str]:
        """The person a trigger stands for and the modal it came from; only once."""
        found = self._triggers.get(given)
        if found is None:
            raise Refused("invalid_trigger_id")
        if found.used:
            raise Refused("exchanged_trigger_id")
        if time.monotonic() > found.until:
            raise Refused("expired_trigger_id")
        found.used = True
        return found.person, found.view
