"""Words read alike in a terminal and in a sentence, and a mistyped one starts nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import VERBS, backup, restore
from commands.list import parse as parse_list
from commands.verify import parse as parse_verify
from commands.words import span
from storage.errors import Refused


def test_dashes_and_plain_words_mean_the_same():
    typed = backup.parse(["production", "--tables", "npd,sp2d", "--label", "before it"])
    said = backup.parse(["production", "tables", "npd,sp2d", "label", "before it"])

    assert typed == said


def test_tables_may_be_named_one_by_one():
    request = backup.parse(["--table", "npd", "--tables", "sp2d, users"])

    assert request.tables == ("npd", "sp2d", "users")


def test_stored_files_are_included_unless_left_out():
    assert backup.parse([]).with_files
    assert not backup.parse(["--without-files"]).with_files


def test_the_guides_words_for_modes_are_understood():
    short = restore.parse(["latest", "--to", "staging", "--replace", "--table", "npd"])
    long = restore.parse(["latest", "--to", "staging", "--mode", "replace", "--tables", "npd"])

    assert short == long


def test_two_modes_at_once_are_refused():
    with pytest.raises(Refused, match="Two modes"):
        restore.parse(["latest", "--replace", "--merge"])


def test_chosen_tables_never_go_with_replace_all():
    with pytest.raises(Refused, match="would delete every table"):
        restore.parse(["latest", "--tables", "npd", "--mode", "replace-all"])


def test_a_typo_is_answered_with_the_near_word():
    with pytest.raises(Refused) as refused:
        backup.parse(["production", "--lable", "x"])

    assert "label" in str(refused.value)


def test_a_missing_backup_is_refused_with_the_usage():
    with pytest.raises(Refused) as refused:
        restore.parse([])

    assert "restore" in refused.value.hint


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(Refused, match="yearly"):
        backup.parse(["--kind", "yearly"])


@pytest.mark.parametrize("label", ["x" * 201, "a\x1b[31mred", "bell\a"])
def test_a_label_that_would_spoil_a_message_is_refused(label):
    with pytest.raises(Refused, match="label"):
        backup.parse(["--label", label])


def test_against_manifest_may_stand_alone():
    assert parse_verify(["latest", "--against-manifest"]).manifest_only
    assert parse_verify(["latest", "--against-manifest", "only"]).manifest_only
    assert not parse_verify(["latest"]).manifest_only


def test_since_is_read_as_a_length_of_time():
    assert parse_list(["--since", "7d"]).since == timedelta(days=7)
    assert span("90m") == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["7", "d", "-3d", "1y", "", "7 d"])
def test_a_length_of_time_without_number_or_unit_is_refused(text):
    with pytest.raises(Refused):
        span(text)


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_count_is_refused(number):
    with pytest.raises(Refused):
        parse_list(["--limit", number])


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_every_example_of_every_verb_is_understood(verb):
    import shlex

    for example in verb.examples:
        name, *words = shlex.split(example)

        assert name == verb.name
        assert verb.parse(words)


@given(words=st.lists(st.text(max_size=12), max_size=6))
def test_no_words_at_all_break_a_verb(words):
    for verb in VERBS.values():
        try:
            verb.parse(words)
        except Refused as refused:
            assert refused.what
            assert refused.hint
