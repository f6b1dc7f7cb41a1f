"""`keys`: make the key pair that archives are sealed for, or the next one. In terminals only.

A secret key never passes through Slack, a log or a vault: it goes from here into a file, and what
is printed is its public side. The settings are a person's own: what to change in them is printed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from commands.key_events import KeyCreated
from commands.verb import Argument, Context, Option, Verb
from commands.words import read
from storage import identities
from storage.errors import Refused

FILE = "lifeboat.identity"
ARGUMENTS = (Argument("what", "new: the first key. rotate: the next one", required=True),)
OPTIONS = (Option("out", f"with `new`: the file to make ({FILE} if left out)", metavar="file"),)


@dataclass(frozen=True)
class Request:
    what: str
    out: str | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `keys new [--out file]` or `keys rotate`; Refused for anything else."""
    typed = read("keys", words, ARGUMENTS, OPTIONS)
    if typed["what"] not in ("new", "rotate"):
        raise Refused(f"There is no `keys {typed['what']}`.", hint="Type keys new, or keys rotate.")
    if typed["what"] == "rotate" and typed["out"] is not None:
        raise Refused(
            "`keys rotate` adds to the identity_file that the settings name.",
            hint="Leave --out away; or make a file of its own with keys new --out.",
        )
    return Request(typed["what"], typed["out"])


def alone(request: Request, folder: Path) -> KeyCreated | None:
    """Make the first key, which needs no settings: they can't be right before there is one."""
    if request.what != "new":
        return None
    path = Path(request.out).expanduser() if request.out else folder / FILE
    recipient = identities.create(path, datetime.now(UTC))
    named = path.name if path.absolute().parent == folder.absolute() else str(path.absolute())
    lines = (_recipients([recipient]), f"identity_file = {json.dumps(named)}")
    return KeyCreated(recipient, str(path.absolute()), lines)


def run(request: Request, ctx: Context) -> KeyCreated:
    """Add a key to the identity file that the settings name; the old ones stay, to read."""
    if ctx.caller.door != "terminal":
        raise Refused("Keys are made in a terminal: a secret never passes through Slack.")
    path = ctx.seal.identity_file
    if path is None:
        raise Refused(
            "The settings name no identity_file to add a key to.",
            hint="Name it in [encryption], or make a first one: lifeboat keys new",
        )
    with ctx.only_one("keys", "`keys rotate`"):
        recipient, before = identities.add(path, ctx.now())
    kept = [key for key in ctx.seal.recipients if key not in before]
    return KeyCreated(recipient, str(path), (_recipients([recipient, *kept]),), before=before)


def _recipients(keys: Sequence[str]) -> str:
    return f"recipients = {json.dumps(list(keys))}"


VERB = Verb(
    name="keys",
    about="Make the key that archives are sealed for (new), or the next one (rotate).",
    parse=parse,
    run=run,
    alone=alone,
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=("keys new", "keys new --out /media/safe/lifeboat.identity", "keys rotate"),
)
