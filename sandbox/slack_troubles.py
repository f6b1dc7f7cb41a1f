"""Troubles on demand: what can go wrong between Slack and a bot, arranged beforehand.

A trouble waits until something it fits comes by, strikes as often as it was told to, and is gone.
`refresh` and `kill_socket` strike at once, so they are never arranged: whoever turns the knob does
them. How each one misbehaves is said where it strikes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack_people import Json

ALWAYS = -1
AT_ONCE = ("refresh", "kill_socket")

# What each kind does, and the settings it knows with their defaults.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "refresh": ("Slack asks the bot to connect anew: a warning, then the end", {"seconds": 10.0}),
    "kill_socket": ("the bot's sockets break off without a word", {}),
    "twice": ("the next envelope is delivered twice", {"new_id": False, "times": 1}),
    "drop_next": ("the next click is lost on its way to the bot", {"times": 1}),
    "late_ack": ("the next answer of the bot comes too late to count", {"times": 1}),
    "rate_limit": (
        "the next call is refused with 429",
        {"method": "chat.postMessage", "retry_after": 2, "times": 1},
    ),
    "slow_network": ("everything takes its time", {"seconds": 1.0, "times": ALWAYS}),
    "refuse_blocks": ("the next message with blocks is refused", {"times": 1}),
    "fail_users_info": (
        "Slack can't tell who somebody is",
        {"error": "internal_error", "times": ALWAYS},
    ),
    "error": (
        "a method answers with an error",
        {"method": "", "error": "internal_error", "status": 200, "times": 1},
    ),
}
_ONLY_FOR_TESTS = ("error",)


class UnknownTrouble(ValueError):
    """No trouble is called that, or it has no such setting."""


@dataclass(eq=False)
class Trouble:
    """One arranged trouble; `settings` has every setting of its kind."""

    kind: str
    times: int
    settings: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]


class SlackTroubles:
    """The troubles arranged for one workspace; `changed` is called when the list changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._arranged: list[Trouble] = []
        self._changed = changed

    def arrange(self, asked: Mapping[str, Any]) -> Trouble:
        """Makes the trouble described, {"kind": …, "times": 1, …}; raises UnknownTrouble.

        `times` -1 is always. Kinds that strike at once are made, not kept.
        """
        settings = dict(asked)
        kind = settings.pop("kind", None)
        if kind not in KINDS:
            raise UnknownTrouble(f"no trouble is called {kind!r}; there are {', '.join(KINDS)}")
        known = {"times": 1, **KINDS[kind][1]}
        if strange := settings.keys() - known.keys():
            raise UnknownTrouble(f"{kind} has no setting {', '.join(sorted(strange))}")
        told = known | settings
        made = Trouble(kind, int(told.pop("times")), told)
        if kind not in AT_ONCE:
            self._arranged.append(made)
            self._changed()
        return made

    def strikes(self, kind: str, method: str = "") -> Trouble | None:
        """The next trouble of this kind, counted as having struck.

        A trouble of certain methods fits only those; one with the method "" fits them all.
        """
        for trouble in self._arranged:
            if trouble.kind != kind or trouble.settings.get("method") not in (None, "", method):
                continue
            if trouble.times > 0:
                trouble.times -= 1
                if trouble.times == 0:
                    self._arranged.remove(trouble)
                self._changed()
            return trouble
        return None

    def heal(self, kind: str | None = None) -> None:
        """Forgets what was arranged, of one kind or of all."""
        self._arranged = [one for one in self._arranged if kind not in (None, one.kind)]
        self._changed()

    def listed(self) -> list[Json]:
        """Every kind a person can turn on, and whether it is on, as the page wants it."""
        on = {trouble.kind for trouble in self._arranged}
        return [
            {
                "kind": kind,
                "about": about,
                "lasting": settings.get("times") == ALWAYS,
                "on": kind in on,
            }
            for kind, (about, settings) in KINDS.items()
            if kind not in _ONLY_FOR_TESTS
        ]
