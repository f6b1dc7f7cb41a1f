"""What the audit log says of each restore: who asked, who agreed, and was it done.

Pure, and written from entries alone: what is in none of them is not guessed. You will not find
here how a story is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from storage.audit import Entry


@dataclass(frozen=True)
class Story:
    """One restore, from its entries. A name is "" where no entry tells it.

    `approved` and `denied` are those whose vote counted, `refused` those whose vote did not;
    `alone` is who broke the glass, and `why`. `answer` is what became of the question.
    `confirmed` says that Convex was told to go ahead, by `confirmed_by`. `outcome` is "" until an
    end is written.
    """

    job: str
    backup: str = ""
    deployment: str = ""
    protected: bool = False
    asked_by: str = ""
    approved: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    alone: str = ""
    why: str = ""
    answer: str = ""
    confirmed_by: str = ""
    confirmed: bool = False
    outcome: str = ""
    findings: int = 0

    @property
    def unapproved(self) -> bool:
        """Whether it was done to a protected deployment, and no entry has anybody's yes."""
        return self.protected and self.confirmed and not self.approved and not self.alone


def stories(entries: Iterable[Entry]) -> tuple[Story, ...]:
    """Return a story for each restore that the entries tell of, newest first."""
    told: dict[str, Story] = {}
    for entry in sorted(entries, key=lambda entry: entry.number):
        if of_a_restore(entry):
            story = told.pop(key(entry), Story(key(entry)))
            told[story.job] = replace(story, **_more(story, entry))  # Now the last of all.
    return tuple(reversed(told.values()))


def of_a_restore(entry: Entry) -> bool:
    """Whether it is a part of some restore's story."""
    return entry.what.startswith(("restore.", "vote.", "break-glass"))


def key(entry: Entry) -> str:
    """Return what holds a restore's entries together: its approval, else its own job."""
    return str(entry.facts.get("approval") or entry.facts.get("job") or entry.about)


def _more(story: Story, entry: Entry) -> dict[str, Any]:
    """Return what one more entry adds to a story."""
    who = entry.by_name or entry.by
    told: dict[str, dict[str, Any]] = {
        "restore.asked": {"asked_by": who},
        "break-glass": {"alone": who, "why": entry.why, "asked_by": story.asked_by or who},
        "restore.answered": {"answer": entry.outcome},
        "restore.confirmed": {"confirmed": True, "confirmed_by": who},
        "restore.ended": {
            "outcome": entry.outcome or "ended",
            "findings": entry.facts.get("findings") or 0,
        },
        "vote.yes": {"approved": (*story.approved, who)},
        "vote.no": {"denied": (*story.denied, who)},
        "vote.refused": {"refused": (*story.refused, who)},
    }
    more = told.get(entry.what, {})
    if entry.what.startswith("vote."):
        return more
    return more | {
        "backup": entry.about or story.backup,
        "deployment": entry.deployment or story.deployment,
        "protected": story.protected or entry.facts.get("protected") is True,
    }
