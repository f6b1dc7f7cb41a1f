"""What a deployment tells of itself: whether the key may, what it runs, what it holds.

Everything here only reads. Functions and answers: convex-backend
`npm-packages/system-udfs/convex/_system`, `crates/local_backend/src/dashboard.rs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from storage.convex import values
from storage.convex.deployment import Deployment
from storage.convex.keys import belongs_to_another, check_key_fits, key_name
from storage.errors import (
    BadAnswer,
    MissingPermission,
    ServerTrouble,
    UnknownDeployment,
    WrongKey,
)
from storage.manifest import DeploymentFacts

MAPPED_TABLES_MAX = 1000  # `getTableMapping` tells no more than this many.
NAME_BYTES_MAX = 200
SILENT = (BadAnswer, MissingPermission, UnknownDeployment, WrongKey)  # It will not tell.


@dataclass(frozen=True)
class Permission:
    """One thing a key may be allowed: its name in `check_admin_key`, and in a role."""

    operation: str
    action: str


VIEW_BACKUPS = Permission("ViewBackups", "deployment:backups:view")
CREATE_BACKUPS = Permission("CreateBackups", "deployment:backups:create")
DOWNLOAD_BACKUPS = Permission("DownloadBackups", "deployment:backups:download")
IMPORT_BACKUPS = Permission("ImportBackups", "deployment:backups:import")
VIEW_DATA = Permission("ViewData", "deployment:data:view")

BACKUP_NEEDS = (VIEW_BACKUPS, CREATE_BACKUPS, DOWNLOAD_BACKUPS, VIEW_DATA)
RESTORE_NEEDS = (*BACKUP_NEEDS, IMPORT_BACKUPS)


@dataclass(frozen=True)
class Preflight:
    """A deployment that is ready; None where it does not tell.

    `clock_skew_seconds` is this machine's clock minus the deployment's, 0 within what can be
    told; a Date header has whole seconds.
    """

    backend_version: str | None
    convex_name: str | None
    clock_skew_seconds: float | None


@dataclass(frozen=True)
class LiveTable:
    """One table as the deployment holds it right now; `component` "" is the root."""

    component: str
    component_id: str | None
    name: str
    number: int
    documents: int


@dataclass(frozen=True)
class _Component:
    path: str
    id: str | None  # None asks for the root.

    @property
    def args(self) -> dict[str, Any]:
        return {"componentId": self.id}


def preflight(
    deployment: Deployment, needs: Sequence[Permission], now: Callable[[], datetime]
) -> Preflight:
    """Check, before anything is done, that this is the deployment, the key its key, and allowed.

    WrongKey by name before the key is sent; MissingPermission names what is lacking; Unreachable,
    ServerTrouble, UnknownDeployment for the road.
    """
    check_key_fits(deployment.url, deployment.key)
    name = _plain_text(deployment, "/instance_name")
    named = key_name(deployment.key).deployment
    if name is not None and name.lower() != named.lower():
        raise belongs_to_another(named, name, deployment.url)
    before = now()
    response = deployment.client.get("/api/check_admin_key")
    after = now()
    _check_allowed(deployment, deployment.client.read_json(response), needs)
    return Preflight(
        backend_version=_plain_text(deployment, "/version"),
        convex_name=name or named,
        clock_skew_seconds=_skew(response.headers.get("Date"), before, after),
    )


def allows(deployment: Deployment, needs: Sequence[Permission]) -> bool:
    """Whether the key may do all of that; errors of the road come through."""
    response = deployment.client.get("/api/check_admin_key")
    try:
        _check_allowed(deployment, deployment.client.read_json(response), needs)
    except MissingPermission:
        return False
    return True


def describe(deployment: Deployment) -> DeploymentFacts:
    """Return what the deployment tells of itself; what it won't tell is None, never a failure.

    Unreachable when nobody answers at all. The values of environment variables pass through this
    process's memory and are dropped here.
    """
    return DeploymentFacts(
        name=deployment.name,
        url=deployment.url,
        convex_name=_told(lambda: _plain_text(deployment, "/instance_name"))
        or key_name(deployment.key).deployment,
        backend_version=_told(lambda: _plain_text(deployment, "/version")),
        package_version=_told(lambda: _package_version(deployment)),
        info=_told(lambda: _info(deployment)) or {},
        env_names=_told(lambda: _env_names(deployment)),
        schemas=_told(lambda: _schemas(deployment)),
    )


def tables(deployment: Deployment) -> list[LiveTable]:
    """Return every user table of every component, with its number and its documents."""
    return [
        table for component in _components(deployment) for table in _tables(deployment, component)
    ]


def files(deployment: Deployment) -> dict[str, int]:
    """Return how many stored files each component holds, by its path; "" is the root."""
    counted = {}
    for component in _components(deployment):
        told = deployment.client.query("_system/frontend/fileStorageV2:numFiles", component.args)
        counted[component.path] = values.whole(told, "the count of stored files")
    return counted


def _tables(deployment: Deployment, component: _Component) -> Iterator[LiveTable]:
    query = deployment.client.query
    mapping = values.table(
        query("_system/frontend/getTableMapping", component.args), "the table mapping"
    )
    if len(mapping) >= MAPPED_TABLES_MAX:
        raise BadAnswer(
            f"{deployment.name} holds {len(mapping):,} or more tables in one component; it tells "
            f"the numbers of no more than {MAPPED_TABLES_MAX:,}, so no plan can be made.",
            hint="Restore with the official Convex CLI.",
        )
    for number, name in sorted(mapping.items(), key=lambda item: str(item[1])):
        if values.text(name, "a table's name").startswith("_"):
            continue  # System tables: `_file_storage`, `_scheduled_jobs`.
        args = {"tableName": name, **component.args}
        yield LiveTable(
            component=component.path,
            component_id=component.id,
            name=name,
            number=values.whole(number, "a table's number"),
            documents=values.whole(
                query("_system/frontend/tableSize", args), f"the documents of table {name!r}"
            ),
        )


def _components(deployment: Deployment) -> list[_Component]:
    """Return the root first, then every component, mounted or not: exports hold them all."""
    listed = values.rows(
        deployment.client.query("_system/frontend/components:list"), "the components"
    )
    found = [_Component("", None)]
    for row in listed:
        told = values.table(row, "a component")
        path = values.text(told.get("path"), "a component's path")
        if path:
            found.append(_Component(path, values.text(told.get("id"), "a component's id")))
    return sorted(found, key=lambda component: component.path)


def _check_allowed(deployment: Deployment, told: Any, needs: Sequence[Permission]) -> None:
    """Raise MissingPermission for the first need that is not allowed; an empty list allows all."""
    if not isinstance(told, dict) or told.get("success") is not True:
        raise deployment.place.unknown("/api/check_admin_key")
    allowed = values.rows(told.get("allowedOps") or [], "what the key may do")
    missing = [need for need in needs if allowed and need.operation not in allowed]
    if not missing:
        return
    more = "".join(f", {need.action}" for need in missing[1:])
    raise MissingPermission(
        f"The key of {deployment.name} lacks {'the permission' if not more else 'permissions'} "
        f"{missing[0].action}{more}.",
        permission=missing[0].action,
        safe=f"Nothing was done in {deployment.name}.",
        hint="Make a deploy key with "
        + ", ".join(need.action for need in needs)
        + " in the Convex dashboard.",
    )


def _skew(date: str | None, before: datetime, after: datetime) -> float | None:
    """Return how far this machine's clock is from the Date of an answer, and 0 where it may fit."""
    if date is None:
        return None
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    early, late = (before - theirs).total_seconds(), (after - theirs).total_seconds()
    if early > 1:  # The header's second is cut off: theirs may be almost one second later.
        return early - 1
    return min(late, 0.0)


