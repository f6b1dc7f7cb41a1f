"""Troubles on demand: what can go wrong with a deployment, arranged beforehand.

A trouble waits until something it fits comes by, strikes as often as it was told to, and is gone.
Each place where one can strike asks here; how it then misbehaves is said there and, for whole
requests, in `convex_http.py`.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALWAYS = -1
DOWNLOAD = "/api/export/zip"

# What each kind does, and the settings it knows with their defaults. `match` is the beginning of
# the path it waits for.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "status": (
        "answers with a status instead of doing the work",
        {"match": "/api/", "status": 503, "retry_after": None, "code": "", "message": ""},
    ),
    "slow": ("waits before it does the work", {"match": "/api/", "seconds": 1.0}),
    "hang": ("never answers", {"match": "/api/"}),
    "drop_before": ("cuts the connection, the work not done", {"match": "/api/"}),
    "drop_after": ("does the work and cuts the connection", {"match": "/api/"}),
    "cut": ("cuts a download at a byte", {"match": DOWNLOAD, "at_byte": 1000}),
    "corrupt": ("turns a bit of a download over", {"match": DOWNLOAD, "at_byte": 1000}),
    "wrong_length": ("says another Content-Length", {"match": DOWNLOAD, "by": 10}),
    "slow_body": ("waits after each chunk", {"match": DOWNLOAD, "seconds": 0.1, "chunk": 65536}),
    "row_size": ("writes another size into the export's row", {"by": 1, "to": None}),
    "export_fails": ("an export ends as failed", {}),
    "export_canceled": ("an export ends as canceled", {}),
    "export_stuck": ("an export stays in progress until healed", {}),
    "export_slow": ("an export takes its time", {"seconds": 1.0}),
    "cloud_backup": ("a cloud backup runs now", {"seconds": 1.0}),
    "import_fails": (
        "an import fails half-way",
        {"message": "Hit an error while importing:\nYour request couldn't be completed."},
    ),
    "import_stuck_uploaded": ("an import is not looked at until healed", {}),
    "import_stuck": ("an import stays in progress until healed", {}),
    "import_slow": ("an import waits before each table", {"seconds": 0.5}),
    "import_too_old": ("an import is a week old", {}),
    "import_loses_rows": ("an import leaves rows out and says nothing", {"count": 1}),
    "wrong_checkpoints": ("the change summary is off", {"by": 1, "table": None}),
    "clock_skew": ("the Date header is off, until healed", {"seconds": 3600, "times": ALWAYS}),
    "pause_refused": ("pausing is refused", {"match": "/api/v1/pause"}),
}


class UnknownTrouble(ValueError):
    """No trouble is called that, or it has no such setting."""


@dataclass(eq=False)
class Trouble:
    """One arranged trouble; `settings` has every setting of its kind."""

    kind: str
    match: str
    times: int
    skip: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]


class Troubles:
    """The troubles arranged for one deployment, asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arranged: list[Trouble] = []
        self._holding: list[Trouble] = []

    def arrange(self, asked: Mapping[str, Any]) -> Trouble:
        """Adds the trouble described, {"kind": …, "times": 1, "skip": 0, …}; raises UnknownTrouble.

        `times` -1 is always; `skip` lets that many chances go by first.
        """
        settings = dict(asked)
        kind = settings.pop("kind", None)
        if kind not in KINDS:
            raise UnknownTrouble(f"no trouble is called {kind!r}; there are {', '.join(KINDS)}")
        known: dict[str, Any] = {"match": "", "times": 1, "skip": 0, **KINDS[kind][1]}
        if strange := settings.keys() - known.keys():
            raise UnknownTrouble(f"{kind} has no setting {', '.join(sorted(strange))}")
        told: dict[str, Any] = known | settings
        match, times, skip = told.pop("match"), told.pop("times"), told.pop("skip")
        made = Trouble(kind, match, times, skip, told)
        with self._lock:
            self._arranged.append(made)
        return made

    def strikes(self, *kinds: str, path: str = "") -> Trouble | None:
        """The next trouble of these kinds that fits, counted as having struck."""
        with self._lock:
            for trouble in self._arranged:
                if trouble.kind not in kinds or not path.startswith(trouble.match):
                    continue
                if trouble.skip > 0:
                    trouble.skip -= 1
                    continue
                if trouble.times > 0:
                    trouble.times -= 1
                if trouble.times == 0:
                    self._arranged.remove(trouble)
                self._holding.append(trouble)
                return trouble
        return None

    def holds(self, trouble: Trouble) -> bool:
        """Whether a trouble that lasts has not been healed since it struck."""
        with self._lock:
            return trouble in self._holding

    def heal(self) -> None:
        """Everything is well again: what was arranged is forgotten, what is stuck goes on."""
        with self._lock:
            self._arranged.clear()
            self._holding.clear()
