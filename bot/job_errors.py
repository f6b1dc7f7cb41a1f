"""Our own errors as JSON, so that a job that goes on fails in the words it failed in before."""

from __future__ import annotations

from typing import Any

from storage import errors
from storage.errors import LifeboatError

_FIELDS = ("what", "safe", "hint", "permission", "where", "retry_after")


def to_json(error: LifeboatError) -> dict[str, Any]:
    """Return what an error says and what kind it is."""
    facts = {name: getattr(error, name) for name in _FIELDS if hasattr(error, name)}
    return {"kind": type(error).__name__, **facts}


def from_json(told: dict[str, Any]) -> LifeboatError:
    """Return the error again; one of a kind that is not known any more is a LifeboatError."""
    kind = getattr(errors, str(told.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, LifeboatError)):
        kind = LifeboatError
    error: LifeboatError = kind.__new__(kind)
    Exception.__init__(error, told.get("what", ""))
    for name in _FIELDS:
        if name in told:
            setattr(error, name, told[name])
    return error