def _plain_text(deployment: Deployment, path: str) -> str | None:
    """Return a short text that is served without a key, or None where it is not served."""
    try:
        response = deployment.client.get(path, keyed=False)
    except SILENT:
        return None
    text = response.text.strip()
    plain = 0 < len(text) <= NAME_BYTES_MAX and text.isprintable() and text[0] not in "<{["
    return text if plain and text != "unknown" else None


def _told(ask: Callable[[], Any]) -> Any:
    """Return an answer, or None where the deployment will not tell or the key may not ask."""
    with suppress(*SILENT, ServerTrouble):
        return ask()
    return None


def _package_version(deployment: Deployment) -> str | None:
    version = deployment.client.query("_system/frontend/getVersion")
    return version if isinstance(version, str) else None


def _info(deployment: Deployment) -> dict[str, str]:
    response = deployment.client.get("/api/v1/deployment_info")
    told = values.table(deployment.client.read_json(response), "its info")
    return {
        str(name): str(value)
        for name, value in sorted(told.items())
        if isinstance(value, str | int | float | bool)
    }


def _env_names(deployment: Deployment) -> tuple[str, ...]:
    told = values.rows(
        deployment.client.query("_system/cli/queryEnvironmentVariables"), "the variables"
    )
    return tuple(
        sorted(str(row["name"]) for row in told if isinstance(row, dict) and "name" in row)
    )


def _schemas(deployment: Deployment) -> dict[str, str]:
    found = {}
    for component in _components(deployment):
        told = deployment.client.query("_system/frontend/getSchemas", component.args)
        active = told.get("active") if isinstance(told, dict) else None
        if isinstance(active, str):
            found[component.path] = active
    return found
