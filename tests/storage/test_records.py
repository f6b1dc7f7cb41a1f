"""The records of a restore: in order, once, and understood from their names."""

from __future__ import annotations

import pytest

from storage.errors import AlreadyThere, ManifestError
from storage.records import Job, open_jobs, read
from storage.vaults.local import LocalFolder
from tests.fakes import AT

ID = "restore.staging.20261124T020013-0a1b2c3d"


@pytest.fixture
def vault(tmp_path):
    return LocalFolder(tmp_path / "vault")


def test_a_record_is_an_object_of_its_own(vault):
    Job(vault, ID).write("asked", AT, by="rizal")

    assert [stored.name for stored in vault.list()] == [f"jobs/{ID}/00-asked.json"]


def test_records_are_read_in_the_order_they_were_written(vault):
    job = Job(vault, ID)
    for number in range(12):
        job.write("asked", AT, number=number)

    assert [record.data["number"] for record in read(vault, ID)] == list(range(12))


def test_a_job_goes_on_from_another_machine(vault):
    Job(vault, ID).write("staged", AT, import_id="i1")
    again = Job(vault, ID)
    again.write("confirming", AT, import_id="i1")

    assert again.last("staged").data == {"import_id": "i1"}
    assert [record.step for record in read(vault, ID)] == ["staged", "confirming"]


def test_two_processes_never_write_the_same_record(vault):
    one, two = Job(vault, ID), Job(vault, ID)
    one.write("asked", AT)

    with pytest.raises(AlreadyThere):
        two.write("asked", AT)


def test_the_newest_record_of_a_step_is_the_last(vault):
    job = Job(vault, ID)
    job.write("staged", AT, import_id="i1")
    job.write("staged", AT, import_id="i2")

    assert job.last("staged").data["import_id"] == "i2"
    assert job.last("ended") is None


def test_a_job_is_open_until_its_end_is_written(vault):
    job = Job(vault, ID)
    before = job.open
    job.write("asked", AT)
    during = job.open
    job.write("ended", AT, outcome="restored")

    assert (before, during, job.open) == (False, True, False)


def test_open_jobs_are_those_of_the_prefix_that_have_not_ended(vault):
    for target, time, steps in (
        ("staging", "2", ["asked", "staged"]),
        ("staging", "1", ["asked"]),
        ("staging", "0", ["asked", "ended"]),
        ("staging-two", "0", ["asked"]),
    ):
        job = Job(vault, f"restore.{target}.{time}")
        for step in steps:
            job.write(step, AT)

    assert open_jobs(vault, "restore.staging.") == ["restore.staging.1", "restore.staging.2"]
    assert len(open_jobs(vault, "restore.")) == 3


@pytest.mark.parametrize("text", [b"", b"{}", b"torn"])
def test_a_record_that_can_not_be_read_stops_everything(vault, text):
    vault.put(f"jobs/{ID}/00-asked.json", [text])

    with pytest.raises(ManifestError, match="00-asked"):
        Job(vault, ID)


def test_another_jobs_records_are_not_read(vault):
    Job(vault, ID + "0").write("asked", AT)

    assert list(read(vault, ID)) == []
