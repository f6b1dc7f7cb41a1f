"""Whatever people, servers and vaults say, it stays text: nothing of it works in Slack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.messages import (
    answers,
    doctor,
    fallback,
    job,
    listing,
    modal,
    report,
    shown,
    standing,
    text,
)
from bot.messages.model import Message
from commands import events
from commands.standings import DeploymentStanding
from sandbox import slack_blocks
from storage.errors import LifeboatError, Refused
from storage.finding import Finding
from tests.bot import terminal_events as made
from tests.bot.messages import facts, inspected
from tests.bot.terminal_events import AT, NOW

PIECES = st.sampled_from(
    [
        *("<!channel>", "<!here|x>", "<@U123>", "<#C1|general>", "<https://evil|ok>", "&lt;"),
        *("<!date^0^{date}|x>", "*", "_", "~", "`", "```", "*bold*", "`code`", "> quote", "|"),
        *("\n", "\r\n", "\t", "\u202e", "\u200b", "\u2028", "\x1b[2J", "\ud800", "\u3164", "🚒"),
        *(":tada:", "@channel", "lifeboat now --kind x", "--label", "…", "日本", "e\u0301"),
    ]
)
WORDS = st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join)
COUNTS = st.integers(0, 10**18)
MANY = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def is_harmless(message: Message) -> bool:
    """Hold a message against everything that must be true of it."""
    strange = [inspected.works_on_people(each, [facts.ASKER]) for each in inspected.mrkdwn(message)]
    hidden = [inspected.invisible(each) for each in inspected.everything_said(message)]

    assert not any(strange)
    assert not any(hidden)
    assert inspected.past_limits(message) == []
    return True


@given(words=WORDS)
def test_no_word_of_others_is_formatting(words: str):
    for line in (text.said(words), text.bold(words)[1:-1]):
        assert inspected.CODE.findall(line) == []
        assert inspected.EMPHASIS.findall(line) == []
        assert inspected.works_on_people(line) == []


@given(words=WORDS)
def test_code_is_one_span_and_nothing_leaves_it(words: str):
    span = text.code(words)

    assert span[0] == span[-1] == "`"
    assert "`" not in span[1:-1]
    assert inspected.works_on_people(span) == []


@given(words=WORDS)
def test_a_sentence_keeps_its_code_and_nothing_else(words: str):
    told = text.told(words)

    assert inspected.works_on_people(told) == []
    assert told.count("`") % 2 == 0
    assert inspected.EMPHASIS.findall(inspected.CODE.sub("", told)) == []


@given(words=WORDS, most=st.integers(10, 400))
def test_shortened_mrkdwn_is_still_whole_tags_and_closed_code(words: str, most: int):
    whole = f"{text.at(AT)} {text.told(words)} {text.mention('U123ABC', '')} {text.code(words)}"

    short = text.shortened(whole, most)

    assert text.length(short) <= most
    assert inspected.works_on_people(short, ["U123ABC"]) == []
    assert short.count("`") % 2 == 0


@MANY
@given(words=WORDS, count=COUNTS, state=st.sampled_from(["queued", "running"]), data=st.data())
def test_a_running_job(words: str, count: int, state: Any, data: st.DataObject):
    view = facts.view(
        **{
            name: words
            for name in ("verb", "deployment", "backup", "asked_name", "step", "unit", "noted")
        },
        id=words or "x",
        asked_by=data.draw(st.sampled_from(["", facts.ASKER])),
        state=state,
        ahead=count,
        done=count,
        total=data.draw(st.none() | COUNTS),
        warned=count,
        restarts=count,
        cancelling=data.draw(st.booleans()),
        closed=data.draw(st.booleans()),
    )

    assert is_harmless(job.card(view, NOW))
    assert is_harmless(report.begun(view))
    assert is_harmless(report.picked_up(view))
    assert is_harmless(report.silent(view, count))
    assert is_harmless(report.cancelled(view, words))
    assert is_harmless(answers.started(view))
    assert is_harmless(answers.already(view))


@MANY
@given(what=WORDS, safe=WORDS, hint=WORDS, times=st.sampled_from([1, 100]))
def test_a_failure(what: str, safe: str, hint: str, times: int):
    failure = events.JobFailed(what * times, safe * times, hint * times, what, 1)

    assert is_harmless(job.card(facts.ended("failed", failure=failure), NOW))
    assert is_harmless(report.full(failure))
    assert is_harmless(answers.refused(failure))
    assert is_harmless(answers.refused(Refused(what * times, hint=hint)))
    assert is_harmless(answers.refused(LifeboatError(what, safe=safe, hint=hint)))


@MANY
@given(words=WORDS, count=COUNTS, many=st.sampled_from([0, 1, 7, 250]))
def test_a_backup_and_its_verification(words: str, count: int, many: int):
    found = (Finding(check=words, what=words, where=words),) * many
    whole = made.manifest(
        id=words or "x",
        label=words,
        app_version=words,
        chosen=(words,) * many,
        notes=(words,) * many,
    )

    taken = events.BackupFinished(whole, words, count, found)
    assert is_harmless(report.full(taken))
    assert is_harmless(job.card(facts.ended("done", result=taken), NOW))
    assert is_harmless(shown.backup(events.BackupShown(whole, (whole.check,) * many, words, NOW)))
    verified = made.verified(id=words, findings=found, compared_with=(words,) * many, seconds=count)
    assert is_harmless(report.full(verified))


@MANY
@given(words=WORDS, count=COUNTS, after=st.none() | COUNTS, many=st.sampled_from([0, 1, 7, 250]))
def test_a_restore(words: str, count: int, after: int | None, many: int):
    plan = made.plan(
        backup=words,
        source=words,
        target=words,
        target_url=words,
        mode=words,
        chosen=(words,) * many,
        tables=(events.TablePlan(words, words, count, count, after, words),) * many,
        files=(events.FilesPlan(words, count, after, after, words),) * many,
        conflicts=(events.Conflict(words, (words,) * min(many, 7)),) * many,
        warnings=(words,) * many,
        fingerprint=words,
    )

    assert is_harmless(report.full(events.RestorePlanned(plan)))
    assert is_harmless(report.full(events.RestoreDryRun(plan)))
    finished = made.restored(
        plan=plan,
        job_id=words,
        import_id=words,
        counted=(events.Counted(words, words, count, count, after or 0),) * many,
        safety_backup=words,
        undo=words,
    )
    assert is_harmless(report.full(finished))
    assert is_harmless(job.card(facts.ended("look", result=finished), NOW))


@MANY
@given(words=WORDS, count=COUNTS, many=st.integers(0, 40), page=st.integers(-3, 40))
def test_a_list(words: str, count: int, many: int, page: int):
    entry = made.entry(
        **{name: words for name in ("id", "deployment", "kind", "label", "verified_by")},
        **{name: count for name in ("bytes", "documents", "tables", "files", "verified_findings")},
    )
    listed = events.BackupsListed(
        (entry,) * many, NOW, unreadable=((words, words),) * many, more=count
    )

    assert is_harmless(listing.page(listed, page, words))


@MANY
@given(words=WORDS, count=COUNTS, many=st.sampled_from([0, 1, 40]))
def test_the_standing_and_the_doctor(words: str, count: int, many: int):
    told = facts.status(
        deployments=(DeploymentStanding(words, True, None, count),) * many
        + (DeploymentStanding(words, False, made.entry(id=words), count),) * many,
        jobs=(
            facts.job_standing(
                id=words, verb=words, deployment=words, asked_by=words, step=words, place=count
            ),
        )
        * many,
        troubles=(facts.trouble(what=words, safe=words, hint=words, about=words),) * many,
    )

    assert is_harmless(standing.status(told))
    looked = events.DoctorLooked((events.DoctorLine(words, "WARN", words, words),) * many)
    assert is_harmless(doctor.looked(looked))


@MANY
@given(words=WORDS)
def test_the_small_answers(words: str):
    for message in (
        answers.unknown_verb(words, ["now", "list"]),
        answers.already(words),
        answers.not_allowed(words),
        answers.not_in_channel(words),
        answers.cancel_asked(events.CancelAsked(words, "running")),
        answers.nobody_can_say(words),
        answers.bug(words),
        answers.given_up(words),
        report.noted(events.Noted(words)),
        report.noted(events.Warned(words)),
    ):
        assert is_harmless(message)


@MANY
@given(words=WORDS, names=st.lists(WORDS, max_size=120))
def test_the_modal(words: str, names: list[str]):
    view = modal.restore(made.entry(id=words, label=words), names, words, channel="C1")

    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []
    texts = [each["text"] for each in inspected.text_objects(view) if each["type"] == "mrkdwn"]
    assert not any(inspected.works_on_people(each) for each in texts)
    assert max(len(view[part]["text"]) for part in ("title", "close")) <= 24
    assert len(view["private_metadata"]) <= 3_000


@MANY
@given(words=WORDS, name=st.sampled_from([n for n in facts.VIEWS if "longest" not in n]))
def test_the_fallback(words: str, name: str):
    assert is_harmless(fallback.plain(facts.VIEWS[name]()))
    assert is_harmless(fallback.plain(report.noted(events.Noted(words))))


@pytest.mark.parametrize("days", [-30_000, 0, 1_000_000])
def test_moments_of_any_century_can_be_told(days: int):
    entry = made.entry(taken_at=AT + timedelta(days=days))

    assert is_harmless(listing.page(events.BackupsListed((entry,), NOW), 1, None))
