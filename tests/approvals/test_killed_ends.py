"""kill -9 where nothing is restored: refused, denied, given up; and who takes over from whom."""

import time

import pytest

from sandbox.slack_people import AYU, BUDI
from tests.approvals.held import Held, confirmed, held_back, paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.mortal import Mortal
from tests.approvals.window import Window
from tests.journeys.house import dangling
from tests.slack.house import wait_for

pytestmark = pytest.mark.slow
POINTS, AROUND = ("begin", "effect", "kept"), ("begin", "effect")
DENYING = [(f"{what}", 1, point) for what in ("kept vote", "end ask") for point in POINTS]
FAILING = (
    [("step compare", 1, "begin")]
    + [(f"record {name}", 1, point) for name in ("ended", "unpaused") for point in AROUND]
    + [("unpause", 1, point) for point in AROUND]
    + [("end approved", 1, point) for point in POINTS]
)
DOUBTFUL = ("Restored", "Imported", "made a mistake", "STILL", "MAY")
LIVES_MAX = 9  # More than the engine bears.


def named(cell: tuple[str, int, str]) -> str:
    return f"{cell[0]}-{cell[2]}".replace(" ", "-")


@pytest.fixture
def house(deathbed: tuple[ApprovalHouse, Mortal], mortal: Mortal) -> ApprovalHouse:
    return deathbed[0]


@pytest.mark.parametrize("cell", DENYING, ids=named)
def test_a_denial_outlives_the_bot(house: ApprovalHouse, mortal: Mortal, cell):
    held, question = Held(house.production), house.ask_to_restore()
    mortal.dies(*cell)
    question.no(AYU)
    mortal.reborn()
    question.over("Denied by Ayu Lestari: wait for the audit.")
    house.idle()
    wait_for(lambda: not question.buttons)

    assert held.untouched()
    assert question.said() == [
        "restore.asked by Rizal Hakim",
        "vote.no by Ayu Lestari",
        "restore.answered by Rizal Hakim: denied",
    ]
    # It stands twice where the bot died between Slack's answer and the note that it was told.
    most = 2 if cell[0] == "end ask" else 1
    assert 1 <= sum(text.startswith("Denied by") for text in question.thread) <= most


@pytest.mark.parametrize("cell", FAILING, ids=named)
def test_a_restore_that_fails_outlives_the_bot_as_it_was(
    house: ApprovalHouse, mortal: Mortal, cell
):
    """Convex would do something else than the plan says, whenever it is asked."""
    held, question = Held(house.production), house.ask_to_restore()
    house.production.trouble(kind="wrong_checkpoints", times=-1)
    mortal.dies(*cell)
    question.yes(AYU)
    mortal.reborn()
    question.over("Approved restore")
    wait_for(lambda: any(word in question.line.text for word in ("Failed", "Cancelled")), 60)
    house.idle()
    house.production.heal()
    question.told("production runs again")
    wait_for(lambda: question.card.splitlines()[0].endswith(("· Failed", "· Cancelled")))
    said = [question.line.text, *question.thread]

    assert held.untouched()
    if cell != ("record ended", 1, "begin"):  # Then its own cancel is all that is left to see.
        assert "Convex would not do what the plan says." in question.line.text
    assert "production is as it was" in question.line.text
    assert "restore.confirmed by Rizal Hakim" not in question.said()
    assert not [text for text in said for word in DOUBTFUL if word in text], said
    assert all(steps.count("ended") == 1 for steps in house.records().values())


@pytest.mark.parametrize("cell", FAILING[1:], ids=named)
def test_an_import_that_fails_outlives_the_bot_and_names_the_way_back(
    house: ApprovalHouse, mortal: Mortal, cell
):
    held, question = Held(house.production), house.ask_to_restore()
    house.production.trouble(kind="import_fails", message="no luck")
    mortal.dies(*cell)
    question.yes(AYU)
    mortal.reborn()
    question.over("Approved restore", "Failed", "no luck")
    house.idle()
    question.told("production runs again")

    assert house.production.counts() == held.counts
    assert (confirmed(house.production), paused(house.production)) == (1, False)
    assert f"The safety backup {house.safety}" in question.line.text.replace("backup is", "backup")
    assert "nothing was restored" not in question.line.text


def test_a_restore_that_ends_the_bot_again_and_again_says_that_production_stands_still(
    house: ApprovalHouse, mortal: Mortal, promised: dict
):
    question = house.ask_to_restore()
    mortal.dies("step compare", 1, "begin")
    question.yes(AYU)
    lives = 1
    while mortal.ended() and lives < LIVES_MAX:
        lives += 1
        mortal.dies("step compare", 1, "begin")
        mortal.launch()
        wait_for(
            lambda: mortal.over or "not begun again" in question.line.text,
            20,
            lambda: f"{question.line.text} {mortal.said}",
        )
        if not mortal.over:
            break
    mortal.lives()
    line = question.over("not begun again")
    given_up = question.told("Given up")
    stood_still = paused(house.production)
    again = house.ask_to_restore(reason="once more")
    again.yes(BUDI)
    again.over("Restored:")

    assert 3 < lives < LIVES_MAX
    assert stood_still
    assert "production MAY STILL BE PAUSED" in line
    assert "production MAY STILL BE PAUSED" in given_up
    assert held_back(house.production, promised)


def test_whoever_breaks_the_glass_takes_over_from_a_dead_bot(
    house: ApprovalHouse, mortal: Mortal, promised: dict
):
    question = house.ask_to_restore()
    mortal.dies("step compare", 1, "begin")
    question.yes(AYU)
    mortal.ended()
    stood_still = paused(house.production)
    house.write(approvals={"break_glass": True, "break_glass_wait_seconds": 5})
    words = ("restore", house.backup, "--to", "production", "--break-glass", "--reason")
    with Window(house, *words, "the bot is dead") as window:
        window.until("Type production to go on:")
        window.type("production\n")
        code = window.ended()
    after = (paused(house.production), confirmed(house.production), dangling(house.production))
    mortal.start()
    line = question.over("Approved restore", "Cancelled")
    house.idle()

    assert stood_still
    assert code == 0, window.said
    assert after == (False, 1, [])
    assert "was brought to its end before" in line
    assert held_back(house.production, promised)


def test_a_bot_that_is_told_to_stop_goes_on_where_it_was(
    house: ApprovalHouse, mortal: Mortal, promised: dict
):
    question = house.ask_to_restore()
    house.production.trouble(kind="import_stuck_uploaded")
    question.yes(AYU)
    question.over("Comparing Convex's summary with the plan")
    code = mortal.signal()
    stands_still = paused(house.production)
    house.production.heal()
    time.sleep(0.2)
    mortal.start()
    question.over("Restored:")
    house.idle()

    assert code == 0
    assert stands_still
    assert held_back(house.production, promised)
    assert question.said().count("restore.confirmed by Rizal Hakim") == 1
