"""Asking for a restore of production, and who may answer: by command, by button and by form."""

from sandbox.slack_people import AYU, BACKUPS, BUDI, CITRA, RIZAL
from tests.approvals.held import Held, held_back, paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import WITHDRAW, Question
from tests.slack.house import wait_for


def test_a_second_persons_yes_restores_production_once(house: ApprovalHouse, promised: dict):
    question = house.ask_to_restore()
    house.restored(question)
    question.told("production runs again")

    assert held_back(house.production, promised)
    assert question.said() == [
        "restore.asked by Rizal Hakim",
        "vote.yes by Ayu Lestari",
        "restore.answered by Rizal Hakim: approved",
        "restore.started by Rizal Hakim",
        "restore.confirmed by Rizal Hakim",
        "restore.ended by Rizal Hakim: restored",
    ]
    assert house.log_whole()


def test_the_thread_tells_the_story_in_its_order(house: ApprovalHouse):
    question = house.ask_to_restore()
    question.yes(AYU, "with Budi, on the phone")
    question.over("Restored:")
    question.told("Restored:")
    question.carded("Approved by", "The restore is done: its result is below.")
    told = [text.split(":")[0].splitlines()[0] for text in question.thread]

    assert told[0].startswith("*production* (protected) · Done")
    assert "with Budi, on the phone" in told[1] and f"<@{AYU}>" in told[1]
    assert told[2] == "production is paused"
    assert told[3].startswith("Plan")
    assert told[4].startswith("production runs again")
    assert told[5].startswith("Restored")
    assert question.buttons == {}


def test_the_card_says_what_is_lost_and_who_may_answer_until_when(house: ApprovalHouse):
    house.production.mutate("npd", "insert", 12)
    question = house.ask_to_restore(reason="npd was emptied <!channel>")
    card = question.card
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "npd was emptied &lt;!channel&gt;" in card
    assert f"1 approval of <@{AYU}> <@{BUDI}> needed, until" in card
    assert "*Loses rows:* `npd` 47 → 40" in card
    assert "*Came after the snapshot:* npd +12" in card
    assert "12 rows came into production after the snapshot and would be lost." in card
    assert "*Tried in:* *staging*" in card


def test_asking_needs_a_reason(house: ApprovalHouse, held: Held):
    told = house.ask(RIZAL, f"restore {house.backup} to production yes").text

    assert "To restore production you have to say why." in told
    assert held.untouched()


def test_the_form_asks_for_a_reason_and_the_name_by_hand(house: ApprovalHouse, held: Held):
    shown = house.ask(RIZAL, f"show {house.backup}")
    house.press(RIZAL, shown, "backup.restore")
    view = wait_for(lambda: house.slack.view(RIZAL))
    first = house.slack.submit(RIZAL, view, {"target": "production"})
    second = house.slack.submit(
        RIZAL, view, {"target": "production", "reason": "oops", "name": "Production"}
    )
    line = house.carded(
        BACKUPS,
        lambda: house.slack.submit(
            RIZAL, view, {"target": "production", "reason": "rows are gone", "name": "production"}
        ),
    )
    question = Question(house, line)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert set(first["errors"]) == set(second["errors"]) == {"reason", "name"}
    assert "say why" in first["errors"]["reason"]
    assert "by hand" in second["errors"]["name"]
    assert "*Why:* rows are gone" in question.card
    assert held.untouched()


def test_what_was_typed_stands_in_the_form_but_for_the_name(house: ApprovalHouse, held: Held):
    words = f'restore {house.backup} to production tables npd,users reason "they are gone"'
    house.type(RIZAL, words)
    view = wait_for(lambda: house.slack.view(RIZAL))
    fields = {block.get("block_id"): block.get("element", {}) for block in view["blocks"]}
    house.slack.close(RIZAL, view)

    assert fields["target"]["initial_option"]["value"] == "production"
    assert fields["tables"]["initial_value"] == "npd,users"
    assert fields["reason"]["initial_value"] == "they are gone"
    assert "initial_value" not in fields["name"]
    assert held.untouched()


def test_never_straight_to_production(house: ApprovalHouse, held: Held):
    taken = house.job(RIZAL, "now production")
    taken.ended()
    backup = taken.until("Backup taken").split("Backup taken: `")[1].split("`")[0]
    words = f'restore {backup} to production reason "rows were lost" yes'
    refused = house.carded(BACKUPS, lambda: house.type(RIZAL, words))
    told = refused.until("Never straight to production", "Nobody was asked")
    untouched = held.untouched()
    house.job(RIZAL, f"restore {backup} to staging yes").until("Restored:")
    question = Question(house, house.carded(BACKUPS, lambda: house.type(RIZAL, words)))
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "Failed" in told.splitlines()[0]
    assert untouched
    assert "*Tried in:* *staging*, just now" in question.card


def test_whoever_looks_on_can_not_ask(house: ApprovalHouse, held: Held):
    words = f'restore {house.backup} to production reason "rows were lost" yes'
    told = house.ask(CITRA, words).text

    assert "`restore` is for operators" in told
    assert house.roots() == []
    assert held.untouched()


def test_a_question_keeps_no_backup_waiting(house: ApprovalHouse):
    question = house.ask_to_restore()
    state = house.job(RIZAL, "now production").ended()
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert state == "Done"


def test_a_yes_by_command_is_worth_a_yes(house: ApprovalHouse, promised: dict):
    question = house.ask_to_restore()
    private = house.ask(BUDI, f'approve {question.id} checked "the numbers"').text
    question.over("Restored:")

    assert question.id in private
    assert "“the numbers”" in question.told("Approved by")
    assert held_back(house.production, promised)


def test_a_no_by_button_ends_it(house: ApprovalHouse, held: Held):
    question = house.ask_to_restore()
    question.no(AYU, "wait for the audit of <!here>")
    line = question.over("Denied by Ayu Lestari: wait for the audit of &lt;!here&gt;.")
    question.told("Denied by Ayu Lestari")

    assert "Nothing was restored." in line
    assert question.buttons == {}
    assert wait_for(
        lambda: (
            question.said()
            == [
                "restore.asked by Rizal Hakim",
                "vote.no by Ayu Lestari",
                "restore.answered by Rizal Hakim: denied",
            ]
        )
    )
    assert held.untouched()


def test_nothing_is_left_paused(house: ApprovalHouse):
    assert not paused(house.production)
