"""Sealed archives, end to end: taken, read, restored; without the identity, with a wrong one,
damaged in every way, and by a machine that holds public keys alone."""

import json
import signal
import stat
import tomllib
from itertools import count

import pytest

from storage.errors import SealError
from storage.seal import read_identities
from tests.journeys import house as of
from tests.journeys.house import House
from tests.storage.seal_keys import key_file

SEALED = True
INTO = ("--to", "staging", "--yes")


def looked(house):
    return {line.name: line for line in house.do("doctor").lines}


def touched(house):
    """What was done to the deployments, and what lies in the vault."""
    return of.changes(house.production), of.changes(house.staging), house.files()


def without_identity(house):
    """The same settings on a machine that has never seen the identity."""
    house.write(encryption={"identity_file": None})


def with_a_strangers(house):
    (recipient,) = key_file(house.folder / "stranger.identity")
    house.write(encryption={"identity_file": "stranger.identity"})
    return recipient


def test_an_archive_is_sealed_in_the_vault_and_nothing_of_it_can_be_read_there(house):
    rows = of.rows(house.production)
    id_ = house.backup()
    archive, facts = house.archive(id_), house.manifests()[id_]["archive"]
    stored = archive.read_bytes()

    assert archive.name == "archive.zip.age"
    assert house.manifests()[id_]["format"] == 2
    assert facts["sealed"]["recipients"] == house.encryption["recipients"]
    assert facts["bytes"] == len(stored) != facts["sealed"]["zip_bytes"]
    assert stored.startswith(b"age-encryption.org/v1\n")
    assert b"PK\x03\x04" not in stored
    assert b"documents.jsonl" not in stored
    assert {n: b for n, b in house.entries(id_).items() if n in rows} == rows


def test_it_is_verified_and_restored_row_for_row(house):
    held = of.rows(house.production)
    id_ = house.backup()
    verified = house.run("verify", id_)
    restored = house.run("restore", id_, *INTO)

    assert (verified.code, restored.code) == (0, 0), verified.out + restored.out
    assert of.rows(house.staging) == held


def test_a_merge_opens_its_archive_and_its_safety_backup(house):
    id_ = house.backup("staging")
    ended = house.run("restore", id_, *INTO, "--mode", "merge", "--json")

    assert ended.code == 0, ended.out
    assert {m["archive"]["name"][-4:] for m in house.manifests().values()} == {".age"}


def test_list_and_show_say_whether_an_archive_is_sealed(house):
    sealed = house.backup()
    house.write(encryption={"kind": "none", "recipients": None})
    plain = house.backup()
    rows = {line.split()[0]: line for line in house.run("list").out.splitlines()}

    assert "sealed" in rows[sealed]
    assert "plain" in rows[plain]
    shown = house.run("show", sealed).out
    assert house.encryption["recipients"][0] in shown
    assert "sealed for age1" in shown
    assert ", plain" in house.run("show", plain).out


def test_public_keys_alone_take_and_keep_a_backup_that_another_machine_restores(house):
    without_identity(house)
    taken = house.run("now", "--json")
    house.write()
    id_ = taken.last["manifest"]["id"]

    assert taken.code == 0, taken.out
    assert "no identity is here" in " ".join(e.get("text", "") for e in taken.events)
    assert house.run("restore", id_, *INTO).code == 0
    assert of.rows(house.staging) == of.rows(house.production)


@pytest.mark.parametrize("lost", ["unnamed", "gone", "wrong", "nonsense"])
def test_what_must_open_an_archive_refuses_before_anything_is_touched(house, lost):
    id_ = house.backup()
    if lost == "unnamed":
        without_identity(house)
    elif lost == "gone":
        house.identity.unlink()
    elif lost == "wrong":
        with_a_strangers(house)
    else:
        house.identity.write_text("# empty\n")
    before = touched(house)
    for words in (INTO, (*INTO, "--mode", "merge"), ("--to", "staging", "--dry-run")):
        ended = house.run("restore", id_, *words, "--json")

        assert ended.code == 2, ended.out
        assert ended.last["kind"] == "SealError"
        assert ended.last["safe"] == "Nothing was touched."
        assert house.encryption["recipients"][0][:14] in ended.last["what"]
        named = {"unnamed": "name no identity_file", "wrong": "stranger.identity"}
        assert named.get(lost, "lifeboat.identity") in ended.last["what"]
        assert "identity_file" in ended.last["hint"]
    assert touched(house) == before
    assert of.imports(house.staging) == []


