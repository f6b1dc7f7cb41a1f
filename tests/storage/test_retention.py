"""What is kept and what may go: one rule a test, and laws that hold whatever there is."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.retention import Backup, counts, decide, fingerprint
from storage.retention_policy import Override, Policies, Policy, contradictions

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # A Wednesday.
DAY = timedelta(days=1)
BARE = Policies(usual=Policy(floor=1))


def made(days: float, **changes):
    """Return a proven daily that was taken so many days ago."""
    taken_at = changes.pop("taken_at", NOW - days * DAY)
    facts = {
        "id": f"production-{taken_at:%Y-%m-%d-%H%M%S}",
        "deployment": "production",
        "vault": "local",
        "taken_at": taken_at,
        "kind": "daily",
        "proven_at": taken_at,
    }
    return Backup(**{**facts, **changes})


def one(backup, policies=BARE, others=(), now=NOW):
    """Decide on one backup, with a newer one that takes the floor."""
    newest = made(0, id="newest", kind="manual")
    decided = decide([newest, backup, *others], policies, now)
    return next(each for each in decided if each.backup is backup)


@pytest.mark.parametrize(
    ("kind", "days"),
    [("daily", 90), ("weekly", 365), ("monthly", 2557), ("pre-deploy", 30), ("manual", 90)],
)
def test_each_kind_is_kept_as_long_as_the_guide_says(kind, days):
    own = [  # Its week and month have backups of their own kind: it stands for nothing else.
        made(0, id=f"own {each}", kind=each, taken_at=NOW - (days + over) * DAY)
        for each in ("weekly", "monthly")
        for over in (0, 0.001)
    ]
    young, old = (one(made(age, kind=kind), others=own) for age in (days, days + 0.001))

    assert (young.keep, young.rule) == (True, "age")
    assert (old.keep, old.rule) == (False, "expired")


def test_a_daily_stands_in_for_its_week_and_month_when_they_have_none():
    decided = one(made(100))

    assert decided.keep
    assert [reason.rule for reason in decided.reasons] == ["week", "month"]
    assert "stands in for the weekly of 2026-W34" in decided.why


def test_only_the_first_daily_of_a_week_stands_in():
    monday = NOW - 163 * DAY  # 2026-06-15, whose month has earlier ones.
    days = [made(0, taken_at=monday + n * DAY, id=f"d{n}") for n in range(7)]
    june = made(0, taken_at=monday - 14 * DAY, id="june")
    kept = [each.backup.id for each in decide([*days, june], BARE, NOW) if each.keep]

    assert kept == ["d6", "d0", "june"]  # The newest is the floor.


def test_nothing_stands_in_where_the_kind_itself_was_taken():
    own = [made(100, kind=kind, id=kind) for kind in ("weekly", "monthly")]

    assert not one(made(100.1), others=own).keep
    assert one(made(100.1), others=own[:1]).rule == "month"
    assert one(made(100.1), others=own[1:]).rule == "week"


def test_a_weekly_stands_in_for_its_month():
    decided = one(made(400, kind="weekly"))

    assert [reason.rule for reason in decided.reasons] == ["month"]


@pytest.mark.parametrize("kind", ["manual", "pre-deploy", "safety"])
def test_what_no_clock_asked_for_stands_in_for_nothing(kind):
    assert not one(made(100, kind=kind)).keep


@pytest.mark.parametrize("change", [{"proven_at": None}, {"whole": False}], ids=str)
def test_what_is_not_proven_or_not_whole_stands_in_for_nothing(change):
    decided = one(made(100, **change))

    assert not decided.keep


def test_why_an_unproven_one_goes_is_said():
    assert "not proven sound" in one(made(100, proven_at=None)).why


def test_the_newest_proven_are_kept_whatever_their_age():
    old = [made(3000 + n, id=f"old{n}", kind="manual") for n in range(5)]
    decided = decide(old, Policies(usual=Policy(floor=3)), NOW)

    assert [each.backup.id for each in decided if each.keep] == ["old0", "old1", "old2"]
    assert {each.rule for each in decided if each.keep} == {"floor"}


@pytest.mark.parametrize(
    "change", [{"proven_at": None}, {"whole": False}, {"kind": "safety"}], ids=str
)
def test_what_does_not_count_takes_no_place_of_the_floor(change):
    newer = made(2000, id="newer", **{"kind": "manual", **change})
    older = made(3000, id="older", kind="manual")
    kept = [each.backup.id for each in decide([newer, older], BARE, NOW) if each.keep]

    assert kept == ["older"]


def test_each_deployment_and_each_vault_has_a_floor_of_its_own():
    alone = [
        made(3000, kind="manual", deployment=deployment, vault=vault)
        for deployment in ("production", "staging")
        for vault in ("local", "offsite")
    ]

    assert all(each.keep for each in decide(alone, BARE, NOW))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"held": "the tax audit"}, "held"),
        ({"pinned": True}, "pinned"),
        ({"locked_until": NOW + DAY}, "locked"),
        ({"kind": "safety", "undo_until": NOW}, "undo"),
    ],
    ids=str,
)
def test_what_is_needed_is_kept_whatever_its_age(change, rule):
    decided = one(made(4000, **{"kind": "manual", **change}))

    assert (decided.keep, decided.rule) == (True, rule)


@pytest.mark.parametrize(
    "change",
    [{"locked_until": NOW}, {"kind": "safety", "undo_until": NOW - timedelta(seconds=1)}],
    ids=str,
)
def test_a_lock_and_an_undo_end(change):
    assert not one(made(4000, **{"kind": "manual", **change})).keep


def test_why_it_is_held_is_said():
    assert one(made(4000, held="the tax audit")).why.startswith("held: the tax audit")


def test_a_backup_from_the_future_is_kept_and_counts_for_nothing():
    future = made(-1, id="future", kind="manual")
    old = made(3000, id="old", kind="manual")
    decided = {each.backup.id: each for each in decide([future, old], BARE, NOW)}

    assert decided["future"].rule == "future"
    assert decided["old"].rule == "floor"


def test_a_clock_put_back_lets_nothing_go():
    backups = [made(n, kind="manual", id=f"b{n}") for n in range(400)]

    assert all(each.keep for each in decide(backups, BARE, NOW - 4000 * DAY))


def test_weeks_and_months_are_those_of_the_zone():
    """Half past midnight in Jakarta on the first of March is still February in UTC."""
    taken_at = datetime(2026, 2, 28, 17, 30, tzinfo=UTC)
    real = made(0, id="real", kind="monthly", taken_at=datetime(2026, 2, 10, tzinfo=UTC))
    week = made(0, id="week", kind="weekly", taken_at=datetime(2026, 2, 24, tzinfo=UTC))
    daily = made(0, taken_at=taken_at)

    def rule(zone):
        policies = Policies(usual=Policy(floor=1, zone=zone))
        return one(daily, policies, [real, week]).rule

    assert rule("UTC") == "expired"
    assert rule("Asia/Jakarta") == "month"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"])
def test_a_day_without_or_with_two_midnights_is_in_one_week(zone):
    """Clocks put forward and back, and a day that never was (Apia, 30 December 2011)."""
    policies = Policies(usual=Policy(floor=1, zone=zone, daily_days=1))
    start = datetime(2010, 1, 1, tzinfo=UTC)
    dailies = [made(0, taken_at=start + n * DAY, id=f"d{n:04}") for n in range(1100)]
    decided = decide(dailies, policies, start + 1101 * DAY)
    names = [reason.what.split(",")[0] for each in decided for reason in each.reasons if each.keep]

    assert len([name for name in names if "monthly" in name]) in (37, 38)
    assert len(set(names)) == len([name for name in names if name])


def test_where_deployment_and_vault_both_say_something_the_longer_holds():
    policies = Policies(
        usual=Policy(daily_days=90, floor=7),
        deployments={"production": Override(daily_days=10)},
        vaults={"offsite": Override(daily_days=400, floor=2)},
    )

    assert policies.of("production", "local").daily_days == 10
    assert policies.of("staging", "offsite").daily_days == 400
    assert policies.of("production", "offsite").daily_days == 400
    assert policies.of("production", "offsite").floor == 2
    assert policies.of("staging", "local") == policies.usual


def test_the_fingerprint_is_of_what_would_go():
    backups = [made(n, kind="manual", id=f"b{n}") for n in (1, 100, 200)]
    plan = fingerprint(decide(backups, BARE, NOW))
    held = [*backups[:2], msgspec.structs.replace(backups[2], held="look")]

    assert fingerprint(decide(reversed(backups), BARE, NOW + DAY)) == plan
    assert fingerprint(decide(held, BARE, NOW)) != plan


def test_the_usual_policy_contradicts_itself_nowhere():
    assert list(contradictions(Policy(), timedelta(hours=24))) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (dict.fromkeys(("daily_days", "weekly_days", "monthly_days"), 0), None),
        ({"weekly_days": 30}, "weekly_days"),
        ({"monthly_days": 100}, "monthly_days"),
        ({"weekly_days": 0, "monthly_days": 60}, "monthly_days"),
        ({"safety_days": 0}, "safety_days"),
        (
            dict.fromkeys(
                ("daily_days", "weekly_days", "monthly_days", "pre_deploy_days", "manual_days"), 0
            ),
            "daily_days",
        ),
    ],
    ids=str,
)
def test_a_policy_that_makes_no_sense_is_found(changes, key):
    found = [where for where, _, _ in contradictions(Policy(**changes), timedelta(hours=24))]

    assert found == ([key] if key else [])


# Laws that hold whatever there is.

seconds = st.integers(0, 12 * 365 * 86_400)
moments = seconds.map(lambda each: datetime(2016, 1, 1, tzinfo=UTC) + timedelta(seconds=each))
kinds = st.sampled_from(["daily", "weekly", "monthly", "pre-deploy", "manual", "safety"])
policy = st.builds(
    Policy,
    daily_days=st.integers(0, 40),
    weekly_days=st.integers(0, 100),
    monthly_days=st.integers(0, 800),
    pre_deploy_days=st.integers(0, 30),
    manual_days=st.integers(0, 30),
    safety_days=st.integers(0, 30),
    floor=st.integers(1, 5),
    zone=st.sampled_from(["UTC", "Asia/Jakarta", "America/New_York", "Pacific/Apia"]),
)
backups = st.lists(
    st.builds(
        Backup,
        id=st.integers(0, 10**6).map(str),
        deployment=st.sampled_from(["production", "staging"]),
        vault=st.sampled_from(["local", "offsite"]),
        taken_at=moments,
        kind=kinds,
        proven_at=st.none() | moments,
        whole=st.booleans(),
        held=st.sampled_from(["", "", "", "audit"]),
        pinned=st.sampled_from([False, False, False, True]),
        undo_until=st.none() | moments,
        locked_until=st.none() | moments,
    ),
    max_size=60,
    unique_by=lambda each: each.id,
)
world = st.tuples(backups, policy.map(lambda usual: Policies(usual=usual)), moments)


def split(found, policies, now):
    decided = decide(found, policies, now)
    return [d.backup for d in decided if d.keep], [d.backup for d in decided if not d.keep]


@settings(max_examples=150, deadline=None)
@given(world)
def test_every_backup_is_decided_once_with_a_reason(case):
    found, policies, now = case
    decided = decide(found, policies, now)

    assert sorted(each.backup.id for each in decided) == sorted(each.id for each in found)
    assert all(each.why for each in decided)


@settings(max_examples=150, deadline=None)
@given(world)
def test_nothing_ever_goes_under_the_floor(case):
    found, policies, now = case
    kept, _ = split(found, policies, now)

    def newest(some, of):
        ours = [each for each in some if (each.vault, each.deployment) == of and counts(each, now)]
        ours.sort(key=lambda each: (each.taken_at, len(each.id), each.id), reverse=True)
        return [each.id for each in ours[: policies.usual.floor]]

    for of in {(each.vault, each.deployment) for each in found}:
        assert newest(kept, of) == newest(found, of)


@settings(max_examples=150, deadline=None)
@given(world)
def test_nothing_held_pinned_locked_undoable_or_from_the_future_goes(case):
    found, policies, now = case
    _, gone = split(found, policies, now)

    for each in gone:
        assert not each.held
        assert not each.pinned
        assert each.taken_at <= now
        assert each.locked_until is None or each.locked_until <= now
        assert each.undo_until is None or each.undo_until < now


@settings(max_examples=150, deadline=None)
@given(world)
def test_nothing_young_enough_for_its_kind_goes(case):
    found, policies, now = case
    _, gone = split(found, policies, now)

    assert all(now - each.taken_at > policies.usual.days(each.kind) * DAY for each in gone)


@settings(max_examples=150, deadline=None)
@given(world)
def test_an_unproven_backup_never_protects_nor_displaces_another(case):
    found, policies, now = case
    proven = [each for each in found if each.proven_at is not None]
    with_all = {each.id for each in split(found, policies, now)[0]}
    without = {each.id for each in split(proven, policies, now)[0]}

    assert without == with_all & {each.id for each in proven}


@settings(max_examples=150, deadline=None)
@given(world)
def test_pruning_again_at_the_same_time_removes_nothing_more(case):
    found, policies, now = case
    kept, _ = split(found, policies, now)

    assert split(kept, policies, now)[1] == []


@settings(max_examples=150, deadline=None)
@given(world, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_what_could_go_once_can_go_ever_after(case, later):
    found, policies, now = case
    gone = {each.id for each in split(found, policies, now)[1]}
    gone_later = {each.id for each in split(found, policies, now + later)[1]}

    assert gone <= gone_later


@settings(max_examples=150, deadline=None)
@given(world, st.integers(0, 3))
def test_a_part_of_what_may_go_may_go_alone(case, every):
    """A prune that is killed in the middle leaves nothing that its rest would then keep or lose."""
    found, policies, now = case
    kept, gone = split(found, policies, now)
    left = gone[:: every + 1]

    assert {each.id for each in split([*kept, *left], policies, now)[1]} <= {e.id for e in left}
    assert {each.id for each in kept} <= {e.id for e in split([*kept, *left], policies, now)[0]}
