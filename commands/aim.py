"""What a job is about to touch, known before it begins: whose turn it has to wait for, and what.

A name such as `latest` is settled here once, so that what a person was shown is what is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Aim:
    """`deployment` is the one it reads or writes; `request` has its names settled.

    `backup` is "" for a job that makes one. `question` is what other people have to
    approve first: the request of an asking job. `thawing` is that of a job that waits until the
    archive can be read, and then begins this one. `queue` is whose turns the job takes, the
    deployment's if "".
    """

    deployment: str
    request: Any
    backup: str = ""
    question: Any = None
    thawing: Any = None
    apart: bool = False  # Takes no turn of its deployment: it waits for hours and touches nothing.
    queue: str = ""


EVERY = "every-vault"


def queue_of(vault: str | None) -> str:
    """Return the queue of what is copied into a vault: it keeps no backup waiting."""
    return f"vault:{vault or EVERY}"
