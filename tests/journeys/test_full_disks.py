"""A disk that is full: no half backup, nothing touched, and a sentence that says which disk."""

import os
import resource
import subprocess

import pytest

from sandbox.world import World
from storage.errors import SpoolError, VaultFull
from tests.journeys import house as of

# The snapshot has 60 kB, a manifest 6: what a file may have before the disk is called full.
PARTS = {"archive": 20_000, "manifest": 2_000}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A world in a process of its own: limits on this one are not limits on Convex."""
    with World.spawn(tmp_path_factory.mktemp("world"), step_seconds=0.0) as made:
        yield made


class Full:
    """Lets no file of this process grow past so many bytes, from one step on.

    The kernel then refuses to write, as it does on a full disk.
    """

    def __init__(self, step, size, times=1):
        self._step, self._size, self._left = step, size, times
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def __call__(self, event):
        if type(event).__name__ == "StepBegan" and event.step == self._step:
            self._left -= 1
            if not self._left:
                resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def failed(house, error, words, step, size, times=1):
    with Full(step, size, times) as full, house.inside(tell=full) as here:
        with pytest.raises(error) as caught:
            here.do(*words)
        full.__exit__()
    return str(caught.value)


@pytest.mark.parametrize("size", [0, 1, 20_000, 60_000])
def test_a_full_spool_ends_the_backup(house, size):
    words = failed(house, SpoolError, ("now",), "download", size)

    assert str(house.data / "spool") in words
    assert "Nothing was changed in the deployment or the vault." in words
    assert "data_folder" in words
    assert house.files() == house.scratch() == []


def test_a_spool_that_is_full_when_tables_are_chosen_ends_the_backup(house):
    words = failed(house, SpoolError, ("now", "--tables", "npd"), "choose tables", 1_000)

    assert "spool" in words
    assert house.files() == house.scratch() == []


@pytest.mark.parametrize("size", [0, 1, 20_000, 60_000])
def test_a_full_vault_keeps_no_part_of_an_archive(house, size):
    words = failed(house, VaultFull, ("now",), "store", size)

    assert "has no room for backups/production/" in words
    assert "Nothing of it was kept" in words
    assert str(house.vault) in words
    assert house.files() == house.scratch() == []


@pytest.mark.parametrize("size", [0, 1, 2_000])
def test_a_vault_that_is_full_at_the_manifest_keeps_no_archive_without_one(house, size):
    words = failed(house, VaultFull, ("now",), "manifest", size)

    assert "has no room for" in words
    assert "manifest.json" in words
    assert house.files() == []


def test_earlier_backups_survive_a_full_vault(house):
    kept = house.backup()
    failed(house, VaultFull, ("now",), "store", 1_000)

    assert list(house.manifests()) == [kept]
    assert house.do("verify", kept).findings == ()


def test_a_backup_whose_catalog_has_no_room_is_a_backup(house):
    """The manifest is in the vault: what can't be written after it is only the index."""
    with Full("manifest", 12_000) as full, house.inside(tell=full) as here:
        result = here.do("now")
        full.__exit__()

        assert "catalog" in here.said
    assert result.manifest.id in house.manifests()
    assert [entry.id for entry in house.do("list").entries] == [result.manifest.id]


def test_a_check_whose_result_has_no_room_is_a_check(house):
    id_ = house.backup()
    with Full("verify", 100) as full, house.inside(tell=full) as here:
        result = here.do("verify", id_)
        full.__exit__()

        assert "could not be written into the vault" in here.said
    assert (result.exit_code, result.recorded) == (0, False)
    assert result.findings == ()


@pytest.mark.parametrize(
    ("step", "size", "times", "error"),
    [
        ("plan", 100, 1, VaultFull),  # The job's first record.
        ("download", 1_000, 1, SpoolError),
        ("store", 1_000, 1, VaultFull),
        ("manifest", 1_000, 1, VaultFull),
        ("verify the archive", 1_000, 1, SpoolError),
        ("build", 1_000, 1, SpoolError),
        ("stage", 10, 1, VaultFull),
        ("compare", 100, 1, VaultFull),
    ],
)
def test_a_disk_that_is_full_before_the_confirm_leaves_the_target(house, step, size, times, error):
    house.backup()
    before = of.rows(house.staging)
    words = failed(house, error, ("restore", "latest", "--merge", "--yes"), step, size, times)

    assert "staging is as it was: nothing was restored." in words
    assert of.confirmed(house.staging) == 0
    assert of.dangling(house.staging) == []
    assert of.rows(house.staging) == before
    assert house.torn() == house.scratch() == []
    assert house.run("restore", "latest:production", "--yes").code == 0


def test_a_vault_that_is_full_after_the_confirm_still_reports_the_restore(house):
    """That it ended can't be written down; that it did is known all the same."""
    held = of.rows(house.production)
    house.backup()
    with Full("count", 10) as full, house.inside(tell=full) as here:
        result = here.do("restore", "latest", "--yes")
        full.__exit__()

        assert "has no room" in here.said
    assert result.exit_code == 0
    assert of.rows(house.staging) == held
    assert house.run("restore", "latest:production", "--yes", "--json").last["resumed"] is True
    assert of.confirmed(house.staging) == 1


def test_the_command_under_a_limit_of_file_sizes_ends_with_1_in_words(house):
    ended = house.process("now", "--json", shell="ulimit -f 40")  # Blocks of 512 bytes.

    assert ended.code == 1
    assert ended.last["kind"] == "SpoolError"
    assert "file too large" in ended.failure
    assert house.files() == house.scratch() == []


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of its own that holds hardly anything; for root only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_vault_on_a_disk_that_is_full_keeps_nothing(house, small_disk):
    house.write(**{"vaults.local": {"folder": str(small_disk / "vault")}})
    ended = house.run("now")
    found = [path for path in small_disk.rglob("*") if path.is_file()]
    left = [path for path in found if path.parent.name != "audit"]  # Small enough to fit.

    assert ended.code == 1
    assert "no space left on device" in ended.err
    assert left == house.scratch() == []


def test_a_data_folder_on_a_disk_that_is_full_is_said_before_the_download(house, small_disk):
    house.write(lifeboat={"data_folder": str(small_disk / "data")})
    ended = house.run("now")

    assert ended.code == 1
    assert "The spool's disk has" in ended.err
    assert house.production.requests("/api/export/zip") == []
    assert house.files() == []
