"""Who asked for what and what was done: the audit log beside real backups and restores."""

import json
from dataclasses import replace

import pytest

from storage.audit import Audit
from storage.errors import ExportFailed, Refused, VaultUnreachable
from tests.journeys import house as of


class Deaf(Audit):
    """An audit log whose vault does not take entries of some kind."""

    def __init__(self, log: Audit, *deaf_for: str) -> None:
        super().__init__(log._vault, log._now)
        self._deaf_for = deaf_for

    def write(self, happened, once="", since=None):
        if happened.what in self._deaf_for:
            raise VaultUnreachable("The disk of the audit log is gone.")
        return super().write(happened, once, since)


def log(house):
    """Every entry, oldest first, read past Lifeboat."""
    return [json.loads(path.read_text()) for path in sorted(house.vault.glob("audit/*.json"))]


def whats(house):
    return [entry["what"] for entry in log(house)]


def deaf_for(here, *whats):
    here.ctx = replace(here.ctx, audit=Deaf(here.ctx.audit, *whats))


def test_a_backup_and_its_verification_are_written_down(house):
    id_ = house.backup("--label", "before the migration")
    house.do("verify", id_)
    taken, verified = log(house)

    assert (taken["what"], taken["about"], taken["outcome"]) == ("backup.ended", id_, "taken")
    assert (taken["deployment"], taken["door"]) == ("production", "terminal")
    assert taken["by"].startswith("terminal:")
    assert (verified["what"], verified["about"], verified["outcome"]) == (
        "verify.ended",
        id_,
        "sound",
    )


def test_a_backup_that_failed_is_written_down_with_its_reason(house):
    house.production.trouble(kind="export_fails")
    with house.inside() as here, pytest.raises(ExportFailed) as failed:
        here.do("now")
    (entry,) = log(house)

    assert (entry["outcome"], entry["about"]) == ("failed", "")
    assert entry["why"] == failed.value.what


def test_a_refusal_of_words_is_not_written_down(house):
    with house.inside() as here, pytest.raises(Refused):
        here.do("now", "nowhere")

    assert log(house) == []


def test_a_backup_exists_though_the_log_could_not_say_so(house):
    with house.inside() as here:
        deaf_for(here, "backup.ended")
        result = here.do("now")

        assert "The audit log could not be written (backup.ended)" in here.said
    assert list(house.manifests()) == [result.manifest.id]


def test_a_restore_is_written_down_from_the_asking_to_the_end(house):
    id_ = house.backup()
    result = house.do("restore", "latest", "--yes")
    _, asked, confirmed, ended = log(house)

    assert [asked["what"], confirmed["what"], ended["what"]] == [
        "restore.asked",
        "restore.confirmed",
        "restore.ended",
    ]
    assert {entry["about"] for entry in (asked, confirmed, ended)} == {id_}
    assert {entry["facts"]["job"] for entry in (asked, confirmed, ended)} == {result.job_id}
    assert confirmed["facts"]["import_id"] == result.import_id
    assert ended["outcome"] == "restored"
    assert ended["facts"]["safety_backup"] == result.safety_backup
    assert ended["facts"]["rows_written"] == result.rows_written
    assert {entry["fingerprint"] for entry in (asked, confirmed, ended)} == {
        result.plan.fingerprint
    }


@pytest.mark.parametrize("what", ["restore.asked", "restore.confirmed"])
def test_without_an_entry_before_the_confirm_nothing_is_restored(house, what):
    house.backup()
    before = of.rows(house.staging)
    with house.inside() as here:
        deaf_for(here, what)
        with pytest.raises(VaultUnreachable) as failed:
            here.do("restore", "latest", "--yes")

    assert failed.value.safe == "staging is as it was: nothing was restored."
    assert of.rows(house.staging) == before
    assert of.confirmed(house.staging) == 0
    assert of.dangling(house.staging) == []
    assert all(steps[-1] == "ended" for steps in house.jobs().values())
    assert what not in whats(house)


def test_a_restore_that_is_done_stays_done_though_its_end_could_not_be_written(house):
    house.backup()
    with house.inside() as here:
        deaf_for(here, "restore.ended")
        result = here.do("restore", "latest", "--yes")

        assert "The audit log could not be written (restore.ended)" in here.said
    assert result.kept_every_promise


def test_the_confirm_is_written_down_before_it_is_sent(house):
    house.backup()
    house.staging.trouble(kind="hang", match="/api/perform_import")
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("confirm")
    running.kill()
    house.staging.heal()

    assert of.confirmed(house.staging) == 0
    assert whats(house)[-1] == "restore.confirmed"


def test_a_killed_restore_gets_its_end_from_the_next_one(house):
    house.backup()
    house.staging.trouble(kind="hang", match="/api/perform_import")
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("confirm")
    running.kill()
    house.staging.heal()
    house.do("restore", "latest", "--yes")
    told = house.do("audit", "--about", "latest")

    assert whats(house) == [
        "backup.ended",
        "restore.asked",
        "restore.confirmed",
        "restore.ended",
        "restore.asked",
        "restore.confirmed",
        "restore.ended",
    ]
    assert [story.outcome for story in told.stories] == ["restored", "cancelled"]
    assert house.do("audit", "verify").findings == ()


def test_a_restore_killed_before_the_upload_gets_its_end_too(house):
    house.backup()
    house.staging.trouble(kind="export_stuck")
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("export")
    running.kill()
    house.staging.heal()
    house.do("restore", "latest", "--yes")
    ended = [entry for entry in log(house) if entry["what"] == "restore.ended"]

    assert [entry["outcome"] for entry in ended] == ["stopped before the confirm", "restored"]


def test_the_command_tells_and_verifies(house):
    id_ = house.backup()
    told, verified = house.run("audit"), house.run("audit", "verify", "--json")
    head = verified.last["head"]
    again = house.run("audit", "verify", "--head", f"{head['number']}:{head['sha256']}")

    assert (told.code, verified.code, again.code) == (0, 0, 0)
    assert "backup.ended" in told.out
    assert f"about {id_}" in told.out
    assert again.out.startswith("Whole: the audit log")


def test_the_command_finds_a_changed_entry_and_says_where(house):
    house.backup()
    house.backup()
    path = house.vault / "audit" / "0000000001.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("taken", "tamed"))
    ended = house.run("audit", "verify")

    assert ended.code == 1
    assert ended.out.startswith("NOT WHOLE: the audit log")
    assert "audit/0000000001.json" in ended.out
    assert "Entry 2 does not hold the hash of entry 1" in ended.out


def test_a_log_without_entries_could_not_be_looked_at(house):
    house.vault.mkdir()

    assert house.run("audit", "verify").code == 2
    assert house.run("audit").code == 0


def test_doctor_finds_nothing_strange_in_the_log(house):
    house.backup()
    states = {line.name: line.state for line in house.do("doctor").lines}

    assert states["leftovers"] == "OK"
