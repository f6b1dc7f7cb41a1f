"""Numbers, moments and contents as a person reads them, and other people's text made harmless.

The words that a terminal and a Slack message share. Pure: nothing here looks at a clock, a
terminal or a network. Sizes are decimal, as disks and clouds count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from storage.finding import LookedAt
from storage.manifest import Manifest
from storage.seal import some as some_keys

SECONDS_IN = {"min": 60, "h": 3600, "d": 86_400}
JUST_NOW_SECONDS = 60
NAMES_MAX = 12
ROADS = {"slack": "Slack", "webhook": "Webhook", "smtp": "E-mail"}  # Of alerts.
UNWRITTEN = "It counts, though it could not be written into the audit log:"  # And why not.
ENDED = "ended; how is not remembered"


def escaped(text: str) -> str:
    """Return the text with everything that could steer a terminal written out as an escape.

    Labels, table names and answers of servers are other people's words: control characters,
    line separators, direction marks and lone surrogates become `\\x1b`, `\\u202e` and the like.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def size(count: int) -> str:
    """Return bytes as `980 bytes`, `12.3 MB`, `1.2 GB`."""
    if count < 1000:
        return counted(count, "byte")
    value, unit = count / 1000, "kB"
    for bigger in ("MB", "GB", "TB"):
        # 999.95 kB would round to 1000.0 kB, which nobody writes.
        if value < 999.95:
            break
        value, unit = value / 1000, bigger
    return f"{value:.1f} {unit}"


def number(count: int) -> str:
    """Return a whole number with a comma at each thousand."""
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 table`, `2 tables`; `many` where an s is not enough."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a length of time as `0.4 s`, `12 s`, `3 min 05 s`, `2 h 05 min`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < SECONDS_IN["min"]:
        return f"{whole} s"
    if whole < SECONDS_IN["h"]:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def rests(hours: float) -> str:
    """Return what it means for a restore that its archive has to be thawed first."""
    return (
        f"The archive rests in cold storage. Thawing it takes up to {hours:g} h, and only then is "
        f"anything restored."
    )


def times(count: int) -> str:
    """Return how often: `once`, `3 times`."""
    return "once" if count == 1 else f"{count:,} times"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago that was: `just now`, `5 min ago`, `3 h ago`, `12 d ago`.

    A moment that is still to come, on a machine whose clock jumped, is said to be ahead.
    """
    seconds = (now - then).total_seconds()
    if abs(seconds) < JUST_NOW_SECONDS:
        return "just now"
    unit = "min" if abs(seconds) < 5400 else "h" if abs(seconds) < 172_800 else "d"
    count = int(abs(seconds) // SECONDS_IN[unit])
    return f"{count:,} {unit} {'ago' if seconds > 0 else 'ahead'}"


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """Return a moment in UTC and then on the reader's own clock (this machine's, or `zone`).

    `2026-11-24 02:00:13 UTC (09:00 WIB)`; the date stands with the second time where it differs.
    """
    utc = at.astimezone(UTC)
    own = at.astimezone(zone)
    told = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if not own.utcoffset():
        return told
    name = own.tzname() or ""
    name = f"UTC{name}" if name[:1] in ("+", "-") else escaped(name)
    date = f"{own:%Y-%m-%d} " if own.date() != utc.date() else ""
    return f"{told} ({date}{own:%H:%M} {name})"


def day(at: float | None) -> str:
    """Return the UTC day of a `_creationTime` in milliseconds; a dash where there is none."""
    if at is None:
        return "-"
    try:
        return f"{datetime.fromtimestamp(at / 1000, tz=UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return f"{at:g} ms"


def some(names: Sequence[str], most: int) -> str:
    """Return the first names with commas, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def moved(done: int, total: int | None, unit: str) -> str:
    """Return how far something is: `12.3 MB of 45.0 MB`, `120 documents`."""
    say: Callable[[int], str] = size if unit == "bytes" else number
    whole = "" if total is None or total == done else f" of {say(total)}"
    if unit.endswith("s") and unit != "bytes" and not whole:
        return counted(done, unit[:-1])
    return f"{say(done)}{whole}" + ("" if unit == "bytes" else f" {unit}")


def holds(manifest: Manifest) -> str:
    """Return the contents of a backup in one sentence."""
    contents = manifest.contents
    files = counted(contents.files, "stored file")
    return (
        f"{counted(contents.documents, 'document')} in {counted(len(contents.tables), 'table')}, "
        f"{files if manifest.snapshot.with_files else 'stored files left out'}; "
        f"{size(manifest.archive.bytes)}, {seal(manifest)}"
    )


def seal(manifest: Manifest) -> str:
    """Return whom an archive is sealed for, or that it is plain."""
    inside = manifest.archive.sealed
    return f"sealed for {escaped(some_keys(inside.recipients))}" if inside else "plain"


def chosen(manifest: Manifest) -> str | None:
    """Return which tables were chosen, or None for a whole backup."""
    if manifest.chosen is None:
        return None
    return f"these tables only: {some(manifest.chosen, NAMES_MAX)}"


def saw(looked_at: LookedAt) -> str:
    """Return what a check looked at; nothing at all is said loudly."""
    counts = (
        (looked_at.entries, "entry", "entries"),
        (looked_at.tables, "table", "tables"),
        (looked_at.documents, "document", "documents"),
        (looked_at.files, "stored file", "stored files"),
    )
    told = [size(looked_at.bytes)] if looked_at.bytes else []
    told += [counted(count, one, many) for count, one, many in counts if count]
    return ", ".join(told) or "NOTHING"


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
