"""Speaks to a stand-in as any HTTP client would: the requests of an export and of an import."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any

import httpx

from sandbox.world import Stand

SECONDS_MAX = 60
Row = dict[str, Any]
# One client, because making one costs more than most requests here; no connection is kept, because
# the deployment at its other end may be killed any moment.
http = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=60)


def headers(here: Stand, key: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Convex {key or here.key}"}


def post(here: Stand, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
    return http.post(f"{here.url}{path}", json=body, headers=headers(here, key))


def get(here: Stand, path: str, key: str | None = None) -> httpx.Response:
    return http.get(f"{here.url}{path}", headers=headers(here, key))


def ask(here: Stand, path: str, args: Any = None) -> Any:
    body = {"path": path, "args": args or {}, "format": "export_json"}
    answer = post(here, "/api/query", body).json()

    assert answer["status"] == "success", answer
    return answer["value"]


def latest(here: Stand) -> Row:
    return ask(here, "_system/cli/exports:getLatest")


def until(found: Any) -> Any:
    """What `found()` gives as soon as it gives anything."""
    end = time.monotonic() + SECONDS_MAX
    while not (value := found()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
    return value


def export(here: Stand, *, files: bool = True) -> Row:
    """Asks for an export and waits for its end."""
    told = "true" if files else "false"
    post(here, f"/api/export/request/zip?includeStorage={told}").raise_for_status()
    return until(lambda: row if (row := latest(here))["state"] not in GOING else None)


GOING = ("requested", "in_progress")


def download(here: Stand, row: Row) -> bytes:
    return get(here, f"/api/export/zip/{row['_id']}").raise_for_status().content


def snapshot(here: Stand, *, files: bool = True) -> dict[str, bytes]:
    """An export's entries by name."""
    return entries(download(here, export(here, files=files)))


def entries(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def archive(entries: Mapping[str, bytes | str]) -> bytes:
    """An ordinary ZIP, as ordinary tools make one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in entries.items():
            made.writestr(name, body)
    return out.getvalue()


def table_archive(**tables: Any) -> bytes:
    """An archive of root tables: name to (number, rows), as a whole-deployment export has them."""
    mapping = "".join(
        json.dumps({"name": name, "id": number}) + "\n" for name, (number, _) in tables.items()
    )
    made = {"_tables/documents.jsonl": mapping}
    for name, (_, rows) in tables.items():
        made[f"{name}/documents.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
        made[f"{name}/generated_schema.jsonl"] = '"uniform"\n'
    return archive(made)


def start_upload(here: Stand) -> str:
    return str(post(here, "/api/import/start_upload").raise_for_status().json()["uploadToken"])


def send_part(here: Stand, token: str, number: int, part: bytes) -> httpx.Response:
    return http.post(
        f"{here.url}/api/import/upload_part",
        params={"uploadToken": token, "partNumber": number},
        content=part,
        headers=headers(here),
    )


def stage(here: Stand, upload: bytes, mode: str | None = "replaceAll", **more: Any) -> str:
    """Uploads in one part and finishes; returns the import's id."""
    token = start_upload(here)
    send_part(here, token, 1, upload).raise_for_status()
    asked = {"format": "zip", "mode": mode, **more}
    body = {"import": asked, "uploadToken": token, "partTokens": [""]}
    return str(post(here, "/api/import/finish_upload", body).raise_for_status().json()["importId"])


def import_row(here: Stand, id_: str) -> Row:
    return ask(here, "_system/cli/queryImport:default", {"importId": id_})


def past(here: Stand, id_: str, *states: str) -> Row:
    """The import's row as soon as it is in none of these states."""
    return until(
        lambda: row if (row := import_row(here, id_))["state"]["state"] not in states else None
    )


def looked_at(here: Stand, id_: str) -> Row:
    return past(here, id_, "uploaded")


def confirm(here: Stand, id_: str) -> Row:
    """Says yes and waits for the end."""
    post(here, "/api/perform_import", {"importId": id_}).raise_for_status()
    return past(here, id_, "in_progress")


def restore(here: Stand, upload: bytes, mode: str | None = "replaceAll", **more: Any) -> Row:
    """The whole import; the state it ends in."""
    id_ = stage(here, upload, mode, **more)
    row = looked_at(here, id_)
    if row["state"]["state"] == "waiting_for_confirmation":
        row = confirm(here, id_)
    return dict(row["state"])


def int64(value: Any) -> int:
    """What `convex_encoded_json` makes of an int64, read back."""
    return int.from_bytes(base64.b64decode(value["$integer"]), "little", signed=True)