def test_a_restore_is_refused_when_its_safety_backup_could_never_be_opened(house):
    """The archive is an old plain one; what would be taken before is sealed for somebody else."""
    house.write(encryption={"kind": "none", "recipients": None})
    id_ = house.backup()
    without_identity(house)
    before = touched(house)
    ended = house.run("restore", id_, *INTO, "--json")

    assert ended.code == 2
    assert "no way back" in ended.failure
    assert touched(house) == before


@pytest.mark.parametrize("lost", ["unnamed", "wrong"])
def test_verify_without_the_identity_says_that_it_held_only_the_sealed_bytes(house, lost):
    id_ = house.backup()
    without_identity(house) if lost == "unnamed" else with_a_strangers(house)
    ended = house.run("verify", id_, "--json")
    (finding,) = ended.last["findings"]

    assert ended.code == 1
    assert (ended.last["depth"], finding["check"]) == ("manifest", "sealed")
    assert finding["severity"] == "warning"
    assert "no row was read" in finding["what"]
    assert "identity_file" in finding["what"]
    assert house.run("verify", id_, "--against-manifest", "only").code == 0
    assert house.do("list").entries[0].verified_findings == 0


@pytest.mark.parametrize("there", [True, False], ids=["with the identity", "without"])
@pytest.mark.parametrize("how", ["header", "flipped", "cut", "tail", "swapped"])
def test_a_sealed_archive_that_was_touched_is_found(house, how, there):
    id_ = house.backup()
    other = house.archive(house.backup("staging")).read_bytes()
    path = house.archive(id_)
    stored = path.read_bytes()
    middle = len(stored) // 2
    path.chmod(0o600)
    path.write_bytes(
        {
            "header": stored[:60] + bytes([stored[60] ^ 1]) + stored[61:],
            "flipped": stored[:middle] + bytes([stored[middle] ^ 4]) + stored[middle + 1 :],
            "cut": stored[:-1],
            "tail": stored + b"\0",
            "swapped": other,
        }[how]
    )
    if not there:
        without_identity(house)
    ended = house.run("verify", id_, "--json")
    checks = [finding["check"] for finding in ended.last["findings"]]

    assert ended.code == 1
    assert "archive hash" in checks
    assert ("seal" in checks) == (there and how != "swapped")
    if there:
        before = of.changes(house.staging)
        assert house.run("restore", id_, *INTO).code == 1
        assert of.imports(house.staging) == []
        assert of.changes(house.staging) == [*before, "/api/export/request/zip"]  # Its safety.


def test_a_manifest_that_was_changed_to_fit_is_found_by_what_was_sealed(house):
    """Whoever can write into the vault can seal, too: only what is inside tells."""
    first, second = house.backup(), house.backup("staging")
    theirs = house.manifests()[second]["archive"]
    path = house.archive(first)
    path.chmod(0o600)
    path.write_bytes(house.archive(second).read_bytes())
    label = path.with_name("manifest.json")
    told = house.manifests()[first]
    told["archive"] |= {"bytes": theirs["bytes"], "sha256": theirs["sha256"]}
    label.chmod(0o600)
    label.write_text(json.dumps(told))
    ended = house.run("verify", first, "--json")

    assert ended.code == 1
    assert "What was sealed" not in ended.out or "archive hash" in ended.out
    assert any("of what was sealed" in f["what"] for f in ended.last["findings"])


def test_a_vault_that_gives_back_other_bytes_makes_no_backup(house):
    with house.inside() as here:
        put = here.ctx.vault.put

        def spoilt(name, chunks):
            if not name.endswith(".age"):
                return put(name, chunks)
            whole = bytearray(b"".join(chunks))
            whole[-20] ^= 1
            return put(name, [bytes(whole)])

        here.ctx.vault.put = spoilt
        with pytest.raises(Exception, match="gave back other bytes"):
            here.do("now")

    assert house.manifests() == {}
    assert house.files() == []


