"""kill -9 at each moment of a copy and of a sync: no copy is said to be there that is not whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from itertools import count
from pathlib import Path

import pytest

from sandbox.world import World
from tests.journeys.house import House

SECOND = {"vaults.second": {"kind": "folder", "folder": "second"}}


def torn(folder: Path) -> list[str]:
    """Backups in a vault's folder whose archive is not what their manifest says."""
    found = []
    for path in folder.glob("backups/*/*/manifest.json"):
        told = json.loads(path.read_text())["archive"]
        archive = folder / told["name"]
        whole = archive.is_file()
        if not whole or hashlib.sha256(archive.read_bytes()).hexdigest() != told["sha256"]:
            found.append(path.parent.name)
    return found


def names(folder: Path, pattern: str) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.glob(pattern) if p.is_file()}


@pytest.fixture(scope="module")
def template(world: World, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with two backups in its one vault."""
    house = House(tmp_path_factory.mktemp("template"), world)
    house.backup("--tables", "npd,users")
    house.backup("--tables", "npd")
    return house


def again(template: House, folder: Path) -> House:
    """The same, with a second vault that is empty."""
    folder.mkdir()
    shutil.copytree(template.vault, folder / "vault")
    return House(folder, template.world, changes=SECOND)


def check_what_is_left(house: House) -> None:
    """Nothing is torn in either vault, and each copy that is listed can be verified there."""
    second = house.folder / "second"
    assert torn(second) == torn(house.vault) == []
    entries = house.do("list").entries
    assert len(entries) == 2
    for entry in entries:
        for copy in entry.copies:
            assert house.do("verify", entry.id, "--vault", copy.vault).findings == ()


def check_the_next_run_ends_it(house: House, *words: str) -> None:
    """The same words again make it whole, and what a killed run left goes with the grace."""
    ended = house.run(*words, "--json")
    second = house.folder / "second"

    assert ended.code == 0, ended.last
    assert torn(second) == []
    lines = {line.name: line.state for line in house.do("doctor").lines}
    assert lines["leftovers second"] in ("OK", "WARN")
    assert house.run("audit", "verify").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2])
def test_a_copy_killed_before_any_effect_leaves_no_half_copy(template, tmp_path, first):
    words = ("copy", "latest", "--to", "second")
    ended = []
    for moment in count(first, 2):
        house = again(template, tmp_path / str(moment))
        running = house.start(str(moment), *words, "--json", module="tests.journeys.killed")
        ended.append(running.end().code)
        check_what_is_left(house)
        if ended[-1] == 0:
            break
        check_the_next_run_ends_it(house, *words)
        assert len(names(house.folder / "second", "backups/*/*/manifest.json")) == 1

    assert set(ended[:-1]) == {-signal.SIGKILL}
    assert len(ended) > 3


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_sync_killed_before_any_effect_goes_on_where_it_stopped(template, tmp_path, first):
    words = ("sync", "second")
    ended = []
    for moment in count(first, 3):
        house = again(template, tmp_path / str(moment))
        running = house.start(str(moment), *words, "--json", module="tests.journeys.killed")
        ended.append(running.end().code)
        check_what_is_left(house)
        if ended[-1] == 0:
            break
        check_the_next_run_ends_it(house, *words)
        second = house.folder / "second"
        for pattern in ("backups/*/*/manifest.json", "backups/*/*/archive.zip"):
            assert names(second, pattern) == names(house.vault, pattern)
        here, there = names(house.vault, "audit/*.json"), names(second, "audit/*.json")
        assert there <= here
        assert all((second / n).read_bytes() == (house.vault / n).read_bytes() for n in there)

    assert set(ended[:-1]) == {-signal.SIGKILL}
    assert len(ended) > 4


@pytest.mark.slow
def test_what_a_killed_copy_left_is_swept_after_the_grace_in_its_own_vault(template, tmp_path):
    house = again(template, tmp_path / "house")
    left = house.folder / "second/backups/production/production-2020-01-01-0000/archive.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a copy")
    house.run("now")
    young = left.exists()
    for path in (house.folder / "second").rglob("*"):
        os.utime(path, (0, 0))
    ended = house.run("now")

    assert young
    assert not left.exists()
    assert "Swept" in ended.err
    assert "in second" in ended.err


def test_an_archive_of_the_right_bytes_that_lies_there_is_read_and_used(template, tmp_path):
    house = again(template, tmp_path / "house")
    id_ = max(house.manifests(), key=lambda name: (len(name), name))
    place = "second"
    for body in (None, b"other bytes"):
        shutil.rmtree(house.folder / place, ignore_errors=True)
        there = house.folder / place / house.archive(id_).relative_to(house.vault)
        there.parent.mkdir(parents=True)
        there.write_bytes(body or house.archive(id_).read_bytes())
        ended = house.run("copy", id_, "--to", place, "--json")

        assert ended.code == 0, ended.last
        assert torn(house.folder / place) == []
        said = " ".join(e["text"] for e in ended.events if e["event"] == "Noted")
        assert ("was read, and is used" in said) == (body is None)
