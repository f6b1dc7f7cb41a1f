"""Where a deployment is and the key that opens it: reading both, and doubting both.

A key is read once, here, and leaves as a `Secret`. No sentence made here repeats a value from
the file, because people do paste a key where its variable's name or an address belongs.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bot.settings_shape import DeploymentTable
from bot.settings_words import Mistake
from storage.convex.address import is_plain_http_to_public
from storage.convex.keys import check_key_fits
from storage.errors import LifeboatError
from storage.secret import Secret

KEY_BYTES_MAX = 65_536
ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")  # A key has small letters, so it never matches.
HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", re.IGNORECASE)
MAKE_ONE = "Make a deploy key in the Convex dashboard, under the deployment's settings"


@dataclass(frozen=True)
class Place:
    """Where the settings were found and what stands around them."""

    where: str  # Such as deployments.production.
    folder: Path  # What relative paths are relative to.
    environ: Mapping[str, str]


class Unusable(Exception):
    """Carries a mistake to the place that gathers them."""

    def __init__(self, where: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.mistake = Mistake(where, what, hint)


def address(table: DeploymentTable, place: Place) -> str | None:
    """Return the deployment's origin, without a trailing slash; None when none was given."""
    if table.url is None:
        return None
    where = f"{place.where}.url"
    try:
        parts = urlsplit(table.url.strip())
        port = parts.port
    except ValueError:
        raise Unusable(
            where, "This is not an address.", "Write https://<name>.convex.cloud."
        ) from None
    _refuse_odd_address(parts, where)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    url = f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")
    if is_plain_http_to_public(url) and not table.allow_plain_http:
        raise Unusable(
            where,
            "Over http:// to a public address anyone on the way can read the key.",
            "Write https://, or say allow_plain_http = true if the way is safe.",
        )
    return url


def key(table: DeploymentTable, place: Place) -> Secret | None:
    """Return the key from its variable or file; None when neither or both are given."""
    if (table.key_env is None) == (table.key_file is None):
        return None
    if table.key_env is not None:
        where, text = f"{place.where}.key_env", _from_environ(table.key_env, place)
    else:
        where, text = f"{place.where}.key_file", _from_file(table.key_file or "", place)
    if not text:
        raise Unusable(where, "The key that it names is empty.", f"{MAKE_ONE}, and put it there.")
    if not text.isascii() or any(not 33 <= ord(char) <= 126 for char in text):
        raise Unusable(
            where,
            "What it names is not a key: a key is one line without spaces.",
            "Put the key there, and nothing else.",
        )
    if text[0] in "\"'" or text[-1] in "\"'":
        raise Unusable(
            where,
            "The key that it names stands in quotes.",
            "Take the quotes away; docker's --env-file keeps them as part of the value.",
        )
    return Secret(text)


def doubts(name_of_key: str, url: str, secret: Secret) -> Iterator[Mistake]:
    """Find a key that is no deployment's key, or another deployment's than the address."""
    try:
        check_key_fits(url, secret)
    except LifeboatError as error:
        yield Mistake(name_of_key, error.what, error.hint)


def warnings(table: DeploymentTable, place: Place) -> Iterator[tuple[str, str]]:
    """Find key files that everybody on the machine can read."""
    if table.key_file is None:
        return
    path = place.folder / Path(table.key_file).expanduser()
    try:
        readable = path.stat().st_mode & stat.S_IROTH
    except OSError:
        return
    if readable:
        yield (
            f"The key file of {place.where} can be read by everybody on this machine.",
            f"Type: chmod 600 {path}",
        )


def _refuse_odd_address(parts: SplitResult, where: str) -> None:
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not HOST.fullmatch(host):
        raise Unusable(
            where,
            "An address begins with https:// and names a host.",
            "Write https://<name>.convex.cloud, or your own server's address.",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise Unusable(
            where,
            "The address holds more than the host: a user, a query or a fragment.",
            "Write the address alone; the key comes from key_env or key_file.",
        )
    if host == "dashboard.convex.dev" or host.endswith(".convex.site"):
        raise Unusable(
            where,
            "This is the dashboard's or the HTTP actions' address, not the deployment's.",
            "Write https://<name>.convex.cloud; the dashboard shows it as Deployment URL.",
        )
    if parts.path not in ("", "/"):
        raise Unusable(
            where,
            "The address holds a path; a deployment answers at its host alone.",
            f"Write {parts.scheme}://{parts.netloc.lower()}.",
        )


def _from_environ(name: str, place: Place) -> str:
    where = f"{place.where}.key_env"
    if not ENV_NAME.fullmatch(name):
        raise Unusable(
            where,
            "This is not the name of an environment variable in capital letters.",
            'Write the name alone, such as key_env = "CONVEX_DEPLOY_KEY"; never the key itself.',
        )
    text = place.environ.get(name)
    if text is None:
        raise Unusable(
            where,
            f"The environment variable {name} is not set.",
            f"{MAKE_ONE}, then type: export {name}='…'",
        )
    return text.strip("\r\n \t")


def _from_file(name: str, place: Place) -> str:
    where = f"{place.where}.key_file"
    relative = "A relative path begins at the settings file's folder."
    try:
        with (place.folder / Path(name).expanduser()).open("rb") as file:
            text = file.read(KEY_BYTES_MAX + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable(where, "There is no file at this path.", relative) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "the path can't be used"
        raise Unusable(
            where,
            f"The file at this path can't be read ({reason}).",
            "Check its owner and permissions, or name another file.",
        ) from None
    if len(text) > KEY_BYTES_MAX:
        raise Unusable(where, "The file is too large to be a key.", "Put the key alone there.")
    return text.decode("utf-8-sig", "replace").strip("\r\n \t")
