"""`approve`, `deny`, `withdraw`: what people say to a question, typed instead of pressed.

Clicks can be lost, so the same can be typed in Slack. Only there: who somebody is, is asked of
Slack at that moment, and a terminal can't say that a second person sits at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commands.events import CancelAsked
from commands.verb import Argument, Context, Option, Verb
from commands.words import read
from storage.errors import Refused

QUESTION = Argument("question", "the id on the card; `status` lists what is open", required=True)
CHECKED = Option("checked", "what you have checked", metavar="text")
REASON = Option("reason", "why not", metavar="text")


@dataclass(frozen=True)
class Request:
    """`word` is yes, no or withdraw; `said` is what was checked, or why not."""

    question: str
    word: str
    said: str = ""


def run(request: Request, ctx: Context) -> CancelAsked:
    """Refuse: the bot takes these itself, and a terminal can't vouch for anybody."""
    raise Refused(
        "Approvals are given in Slack, where it can be asked who you are.",
        hint=f"Type there: /backup {_NAMES[request.word]} {request.question}",
    )


def _parser(name: str, word: str, option: Option | None) -> Callable[[Sequence[str]], Request]:
    options = (option,) if option is not None else ()

    def parse(words: Sequence[str]) -> Request:
        """Read `approve|deny|withdraw <question> […]`; Refused for anything else."""
        typed = read(name, words, (QUESTION,), options)
        said = " ".join((typed[option.name] or "").split()) if option is not None else ""
        if word == "no" and not said:
            raise Refused(
                "A no needs a reason.", hint=f'For example: deny {typed["question"]} reason "…".'
            )
        return Request(typed["question"], word, said)

    return parse


def _verb(name: str, word: str, about: str, option: Option | None, example: str) -> Verb:
    return Verb(
        name=name,
        about=about,
        parse=_parser(name, word, option),
        run=run,
        role="viewer",  # What the word is worth is decided by the question itself.
        arguments=(QUESTION,),
        options=(option,) if option is not None else (),
        examples=(example,),
    )


_NAMES = {"yes": "approve", "no": "deny", "withdraw": "withdraw"}
APPROVE = _verb(
    "approve",
    "yes",
    "In Slack: say yes to a restore that somebody else asked for.",
    CHECKED,
    'approve ask-production-4k2f9c checked "the plan, with Ayu"',
)
DENY = _verb(
    "deny",
    "no",
    "In Slack: say no to it, and why.",
    REASON,
    'deny ask-production-4k2f9c reason "wait for the audit"',
)
WITHDRAW = _verb(
    "withdraw",
    "withdraw",
    "In Slack: take back a restore you asked for.",
    None,
    "withdraw ask-production-4k2f9c",
)
