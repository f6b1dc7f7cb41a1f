"""A deployment's keys: what they look like, what each may do, and how a request shows one.

The keys are made up at the first start and stay with the data. Checking real ones is Convex's.
"""

import base64
import json
import secrets
from dataclasses import dataclass

from sandbox.convex_data import ConvexData

# The permissions there are, with the action that a refusal names.
ACTIONS = {
    "CreateBackups": "deployment:backups:create",
    "ViewBackups": "deployment:backups:view",
    "DownloadBackups": "deployment:backups:download",
    "DeleteBackups": "deployment:backups:delete",
    "ImportBackups": "deployment:backups:import",
    "ViewData": "deployment:data:view",
    "ViewEnvironmentVariables": "deployment:env:view",
    "PauseDeployment": "deployment:pause",
    "UnpauseDeployment": "deployment:unpause",
    "Deploy": "deployment:deploy",
    "ViewAuditLog": "deployment:auditLog:view",
}
_READ_ONLY = (
    "ViewEnvironmentVariables",
    "ViewLogs",
    "ViewMetrics",
    "ViewIntegrations",
    "ViewData",
    "ViewBackups",
    "DownloadBackups",
    "RunInternalQueries",
    "RunTestQuery",
    "ViewAuditLog",
    "ViewUsageLimits",
    "ViewUsage",
)
_BACKUP_ONLY = ("ViewBackups", "CreateBackups", "DownloadBackups", "ViewData")
_NO_IMPORT = tuple(op for op in ACTIONS if op != "ImportBackups")
_NO_PAUSE = tuple(op for op in ACTIONS if op not in ("PauseDeployment", "UnpauseDeployment"))
_LIMITS: dict[str, tuple[str, ...]] = {
    "key": (),
    "self_hosted_key": (),
    "read_only_key": _READ_ONLY,
    "backup_only_key": _BACKUP_ONLY,
    "no_import_key": _NO_IMPORT,
    "no_pause_key": _NO_PAUSE,
}


class KeyRefused(Exception):
    """The request's key opens nothing; `status` and `code` are what Convex answers."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Holder:
    """Who showed which key; no operations at all stands for all of them, as in Convex."""

    key: str
    operations: tuple[str, ...]
    read_only: bool

    def allows(self, operation: str) -> bool:
        return not self.operations or operation in self.operations


class Keys:
    """The keys of one deployment, by what they are called in world.json."""

    def __init__(self, data: ConvexData, instance: str) -> None:
        kept = data.fact("keys") or {}
        if missing := [name for name in _LIMITS if name not in kept]:
            kept |= {name: _made(name, instance) for name in missing}
            data.keep_fact("keys", kept)
        self.by_name: dict[str, str] = kept
        self._instance = instance

    def holder(self, key: str) -> Holder:
        """Who shows this key; raises KeyRefused."""
        left, bar, secret = key.partition("|")
        kind, colon, rest = left.partition(":")
        name = rest if colon and kind in ("prod", "dev", "preview") else left
        for called, known in self.by_name.items():
            if bar and name == self._instance and secret == known.partition("|")[2]:
                return Holder(called, _LIMITS[called], read_only=called == "read_only_key")
        raise KeyRefused(401, "BadAdminKey", "The provided admin key was invalid for this instance")

    def shown(self, header: str | None, query: str | None) -> Holder | None:
        """Who shows a key in the header or the query; None for nobody. Raises KeyRefused."""
        if header is None:
            return None if query is None else self.holder(query)
        if len(header) < 7:
            raise KeyRefused(400, "InvalidHeaderFailure", "Invalid authorization header")
        if header[:7].lower() != "convex ":
            raise KeyRefused(400, "InvalidAdminKey", "Unable to parse authorization header")
        return self.holder(header[7:].strip())


def _made(called: str, instance: str) -> str:
    if called == "self_hosted_key":
        return f"{instance}|01{secrets.token_hex(46)}"
    token = json.dumps({"v2": secrets.token_hex(16)}, separators=(",", ":")).encode()
    return f"prod:{instance}|{base64.b64encode(token).decode()}"
