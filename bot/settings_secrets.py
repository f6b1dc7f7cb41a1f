"""A secret of the settings that is read when somebody needs it: where it stands, and reading it.

Keys of deployments are read with the settings (`settings_keys.py`); what is here is for the roads
of alerts and for the replicas' database, which most commands do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.settings_keys import ENV_NAME
from bot.settings_words import Mistake, SettingsRefused
from storage.secret import Secret

SECRET_BYTES_MAX = 8_192


@dataclass(frozen=True)
class Named:
    """Where a secret stands: an environment variable or a file."""

    env: str | None
    file: str | None
    key: str  # In the settings, such as webhook.url.


def one_source(table: str, key: str, env: str | None, file: str | None) -> Iterator[Mistake]:
    """Find a secret that is said to stand in two places, or stands in the settings itself."""
    if env is not None and file is not None:
        what = f"It has both {key}_env and {key}_file."
        yield Mistake(table, what, "Keep one of them and take the other out.")
    if env is not None and not ENV_NAME.fullmatch(env):
        yield Mistake(
            f"{table}.{key}_env",
            "This is not the name of an environment variable in capital letters.",
            f"Write the name alone, never the {key} itself.",
        )


def secret(named: Named, folder: Path, environ: Mapping[str, str], file_name: str) -> Secret:
    """Read a secret where the settings say it is; SettingsRefused when it is not there."""
    if named.env is not None:
        text, where = environ.get(named.env, "").strip(), f"{named.key}_env"
        what = f"The environment variable {named.env} is not set, or empty."
    else:
        where, what = f"{named.key}_file", "The file that it names can't be read, or is empty."
        text = _from_file(folder, named.file or "")
    if not text or not text.isprintable():
        raise SettingsRefused(file_name, [Mistake(where, what, "Put it there, on one line.")])
    return Secret(text)


def _from_file(folder: Path, name: str) -> str:
    try:
        with (folder / Path(name).expanduser()).open("rb") as file:
            return file.read(SECRET_BYTES_MAX).decode("utf-8-sig").strip()
    except (OSError, ValueError, RuntimeError):
        return ""
