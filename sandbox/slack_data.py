"""The workspace's memory: one SQLite file, so that a restart goes on where it was.

Rows are JSON in Slack's shapes. Keys that begin with `_` are the stand-in's own and never leave
through the Web API (`shown` takes them out). All of it is asked from one thread, the loop's.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sandbox import slack_people
from sandbox.slack_ids import Stamps
from sandbox.slack_people import Json

_SCHEMA = """
create table if not exists rows(kind text, id text, body blob, primary key(kind, id)) without rowid;
create table if not exists messages(
  channel text, ts text, seen_by text, body blob, primary key(channel, ts)) without rowid;
"""


def shown(body: Json) -> Json:
    """The row without the keys that are only ours."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


class SlackData:
    """People, channels, messages, views, files and links of one workspace."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._db = sqlite3.connect(folder / "slack.db", isolation_level=None)
        # A killed process loses nothing; a power cut may, and this is only a sandbox.
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=off")
        self._db.executescript(_SCHEMA)
        if self.one("fact", "filled") is None:
            self._fill()
        last = self._db.execute("select max(ts) from messages").fetchone()[0]
        kept = self.one("fact", "last_ts") or {"ts": ""}
        self._stamps = Stamps(max(last or "", kept["ts"]))

    def _fill(self) -> None:
        for kind, rows in (
            ("person", slack_people.people()),
            ("group", slack_people.groups()),
            ("channel", slack_people.channels()),
        ):
            for row in rows:
                self.keep(kind, row["id"], row)
        self.keep("fact", "filled", {})

    def close(self) -> None:
        self._db.close()

    def clear(self) -> None:
        """Back to the first day; `ts` go on growing."""
        last = self.stamp()
        self._db.execute("delete from messages")
        self._db.execute("delete from rows")
        self.keep("fact", "last_ts", {"ts": last})
        self._fill()

    def stamp(self) -> str:
        """A `ts` that nothing had before."""
        return self._stamps.next()

    # Rows: person, group, channel, view, stack, home, file, link, fact.

    def one(self, kind: str, id_: str) -> Json | None:
        asked = "select body from rows where kind=? and id=?"
        found = self._db.execute(asked, (kind, id_)).fetchone()
        return None if found is None else _read(found[0])

    def all(self, kind: str) -> list[Json]:
        """Every row of the kind, in the order of their ids."""
        rows = self._db.execute("select body from rows where kind=? order by id", (kind,))
        return [_read(body) for (body,) in rows]

    def keep(self, kind: str, id_: str, body: Json) -> None:
        held = (kind, id_, msgspec.json.encode(body))
        self._db.execute("insert or replace into rows(kind,id,body) values(?,?,?)", held)

    def drop(self, kind: str, id_: str) -> None:
        self._db.execute("delete from rows where kind=? and id=?", (kind, id_))

    # Messages; an ephemeral one is `seen_by` one person, all others by "".

    def message(self, channel: str, ts: str) -> Json | None:
        asked = "select body from messages where channel=? and ts=?"
        found = self._db.execute(asked, (channel, ts)).fetchone()
        return None if found is None else _read(found[0])

    def keep_message(self, channel: str, message: Json) -> None:
        held = (channel, message["ts"], message.get("_to", ""), msgspec.json.encode(message))
        self._db.execute(
            "insert or replace into messages(channel,ts,seen_by,body) values(?,?,?,?)", held
        )

    def drop_message(self, channel: str, ts: str) -> None:
        self._db.execute("delete from messages where channel=? and ts=?", (channel, ts))

    def messages(self, channel: str, seen_by: str = "") -> Iterator[Json]:
        """A channel's messages or, with a person, what only they see there; oldest first."""
        asked = "select body from messages where channel=? and seen_by=? order by ts"
        for (body,) in self._db.execute(asked, (channel, seen_by)).fetchall():
            yield _read(body)

    def newest(self, channel: str, person: str, limit: int) -> list[Json]:
        """The last messages that a person sees in a channel, theirs alone too; oldest first."""
        asked = (
            "select body from messages where channel=? and seen_by in ('',?)"
            " order by ts desc limit ?"
        )
        rows = self._db.execute(asked, (channel, person, limit)).fetchall()
        return [_read(body) for (body,) in reversed(rows)]


def _read(body: bytes) -> Any:
    return msgspec.json.decode(body)
