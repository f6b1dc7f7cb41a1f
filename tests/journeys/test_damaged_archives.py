"""An archive that is not what it was, anywhere: verify never says sound, restore never begins."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import ArchiveError, LifeboatError
from tests.journeys import house as of
from tests.journeys.house import House

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def one(world, tmp_path_factory):
    """A house with one backup, opened once for all examples; and the archive's bytes."""
    house = House(tmp_path_factory.mktemp("house"), world)
    id_ = house.backup("--tables", "npd,drafts,_storage,waitlist/entries")
    path = house.archive(id_)
    path.chmod(0o644)
    with house.inside() as here:
        yield here, id_, path, path.read_bytes()


def findings(one, changed):
    """Verify the archive with these bytes in its place."""
    here, id_, path, whole = one
    path.write_bytes(changed)
    try:
        return here.do("verify", id_)
    finally:
        path.write_bytes(whole)


def test_the_archive_as_it_was_is_sound(one):
    assert findings(one, one[3]).exit_code == 0


@QUICK
@given(data=st.data())
def test_one_bit_turned_anywhere_is_never_sound(one, data):
    whole = bytearray(one[3])
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8

    assert findings(one, whole).exit_code == 1


@QUICK
@given(data=st.data())
def test_an_archive_cut_anywhere_is_never_sound(one, data):
    size = data.draw(st.integers(0, len(one[3]) - 1))

    assert findings(one, one[3][:size]).exit_code == 1


@QUICK
@given(more=st.binary(min_size=1, max_size=50))
def test_an_archive_that_grew_is_never_sound(one, more):
    assert findings(one, one[3] + more).exit_code == 1


@QUICK
@given(data=st.data())
def test_bytes_that_changed_places_are_never_sound(one, data):
    whole = one[3]
    first, second = sorted(
        data.draw(st.lists(st.integers(0, len(whole)), min_size=2, max_size=2, unique=True))
    )
    changed = whole[:first] + whole[first:second][::-1] + whole[second:]

    assert findings(one, changed).exit_code == (changed != whole)


def test_the_hash_alone_finds_it_too(one):
    here, id_, path, whole = one
    path.write_bytes(whole[:-1] + b"x")
    try:
        result = here.do("verify", id_, "--against-manifest", "only")
    finally:
        path.write_bytes(whole)

    assert result.exit_code == 1
    assert "SHA-256" in result.findings[0].what


def damage(house, id_, how):
    path = house.archive(id_)
    path.chmod(0o644)
    path.write_bytes(how(path.read_bytes()))


def turned(at):
    def how(whole):
        place = int(len(whole) * at)
        return whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]

    return how


DAMAGE = {
    "a bit at the start": turned(0.0),
    "a bit in the middle": turned(0.5),
    "a bit at the end": turned(0.9999),
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "a byte short": lambda whole: whole[:-1],
    "nothing left": lambda whole: b"",
    "a byte more": lambda whole: whole + b"\0",
    "twice": lambda whole: whole * 2,
    "other bytes": lambda whole: bytes(len(whole)),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_restore_of_a_damaged_archive_is_refused_and_the_target_as_it_was(house, how):
    id_ = house.backup()
    before = of.rows(house.staging)
    damage(house, id_, DAMAGE[how])
    with house.inside() as here, pytest.raises(ArchiveError) as caught:
        here.do("restore", id_, "--yes")

    assert "staging is as it was: nothing was restored." in str(caught.value)
    assert house.staging.requests("/api/import") == []
    assert of.rows(house.staging) == before
    assert all(steps[-1] == "ended" for steps in house.jobs().values())


def test_a_restore_of_an_archive_that_is_gone_is_refused(house):
    id_ = house.backup()
    house.archive(id_).unlink()
    with pytest.raises(LifeboatError, match="holds no") as caught:
        house.do("restore", id_, "--yes")

    assert "staging is as it was" in str(caught.value)
    assert house.staging.requests("/api/import") == []


def test_an_archive_of_another_backup_under_this_name_is_found(house):
    first = house.backup()
    house.production.mutate("npd", "patch", 1)
    second = house.backup()
    damage(house, first, lambda _: house.archive(second).read_bytes())

    assert house.do("verify", first).exit_code == 1
    with pytest.raises(ArchiveError, match="not the manifest's"):
        house.do("restore", first, "--yes")


def test_a_safety_backup_that_was_damaged_is_no_undo(house):
    house.backup()
    house.do("restore", "latest", "--yes")
    (safety,) = house.do("list", "--kind", "safety").entries
    after = of.rows(house.staging)
    damage(house, safety.id, DAMAGE["a bit in the middle"])
    with pytest.raises(ArchiveError):
        house.do("restore", safety.id, "--to", "staging", "--yes")

    assert of.rows(house.staging) == after


def test_findings_stay_in_the_list_until_a_full_check_is_clean(house):
    id_ = house.backup()
    whole = house.archive(id_).read_bytes()
    damage(house, id_, DAMAGE["a byte more"])
    house.do("verify", id_)
    damage(house, id_, lambda _: whole)
    after_damage = house.do("list").entries[0].verified_findings
    house.do("verify", id_, "--against-manifest", "only")
    after_hash = house.do("list").entries[0].verified_findings
    house.do("verify", id_)
    after_full = house.do("list").entries[0].verified_findings

    assert after_damage == after_hash > 0
    assert after_full == 0


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"id": "production-2020-01-01-0000"},
        {"archive": None},
        {"kind": "hourly"},
    ],
    ids=str,
)
def test_a_manifest_that_was_changed_is_named_and_not_believed(house, change):
    id_ = house.backup()
    path = house.archive(id_).with_name("manifest.json")
    path.chmod(0o644)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    listed, ended = house.run("list"), house.run("verify", id_)

    assert (listed.code, ended.code) == (1, 2)
    assert f"{id_}/manifest.json" in listed.out
    assert f"{id_}" in ended.err
    assert house.run("restore", id_, "--yes").code in (1, 2)
    assert of.changes(house.staging) == []


def test_latest_says_when_a_newer_one_cant_be_read(house):
    kept, broken = house.backup(), house.backup()
    path = house.archive(broken).with_name("manifest.json")
    path.chmod(0o644)
    path.write_bytes(b"{")
    ended = house.run("show", "latest")

    assert ended.out.startswith(kept)
    assert f"{broken}/manifest.json is not a readable manifest" in ended.err
