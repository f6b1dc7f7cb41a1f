"""kill -9 at each moment of a question and of the restore after it: one import, no pause, no lie.

Each cell is a story of its own: the bot dies at that moment, is started again, and people go on as
if nothing had been. The matrix is walked by two houses, so that two processes can share it.
"""

from collections.abc import Iterator

import pytest

from sandbox.slack_people import AYU, BACKUPS, RIZAL
from tests.approvals.held import held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.mortal import Mortal
from tests.approvals.question import Question
from tests.slack.house import Card, wait_for

pytestmark = pytest.mark.slow

Cell = tuple[str, int, str]
POINTS, AROUND = ("begin", "effect", "kept"), ("begin", "effect")
ASKING = [
    (f"kept {name}", 1, point)
    for name in ("preflight", "plan", "known", "question", "clock")
    for point in POINTS
]
ANSWERING = [(f"kept {name}", 1, point) for name in ("vote", "begin") for point in POINTS] + [
    ("end ask", 1, point) for point in POINTS
]
DOING_KEPT = ("name", "settle", "plan", "known", "spend", "preflight", "describe", "export")
DOING_STEPS = (
    *("download", "store", "read back", "manifest", "verify the archive", "build", "stage"),
    *("compare", "confirm", "restore", "count"),
)
RECORDS = ("pausing", "asked", "safety", "staging", "staged", "confirming", "ended", "unpaused")
DOING = (
    [(f"kept {name}", 1, point) for name in (*DOING_KEPT, "archive", "stage") for point in POINTS]
    + [(f"step {name}", 1, point) for name in DOING_STEPS for point in POINTS]
    + [(f"record {name}", 1, point) for name in RECORDS for point in AROUND]
    + [(name, 1, point) for name in ("pause", "unpause") for point in AROUND]
    + [("end approved", 1, point) for point in POINTS]
)
CELLS = [*ASKING, *ANSWERING, *DOING]
STORY = [
    "restore.asked by Rizal Hakim",
    "vote.yes by Ayu Lestari",
    "restore.answered by Rizal Hakim: approved",
    "restore.started by Rizal Hakim",
    "restore.confirmed by Rizal Hakim",
    "restore.ended by Rizal Hakim: restored",
]
LIES = ("Nothing was restored", "Failed", "Cancelled", "made a mistake", "STILL PAUSED", "Void")
walked: list[Cell] = []


def named(cell: Cell) -> str:
    phase = "asking" if cell in ASKING else "answering" if cell in ANSWERING else "doing"
    return f"{phase}-{cell[0]}-{cell[2]}".replace(" ", "-")


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    print(f"\n{len(walked)} of {len(CELLS)} cells were walked here")


@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_a_bot_that_is_killed_goes_on_and_imports_once(
    deathbed: tuple[ApprovalHouse, Mortal], mortal: Mortal, promised: dict, cell: Cell
):
    house, _ = deathbed
    if cell in ASKING:
        mortal.dies(*cell)
        line = house.carded(BACKUPS, lambda: house.type(RIZAL, asking(house)))
        mortal.reborn()
        question = Question(house, line)
        question.yes(AYU)
    else:
        question = house.ask_to_restore()
        mortal.dies(*cell)
        question.yes(AYU)
        mortal.reborn()
    question.over("Restored:")
    house.idle()
    walked.append(cell)

    assert held_back(house.production, promised)
    assert question.said() == STORY
    assert house.log_whole()
    told_once(question, at_the_end=cell[0] == "end approved")
    ended_in_the_record(house)


def asking(house: ApprovalHouse) -> str:
    return f'restore {house.backup} to production reason "rows were lost" yes'


def told_once(question: Question, *, at_the_end: bool) -> None:
    """The channel holds one message, and its thread everything once, and nothing untrue.

    Whether Slack took a line that the bot died over, nobody can know. That production stands
    still and runs again is then said once more, and never not at all; so is the result, when the
    bot died while it was on its way.
    """
    question.told("Restored:")
    question.carded("(protected) · Done", "The restore is done: its result is below.")
    wait_for(lambda: not question.buttons)
    thread = question.thread
    about = [
        Card(question.house, BACKUPS, each["ts"])
        for each in question.house.roots()
        if question.id in each["text"] or question.restore_id in each["text"]
    ]

    assert [each.ts for each in about] == [question.line.ts]
    for words, times in (("asks to restore", (1,)), ("Restored:", (1, 1 + at_the_end))):
        assert sum(words in text for text in thread) in times, (words, thread)
    for words in ("production is paused", "production runs again"):
        assert sum(words in text for text in thread) in (1, 2), (words, thread)
    assert sum(text.startswith("Approved by") for text in thread) <= 1, thread
    assert f"Approved by <@{AYU}>" in question.card
    assert not [lie for lie in LIES for text in [question.line.text, *thread] if lie in text]


def ended_in_the_record(house: ApprovalHouse) -> None:
    for steps in house.records().values():
        assert steps.count("confirming") == steps.count("ended") == 1
        assert steps.count("pausing") == steps.count("unpaused")
