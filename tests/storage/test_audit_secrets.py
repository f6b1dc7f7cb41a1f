"""What is never written into the audit log, and what is cut."""

from __future__ import annotations

import pytest

from storage import audit_entry
from storage.secret import Secret
from tests.storage.audit_logs import (
    happened,
    log,
    texts,
)

KEY = "prod:happy-animal-123|eyJ2MiI6ImQ4YjQyZjE5In0="


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def audit(folder):
    return log(folder)


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "happy-animal-123|01c2ab34ef",
        "preview:team:project|eyJ2MiI6Ij==",
        "xoxb-123456789012-abcdefghijkl",
        "xapp-1-A012345-6789-abcdef",
    ],
)
@pytest.mark.parametrize("field", ["why", "by_name", "outcome", "about"])
def test_what_looks_like_a_key_is_written_as_asterisks(audit, folder, secret, field):
    audit.write(happened(**{field: f"I used {secret} for it"}, facts={"fact": secret, secret: 1}))
    (text,) = texts(folder)

    assert secret.rpartition("|")[2].encode() not in text
    assert b"**********" in text


def test_the_open_part_of_a_key_stays():
    (why,) = [audit_entry.clean(happened(why=KEY)).why]

    assert why == "prod:happy-animal-123|**********"


@pytest.mark.parametrize("text", ["npd|sp2d", "a | b", "xoxb-…", "a-b-c 2026-11-24", "f" * 64])
def test_other_words_stay_as_they_are(text):
    assert audit_entry.clean(happened(why=text)).why == text


def test_a_secret_itself_can_not_be_written(audit, folder):
    with pytest.raises(TypeError):
        audit.write(happened(facts={"key": Secret(KEY)}))
    assert not (folder / "audit").exists()


def test_a_long_text_is_cut(audit):
    entry = audit.write(happened(why="x" * 10_000, facts={"fact": "y" * 10_000}))

    assert len(entry.why) == len(entry.facts["fact"]) == audit_entry.TEXT_MAX
    assert entry.why.endswith("…")


def test_of_very_many_facts_some_are_kept(audit):
    entry = audit.write(happened(facts={f"fact {i}": i for i in range(1_000)}))

    assert len(entry.facts) == audit_entry.FACTS_MAX


def test_half_a_character_is_written_out(audit):
    assert audit.write(happened(by_name="riz\udce9l")).by_name == "riz\\udce9l"
    assert audit.verify().findings == ()
