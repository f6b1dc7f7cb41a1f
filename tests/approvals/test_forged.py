"""What a button carries is not believed; while Slack can't say who somebody is nobody counts."""

import time

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import AYU, BACKUPS, RIZAL
from tests.approvals.held import Held, held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import APPROVE, DENY, WITHDRAW


@pytest.mark.parametrize(
    "value",
    [
        "ask-production-nobody 0000-0000",
        "",
        "-",
        "<!channel> <https://evil.example|ok> " * 20,
        "\u202e\u200b" * 40,
        "{} 0000-0000",
        "approved-production-xxxxxx 1111-1111",
        "a" * 1_900,
    ],
)
def test_a_forged_value_is_worth_nothing(house: ApprovalHouse, held: Held, value: str):
    """Slack itself sends what a message's button holds: here another message has other values."""
    house.rule()
    question = house.ask_to_restore()
    forged = forge(house, value.format(question.id))
    for action_id in (APPROVE, DENY, WITHDRAW):
        house.slack.click(AYU, BACKUPS, forged, action_id)
        view = house.slack.wait_for(
            lambda: house.slack.view(AYU) or house.slack.ephemerals(AYU, BACKUPS), 10
        )
        if isinstance(view, dict):
            field = {"approval.confirm": "checked", "approval.refuse": "reason"}
            house.slack.submit(AYU, view, {field[view["callback_id"]]: "forged"})
    time.sleep(0.5)
    open_still = bool(question.buttons)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert open_still
    assert not [each for each in question.votes if "Ayu" in each and "refused" not in each]
    assert "Traceback" not in house.bot.said
    assert held.untouched()


def forge(house: ApprovalHouse, value: str) -> str:
    """Post a message of the bot's own whose buttons carry something else; its ts."""
    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    buttons = [
        {
            "type": "button",
            "action_id": action_id,
            "text": {"type": "plain_text", "text": action_id},
            **({"value": value} if value else {}),
        }
        for action_id in (APPROVE, DENY, WITHDRAW)
    ]
    posted = web.chat_postMessage(
        channel=BACKUPS, text="forged", blocks=[{"type": "actions", "elements": buttons}]
    )
    return str(posted["ts"])


def test_another_questions_id_with_its_own_card_is_a_vote_on_that_one(
    house: ApprovalHouse, held: Held
):
    house.rule()
    first, second = house.ask_to_restore(), house.ask_to_restore(reason="another one")
    house.slack.click(RIZAL, BACKUPS, forge(house, second.buttons[WITHDRAW]), WITHDRAW)
    second.over("Withdrawn")
    open_still = bool(first.buttons)
    first.press(RIZAL, WITHDRAW)
    first.over("Withdrawn")

    assert open_still
    assert held.untouched()


def test_a_retry_of_an_approved_restore_is_refused(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    question.yes(AYU)
    question.over("Restored:")
    forged = forge_retry(house, question.restore_id)
    told = house.answered(
        AYU, BACKUPS, lambda: house.slack.click(AYU, BACKUPS, forged, "job.retry")
    ).text

    assert "is not done once more by a button" in told
    assert held_back(house.production, promised)


def forge_retry(house: ApprovalHouse, job_id: str) -> str:
    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    text = {"type": "plain_text", "text": "Retry"}
    button = {"type": "button", "action_id": "job.retry", "text": text, "value": job_id}
    blocks = [{"type": "actions", "elements": [button]}]
    return str(web.chat_postMessage(channel=BACKUPS, text="forged", blocks=blocks)["ts"])


def test_while_slack_can_not_say_who_somebody_is_nothing_counts(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    view = question.form(AYU)
    time.sleep(0.2)
    house.slack.trouble("fail_users_info")
    house.slack.submit(AYU, view, {"checked": "all of it"})
    house.alone(AYU, "Slack can't be asked who you are")
    untouched = held.untouched()
    house.slack.heal()
    time.sleep(0.2)
    question.yes(AYU)
    question.over("Restored:")

    assert untouched
    assert question.votes == ["vote.refused by ", "vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_while_slack_can_not_say_who_is_in_the_group_nothing_counts(
    house: ApprovalHouse, held: Held
):
    house.rule()
    question = house.ask_to_restore()
    view = question.form(AYU)
    time.sleep(0.2)
    house.slack.trouble("error", method="usergroups.users.list", times=-1)
    house.slack.submit(AYU, view, {"checked": "all of it"})
    house.alone(AYU, "Slack can't be asked")
    house.slack.heal()
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "vote.yes by Ayu Lestari" not in question.votes
    assert held.untouched()
