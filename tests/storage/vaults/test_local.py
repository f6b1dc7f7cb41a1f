"""The local folder: the shared suite, and what only a folder can do to us."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.errors import AlreadyThere, NotThere, Refused, VaultFull, VaultUnreachable
from storage.vaults.local import LocalFolder, is_part
from storage.vaults.vault import KeepsParts
from tests.storage.vaults.suite import VaultSuite

ROOT = Path(__file__).parents[3]
LATER = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def vault(tmp_path):
    return LocalFolder(tmp_path / "vault")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


def python(code: str, *args: object) -> list[str]:
    """Return the command of a process that imports us."""
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]


class TestLocalFolder(VaultSuite):
    pass


class TestWithoutHardLinks(VaultSuite):
    """A disk such as exFAT, where os.link is refused."""

    @pytest.fixture(autouse=True)
    def no_links(self, monkeypatch):
        def refused(*args, **kwargs):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refused)


def test_an_object_is_a_read_only_file_of_that_name(vault, folder):
    vault.put("a/b.zip", [b"x"])

    assert stat.S_IMODE((folder / "a/b.zip").stat().st_mode) == 0o444
    assert [path.name for path in (folder / "a").iterdir()] == ["b.zip"]


def test_an_empty_vault_leaves_no_folders(vault, folder):
    vault.put("a/b/c", [b""])
    vault.delete("a/b/c")

    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_made_yet_is_empty(vault):
    assert list(vault.list()) == []


def test_a_disk_that_is_not_mounted_is_said(tmp_path):
    vault = LocalFolder(tmp_path / "mnt" / "vault")

    with pytest.raises(VaultUnreachable, match="mounted"):
        vault.put("a", [b""])
    with pytest.raises(VaultUnreachable):
        list(vault.list())
    with pytest.raises(VaultUnreachable):
        vault.stat("a")


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "vault").write_text("")

    with pytest.raises(VaultUnreachable, match="not a directory"):
        LocalFolder(tmp_path / "vault").put("a", [b""])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(vault, folder):
    folder.mkdir(mode=0o500)

    with pytest.raises(VaultUnreachable, match="permission denied"):
        vault.put("a", [b""])


@pytest.mark.parametrize("name", ["out/a", "out"])
def test_a_link_is_never_followed(vault, folder, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("secret")
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path / "elsewhere")

    for touch in (vault.stat, vault.open, vault.delete, lambda name: vault.put(name, [b"x"])):
        with pytest.raises(Refused, match="link"):
            touch(name)
    assert list(vault.list()) == []


def test_foreign_files_are_no_objects_but_leftovers(vault, folder):
    vault.put("a/b", [b""])
    (folder / "My notes.txt").write_text("hello")
    (folder / "a" / ".DS_Store").write_text("")

    assert [stored.name for stored in vault.list()] == ["a/b"]
    assert [stored.name for stored in vault.leftovers()] == ["My notes.txt", "a/.DS_Store"]


def test_a_sweep_takes_only_parts(vault, folder):
    vault.put("a", [b""])
    (folder / ".DS_Store").write_text("")
    (folder / ".lifeboat-1-abc.part").write_text("half")

    assert [stored.name for stored in vault.sweep(LATER)] == [".lifeboat-1-abc.part"]
    assert sorted(path.name for path in folder.iterdir()) == [".DS_Store", "a"]


def test_a_young_part_stays(vault, folder):
    folder.mkdir()
    (folder / ".lifeboat-1-abc.part").write_text("half")

    assert vault.sweep(datetime.now(UTC) - timedelta(hours=1)) == []


def test_a_part_that_is_being_written_stays_whatever_the_clock_says(vault):
    swept = []

    def slow():
        yield b"half"
        swept.extend(vault.sweep(LATER))
        yield b"whole"

    vault.put("a", slow())

    assert swept == []
    assert b"".join(vault.open("a")) == b"halfwhole"


@pytest.mark.parametrize("seconds", [-1, 0, 2**40, 2**33])
def test_a_file_of_any_time_is_listed(vault, folder, seconds):
    vault.put("a", [b""])
    try:
        os.utime(folder / "a", (seconds, seconds))
    except OSError:
        pytest.skip("this disk keeps no such time")

    (stored,) = vault.list()
    assert stored.modified.tzinfo is UTC


def test_it_keeps_parts(vault):
    assert isinstance(vault, KeepsParts)


def test_exactly_one_of_many_processes_wins(folder):
    code = """
        import sys
        from pathlib import Path
        from storage.errors import AlreadyThere
        from storage.vaults.local import LocalFolder
        vault, me = LocalFolder(Path(sys.argv[1])), sys.argv[2].encode()
        won = 0
        for number in range(40):
            try:
                vault.put(f"race/{number}", [me] * 100)
                won += 1
            except AlreadyThere:
                pass
        sys.stdout.write(str(won))
    """
    processes = [
        subprocess.Popen(python(code, folder, me), cwd=ROOT, stdout=subprocess.PIPE) for me in "abc"
    ]
    won = [int(process.communicate()[0]) for process in processes]

    vault = LocalFolder(folder)
    assert sum(won) == 40
    assert all(len(set(b"".join(vault.open(s.name)))) == 1 for s in vault.list("race/"))


def test_a_writer_that_is_killed_leaves_a_part_and_no_object(vault, folder):
    code = """
        import sys, time
        from pathlib import Path
        from storage.vaults.local import LocalFolder
        def slow():
            yield b"half" * 1000
            sys.stdout.write("writing"); sys.stdout.flush()
            time.sleep(60)
        LocalFolder(Path(sys.argv[1])).put("a/b", slow())
    """
    with subprocess.Popen(python(code, folder), cwd=ROOT, stdout=subprocess.PIPE) as process:
        process.stdout.read(7)
        held = vault.sweep(LATER)
        process.send_signal(signal.SIGKILL)
    parts = [stored.name for stored in vault.leftovers()]

    assert held == []
    assert list(vault.list()) == []
    assert [is_part(name) for name in parts] == [True]
    assert [stored.name for stored in vault.sweep(LATER)] == parts
    vault.put("a/b", [b"whole"])


def test_writers_killed_at_any_moment_never_leave_a_torn_object(vault, folder):
    code = """
        import sys
        from pathlib import Path
        from storage.vaults.local import LocalFolder
        vault = LocalFolder(Path(sys.argv[1]))
        sys.stdout.write("."); sys.stdout.flush()
        for number in range(100000):
            vault.put(f"{sys.argv[2]}/{number}", [b"x" * 10_000] * 5)
    """
    for turn in range(4):
        with subprocess.Popen(
            python(code, folder, f"t{turn}"), cwd=ROOT, stdout=subprocess.PIPE
        ) as process:
            process.stdout.read(1)
            time.sleep(0.02 + 0.013 * turn)
            process.send_signal(signal.SIGKILL)

    assert {stored.bytes for stored in vault.list()} <= {50_000}


FULL = """
    import resource, sys
    from pathlib import Path
    from storage.errors import VaultFull
    from storage.vaults.local import LocalFolder
    vault = LocalFolder(Path(sys.argv[1]))
    if sys.argv[2] == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        vault.put("a/big", (b"x" * 65_536 for _ in range(40)))
    except VaultFull as error:
        sys.stdout.write(str(error))
        sys.exit(7)
"""


def test_a_file_too_large_for_the_disk_is_said_and_not_kept(vault, folder):
    vault.put("small", [b"x"])
    done = subprocess.run(
        python(FULL, folder, "limit"), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (7, "")
    assert "has no room for a/big" in done.stdout
    assert [stored.name for stored in vault.list()] == ["small"]
    assert list(vault.leftovers()) == []


def test_a_full_disk_is_said_and_nothing_is_kept(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "lifeboat-test", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        vault = LocalFolder(disk / "vault")

        with pytest.raises(VaultFull, match="no space left"):
            vault.put("a/big", (b"x" * 65_536 for _ in range(40)))
        assert list(vault.leftovers()) == []
        vault.put("small", [b"x"])
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_every_error_says_what_is_safe(vault):
    vault.put("a", [b""])

    with pytest.raises(AlreadyThere) as taken:
        vault.put("a", [b""])
    with pytest.raises(NotThere) as missing:
        vault.stat("b")
    assert taken.value.safe
    assert missing.value.safe
    assert missing.value.hint
