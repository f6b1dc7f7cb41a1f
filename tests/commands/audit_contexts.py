"""A context with nothing in it but an audit log, for verbs that write into it."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from commands.verb import Caller, Context
from storage.audit import Audit
from storage.vaults.local import LocalFolder
from tests.storage.audit_logs import Ticking

CALLER = Caller(id="U024BE7LH", name="Rizal", door="slack", role="operator", team="T0")


@dataclass(frozen=True)
class Asking:
    """A job of the bot, as far as its name goes."""

    job_id: str = "now-production-4k2f9c"


def context(folder: Path, told: list[Any] | None = None, **changes: Any) -> Context:
    """Return a context whose vault is that folder; what it tells is added to `told`."""
    vault, clock = LocalFolder(folder), Ticking()
    needed = [f.name for f in fields(Context) if f.default is f.default_factory is MISSING]
    facts: dict[str, Any] = {
        **dict.fromkeys(needed),
        "caller": CALLER,
        "deployments": {"production": None, "staging": None},
        "vault": vault,
        "now": clock,
        "tell": (told if told is not None else []).append,
        "audit": Audit(vault, clock),
    }
    return Context(**{**facts, **changes})
