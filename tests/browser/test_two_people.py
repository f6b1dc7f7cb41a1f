"""A restore of production by two people, in the page: asked, answered, done and taken back.

Rizal asks, Budi and Ayu may approve, Citra may look. Everybody sits before a page of their own.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.seat import APPROVER, JOB_MS, OPERATOR, SECOND_APPROVER, VIEWER, Card, Seat
from tests.browser.terminal import in_terminal
from tests.slack.house import House

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

ROWS, LOST = 40, 7
WHY = "rows are gone since noon"
LAPSES_MINUTES = 0.1
BUTTONS = re.compile("Approve…|Deny…|Withdraw")
RESTORED = "Restored: production holds what was promised"


@pytest.fixture(scope="module")
def rehearsed(whole_house: House) -> str:
    """The id of a backup of production that was restored to staging."""
    backup = whole_house.backup("production")
    in_terminal(whole_house, "restore", backup, "--to", "staging", "--yes")
    return backup


@pytest.fixture
def lost(house: House, rehearsed: str) -> str:
    """Production has lost rows; the id of the backup that holds them."""
    house.production.mutate("npd", "delete", LOST)
    return rehearsed


@pytest.fixture
def rizal(sit: Callable[..., Seat], lost: str) -> Seat:
    return sit(OPERATOR)


@pytest.fixture
def budi(sit: Callable[..., Seat]) -> Seat:
    return sit(APPROVER)


@pytest.fixture
def lapsing(house: House) -> Iterator[None]:
    """A question may be answered for a few seconds only."""
    _settle(house, approve_within_minutes=LAPSES_MINUTES)
    yield
    _settle(house)


def _settle(house: House, **approvals: float) -> None:
    house.bot.stop()
    house.write(approvals=approvals)
    house.bot.start()


def rows(house: House) -> int:
    return int(house.production.counts()["tables"]["npd"])


def press(place: Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def ask(me: Seat, backup: str, more: str = "") -> Card:
    """Type the command, and the target's name into the form that it opens."""
    me.type(f"/backup restore {backup} to production {more} reason “{WHY}”")
    me.form.get_by_label(re.compile("typed by hand")).fill("production")
    press(me.form, "Restore")
    asked = me.job("production (protected) · Restore of")
    asked.says("Waiting for approval")
    return asked


def card(me: Seat) -> Locator:
    """The card of the newest question, in its thread."""
    if me.thread.is_hidden():
        me.open_thread(me.jobs.last)
    return me.thread.get_by_role("article").filter(has_text="asks to restore")


def approve(me: Seat, checked: str = "The plan and the time") -> None:
    press(card(me), "Approve…")
    me.form.get_by_label("What did you check?").fill(checked)
    press(me.form, "Approve")
    expect(me.form).to_be_hidden()


def told_alone(me: Seat, words: str) -> None:
    """Wait for a sentence that nobody else sees."""
    expect(me.private.filter(has_text=words)).to_be_visible()


def test_the_form_of_a_backup_takes_a_reason_and_the_right_name_before_anybody_is_asked(
    house, rizal, budi, lost
):
    rizal.type("/backup list production")
    rizal.choose(rizal.private, "Restore…")
    rizal.form.get_by_label("Into which deployment").select_option("production")
    press(rizal.form, "Restore")
    expect(rizal.form).to_contain_text("production is protected: say why, in a few words.")
    rizal.form.get_by_label("Why").fill(WHY)
    rizal.form.get_by_label(re.compile("typed by hand")).fill("prodution")
    press(rizal.form, "Restore")
    expect(rizal.form).to_contain_text("Type production here, by hand, to be sure.")
    expect(rizal.form).not_to_contain_text("say why, in a few words")
    expect(rizal.jobs).to_have_count(0)
    rizal.form.get_by_label("How").select_option("replace")
    rizal.form.get_by_label("Only these tables").fill("npd")
    rizal.form.get_by_label(re.compile("typed by hand")).fill("production")
    press(rizal.form, "Restore")
    expect(rizal.form).to_be_hidden()

    asked = card(budi)
    expect(asked).to_contain_text("@rizal asks to restore production-")
    expect(asked).to_contain_text(f"Why: {WHY}")
    expect(asked).to_contain_text("1 approval of @ayu @budi needed, until")
    expect(asked).to_contain_text("Chosen: npd only")
    expect(asked).to_contain_text(re.compile(r"npd\s+33\s+40\s+40\s+replaced"))
    expect(asked.get_by_role("button", name=BUTTONS)).to_have_count(3)
    assert rows(house) == ROWS - LOST


