"""One stand-in workspace, all its parts put together; nothing here speaks HTTP."""

import json
import shutil
from pathlib import Path
from typing import Any

from sandbox import slack_people
from sandbox.slack_audience import Audience
from sandbox.slack_calls import Calls
from sandbox.slack_channels import Channels
from sandbox.slack_data import SlackData
from sandbox.slack_delivery import Delivery
from sandbox.slack_links import Links
from sandbox.slack_messages import Messages
from sandbox.slack_modals import Modals
from sandbox.slack_options import Options
from sandbox.slack_people import Json, Token
from sandbox.slack_rates import Rates
from sandbox.slack_sockets import Sockets
from sandbox.slack_troubles import AT_ONCE, SlackTroubles, Trouble

_WORDS = (
    ("now", "Back up a deployment now"),
    ("list", "The backups there are"),
    ("show", "One backup, from close up"),
    ("verify", "Read a backup back and check it"),
    ("restore", "Put a backup into a deployment"),
    ("status", "What is running and what is due"),
    ("cancel", "Stop a job at its next safe point"),
    ("approve", "Say yes to a restore that somebody else asked for"),
    ("deny", "Say no to it, and why"),
    ("withdraw", "Take back a restore you asked for"),
    ("audit", "Who asked for what, who agreed, what was done"),
    ("doctor", "What is missing for a backup or a restore"),
    ("help", "What can be typed here"),
)
COMMANDS: list[Json] = [
    {
        "command": "/backup",
        "description": "Back up, look at and restore deployments",
        "usage_hint": "now | list | show | verify | restore | status | cancel | help",
        "words": [{"word": word, "about": about} for word, about in _WORDS],
    }
]


class Workspace:
    """People, channels, messages, the bot's sockets, troubles and the log of one workspace."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.options = options
        self.origin = ""
        self.data = SlackData(folder)
        self.audience = Audience()
        self.calls = Calls(lambda entry: self.audience.tell_all({"it": "call", **entry}))
        self.troubles = SlackTroubles(self._troubles_changed)
        self.rates = Rates(options.speed)
        self.tokens: dict[str, Token] = slack_people.tokens(tuple(options.scopes))
        self.commands = _commands(options.commands)
        self.channels = Channels(self.data)
        self.messages = Messages(self.data, self.audience)
        self.modals = Modals(self.data, self.audience)
        self.links = Links(
            self.data,
            link_seconds=options.link_seconds,
            trigger_seconds=options.patience_seconds,
        )
        self.delivery = Delivery(options, self.calls, self.troubles)
        self.sockets = Sockets(options, self.delivery.answered, self._sockets_changed)
        self.delivery.sockets = self.sockets

    async def close(self) -> None:
        await self.sockets.close()
        await self.delivery.close()
        self.data.close()

    def reset(self) -> None:
        """Back to the first day, no troubles, an empty log; sockets and tokens stay."""
        self.data.clear()
        shutil.rmtree(self.data.folder / "files", ignore_errors=True)
        self.troubles.heal()
        self.rates.clear()
        self.calls.clear()
        self.audience.forget()
        self.audience.refresh()

    def trouble(self, asked: Json) -> Trouble:
        """Arranges a trouble, or makes it at once; raises UnknownTrouble."""
        made = self.troubles.arrange(asked)
        if made.kind in AT_ONCE:
            self.calls.add("trouble", made.kind, dict(made.settings))
        if made.kind == "refresh":
            self.sockets.refresh(made["seconds"])
        elif made.kind == "kill_socket":
            self.sockets.kill()
        return made

    def person(self, id_: str) -> Json | None:
        return self.data.one("person", id_)

    def group(self, id_: str) -> Json | None:
        return self.data.one("group", id_)

    def facts(self) -> Json:
        """What slack-world.json tells: all that a bot, its settings and a test need."""
        named: dict[str, Any] = {
            "people": {one["name"]: one["id"] for one in self.data.all("person")},
            "groups": {one["handle"]: one["id"] for one in self.data.all("group")},
            "channels": {
                one["name"]: one["id"] for one in self.data.all("channel") if "name" in one
            },
        }
        return {
            "url": self.origin,
            "api_url": f"{self.origin}/api/",
            "bot_token": slack_people.BOT_TOKEN,
            "app_token": slack_people.APP_TOKEN,
            "other_bot_token": slack_people.OTHER_BOT_TOKEN,
            "signing_secret": slack_people.SIGNING_SECRET,
            "team": {"id": slack_people.TEAM, "name": slack_people.TEAM_NAME},
            "app_id": slack_people.APP,
            "bot_id": slack_people.BOT,
            "bot_user_id": slack_people.BOT_USER,
            **named,
        }

    def _troubles_changed(self) -> None:
        self.audience.tell_all({"it": "troubles", "troubles": self.troubles.listed()})

    def _sockets_changed(self, count: int) -> None:
        self.audience.tell_all({"it": "bot", "connected": count})


def _commands(path: Path | None) -> list[Json]:
    if path is None:
        return COMMANDS
    told = json.loads(path.read_text())
    if not isinstance(told, list):
        raise ValueError(f"{path} holds no list of commands")
    return told
