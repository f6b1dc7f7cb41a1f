"""Break-glass can't be done silently: the bot tells it in Slack, as soon as it can, and once."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.slack_people import BACKUPS, GENERAL, RANDOM, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage.audit import Audit, Happened
from storage.vaults.local import LocalFolder
from tests.approvals.conftest import LOST
from tests.approvals.held import held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.window import Window
from tests.slack.house import wait_for

WHY = "Slack is down, and rows are lost"
LOOKS_SECONDS = 0.8  # The bot looks at the log more often than that.


@pytest.fixture
def house(template: ApprovalHouse, slack: SlackWorld, world: World) -> Iterator[ApprovalHouse]:
    """A team whose bot has not run yet; its log is as long as it is."""
    slack.reset()
    template.write(approvals={"channel": GENERAL})
    yield template
    template.bot.stop()
    slack.heal()


def broken(house: ApprovalHouse, why: str = WHY, ago: timedelta = timedelta()) -> int:
    """Write what break-glass writes before it begins; the entry's number."""
    log = Audit(LocalFolder(house.folder / "vault"), lambda: datetime.now(UTC) - ago)
    happened = Happened(
        what="break-glass",
        by="terminal:rizal@office",
        by_name="rizal",
        door="terminal",
        about=house.backup,
        deployment="production",
        why=why,
        facts={"job": "restore.production.20261124T000000-00aa"},
    )
    return log.write(happened).number


def told(house: ApprovalHouse, why: str = WHY, channel: str = GENERAL) -> list[str]:
    """What was said in a channel about glass that was broken for this reason."""
    found = (str(each["text"]) for each in house.slack.messages(channel))
    return [text for text in found if "Break-glass" in text and why in text]


def written(house: ApprovalHouse, number: int) -> list[str]:
    """Where it was told, as the audit log has it."""
    return [
        channel
        for each in house.audit()
        if each.what == "break-glass.told" and each.facts["entry"] == number
        for channel in str(each.facts["channel"]).split(", ")
    ]


def test_it_is_told_while_the_bot_runs_once(house: ApprovalHouse):
    house.bot.start()
    number = broken(house, "while it runs")
    wait_for(lambda: told(house, "while it runs"))
    time.sleep(2 * LOOKS_SECONDS)
    (text,) = told(house, "while it runs")

    assert f"rizal restores `{house.backup}` into *production* alone, from a terminal" in text
    assert f"entry {number} of the audit log" in text
    assert GENERAL in wait_for(lambda: written(house, number))
    assert house.log_whole()


def test_it_is_told_at_the_start_of_a_bot_that_was_down_and_by_no_later_one(house: ApprovalHouse):
    number = broken(house, "while it was down")
    for _ in range(3):
        house.bot.start()
        wait_for(lambda: told(house, "while it was down"))
        time.sleep(LOOKS_SECONDS)
        house.bot.kill()

    assert len(told(house, "while it was down")) == 1
    assert GENERAL in wait_for(lambda: written(house, number))
    assert "BREAK-GLASS: 'rizal' restores production alone" in house.log_text()


def test_several_are_told_in_their_order(house: ApprovalHouse):
    for why in ("the first", "the second", "the third"):
        broken(house, why)
    house.bot.start()
    wait_for(lambda: told(house, "the third"))
    found = [str(each["text"]) for each in house.slack.messages(GENERAL)]
    order = [
        next(i for i, text in enumerate(found) if why in text)
        for why in ("the first", "the second", "the third")
    ]

    assert order == sorted(order)


def test_without_a_channel_it_is_told_where_the_newest_job_was_asked_for(house: ApprovalHouse):
    house.write()
    house.bot.start()
    house.backup_in_slack()
    number = broken(house, "no channel is named")
    wait_for(lambda: told(house, "no channel is named", BACKUPS))
    wait_for(lambda: written(house, number))

    assert written(house, number) == [BACKUPS]


def test_a_channel_without_the_bot_is_passed_over(house: ApprovalHouse):
    house.write(approvals={"channel": RANDOM})
    house.bot.start()
    house.backup_in_slack()
    number = broken(house, "not a member")
    wait_for(lambda: told(house, "not a member", BACKUPS))

    wait_for(lambda: written(house, number))

    assert told(house, "not a member", RANDOM) == []
    assert written(house, number) == [BACKUPS]
    assert f"break-glass could not be told in {RANDOM}" in house.bot.said


