"""What the settings say of who watches the bot: where its health is read, whom it pings.

An address to ping is a secret: whoever knows it can say that all is well. So it stands in the
environment or in a file, as keys do, and is read when the bot starts and never for a terminal
command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings_keys import ENV_NAME, HOST, KEY_BYTES_MAX
from bot.settings_shape import File, ScheduleTable
from bot.settings_words import Mistake, SettingsRefused, dotted
from storage.convex.address import is_plain_http_to_public
from storage.secret import Secret

LISTENS = re.compile(r"\[?[A-Za-z0-9.:-]{1,253}\]?")
HOW = "It is the check's own address, such as https://hc-ping.com/<uuid>."


@dataclass(frozen=True)
class HealthSettings:
    """Where /healthz and /metrics are served, and by schedule where its address to ping is kept."""

    on: bool
    host: str
    port: int
    pings: Mapping[str, tuple[str, str]]  # ("env", name) or ("file", path).


def health(file: File) -> HealthSettings:
    """Return the settings of who watches; no secret is read here."""
    pings = {
        name: ("env", table.ping_env) if table.ping_env else ("file", table.ping_file or "")
        for name, table in file.schedules.items()
        if table.ping_env or table.ping_file
    }
    return HealthSettings(file.health.on, file.health.host.strip("[]"), file.health.port, pings)


def mistakes(file: File) -> Iterator[Mistake]:
    """Find an address that can't be listened on, and pings that are kept nowhere or twice."""
    if not LISTENS.fullmatch(file.health.host):
        yield Mistake(
            "health.host", "This is not an address of this machine.", 'Write host = "127.0.0.1".'
        )
    for name, table in file.schedules.items():
        yield from _kept(name, table)


def pings(
    facts: HealthSettings, environ: Mapping[str, str], settings_file: Path
) -> dict[str, Secret]:
    """Read the addresses to ping, by schedule; SettingsRefused lists every one that is not one."""
    found: list[Mistake] = []
    read: dict[str, Secret] = {}
    for schedule, (way, name) in facts.pings.items():
        where = dotted(("schedules", schedule, f"ping_{way}"))
        try:
            text = environ.get(name, "") if way == "env" else _text(settings_file.parent, name)
        except (OSError, RuntimeError, ValueError) as error:
            why = getattr(error, "strerror", None) or "the path can't be used"
            found.append(Mistake(where, f"The file that it names can't be read ({why}).", HOW))
            continue
        url = text.strip("\ufeff\r\n \t")
        wrong = _wrong(url)
        if wrong:
            found.append(Mistake(where, f"What it names {wrong}.", HOW))
        read[schedule] = Secret(url)
    if found:
        raise SettingsRefused(settings_file.name, found)
    return read


def hidden(read: Mapping[str, Secret]) -> list[Secret]:
    """Return what a log must not show of addresses to ping: each, and what is secret in it.

    A library tells an address with the rest of it between: /start, a run id.
    """
    paths = [urlsplit(url.reveal()).path.rstrip("/") for url in read.values()]
    return [*read.values(), *map(Secret, paths)]


def _kept(name: str, table: ScheduleTable) -> Iterator[Mistake]:
    where = dotted(("schedules", name))
    if table.ping_env is not None and table.ping_file is not None:
        yield Mistake(where, "It has both ping_env and ping_file.", "Take one of the two out.")
    if table.ping_env is not None and not ENV_NAME.fullmatch(table.ping_env):
        yield Mistake(
            f"{where}.ping_env",
            "This is not the name of an environment variable in capital letters.",
            'Write the name alone, such as ping_env = "DAILY_PING_URL"; the address is a secret.',
        )


def _text(folder: Path, name: str) -> str:
    with (folder / Path(name).expanduser()).open("rb") as file:
        return file.read(KEY_BYTES_MAX).decode("utf-8", "replace")


def _wrong(url: str) -> str:
    """Return what is wrong with an address, without a word of it; "" when nothing is."""
    if not url:
        return "is empty or not set"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not an address"
    if not url.isascii() or any(not 33 <= ord(char) <= 126 for char in url):
        return "is not an address"
    if parts.scheme not in ("https", "http") or not HOST.fullmatch(parts.hostname or ""):
        return "is not an address that begins with https://"
    if is_plain_http_to_public(url):
        return "goes over http:// to a public address, where anyone on the way can read it"
    return ""
