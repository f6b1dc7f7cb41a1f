"""The `_system` functions of a deployment: what a key's holder may ask about its data.

Each answers from the `Records` of one deployment, as a Python value (int is int64, float is
float64: a count is a float, as it is in Convex, whose functions are JavaScript). Storing the
records, and carrying answers over HTTP or the socket, is not here.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.convex_formats import FORMATS, from_export, written

PAGE_BYTES_MAX = 5_000_000
PAGE_ROWS_MAX = 10_000
PAUSED = (
    "Cannot run functions while this deployment is paused. Resume the deployment in the "
    "dashboard settings to allow functions to run."
)
# What a missing permission is called in the sentence that refuses it.
ACTIONS = {
    "ViewData": "deployment:data:view",
    "ViewBackups": "deployment:backups:view",
    "ViewEnvironmentVariables": "deployment:env:view",
}
_END = "end"

Row = tuple[float, str, str]  # creation time, id, export JSON


class QueryFailed(Exception):
    """The function answered with an error; the text is what the caller is shown."""


class BadFormat(Exception):
    """The caller named a format that Convex does not have."""


@dataclass(frozen=True)
class Component:
    """One mounted component; the root's path is empty."""

    id: str
    path: str
    state: str = "active"


class Records(Protocol):
    """What of a deployment the functions read; a component is named by its path."""

    def components(self) -> Sequence[Component]: ...

    def tables(self, component: str) -> Mapping[str, int]:
        """User tables, name to number."""

    def count(self, component: str, table: str) -> int: ...

    def rows(
        self, component: str, table: str, *, newest_first: bool, past: tuple[float, str] | None
    ) -> Iterator[Row]:
        """Rows by creation time and id, after the place given; `_storage` is a table here too."""

    def files(self, component: str) -> int: ...

    def schema(self, component: str) -> str | None:
        """The active schema as the JSON text of `getSchemas`."""

    def environment(self) -> Mapping[str, str]: ...

    def package_version(self) -> str | None: ...

    def paused(self) -> bool: ...

    def url(self) -> str: ...

    def latest_export(self, requestor: str) -> dict[str, Any] | None: ...

    def imports(self, limit: int) -> list[dict[str, Any]]:
        """The newest imports, newest first."""

    def import_row(self, import_id: str) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class _Asked:
    """One call: whose records, with which arguments, in which component."""

    records: Records
    args: dict[str, Any]
    component: str

    def needs(self, name: str) -> Any:
        if name not in self.args:
            missing = f"Object is missing the required field `{name}`."
            raise QueryFailed(f"ArgumentValidationError: {missing}")
        return self.args[name]

    def where(self) -> str:
        """The component by the argument that names one, or else by the socket's path."""
        wanted = self.args.get("componentId")
        if wanted is None:
            return self.component
        for component in self.records.components():
            if component.id == wanted:
                return component.path
        raise QueryFailed(f"Component {wanted} not found.")


def _tables(asked: _Asked) -> Any:
    names = asked.records.tables(asked.component)
    return {"page": [{"name": name} for name in names], "isDone": True, "continueCursor": _END}


def _table_data(asked: _Asked) -> Any:
    table, newest_first = str(asked.needs("table")), asked.needs("order") == "desc"
    return _page(asked, table, asked.component, newest_first)


def _file_metadata(asked: _Asked) -> Any:
    newest_first = (asked.args.get("filters") or {}).get("order", "desc") == "desc"
    found = _page(asked, "_storage", asked.where(), newest_first)
    origin = asked.records.url()
    pages = [{"url": f"{origin}/api/storage/{file['_id']}", **file} for file in found["page"]]
    return {**found, "page": pages}


def _page(asked: _Asked, table: str, component: str, newest_first: bool) -> dict[str, Any]:
    """One page of rows, ended by the number asked for, by 10 000 rows or by 5 MB."""
    options = asked.needs("paginationOpts")
    cursor, wanted = options.get("cursor"), min(int(options["numItems"]), PAGE_ROWS_MAX)
    past: tuple[float, str] | None = None
    if cursor == _END:
        return {"page": [], "isDone": True, "continueCursor": _END}
    if cursor is not None:
        try:
            creation, id_ = json.loads(cursor)
        except (ValueError, TypeError):
            raise QueryFailed("Failed to parse cursor") from None
        past = (float(creation), str(id_))
    page: list[Any] = []
    weight = 0
    rows = asked.records.rows(component, table, newest_first=newest_first, past=past)
    for creation, id_, text in rows:
        if len(page) >= wanted or weight > PAGE_BYTES_MAX:
            return {"page": page, "isDone": False, "continueCursor": json.dumps(past)}
        page.append(from_export(text))
        weight += len(text)
        past = (creation, id_)
    return {"page": page, "isDone": True, "continueCursor": _END}


def _table_size(asked: _Asked) -> Any:
    return float(asked.records.count(asked.where(), str(asked.needs("tableName"))))


def _size_of_all_tables(asked: _Asked) -> Any:
    where = asked.where()
    return float(sum(asked.records.count(where, name) for name in asked.records.tables(where)))


