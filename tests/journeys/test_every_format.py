"""An archive of every version of the format, kept in tests/golden/archives, is read for ever.

Each was written by the Lifeboat of its day and is never made anew. The identity of a sealed one
lies beside it; it is a throw-away that nothing else was ever sealed for.
"""

import json
import shutil
from pathlib import Path

import pytest

from storage.manifest import FORMAT
from tests.journeys import house as of
from tests.sandbox import wire
from tests.storage.seal_keys import Seal

ARCHIVES = Path(__file__).parent.parent / "golden" / "archives"
FORMATS = range(1, FORMAT + 1)


@pytest.fixture(params=FORMATS)
def kept(request, house):
    """A house whose vault holds the backup of that version, and nothing else."""
    folder = ARCHIVES / f"format-{request.param}"
    shutil.copytree(folder / "vault", house.vault)
    if (secret := folder / "throw-away.identity").exists():
        shutil.copy(secret, house.identity)
        house.identity.chmod(0o600)
        house.write(encryption={"identity_file": house.identity.name})
    ((id_, manifest),) = house.manifests().items()
    assert manifest["format"] == request.param
    return house, id_, manifest


def test_there_is_one_of_every_version_and_no_other():
    assert {path.name for path in ARCHIVES.iterdir()} == {f"format-{n}" for n in FORMATS}


def test_it_is_listed_and_shown(kept):
    house, id_, manifest = kept
    (entry,) = house.do("list").entries

    assert entry.id == id_
    assert entry.sealed == (manifest["format"] == 2)
    assert house.do("show", id_).manifest.label == "kept to be read for ever"


def test_it_is_verified_byte_for_byte_and_row_for_row(kept):
    house, id_, manifest = kept
    verified = house.do("verify", id_)

    assert (verified.depth, verified.findings) == ("full", ())
    assert verified.looked_at.documents == sum(
        table["documents"] for table in manifest["contents"]["tables"]
    )


def test_it_is_restored_row_for_row(kept):
    house, id_, manifest = kept
    stored = house.archive(id_).read_bytes()
    if manifest["format"] == 2:
        seal = Seal((), house.identity)
        stored = b"".join(seal.opened([stored], manifest["archive"]["sealed"]["recipients"]))
    held = {
        name: body
        for name, body in wire.entries(stored).items()
        if name in of.rows(house.staging) or name.endswith("/documents.jsonl")
    }
    restored = house.run("restore", id_, "--to", "staging", "--yes", "--json")

    assert restored.code == 0, restored.out
    assert held
    assert {n: b for n, b in of.rows(house.staging).items() if n in held} == held


def test_the_throw_away_key_is_for_its_archive_alone():
    (manifest,) = ARCHIVES.glob("format-2/vault/backups/*/*/manifest.json")
    text = (ARCHIVES / "format-2" / "throw-away.identity").read_text()
    (recipient,) = json.loads(manifest.read_text())["archive"]["sealed"]["recipients"]

    assert recipient in text
    assert text.count("AGE-SECRET-KEY-1") == 1
