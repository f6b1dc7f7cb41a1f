"""A world of stand-ins: two of them, on disk, ended and killed and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import convex
from sandbox.world import World, WorldFailed
from tests.sandbox import wire

ROOT = Path(__file__).parent.parent.parent


def test_each_deployment_has_an_origin_a_name_and_keys_of_its_own(tmp_path: Path) -> None:
    with World(tmp_path, seed="empty") as world:
        production, staging = world["production"], world["staging"]
        names = [wire.http.get(f"{one.url}/instance_name").text for one in (production, staging)]

    assert names == ["happy-animal-123", "calm-otter-456"]
    assert production.url != staging.url
    assert production.key != staging.key


def test_world_json_tells_everything_that_a_client_needs(tmp_path: Path) -> None:
    with World(tmp_path, seed="empty") as world:
        told = json.loads((tmp_path / "world.json").read_text())["deployments"]
        production = world["production"]

    assert list(told) == ["production", "staging"]
    assert told["production"] == {
        "url": f"http://127.0.0.1:{production.port}",
        "port": production.port,
        "instance_name": "happy-animal-123",
        "key": production.key,
        "self_hosted_key": production.self_hosted_key,
        "read_only_key": production.read_only_key,
        "backup_only_key": production.backup_only_key,
        "no_import_key": production.no_import_key,
        "no_pause_key": production.no_pause_key,
    }


def test_staging_has_fewer_rows_under_the_same_numbers(tmp_path: Path) -> None:
    with World(tmp_path, seed="small") as world:
        production, staging = (
            wire.snapshot(world[name])["_tables/documents.jsonl"]
            for name in ("production", "staging")
        )
        counts = world["production"].counts()["tables"], world["staging"].counts()["tables"]

    assert production == staging
    assert counts[0]["npd"] > counts[1]["npd"] > 0


def test_with_shifted_numbers_one_table_conflicts_and_the_whole_archive_does_not(
    tmp_path: Path,
) -> None:
    with World(tmp_path, seed="small", staging_numbers="shifted") as world:
        production, staging = world["production"], world["staging"]
        made = wire.download(production, wire.export(production))
        one = wire.entries(made)["npd/documents.jsonl"]
        part = wire.archive({"npd/documents.jsonl": one})
        refused = wire.restore(staging, part, "replace")
        appended = wire.restore(staging, made, "append")
        whole = wire.restore(staging, made, "replace")

    assert "`npd` has IDs that conflict with existing table `users`" in refused["error_message"]
    assert (appended["state"], whole["state"]) == ("failed", "completed")


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        here.mutate("npd", "delete", 4)
        row = wire.export(here)
        id_ = wire.stage(here, wire.table_archive(t=(10050, [{}])), "append")
        wire.looked_at(here, id_)
        wire.post(here, "/api/v1/pause_deployment")
        archive, key, counts = wire.download(here, row), here.key, here.counts()
    with World(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]

        assert here.key == key
        assert here.counts() == counts
        assert wire.latest(here) == row
        assert wire.download(here, row) == archive
        assert wire.ask(here, "_system/frontend/backendState:backendState")["user"] == "paused"
        assert wire.confirm(here, id_)["state"]["state"] == "completed"


def test_a_killed_world_goes_on_with_its_export(tmp_path: Path) -> None:
    with World.spawn(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        here.trouble(kind="export_stuck")
        wire.post(here, "/api/export/request/zip?includeStorage=true")
        wire.until(lambda: wire.latest(here)["state"] == "in_progress")
        id_ = wire.latest(here)["_id"]
        world.kill()
    with World(tmp_path, deployments=("production",)) as world:
        here = world["production"]
        row = wire.until(lambda: r if (r := wire.latest(here))["state"] == "completed" else None)

        assert row["_id"] == id_
        assert "npd/documents.jsonl" in wire.entries(wire.download(here, row))


@pytest.mark.parametrize(("mode", "after"), [("replaceAll", 1), ("append", 41)])
def test_an_import_that_was_killed_before_its_first_row_is_done_again(
    tmp_path: Path, mode: str, after: int
) -> None:
    upload = wire.table_archive(npd=(10003, [{"x": 1.0}]))
    with World.spawn(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        here.trouble(kind="import_slow", seconds=30)
        id_ = wire.stage(here, upload, mode)
        wire.looked_at(here, id_)
        wire.post(here, "/api/perform_import", {"importId": id_})
        wire.time.sleep(0.3)
        world.kill()
    with World(tmp_path, deployments=("production",)) as world:
        here = world["production"]
        state = wire.past(here, id_, "in_progress")["state"]
        counts = here.counts()["tables"]

    assert state["state"] == "completed"
    assert counts["npd"] == after


def test_an_append_that_had_begun_can_not_be_resumed(tmp_path: Path) -> None:
    with World.spawn(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        rows = {"npd/documents.jsonl": b'{"x":1.0}\n', "sp2d/documents.jsonl": b'{"x":1.0}\n'}
        here.trouble(kind="import_slow", seconds=0.5)
        id_ = wire.stage(here, wire.archive(rows), "append")
        wire.looked_at(here, id_)
        wire.post(here, "/api/perform_import", {"importId": id_})
        wire.until(lambda: wire.import_row(here, id_)["state"].get("checkpoint_messages"))
        world.kill()
    with World(tmp_path, deployments=("production",)) as world:
        here = world["production"]
        state = wire.import_row(here, id_)["state"]
        counts = here.counts()["tables"]

    assert state == {"state": "failed", "error_message": "can't resume append import"}
    assert (counts["npd"], counts["sp2d"]) == (41, 30)


def test_a_half_filled_folder_is_filled_anew(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="empty"):
        pass
    (tmp_path / "production" / "filling").touch()
    with World(tmp_path, deployments=("production",), seed="small") as world:
        assert world["production"].counts()["tables"]["npd"] == 40


def test_the_command_prints_where_and_ends_when_told(tmp_path: Path) -> None:
    words = ["--port", "0", "--deployments", "production", "--data", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox.convex", *words, "--seed", "empty"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    facts = json.loads((tmp_path / "world.json").read_text())["deployments"]["production"]

    assert first.split() == ["production", facts["url"], facts["key"]]
    assert second == "ready\n"
    assert process.returncode == 0


def test_a_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with World(tmp_path / "one", deployments=("production",), seed="empty") as world:
        port = str(world["production"].port)
        code = convex.main(["--port", port, "--data", str(tmp_path / "two"), "--seed", "empty"])

    assert code == 1
    assert "can't start" in capsys.readouterr().err


def test_a_world_that_can_not_start_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(WorldFailed), World(tmp_path / "file", seed="empty"):
        pass


@pytest.mark.slow
def test_a_large_deployment_goes_out_and_in_again_in_bounded_memory(tmp_path: Path) -> None:
    """A million documents if LIFEBOAT_LARGE is set: two minutes."""
    large = "LIFEBOAT_LARGE" in os.environ
    plan = "large" if large else "medium"
    with World.spawn(tmp_path, deployments=("production",), seed=plan) as world:
        here = world["production"]
        before = here.counts()
        row = wire.export(here)
        archive = tmp_path / "archive.zip"
        link = f"{here.url}/api/export/zip/{row['_id']}"
        with (
            wire.http.stream("GET", link, headers=wire.headers(here)) as answer,
            archive.open("wb") as file,
        ):
            for chunk in answer.iter_raw():
                file.write(chunk)
        token = wire.start_upload(here)
        with archive.open("rb") as file:
            while part := file.read(8 << 20):
                wire.send_part(here, token, 1, part).raise_for_status()
        asked = {"import": {"format": "zip", "mode": "replaceAll"}, "partTokens": []}
        body = asked | {"uploadToken": token}
        id_ = wire.post(here, "/api/import/finish_upload", body).json()["importId"]
        wire.looked_at(here, id_)
        state = wire.confirm(here, id_)["state"]
        status = Path(f"/proc/{world.process.pid}/status").read_text()
        peak_mb = int(status.partition("VmHWM:")[2].split()[0]) // 1024

        assert row["size"] == archive.stat().st_size
        assert state["num_rows_written"] == (1_000_029 if large else 54_989)
        assert here.counts() == before
        assert peak_mb < (300 if large else 200)
