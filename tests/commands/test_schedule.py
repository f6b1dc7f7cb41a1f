"""The words of `schedule`: what they mean, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands import VERBS
from commands.roles import NotAllowed
from commands.schedule import Act, Request, parse, run
from commands.verb import Caller
from storage.errors import Refused

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", Request()),
        ("daily", Request(name="daily")),
        ("run daily", Request("run", "daily")),
        ("resume daily", Request("resume", "daily")),
        ("pause daily", Request("pause", "daily")),
        ("pause daily for 3 days", Request("pause", "daily", 3 * DAY)),
        ("pause daily for 1 day", Request("pause", "daily", DAY)),
        ("pause daily for 3d", Request("pause", "daily", 3 * DAY)),
        ("pause daily --for 12h", Request("pause", "daily", DAY / 2)),
        ("pause daily --for=2w", Request("pause", "daily", 14 * DAY)),
        ("pause daily for 90 minutes", Request("pause", "daily", timedelta(minutes=90))),
        (
            "pause daily for 3 days moving house",
            Request("pause", "daily", 3 * DAY, "moving house"),
        ),
        (
            "pause daily for 3 days reason moving house",
            Request("pause", "daily", 3 * DAY, "moving house"),
        ),
        (
            "pause daily --reason moving --for 3d",
            Request("pause", "daily", 3 * DAY, "moving"),
        ),
        (
            "pause daily waiting for Ayu for 2 hours",
            Request("pause", "daily", timedelta(hours=2), "waiting for Ayu"),
        ),
    ],
)
def test_what_is_typed_is_what_is_meant(typed: str, meant: Request):
    assert parse(typed.split()) == meant


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("pause", "needs its name"),
        ("run", "needs its name"),
        ("resume", "needs its name"),
        ("puase daily", "Did you mean 'pause'?"),
        ("pause daily for ever", "A pause always ends"),
        ("pause daily --for=ever", "A pause always ends"),
        ("pause daily for 0 days", "A pause always ends"),
        ("pause --for 3d", "needs its name"),
        ("resume daily --for 3d", "Only a pause"),
        ("run daily now please", "does not understand"),
        ("pause daily " + "x" * 201, "up to 200"),
    ],
)
def test_what_means_nothing_is_refused_with_what_to_type(typed: str, why: str):
    with pytest.raises(Refused) as refused:
        parse(typed.split())

    assert why in refused.value.what
    assert refused.value.hint


def test_every_example_can_be_typed():
    for example in VERBS["schedule"].examples:
        parse([word.strip("'") for word in example.split()[1:]])


@pytest.mark.parametrize("act", ["pause", "resume", "run"])
def test_whoever_may_only_look_changes_no_schedule(act: Act):
    class Untouchable:
        caller = Caller(id="U9", name="Citra", door="slack", role="viewer")

    with pytest.raises(NotAllowed, match=f"`schedule {act}` is for operators"):
        run(Request(act, "daily"), Untouchable())  # type: ignore[arg-type]
