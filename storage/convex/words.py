"""What Convex's refusals mean, in our errors and sentences."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from storage.errors import (
    BadAnswer,
    ConvexError,
    ExportInProgress,
    MissingPermission,
    ServerTrouble,
    UnknownDeployment,
    WrongKey,
)

_ACTION = re.compile(r"\((deployment:[A-Za-z:]+)\)")
_PASSING = (408, 421, 425, 429)  # And every 5xx.
_NOT_FOUND = ("ExportNotFound", "ImportNotFound")  # Of Convex itself; any other 404 is not.
_SHOWN_MAX = 300


class Denied(BadAnswer):
    """A 4xx that no try will change; `code` is Convex's short word for it."""

    def __init__(self, what: str, *, status: int, code: str, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Place:
    """Which deployment: our name for it, and where it is."""

    name: str
    url: str

    def error(self, status: int, body: bytes, path: str) -> ConvexError:
        """Return the error for an answer that is not 200."""
        code, message = _told(body)
        if status in _PASSING or status >= 500:
            return self._trouble(status, code, message)
        if status == 401 or (status == 403 and code == "BadDeployKey"):
            return self.wrong_key(message)
        if status == 403:
            return self.missing_permission(message)
        if code == "ExportInProgress":
            return ExportInProgress(
                f"{self.name} is making another export already.",
                hint="Wait until it has ended, then run the same command again.",
            )
        if status == 404 and code not in _NOT_FOUND:
            return self.unknown(path, message)
        shown = f"{code}: {message}" if code else "no reason given"
        return Denied(
            f"{self.name} refused {path} (HTTP {status}, {shown[:_SHOWN_MAX].rstrip('.')}).",
            status=status,
            code=code,
            hint=f"Run `lifeboat doctor {self.name}`.",
        )

    def unknown(self, path: str, message: str = "") -> UnknownDeployment:
        """Return the error for an address where nothing speaks Convex."""
        return UnknownDeployment(
            f"Nothing of Convex answers at {self.url} (asked for {path}).{_said(message)}",
            hint=f"Check url of {self.name} in the settings; the dashboard shows it as Deployment "
            f"URL.",
        )

    def wrong_key(self, message: str) -> WrongKey:
        """Return the error for a key that opens nothing."""
        return WrongKey(
            f"{self.name} does not accept the key.{_said(message)}",
            safe=f"Nothing was done in {self.name}.",
            hint=f"Make a new deploy key for {self.name} in the Convex dashboard, and put it where "
            f"the settings point.",
        )

    def missing_permission(self, message: str) -> MissingPermission:
        """Return the error for a good key that may not do this."""
        action = _ACTION.search(message)
        permission = action[1] if action else ""
        named = f"the permission {permission}" if permission else "a permission that this needs"
        return MissingPermission(
            f"The key of {self.name} lacks {named}.",
            permission=permission,
            safe=f"Nothing was done in {self.name}.",
            hint="Make a deploy key with that permission in the Convex dashboard.",
        )

    def _trouble(self, status: int, code: str, message: str) -> ServerTrouble:
        shown = f", {code}: {message}" if code else ""
        word = "asks us to slow down" if status == 429 else "is in trouble"
        return ServerTrouble(
            f"{self.name} {word} (HTTP {status}{shown[:_SHOWN_MAX].rstrip('.')}).",
            hint=f"Try again later; `lifeboat doctor {self.name}` tells whether it is well.",
        )


def at_the_door(place: Place, message: str) -> None:
    """Raise MissingPermission when a function's error message says that the key lacks one."""
    if "do not have permission" in message or "OperationNotPermitted" in message:
        raise place.missing_permission(message)


def _said(message: str) -> str:
    return f" It says: {message[:_SHOWN_MAX].rstrip('.')}." if message else ""


def _told(body: bytes) -> tuple[str, str]:
    """Return code and message of Convex's error JSON, or two empty strings."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    return str(told.get("code") or ""), str(told.get("message") or "")