def _table_mapping(asked: _Asked) -> Any:
    mapping = {str(number): name for name, number in asked.records.tables(asked.where()).items()}
    return {**mapping, "540": "_file_storage", "514": "_scheduled_jobs"}


def _components(asked: _Asked) -> Any:
    return [
        {
            "id": component.id,
            "name": component.path.rpartition("/")[2] or None,
            "path": component.path,
            "args": {},
            "state": component.state,
            "httpPrefix": None,
        }
        for component in asked.records.components()
    ]


def _schemas(asked: _Asked) -> Any:
    active = asked.records.schema(asked.where())
    return {} if active is None else {"active": active}


def _environment_row(asked: _Asked) -> Any:
    name = str(asked.needs("name"))
    value = asked.records.environment().get(name)
    return None if value is None else {"name": name, "value": value}


def _import_row(asked: _Asked) -> Any:
    return asked.records.import_row(str(asked.needs("importId")))


def _backend_state(asked: _Asked) -> Any:
    user = "paused" if asked.records.paused() else "none"
    return {"system": "none", "usage_limit": "none", "user": user}


def _environment(asked: _Asked) -> Any:
    return [{"name": k, "value": v} for k, v in sorted(asked.records.environment().items())]


# Function to the permission it needs (None: any key) and what answers it.
_FUNCTIONS: dict[str, tuple[str | None, Callable[[_Asked], Any]]] = {
    "cli/tables:default": ("ViewData", _tables),
    "cli/tableData:default": ("ViewData", _table_data),
    "cli/tableSize:default": ("ViewData", _table_size),
    "cli/exports:getLatest": ("ViewBackups", lambda a: a.records.latest_export("snapshotExport")),
    "cli/queryImport:default": ("ViewBackups", _import_row),
    "cli/queryImport:list": ("ViewBackups", lambda a: a.records.imports(20)),
    "cli/queryEnvironmentVariables:default": ("ViewEnvironmentVariables", _environment),
    "cli/queryEnvironmentVariables:get": ("ViewEnvironmentVariables", _environment_row),
    "cli/modules:apiSpec": (None, lambda _: []),
    "cli/convexUrl:cloudUrl": (None, lambda a: a.records.url()),
    "frontend/tableSize:default": ("ViewData", _table_size),
    "frontend/tableSize:sizeOfAllTables": ("ViewData", _size_of_all_tables),
    "frontend/getTableMapping:default": ("ViewData", _table_mapping),
    "frontend/components:list": ("ViewData", _components),
    "frontend/fileStorageV2:numFiles": ("ViewData", lambda a: float(a.records.files(a.where()))),
    "frontend/fileStorageV2:fileMetadata": ("ViewData", _file_metadata),
    "frontend/getSchemas:default": ("ViewData", _schemas),
    "frontend/getVersion:default": (None, lambda a: a.records.package_version()),
    "frontend/deploymentEvents:lastPushEvent": ("ViewData", lambda _: None),
    "frontend/backendState:backendState": (None, _backend_state),
    "frontend/deploymentState:deploymentState": (
        None,
        lambda a: {"state": "paused" if a.records.paused() else "running"},
    ),
    "frontend/latestExport:default": (
        "ViewBackups",
        lambda a: a.records.latest_export("snapshotExport"),
    ),
    "frontend/latestExport:latestCloudExport": (
        "ViewBackups",
        lambda a: a.records.latest_export("cloudBackup"),
    ),
    "frontend/latestExport:canExportFileStorage": (None, lambda _: True),
    "frontend/listCronJobs:default": ("ViewData", lambda _: []),
}


def ask(
    records: Records,
    allows: Callable[[str], bool] | None,
    path: str,
    args: Any,
    component: str = "",
) -> Any:
    """What the function answers to the holder of a key; raises QueryFailed.

    `allows` says whether the key has a permission; None is somebody without a key, who is not
    told that the function exists.
    """
    canonical = path if ":" in path else f"{path}:default"
    system = canonical.removeprefix("_system/")
    if system == canonical and records.paused():
        raise QueryFailed(PAUSED)
    if system == canonical or allows is None or system not in _FUNCTIONS:
        raise QueryFailed(f"Could not find public function for '{path}'.")
    permission, function = _FUNCTIONS[system]
    if permission is not None and not allows(permission):
        action = ACTIONS[permission]
        raise QueryFailed(f"You do not have permission to perform this operation ({action}).")
    if component and component not in {known.path for known in records.components()}:
        raise QueryFailed(f"Component '{component}' not found.")
    return function(_Asked(records, args if isinstance(args, dict) else {}, component))


def respond(
    records: Records, allows: Callable[[str], bool] | None, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer to a body of `/api/query`; raises BadFormat.

    A `componentPath` in the body is not looked at, as in Convex.
    """
    form = FORMATS.get(body.get("format") or "json")
    if form is None:
        raise BadFormat(f"format param must be one of {', '.join(FORMATS)}")
    args = body.get("args") or {}
    if isinstance(args, list):
        args = args[0] if args else {}
    try:
        value = ask(records, allows, str(body.get("path", "")), args)
    except QueryFailed as failure:
        return {"status": "error", "errorMessage": str(failure), "logLines": []}
    return {"status": "success", "value": written(value, form), "logLines": []}
