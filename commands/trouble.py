"""One trouble that somebody has to hear of: what is wrong now, said so that it can be acted on.

A trouble is a standing fact, not a happening: whoever looks names every trouble that there is at
that moment, so a look that was lost costs nothing, and what is not named any more is over. You
will not find here who looks, nor whom it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# What is severe goes to people at once, at night as well; see `docs/alerts.md`.
Severity = Literal["severe", "warning"]
RANK: Mapping[Severity, int] = {"warning": 0, "severe": 1}
Kind = Literal[
    "job failed",
    "backup overdue",
    "anomaly",
    "findings",
    "copy failing",
    "vault filling",
    "vault unreachable",
    "key refused",
    "approval waiting",
    "left paused",
    "clock skew",
    "clock dead",
    "slack away",
    "slack refused",
    "test",
]


@dataclass(frozen=True)
class Trouble:
    """What is wrong, what is safe all the same, and what to type next.

    `about` names what it is about among others of its kind: a deployment, a vault, a verb and a
    deployment, a backup. `times` counts how often it happened since it began (a job that failed
    three times in a row), 1 for what just is. `retry` are the words of a command that does it
    again, "" when none does. `because` are the keys of troubles that would explain it if they stood
    as well, the deepest first. None of the sentences ever holds a secret.
    """

    kind: Kind
    about: str
    severity: Severity
    what: str
    safe: str
    hint: str
    since: datetime
    deployment: str = ""
    times: int = 1
    retry: str = ""
    because: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes it the same trouble at the next look."""
        return key_of(self.kind, self.about)


def key_of(kind: Kind, about: str) -> str:
    """Return the key that a trouble of this kind about this has, whether or not it stands."""
    return f"{kind}/{about}"


@dataclass(frozen=True)
class Seen:
    """Every trouble that there is, and the kinds that could not be looked for this time.

    What is of an `unknown` kind and not named is neither there nor over.
    """

    troubles: tuple[Trouble, ...] = ()
    unknown: frozenset[Kind] = field(default=frozenset())
