"""What has to be true before a protected deployment is restored, and what a yes is bound to."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.events import Conflict, FilesPlan, Plan, TablePlan
from commands.plan import MODES
from commands.policy import Approvals, fingerprint, losses, objections, quorum, short
from tests.approvals.views import known, plan
from tests.bot.terminal_events import AT

RULES = Approvals(staging_first=timedelta(days=7), age_max=timedelta(days=30))
SECOND = timedelta(seconds=1)


def said(rules: Approvals = RULES, after: timedelta = timedelta(), **changes: Any) -> list[str]:
    return list(objections(known(**changes), rules, AT + after))


def table(name: str = "npd", before: int = 47, after: int | None = 40, **changes: Any) -> TablePlan:
    facts = {"component": "", "table": name, "before": before, "archive": 40, "after": after}
    return TablePlan(**{**facts, "fate": "replaced", **changes})


# Objections.


def test_a_sound_young_and_rehearsed_backup_meets_no_objection():
    assert said() == []


def test_a_backup_that_was_never_verified_is_refused():
    assert said(verified_at=None) == ["The backup was never verified; verify it first."]


def test_a_backup_with_findings_is_refused():
    assert "has findings" in said(verified_findings=1)[0]


def test_never_straight_to_production():
    (why,) = said(staged_at=None)

    assert why.startswith("Never straight to production")
    assert "7 days" in why


@pytest.mark.parametrize(
    ("ago", "refused"),
    [(timedelta(days=7), False), (timedelta(days=7) + SECOND, True), (timedelta(0), False)],
)
def test_a_rehearsal_counts_for_so_many_days(ago: timedelta, refused: bool):
    assert bool(said(staged_at=AT - ago)) is refused


def test_a_rehearsal_is_not_asked_for_where_the_settings_say_so():
    assert said(replace(RULES, staging_first=timedelta(0)), staged_at=None) == []


@pytest.mark.parametrize(
    ("ago", "refused"), [(timedelta(days=30), False), (timedelta(days=30) + SECOND, True)]
)
def test_a_backup_that_is_too_old_is_refused(ago: timedelta, refused: bool):
    assert any("days old" in why for why in said(taken_at=AT - ago)) is refused


def test_every_objection_is_told_at_once():
    assert len(said(verified_at=None, staged_at=None, taken_at=AT - timedelta(days=99))) == 3


def test_the_way_back_needs_no_rehearsal_and_no_age_but_has_to_be_quick():
    undo = {"undo_of": "restore.production.x", "staged_at": None}
    rules = replace(RULES, undo_within=timedelta(hours=24), age_max=timedelta(minutes=1))

    assert said(rules, taken_at=AT - timedelta(hours=24), **undo) == []
    assert said(rules, taken_at=AT - timedelta(hours=24) - SECOND, **undo) == [
        "An undo is possible for 24 h after a restore; that is over."
    ]


def test_the_way_back_has_to_be_sound_too():
    assert "has findings" in said(undo_of="restore.production.x", verified_findings=2)[0]


moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))


@given(moments, moments, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=90)))
def test_what_is_refused_now_is_not_allowed_later(
    taken: timedelta, staged: timedelta, later: timedelta
):
    facts = {"taken_at": AT - taken, "staged_at": AT - staged}

    assert len(said(after=later, **facts)) >= len(said(**facts))


# Losses and the quorum.


def test_losses_are_told_the_biggest_first():
    lost = losses(
        plan(
            tables=(
                table("some", 100, 90),
                table("all", 5, 0),
                table("none", 5, 5),
                table("more", 5, 9),
                table("unknown", 5, None),
                table("inner", 10, 5, component="waitlist/inner"),
            )
        )
    )

    assert [(loss.table, loss.percent) for loss in lost] == [
        ("all", 100.0),
        ("waitlist/inner/inner", 50.0),
        ("some", 10.0),
    ]


@pytest.mark.parametrize(
    ("before", "after", "needed"), [(100, 51, 1), (100, 50, 1), (100, 49, 2), (2, 0, 2), (0, 9, 1)]
)
def test_losing_more_than_half_of_a_table_needs_two(before: int, after: int, needed: int):
    rules = Approvals(quorum=1, quorum_losing=2, losing_percent=50)

    assert quorum(plan(mode="replace", tables=(table("t", before, after),)), rules) == needed


def test_replace_all_has_its_own_quorum():
    rules = Approvals(quorum=1, quorum_replace_all=3)
    harmless = plan(tables=(table("t", 1, 1),))

    assert quorum(harmless, rules) == 3
    assert quorum(replace(harmless, mode="replace"), rules) == 1


sizes = st.integers(1, 5)


@given(sizes, sizes, sizes, st.sampled_from(MODES), st.integers(0, 200), st.integers(0, 200))
def test_a_quorum_is_one_of_the_three_and_never_the_smaller(
    usual: int, all_of_it: int, losing: int, mode: str, before: int, after: int
):
    rules = Approvals(quorum=usual, quorum_replace_all=all_of_it, quorum_losing=losing)
    needed = quorum(plan(mode=mode, tables=(table("t", before, after),)), rules)

    assert needed >= usual
    assert needed in (usual, all_of_it, losing)
    assert mode != "replace-all" or needed >= all_of_it


# What a yes is bound to.

OTHERS: dict[str, Plan] = {
    "another backup": plan(backup="production-2026-11-23-0200"),
    "other bytes": plan(archive_sha256="5" * 64),
    "another target": plan(target="staging"),
    "another address": plan(target_url="https://other-animal-456.convex.cloud"),
    "another mode": plan(mode="append"),
    "chosen tables": plan(chosen=("npd",)),
    "a table more": plan(tables=(*plan().tables, table("brand_new", 1, 0, fate="deleted"))),
    "a table less": plan(tables=plan().tables[1:]),
    "another fate": plan(tables=(replace(plan().tables[0], fate="deleted"), *plan().tables[1:])),
    "another archive count": plan(
        tables=(replace(plan().tables[0], archive=41), *plan().tables[1:])
    ),
    "another component": plan(
        tables=(replace(plan().tables[0], component="waitlist"), *plan().tables[1:])
    ),
    "other files": plan(files=(FilesPlan("", 8, 10, 10, "replaced"),)),
    "files kept": plan(files=(FilesPlan("", 8, None, 8, "kept"),)),
    "no files": plan(files=()),
}
SAME: dict[str, Plan] = {
    "rows written meanwhile": plan(
        tables=tuple(replace(each, before=each.before + 7) for each in plan().tables)
    ),
    "files added meanwhile": plan(files=(FilesPlan("", 99, 9, 9, "replaced"),)),
    "tables in another order": plan(tables=tuple(reversed(plan().tables))),
    "another moment of the same bytes": plan(snapshot_at=AT + timedelta(days=1)),
    "warnings": plan(warnings=("Something to know.",)),
    "conflicts": plan(conflicts=(Conflict("It can't be done.", ()),)),
    "its own fingerprint": plan(fingerprint="f" * 64),
}


@pytest.mark.parametrize("change", OTHERS)
def test_another_plan_needs_another_yes(change: str):
    assert fingerprint(OTHERS[change], 1) != fingerprint(plan(), 1)


def test_another_quorum_needs_another_yes():
    assert fingerprint(plan(), 1) != fingerprint(plan(), 2)


@pytest.mark.parametrize("change", SAME)
def test_what_does_not_change_what_is_done_needs_no_other_yes(change: str):
    assert fingerprint(SAME[change], 1) == fingerprint(plan(), 1)


def test_no_two_of_the_other_plans_are_one():
    assert len({fingerprint(each, 1) for each in OTHERS.values()}) == len(OTHERS)


def test_a_fingerprint_is_the_same_after_it_was_kept():
    kept = msgspec.convert(msgspec.to_builtins(plan()), Plan)

    assert fingerprint(kept, 1) == fingerprint(plan(), 1)


names = st.text(string.ascii_letters + "_/\u00e9\u202e", min_size=1, max_size=12)
tables = st.builds(
    TablePlan,
    component=names,
    table=names,
    before=st.integers(0, 10**9),
    archive=st.integers(0, 10**9),
    after=st.none() | st.integers(0, 10**9),
    fate=st.sampled_from(["replaced", "created", "added to", "merged", "deleted", "kept"]),
)
plans = st.builds(
    lambda tables, mode, backup: plan(tables=tuple(tables), mode=mode, backup=backup),
    st.lists(tables, max_size=6, unique_by=lambda each: (each.component, each.table)),
    st.sampled_from(MODES),
    names,
)


@given(plans, plans, st.integers(1, 3), st.integers(1, 3))
def test_two_plans_have_one_fingerprint_only_if_they_do_the_same(
    first: Plan, second: Plan, needed: int, other: int
):
    def does(each: Plan, needed: int) -> Any:
        done = {(t.component, t.table, t.archive, t.fate) for t in each.tables}
        return (each.backup, each.mode, done, needed)

    same = does(first, needed) == does(second, other)

    assert (fingerprint(first, needed) == fingerprint(second, other)) is same


@given(plans, st.lists(st.integers(0, 10**9), min_size=6, max_size=6), st.randoms())
def test_counts_and_order_never_change_a_fingerprint(each: Plan, counts: list[int], random: Any):
    moved = [
        replace(one, before=before, after=before)
        for one, before in zip(each.tables, counts, strict=False)
    ]
    random.shuffle(moved)

    assert fingerprint(replace(each, tables=tuple(moved)), 1) == fingerprint(each, 1)


@given(plans)
def test_its_short_form_is_its_beginning(each: Plan):
    whole = fingerprint(each, 1)

    assert short(whole).replace("-", "") == whole[:8]
