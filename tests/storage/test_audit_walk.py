"""Walking the audit log: what it looked at, its head, and what is worth a look."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from storage import audit_walk
from storage.audit import Audit, Entry, Head
from storage.audit_entry import FORMAT, from_bytes, name_of
from storage.finding import LookedAt
from storage.vaults.local import LocalFolder
from tests.fakes import AT
from tests.storage.audit_logs import (
    Meddling,
    Ticking,
    chained,
    happened,
    log,
    overwrite,
    path_of,
    rewrite,
    sealed,
    texts,
)

DOC = (Path(__file__).parents[2] / "docs" / "format.md").read_text()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


def found(folder, **told) -> list[tuple[str, str, str]]:
    """Return check, place and severity of each finding."""
    walked = log(folder).verify(**told)
    return [(each.check, each.where, each.severity) for each in walked.findings]


def test_a_whole_log_has_no_findings(folder):
    log(folder, 5)
    walked = log(folder).verify()

    assert walked.findings == ()
    assert walked.looked_at == LookedAt(entries=5, bytes=sum(map(len, texts(folder))))
    assert walked.head == Head(5, hashlib.sha256(texts(folder)[-1]).hexdigest())


def test_the_head_is_what_the_next_entry_will_hold(folder):
    audit = log(folder, 3)
    head = audit.verify().head

    assert audit.write(happened()).before == head.sha256
    assert str(head) == f"3:{head.sha256}"


@pytest.mark.parametrize("made", [False, True])
def test_a_log_without_entries_is_a_finding(folder, made):
    if made:
        (folder / "audit").mkdir(parents=True)
    else:
        folder.mkdir()
    walked = log(folder).verify()

    assert [finding.check for finding in walked.findings] == ["looked at something"]
    assert (walked.looked_at, walked.head) == (LookedAt(), None)


def test_newest_entries_that_were_cut_off_are_found_by_a_head_of_before(folder):
    head = log(folder, 5).verify().head
    path_of(folder, 5).unlink()
    path_of(folder, 4).unlink()

    assert found(folder) == []
    assert found(folder, expected=head) == [("head", name_of(5), "damage")]
    assert "the newest now is 3" in log(folder).verify(expected=head).findings[0].what


def test_a_log_that_was_written_anew_is_found_by_a_head_of_before(folder):
    head = log(folder, 5).verify().head
    rewrite(folder, chained([sealed(text, by_name="Nobody") for text in texts(folder)]))

    assert found(folder) == []
    assert found(folder, expected=head) == [("head", name_of(5), "damage")]


def test_a_head_of_before_is_in_a_log_that_went_on(folder):
    head = log(folder, 5).verify().head
    log(folder, 5)

    assert found(folder, expected=head) == []


def test_a_head_whose_entry_is_gone_from_the_middle_is_found(folder):
    head = log(folder, 3).verify().head
    log(folder, 3)
    path_of(folder, 3).unlink()

    assert {check for check, _, _ in found(folder, expected=head)} == {"numbers", "head"}


def test_a_clock_that_went_back_is_a_warning(folder):
    log(folder, 1)
    Audit(LocalFolder(folder), lambda: AT - timedelta(hours=1)).write(happened())
    log(folder, 1)
    (finding,) = log(folder).verify().findings

    assert (finding.check, finding.severity) == ("clock", "warning")
    assert "3,660 s older" in finding.what


@pytest.mark.parametrize(("back", "findings"), [(30, 0), (31, 1)])
def test_clocks_may_differ_by_the_skew(folder, back, findings):
    for at in (AT, AT - timedelta(seconds=back)):
        Audit(LocalFolder(folder), lambda at=at: at).write(happened())

    assert len(found(folder)) == findings
    assert found(folder, skew=timedelta(seconds=31)) == []


def test_a_foreign_file_is_a_warning(folder):
    log(folder, 2)
    (folder / "audit" / "notes.txt").write_text("hello")
    (folder / "audit" / "more").mkdir()
    (folder / "audit" / "more" / "0000000003.json").write_text("hello")

    assert found(folder) == [
        ("foreign file", "audit/more/0000000003.json", "warning"),
        ("foreign file", "audit/notes.txt", "warning"),
    ]


def test_an_entry_of_a_newer_format_says_so(folder):
    log(folder, 2)
    rewrite(folder, chained([sealed(text, format=FORMAT + 1) for text in texts(folder)]))
    walked = log(folder).verify()

    assert [finding.check for finding in walked.findings] == ["entry", "entry"]
    assert f"is of format {FORMAT + 1}" in walked.findings[0].what


def test_a_newer_lifeboats_further_fields_are_no_finding(folder):
    log(folder, 2)
    rewrite(folder, chained([sealed(text, colour="red") for text in texts(folder)]))

    assert found(folder) == []


def test_a_moment_without_a_zone_is_not_an_entry(folder):
    log(folder, 1)
    rewrite(folder, chained([sealed(texts(folder)[0], at="2026-11-24T02:00:13")]))

    assert found(folder) == [("entry", name_of(1), "damage")]


def test_of_very_many_findings_the_first_are_kept_and_the_others_counted(folder, monkeypatch):
    monkeypatch.setattr(audit_walk, "FINDINGS_MAX", 3)
    log(folder, 9)
    for number in range(1, 10):
        overwrite(path_of(folder, number), b"torn")
    walked = log(folder).verify()

    assert len(walked.findings) == 4
    assert walked.findings[-1].what == "6 more findings were left out."


def test_an_entry_that_goes_while_it_is_looked_at_is_a_gap(folder):
    log(folder, 3)

    class Going(Meddling):
        def open(self, name, start=0):
            if name == name_of(2):
                path_of(folder, 2).unlink()
            return super().open(name, start)

    walked = Audit(Going(LocalFolder(folder), lambda _name: None), Ticking()).verify()

    assert [finding.check for finding in walked.findings] == ["numbers"]


def test_a_huge_object_among_the_entries_is_not_read_into_memory(folder):
    import tracemalloc

    log(folder, 2)
    overwrite(path_of(folder, 2), b"x" * 40_000_000)
    tracemalloc.start()
    walked = log(folder).verify()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert walked.looked_at.bytes > 40_000_000
    assert most < 10_000_000


# docs/format.md.


def test_every_field_is_documented():
    section = DOC.split("## The audit log")[1].split("\n## ")[0]
    rows = " ".join(re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE))

    assert set(Entry.__struct_fields__) - set(re.findall(r"`(\w+)`", rows)) == set()
    assert f"format; now {FORMAT} |" in section


def test_the_commands_of_the_document_are_right(folder):
    log(folder, 2)
    first, second = texts(folder)

    assert "head -c -78" in DOC
    assert from_bytes(second, 2).before == hashlib.sha256(first).hexdigest()
    assert json.loads(second)["sha256"] == hashlib.sha256(second[:-78]).hexdigest()
