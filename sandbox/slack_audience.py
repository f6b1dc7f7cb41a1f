"""Who is watching: the browser pages, and what each of them may see.

A frame goes to the pages of one person, of a channel's members, or to all. Notices are kept too,
so that a test can ask what somebody was told.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from sandbox.slack_people import Json


class Watcher(Protocol):
    """A page, acting for one person; `show` must not wait. `refresh` tells it the world anew."""

    person: str

    def show(self, frame: Json) -> None: ...

    def refresh(self) -> None: ...


class Audience:
    """Every page that is open, and every notice that was given."""

    def __init__(self) -> None:
        self.watchers: set[Watcher] = set()
        self._notices: dict[str, list[Json]] = defaultdict(list)

    def tell(self, people: Iterable[str], frame: Json) -> None:
        """Shows the frame to the pages of these people."""
        wanted = set(people)
        for watcher in tuple(self.watchers):
            if watcher.person in wanted:
                watcher.show(frame)

    def tell_all(self, frame: Json) -> None:
        for watcher in tuple(self.watchers):
            watcher.show(frame)

    def refresh(self) -> None:
        """People or channels are not what they were."""
        for watcher in tuple(self.watchers):
            watcher.refresh()

    def notice(self, person: str, text: str, channel: str = "", kind: str = "error") -> Json:
        """A sentence from Slack itself for one person."""
        frame = {"it": "notice", "kind": kind, "text": text, "channel": channel or None}
        self._notices[person].append(frame)
        self.tell([person], frame)
        return frame

    def notices(self, person: str) -> list[Json]:
        return list(self._notices[person])

    def forget(self) -> None:
        self._notices.clear()