def test_nobody_approves_what_they_asked_for_and_a_second_person_does(house, rizal, budi, lost):
    asked = ask(rizal, lost)
    approve(rizal)
    told_alone(rizal, "You asked for it, so a second person has to approve it.")
    asked.says("Waiting for approval")
    expect(budi.private).to_have_count(0)
    assert rows(house) == ROWS - LOST

    approve(budi)

    expect(card(budi)).to_contain_text("Approved by @budi (“The plan and the time”)")
    expect(card(budi).get_by_role("button", name=BUTTONS)).to_have_count(0)
    expect(budi.replies("The restore begins. @rizal @budi")).to_be_visible()
    expect(rizal.jobs).to_contain_text(RESTORED, timeout=JOB_MS)
    report = budi.replies(RESTORED)
    expect(report).to_contain_text(re.compile(r"npd\s+33\s+40\s+40\s+kept"))
    expect(card(budi)).to_contain_text("(protected) · Done")
    expect(card(budi)).to_contain_text("The restore is done: its result is below.")
    expect(rizal.jobs).to_have_count(1)
    assert rows(house) == ROWS
    budi.type(f"/backup approve {asked.id}")
    told_alone(budi, "It is approved already, by Budi Santoso.")


def test_who_is_no_approver_is_told_so_alone(house, sit, rizal, lost):
    citra = sit(VIEWER)
    asked = ask(rizal, lost)

    approve(citra, "I only looked")
    told_alone(citra, "You are not on the list of approvers for this.")
    press(card(citra), "Withdraw")
    press(citra.question, "Withdraw")
    told_alone(citra, "Only whoever asked can withdraw it.")

    asked.says("Waiting for approval")
    expect(rizal.private).to_have_count(0)
    assert rows(house) == ROWS - LOST


def test_one_denial_with_its_reason_ends_the_question(house, rizal, budi, lost):
    asked = ask(rizal, lost)
    press(card(budi), "Deny…")
    press(budi.form, "Deny")
    expect(budi.form).to_be_visible()
    budi.form.get_by_label("Why not?").fill("wait for the audit")
    press(budi.form, "Deny")

    asked.says("— Denied")
    asked.says("Denied by Budi Santoso: wait for the audit. Nothing was restored.")
    expect(card(budi).get_by_role("button", name=BUTTONS)).to_have_count(0)
    expect(budi.replies("wait for the audit").last).to_contain_text("@rizal")
    budi.type(f"/backup approve {asked.id}")
    told_alone(budi, "It was denied already by Budi Santoso.")
    assert rows(house) == ROWS - LOST


def test_whoever_asked_takes_the_question_back(house, rizal, budi, lost):
    asked = ask(rizal, lost)
    press(card(rizal), "Withdraw")
    press(rizal.question, "Leave it")
    asked.says("Waiting for approval")
    press(card(rizal), "Withdraw")
    press(rizal.question, "Withdraw")

    asked.says("Withdrawn by Rizal Hakim. Nothing was restored.")
    expect(card(budi)).to_contain_text("(protected) · Withdrawn")
    expect(card(budi).get_by_role("button", name=BUTTONS)).to_have_count(0)
    assert rows(house) == ROWS - LOST


def test_a_question_that_nobody_answers_lapses(house, lapsing, rizal, budi, lost):
    asked = ask(rizal, lost)
    press(card(budi), "Approve…")
    budi.form.get_by_label("What did you check?").fill("Too slowly")

    asked.says("— Lapsed")
    asked.says("Nobody answered in time. Nothing was restored.")
    press(budi.form, "Approve")
    told_alone(budi, "It has lapsed.")
    expect(card(budi).get_by_role("button", name=BUTTONS)).to_have_count(0)
    assert rows(house) == ROWS - LOST


def test_a_restore_is_undone_by_two_people_as_well(house, sit, rizal, budi, lost):
    ask(rizal, lost)
    approve(budi)
    done = rizal.jobs.first
    expect(done).to_contain_text(RESTORED, timeout=JOB_MS)
    assert rows(house) == ROWS

    press(done, "Undo…")
    expect(rizal.form.get_by_label("Into which deployment")).to_have_value("production")
    expect(rizal.form.get_by_label("How")).to_have_value("replace-all")
    rizal.form.get_by_label("Why").fill("it was the wrong backup")
    rizal.form.get_by_label(re.compile("typed by hand")).fill("production")
    press(rizal.form, "Restore")
    asked = rizal.job("production (protected) · Restore of")
    asked.says("Waiting for approval")
    approve(rizal)
    told_alone(rizal, "You asked for it, so a second person has to approve it.")
    ayu = sit(SECOND_APPROVER)
    expect(card(ayu)).to_contain_text("Takes back: restore restore.production.")
    approve(ayu)

    expect(rizal.jobs.last).to_contain_text(RESTORED, timeout=JOB_MS)
    assert rows(house) == ROWS - LOST
