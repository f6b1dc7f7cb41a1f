"""Deploy and admin keys: whose they are, by what stands in front of the bar.

    prod:happy-animal-123|eyJ2…      cloud; also dev: and preview:
    happy-animal-123|01c2…           self-hosted, or cloud without its type
    preview:team:project|…           makes deployments, names none; project: likewise

Source: convex-backend `crates/common/src/types/admin_key.rs`, docs "Deploy keys". No sentence made
here repeats what stands behind the bar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from storage.errors import WrongKey
from storage.secret import Secret

_CLOUD_HOST = re.compile(r"(?P<name>[a-z0-9-]+)(?:\.[a-z0-9-]+)?\.convex\.cloud")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_WHERE = "Make one in the Convex dashboard, under the deployment's own settings."


@dataclass(frozen=True)
class KeyName:
    """What a key says openly about itself; `type` is "" where it has none."""

    type: str
    deployment: str


def key_name(key: Secret) -> KeyName:
    """Return whose key it is; WrongKey when it is none, or one that names no deployment."""
    left, bar, rest = key.reveal().partition("|")
    *types, name = left.split(":")
    if not bar or not rest:
        raise WrongKey(
            "This is not a deploy key: a key has a deployment's name, a bar | and a secret part.",
            hint=_WHERE,
        )
    if types[:1] == ["project"] or len(types) > 1:
        raise WrongKey(
            "This key names a project, not a deployment: it can make deployments, but opens none.",
            hint=_WHERE,
        )
    if not all("!" <= letter <= "~" for letter in rest):
        # No header can carry these, and what refuses them below would repeat the whole key.
        raise WrongKey(
            "This is not a deploy key: its secret part holds spaces, line ends or letters that no "
            "key has.",
            hint=_WHERE,
        )
    if not all(_NAME.fullmatch(part) for part in (*types, name)):
        raise WrongKey(
            "This is not a deploy key: what stands before the bar is no deployment's name.",
            hint=_WHERE,
        )
    return KeyName(types[0] if types else "", name)


def check_key_fits(url: str, key: Secret) -> None:
    """Refuse, by both names, a key that belongs to another deployment than a cloud address.

    The address of a self-hosted server does not tell its name; `facts.preflight` asks the server.
    """
    named = key_name(key)
    cloud = _CLOUD_HOST.fullmatch((urlsplit(url).hostname or "").lower().rstrip("."))
    if cloud is not None and cloud["name"] != named.deployment.lower():
        raise belongs_to_another(named.deployment, cloud["name"], url)


def belongs_to_another(named: str, deployment: str, url: str) -> WrongKey:
    """Return the error for a key of one deployment at the address of another."""
    return WrongKey(
        f"This is a key of {named}, and {url} is {deployment}.",
        safe="The key was not sent.",
        hint=f"Use a key of {deployment}, or the address of {named}.",
    )