def test_doctor_names_each_thing_about_the_seal(house):
    house.backup()
    lines = looked(house)
    assert (lines["encryption"].state, lines["identity"].state) == ("OK", "OK")
    assert house.encryption["recipients"][0][:14] in lines["encryption"].what

    without_identity(house)
    assert looked(house)["identity"].state == "OK"
    assert "can't be restored" in looked(house)["identity"].what

    with_a_strangers(house)
    assert looked(house)["identity"].state == "FAIL"
    assert looked(house)["sealed backups"].state == "WARN"

    house.write(encryption={"identity_file": "gone.identity"})
    assert looked(house)["identity"].state == "WARN"

    house.write(encryption={"kind": "none", "recipients": None})
    assert looked(house)["encryption"].state == "WARN"

    house.write(encryption={"recipients": ["age1nonsense"]})
    ended = house.run("doctor")
    assert ended.code == 2
    assert "encryption.recipients" in ended.out

    house.write(encryption={"recipients": None})
    assert "lifeboat keys new" in house.run("doctor").out


def test_without_a_word_about_the_seal_nothing_is_done(house):
    house.write(encryption={"recipients": None})
    ended = house.run("now")

    assert ended.code == 2
    assert "lifeboat keys new" in ended.err
    assert of.changes(house.production) == []


def test_the_first_key_is_made_before_there_are_settings_and_its_lines_work(world, tmp_path):
    house = House(tmp_path, world)
    house.settings.unlink()
    made = house.process("keys", "new")
    lines = [line.strip() for line in made.out.splitlines() if " = " in line]

    assert made.code == 0, made.err
    assert stat.S_IMODE(house.identity.stat().st_mode) == 0o600
    assert "AGE-SECRET" not in made.out + made.err
    house.encryption = tomllib.loads("\n".join(lines))
    house.write()
    assert house.run("verify", house.backup()).code == 0
    again = house.process("keys", "new")
    assert again.code == 2
    assert "never overwritten" in again.err
    assert house.keys_seen() == []


def test_after_a_rotation_new_archives_are_for_the_new_key_and_old_ones_still_open(house):
    old = house.backup()
    (before,) = house.encryption["recipients"]
    (other,) = key_file(house.folder / "safe.identity")
    house.encryption["recipients"] = [before, other]
    house.write()
    ended = house.run("keys", "rotate", "--json")
    house.encryption["recipients"] = json.loads(ended.last["settings"][0].partition("= ")[2])

    assert ended.code == 0
    assert ended.last["before"] == [before]
    assert house.encryption["recipients"] == [ended.last["recipient"], other]
    house.write()
    new = house.backup()
    assert [house.run("verify", id_).code for id_ in (old, new)] == [0, 0]
    assert looked(house)["identity"].state == "OK"
    assert house.run("restore", old, *INTO).code == 0


def test_keys_refuse_what_they_can_not_do(house):
    without_identity(house)
    for words, told in (
        (("rotate",), "name no identity_file"),
        (("rotate", "--out", "x"), "adds to the identity_file"),
        (("old",), "no `keys old`"),
        ((), "required"),
    ):
        ended = house.run("keys", *words)

        assert ended.code == 2
        assert told in ended.err


def test_a_key_is_never_made_for_another_door(house):
    from dataclasses import replace

    with house.inside() as here, pytest.raises(Exception, match="never passes through Slack"):
        here.ctx = replace(here.ctx, caller=replace(here.ctx.caller, door="slack"))
        here.do("keys", "rotate")


def test_an_error_about_the_seal_is_one_of_ours():
    assert SealError("x").exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("what", ["new", "rotate"])
def test_making_a_key_that_is_killed_leaves_the_old_file_whole_or_the_new_one(house, what):
    before = house.identity.read_bytes()
    for moment in count(1):
        if what == "new":
            house.identity.unlink(missing_ok=True)
        else:
            house.identity.write_bytes(before)
        ended = house.start(str(moment), "keys", what, "--json", module="tests.journeys.killed")
        code = ended.end().code

        if house.identity.exists():
            assert len(read_identities(house.identity)) in ((1,) if what == "new" else (1, 2))
            assert what == "new" or house.identity.read_bytes().startswith(before)
        else:
            assert what == "new"
        if code == 0:
            break
        assert code == -signal.SIGKILL

    assert moment > 1