def test_while_slack_takes_nothing_it_waits_and_is_told_once(house: ApprovalHouse):
    house.write(approvals={"channel": GENERAL})
    house.slack.trouble("error", method="chat.postMessage", status=500, times=-1)
    number = broken(house, "slack was away")
    house.bot.start()
    time.sleep(LOOKS_SECONDS)
    silent = told(house, "slack was away")
    house.slack.heal()
    wait_for(lambda: told(house, "slack was away"))
    time.sleep(LOOKS_SECONDS)

    assert silent == []
    assert len(told(house, "slack was away")) == 1
    assert GENERAL in wait_for(lambda: written(house, number))


def test_a_vault_that_can_not_take_the_mark_does_not_make_it_repeat_itself(house: ApprovalHouse):
    broken(house, "the mark is lost")
    last = house.folder / "vault/audit/9999999999.json"
    last.write_text("{}")
    try:
        house.bot.start()
        wait_for(lambda: told(house, "the mark is lost"))
        time.sleep(3 * LOOKS_SECONDS)
    finally:
        last.unlink()

    assert len(told(house, "the mark is lost")) == 1
    assert "could not be written down" in house.bot.said


def test_hostile_words_do_nothing_when_they_are_told(house: ApprovalHouse):
    broken(house, "<!channel> <@U0AYU00002> *now*")
    house.bot.start()
    wait_for(lambda: any("&lt;!channel&gt;" in each["text"] for each in _general(house)))

    assert not any("<!channel>" in each["text"] for each in _general(house))


def _general(house: ApprovalHouse) -> list[dict]:
    return house.slack.messages(GENERAL)


def test_what_was_long_ago_is_old_news(house: ApprovalHouse):
    broken(house, "a year ago", ago=timedelta(days=365))
    house.bot.start()
    broken(house, "just now")
    wait_for(lambda: told(house, "just now"))

    assert told(house, "a year ago") == []


def test_a_real_one_is_told_while_it_is_done_and_the_story_is_whole(
    house: ApprovalHouse, promised: dict
):
    house.production.reset()
    house.production.mutate("npd", "delete", LOST)
    house.write(approvals={"channel": GENERAL, "break_glass": True, "break_glass_wait_seconds": 5})
    house.bot.start()
    words = ("restore", house.backup, "--to", "production", "--break-glass", "--reason")
    with Window(house, *words, "a real one") as window:
        window.until("Type production to go on:")
        window.type("production\n")
        wait_for(lambda: told(house, "a real one"), 60, lambda: window.said)
        code = window.ended()
    story = house.ask(RIZAL, f"audit about {house.backup} limit 500").text

    assert code == 0
    assert len(told(house, "a real one")) == 1
    assert held_back(house.production, promised)
    assert "BREAK-GLASS by" in story


def test_the_word_is_worth_nothing_in_slack(house: ApprovalHouse, promised: dict):
    house.production.reset()
    house.write(approvals={"break_glass": True, "break_glass_wait_seconds": 5})
    house.bot.start()
    question = house.ask_to_restore(words="break-glass")
    question.press(RIZAL, "approval.withdraw")
    question.over("Withdrawn")

    assert held_back(house.production, promised, times=0)


def test_with_nobody_to_tell_it_stands_in_the_log_and_is_told_later(
    tmp_path, slack: SlackWorld, world: World, template: ApprovalHouse
):
    slack.reset()
    house = ApprovalHouse(tmp_path / "team", world, slack)
    number = _first(house, template)
    house.bot.start()
    try:
        wait_for(lambda: "BREAK-GLASS: 'rizal' restores production alone" in house.log_text())
        house.backup_in_slack()
        wait_for(lambda: told(house, "nobody to tell", BACKUPS))
        wait_for(lambda: written(house, number))
    finally:
        house.bot.stop()

    assert written(house, number) == [BACKUPS]


def _first(house: ApprovalHouse, template: ApprovalHouse) -> int:
    log = Audit(LocalFolder(house.folder / "vault"), lambda: datetime.now(UTC))
    happened = Happened(
        what="break-glass",
        by="terminal:rizal@office",
        by_name="rizal",
        door="terminal",
        about=template.backup,
        deployment="production",
        why="nobody to tell",
    )
    return log.write(happened).number
