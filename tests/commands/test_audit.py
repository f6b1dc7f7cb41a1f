"""The verb `audit`: its words, what it finds, and what it says of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from commands import audit, audited
from commands.audit import Request, parse
from commands.events import AuditVerified
from commands.verb import Rules
from storage.audit import Head
from storage.errors import Refused
from storage.finding import LookedAt
from tests.commands.audit_contexts import Asking, context
from tests.storage.audit_logs import overwrite, path_of

HASH = "9f" * 32


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def ctx(folder):
    return context(folder)


def numbers(result) -> list[int]:
    return [entry.number for entry in result.entries]


# Words.


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        ("", Request()),
        ("--since 7d", Request(since=timedelta(days=7))),
        ("since 7d about production limit 5", Request(False, timedelta(days=7), "production", 5)),
        ("verify", Request(verify=True)),
        (f"verify --head 12:{HASH}", Request(verify=True, head=Head(12, HASH))),
        (f"verify head 12:{HASH.upper()}", Request(verify=True, head=Head(12, HASH))),
    ],
)
def test_its_words(words, request_):
    assert parse(words.split()) == request_


@pytest.mark.parametrize(
    "words",
    [
        "verfy",
        "production",
        "--since yesterday",
        "--limit 0",
        "verify --since 7d",
        "verify --about x",
        "verify --limit 3",
        f"--head 12:{HASH}",
        "verify --head 12",
        f"verify --head 0:{HASH}",
        f"verify --head {HASH}",
        "verify --head 12:9f",
        "verify verify",
    ],
)
def test_words_it_refuses(words):
    with pytest.raises(Refused) as refused:
        parse(words.split())

    assert refused.value.hint


def test_everybody_who_may_look_may_read_it():
    assert audit.VERB.role == "viewer"


# Reading.


def test_it_tells_entries_newest_first(ctx):
    for number in range(3):
        audited.entry(ctx, "x", why=str(number))
    result = audit.run(Request(), ctx)

    assert numbers(result) == [3, 2, 1]
    assert (result.more, result.exit_code) == (False, 0)


def test_it_says_that_there_are_older_ones(ctx):
    for _ in range(3):
        audited.entry(ctx, "x")

    assert audit.run(Request(limit=3), ctx).more is False
    assert audit.run(Request(limit=2), ctx).more is True
    assert numbers(audit.run(Request(limit=2), ctx)) == [3, 2]


def test_since_counts_from_now(ctx):
    audited.entry(ctx, "x")
    ctx.now.at += timedelta(days=8)
    audited.entry(ctx, "x")

    assert numbers(audit.run(Request(since=timedelta(days=7)), ctx)) == [2]


def test_a_whole_id_is_not_the_start_of_another(ctx):
    for about in ("b-0200", "b-0200-2", "b-0200"):
        audited.entry(ctx, "backup.ended", about=about)

    assert numbers(audit.run(Request(about="b-0200"), ctx)) == [3, 1]


@pytest.mark.parametrize("word", ["b-020", "now-prod"])
def test_the_start_of_an_id_is_enough(folder, word):
    ctx = context(folder, asking=Asking())
    audited.entry(ctx, "backup.ended", about="b-0200")
    audited.entry(context(folder), "backup.ended", about="c-0200")

    assert numbers(audit.run(Request(about=word), ctx)) == [1]


def test_a_deployments_name_is_never_the_start_of_anothers(ctx):
    audited.entry(ctx, "x", about="staging-two-2026", deployment="staging-two")

    assert numbers(audit.run(Request(about="staging"), ctx)) == []


def test_latest_is_the_newest_backup(folder):
    @dataclass(frozen=True)
    class Found:
        id: str = "b1"

    class Finding:
        def refresh(self, _vault):
            return type("Refreshed", (), {"unreadable": (), "emptied": False})

        def find(self, word, _default):
            assert word == "latest:production"
            return Found()

    ctx = context(folder, catalog=Finding())
    audited.entry(ctx, "x", about="b1")
    audited.entry(ctx, "x", about="b2")

    assert numbers(audit.run(Request(about="latest:production"), ctx)) == [1]


def test_about_a_backup_has_the_votes_on_its_restore_too(folder):
    asking, other = context(folder, asking=Asking("ask-1")), context(folder)
    audited.entry(asking, "restore.asked", about="b1", deployment="production")
    audited.entry(other, "backup.ended", about="b2")
    audited.entry(asking, "vote.yes", about="ask-1", by="U2", by_name="Sari")
    audited.entry(other, "vote.yes", about="ask-2", facts={"job": "ask-2"})
    result = audit.run(Request(about="b1"), other)

    assert numbers(result) == [3, 1]
    assert [story.approved for story in result.stories] == [("Sari",)]


def test_entries_that_can_not_be_read_are_told_and_the_exit_code_says_so(ctx, folder):
    for _ in range(3):
        audited.entry(ctx, "restore.asked", about="b1")
    overwrite(path_of(folder, 2), b"torn")

    for request in (Request(), Request(about="b1"), Request(about="nothing")):
        result = audit.run(request, ctx)
        assert [name for name, _ in result.unreadable] == ["audit/0000000002.json"]
        assert result.exit_code == 1


def test_without_a_log_it_is_refused(folder):
    with pytest.raises(Refused):
        audit.run(Request(), context(folder, audit=None))


# Verifying.


def test_verify_walks_the_whole_log(ctx):
    for _ in range(3):
        audited.entry(ctx, "x")
    result = audit.run(Request(verify=True), ctx)

    assert (result.findings, result.looked_at.entries, result.head.number) == ((), 3, 3)
    assert result.exit_code == 0


def test_verify_of_a_broken_log_is_one(ctx, folder):
    audited.entry(ctx, "x")
    overwrite(path_of(folder, 1), b"torn")

    assert audit.run(Request(verify=True), ctx).exit_code == 1


def test_verify_of_no_log_could_not_look(ctx, folder):
    folder.mkdir()

    assert audit.run(Request(verify=True), ctx).exit_code == 2
    assert AuditVerified(LookedAt(), (), None).exit_code == 2
    assert audit.VERB.failed_exit_code == 2


def test_verify_holds_the_log_against_a_head(ctx):
    audited.entry(ctx, "x")
    head = audit.run(Request(verify=True), ctx).head

    assert audit.run(Request(verify=True, head=head), ctx).exit_code == 0
    assert audit.run(Request(verify=True, head=Head(1, HASH)), ctx).exit_code == 1
    assert audit.run(Request(verify=True, head=Head(2, HASH)), ctx).exit_code == 1


def test_verify_allows_the_clocks_to_differ_by_the_settings(folder):
    for seconds, findings in ((7200, 0), (10, 1)):
        ctx = context(folder, rules=Rules(clock_skew_seconds_max=seconds))
        audited.entry(ctx, "x")
        ctx.now.at -= timedelta(hours=1)
        audited.entry(ctx, "x")
        assert (len(audit.run(Request(verify=True), ctx).findings) > 0) is bool(findings)
