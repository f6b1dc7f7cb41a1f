"""The two-person rule, walked exhaustively: no order of words lets one person do it alone."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.approval import (
    Approval,
    Ballot,
    State,
    VoteRefused,
    decide,
    expire,
    reachable,
    spend,
    without,
)

ASKED = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PLAN = "plan one"
ASKER, AYU, BUDI, GUEST, STRANGER = "U1ASKER", "U2AYU", "U3BUDI", "U4GUEST", "U9STRANGER"
APPROVERS = frozenset({ASKER, AYU, BUDI, GUEST})


def asked(quorum: int = 1, **changes) -> Approval:
    facts = {
        "id": "ask-1",
        "fingerprint": PLAN,
        "asked_by": ASKER,
        "asked_name": "Rizal",
        "asked_at": ASKED,
        "quorum": quorum,
        "approvers": APPROVERS,
        "approve_until": ASKED + timedelta(hours=1),
        "use_within": timedelta(minutes=15),
    }
    return Approval(**{**facts, **changes})


def ballot(by: str, word: str = "yes", **changes) -> Ballot:
    # A guest may stand on the list by mistake; Slack says what they are when they press.
    facts = {"fingerprint": PLAN, "may_approve": by not in (GUEST, STRANGER), "name": by.lower()}
    return Ballot(by=by, word=word, **{**facts, **changes})


def refused(doing: Callable[[], object]) -> str:
    with pytest.raises(VoteRefused) as error:
        doing()
    return error.value.what


def test_a_second_persons_yes_approves():
    approval = decide(asked(), ballot(AYU), ASKED)

    assert approval.state is State.APPROVED
    assert approval.use_until == ASKED + timedelta(minutes=15)


def test_whoever_asked_can_not_approve():
    assert "second person" in refused(lambda: decide(asked(), ballot(ASKER), ASKED))


def test_two_are_two_different_people():
    once = decide(asked(quorum=2), ballot(AYU), ASKED)

    assert once.state is State.WAITING
    assert "already" in refused(lambda: decide(once, ballot(AYU), ASKED))
    assert decide(once, ballot(BUDI), ASKED).state is State.APPROVED


@pytest.mark.parametrize("by", [GUEST, STRANGER])
def test_whoever_slack_does_not_vouch_for_is_refused(by: str):
    assert "not on the list" in refused(lambda: decide(asked(), ballot(by), ASKED))


def test_one_no_ends_it_also_after_a_yes():
    denied = decide(decide(asked(quorum=2), ballot(AYU), ASKED), ballot(BUDI, "no"), ASKED)

    assert denied.state is State.DENIED
    assert "denied" in refused(lambda: decide(denied, ballot(AYU), ASKED))


def test_only_whoever_asked_withdraws():
    assert "Only whoever asked" in refused(lambda: decide(asked(), ballot(AYU, "withdraw"), ASKED))
    assert decide(asked(), ballot(ASKER, "withdraw"), ASKED).state is State.WITHDRAWN


def test_a_vote_on_an_older_card_counts_nothing():
    assert "older plan" in refused(
        lambda: decide(asked(), ballot(AYU, fingerprint="plan zero"), ASKED)
    )


def test_a_late_yes_counts_nothing():
    late = ASKED + timedelta(hours=1)

    assert "lapsed" in refused(lambda: decide(asked(), ballot(AYU), late))


def test_a_yes_that_is_not_used_in_time_lapses():
    approval = decide(asked(), ballot(AYU), ASKED)

    assert expire(approval, ASKED + timedelta(minutes=15)).state is State.EXPIRED
    assert "lapsed" in refused(lambda: spend(approval, PLAN, ASKED + timedelta(minutes=15)))


def test_a_changed_plan_needs_a_new_yes():
    approval = decide(asked(), ballot(AYU), ASKED)

    assert refused(lambda: spend(approval, "plan two", ASKED)) == (
        "The plan changed after it was approved."
    )


def test_an_approval_is_used_once():
    spent = spend(decide(asked(), ballot(AYU), ASKED), PLAN, ASKED)

    assert "has been used" in refused(lambda: spend(spent, PLAN, ASKED))


def test_a_removed_approvers_yes_is_void():
    approval = decide(asked(), ballot(AYU), ASKED)

    assert without(approval, APPROVERS - {AYU}).state is State.VOID
    assert without(approval, APPROVERS - {BUDI}).state is State.APPROVED


def test_a_question_that_nobody_can_answer_any_more_is_over():
    assert without(asked(), frozenset({ASKER})).state is State.VOID


def test_a_quorum_counts_without_whoever_asks():
    assert reachable(ASKER, frozenset({ASKER, AYU}), 1)
    assert not reachable(ASKER, frozenset({ASKER, AYU}), 2)


# The exhaustive walk. An `Op` does one thing; the oracle below knows the rule in other words.


@dataclass(frozen=True)
class World:
    """What the walk changes: the approval, the clock, who is left, which plan is true now."""

    approval: Approval
    now: datetime
    approvers: frozenset[str]
    plan: str = PLAN


def voting(by: str, word: str = "yes") -> Callable[[World], World]:
    def vote(world: World) -> World:
        try:
            return replace(world, approval=decide(world.approval, ballot(by, word), world.now))
        except VoteRefused:
            return world

    return vote


def expiring(world: World) -> World:
    return replace(world, now=world.now + timedelta(hours=2))


def planning(world: World) -> World:
    return replace(world, plan="plan two")


def removing(world: World) -> World:
    approvers = world.approvers - {AYU}
    return replace(world, approvers=approvers, approval=without(world.approval, approvers))


def restarting(world: World) -> World:
    text = msgspec.json.encode(world.approval)
    return replace(world, approval=msgspec.json.decode(text, type=Approval))


def twice(op: Callable[[World], World]) -> Callable[[World], World]:
    return lambda world: op(op(world))


OPS: dict[str, Callable[[World], World]] = {
    "yes by Ayu": voting(AYU),
    "yes by Budi": voting(BUDI),
    "yes by the asker": voting(ASKER),
    "yes by a stranger": voting(STRANGER),
    "yes by a guest": voting(GUEST),
    "no by Budi": voting(BUDI, "no"),
    "withdraw": voting(ASKER, "withdraw"),
    "time goes by": expiring,
    "the plan changes": planning,
    "Ayu is removed": removing,
    "restart": restarting,
    "yes by Ayu, delivered twice": twice(voting(AYU)),
}


def runs(world: World) -> bool:
    """Whether a restore would run now: the one way in is `spend`."""
    try:
        spent = spend(without(world.approval, world.approvers), world.plan, world.now)
    except VoteRefused:
        return False
    with pytest.raises(VoteRefused):
        spend(spent, world.plan, world.now)  # Never twice.
    return True


def may_run(names: tuple[str, ...], quorum: int) -> bool:
    """The rule in other words: read the whole story, and say whether it may end in a restore."""
    voters: set[str] = set()
    here = {AYU, BUDI}
    for name in names:
        if name in ("no by Budi", "withdraw") and len(voters) < quorum:
            return False
        if name in ("time goes by", "the plan changes"):
            return False
        if name == "Ayu is removed":
            if AYU in voters or len(here - {AYU}) < quorum:
                return False
            here.discard(AYU)
        who = {"yes by Ayu": AYU, "yes by Budi": BUDI, "yes by Ayu, delivered twice": AYU}.get(name)
        if who in here and len(voters) < quorum:
            voters.add(who)
    return len(voters) == quorum


def start(quorum: int) -> World:
    return World(asked(quorum), ASKED, APPROVERS)


def sequences(longest: int) -> Iterator[tuple[str, ...]]:
    for length in range(longest + 1):
        yield from itertools.product(OPS, repeat=length)


@pytest.mark.parametrize("quorum", [1, 2])
def test_every_story_up_to_four_words_ends_as_the_rule_says(quorum: int):
    walked = 0
    for names in sequences(4):
        world = start(quorum)
        for name in names:
            world = OPS[name](world)
        assert runs(world) == may_run(names, quorum), names
        walked += 1

    print(f"{walked:,} stories read whole")
    assert walked == sum(len(OPS) ** length for length in range(5))


@pytest.mark.parametrize("quorum", [1, 2])
def test_every_story_up_to_seven_words_needs_a_full_quorum_in_time_on_this_plan(quorum: int):
    """Stories that lead to the same world are walked together; how many is counted."""
    layer = Counter({start(quorum): 1})
    walked, ran = 1, 0
    for _ in range(7):
        following: Counter[World] = Counter()
        for world, stories in layer.items():
            for op in OPS.values():
                following[op(world)] += stories
        layer = following
        walked += layer.total()
        for world, stories in layer.items():
            if runs(world):
                ran += stories
                voters = {vote.by for vote in world.approval.votes}
                assert len(voters) >= quorum
                assert voters <= {AYU, BUDI} & world.approvers
                assert world.plan == world.approval.fingerprint
                assert world.approval.use_until is not None
                assert world.now < world.approval.use_until

    print(f"{walked:,} stories walked, {ran:,} of them end in a restore, quorum {quorum}")
    assert walked == sum(len(OPS) ** length for length in range(8))
    assert 0 < ran < walked


@given(st.lists(st.sampled_from(sorted(OPS)), max_size=12), st.sampled_from([1, 2]))
def test_longer_stories_follow_the_rule_too(names: list[str], quorum: int):
    world = start(quorum)
    for name in names:
        world = OPS[name](world)

    assert runs(world) == may_run(tuple(names), quorum)
