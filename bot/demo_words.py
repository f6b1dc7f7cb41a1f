"""`/backup demo …`: a summary and an alert on demand, in the demo and nowhere else.

The demo tells its bot where the stand-in Convex is; a bot that was not told knows no such word.
Nothing is played: the summary is the real one, and the alert comes from a key that is really
refused. Only a stand-in has the knob that is turned here.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.messages.model import Message
from bot.messages.parts import Said, message
from storage.errors import LifeboatError, Refused

WORD, TOLD_BY = "demo", "LIFEBOAT_DEMO_WORLD"  # The word, and the variable that allows it.
HINT = "Type /backup demo summary, /backup demo alert or /backup demo well."
KNOB_SECONDS = 10
REFUSED_KEY = {"kind": "status", "status": 403, "code": "BadDeployKey", "times": -1}
BROKEN = (
    "The key of *{name}* is refused from now on, as if somebody had deleted it in the Convex "
    "dashboard, and a backup of it is begun: see it fail, and the alert that follows. "
    "`/backup demo well` ends that."
)
WELL = "Every key is taken again. A backup of *{name}* is begun: see that all is well."


@dataclass(frozen=True)
class Played:
    """What a word of the demo comes to: an answer, and the words of a verb that is done then."""

    verb: tuple[str, ...]
    answer: Message | None = None


@dataclass(frozen=True)
class Demo:
    """The stand-ins of a demo, by deployment."""

    urls: Mapping[str, str]

    def play(self, words: Sequence[str], deployment: str) -> Played:
        """Do what follows `/backup demo`; Refused for anything that it does not know."""
        match tuple(words):
            case ("summary", *rest):
                return Played(("summary", *rest))
            case ("alert",):
                self._turn(deployment, "heal", {})
                self._turn(deployment, "trouble", REFUSED_KEY)
                return Played(("now", deployment), _said(BROKEN, deployment))
            case ("well",):
                for name in self.urls:
                    self._turn(name, "heal", {})
                return Played(("now", deployment), _said(WELL, deployment))
            case _:
                raise Refused("The demo can show a summary and an alert.", hint=HINT)

    def _turn(self, name: str, knob: str, wish: Mapping[str, object]) -> None:
        url = f"{self.urls[name].rstrip('/')}/_sandbox/{knob}"
        request = urllib.request.Request(url, json.dumps(wish).encode(), method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=KNOB_SECONDS) as answer:  # noqa: S310
                answer.read()
        except (urllib.error.URLError, OSError) as error:
            raise LifeboatError(
                "The stand-in of the demo does not answer.",
                safe="Nothing was changed.",
                hint="End the demo with Ctrl-C and start it again.",
            ) from error


def of(environ: Mapping[str, str]) -> Demo | None:
    """Return the demo that this bot plays in; None for every other bot."""
    path = environ.get(TOLD_BY)
    if not path:
        return None
    told = json.loads(Path(path).read_text(encoding="utf-8"))["deployments"]
    return Demo({name: str(facts["url"]) for name, facts in told.items()})


def _said(sentence: str, deployment: str) -> Message:
    return message([Said(sentence.format(name=deployment))])
