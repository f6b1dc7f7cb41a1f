"""Where a bot may post and what it may see of a channel."""

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import (
    ARCHIVED,
    AYU,
    BACKUPS,
    BOT_USER,
    BUDI,
    FARAH,
    GENERAL,
    GITA,
    OTHER_BOT_USER,
    PARTNER_TEAM,
    PRIVATE,
    RANDOM,
    RIZAL,
    SHARED,
    TEAM,
)
from sandbox.slack_world import SlackFailed, SlackWorld
from tests.sandbox.slack.bots import refused


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (RANDOM, "not_in_channel"),
        (PRIVATE, "channel_not_found"),
        (ARCHIVED, "is_archived"),
        ("C0NOWHERE1", "channel_not_found"),
        (OTHER_BOT_USER, "cannot_dm_bot"),
        (GITA, "channel_not_found"),
        (FARAH, "channel_not_found"),
    ],
)
def test_a_bot_posts_only_where_it_may(web: WebClient, channel: str, error: str) -> None:
    assert refused(web.chat_postMessage, channel=channel, text="no")["error"] == error


@pytest.mark.parametrize("given", [BACKUPS, "#backups", "backups"])
def test_a_channel_goes_by_its_id_or_name(web: WebClient, given: str) -> None:
    assert web.chat_postMessage(channel=given, text="hello")["channel"] == BACKUPS


def test_a_persons_id_is_their_conversation_with_the_bot(web: WebClient, slack: SlackWorld) -> None:
    made = web.chat_postMessage(channel=RIZAL, text="hello")

    assert made["channel"].startswith("D")
    assert [one["text"] for one in slack.messages(made["channel"])] == ["hello"]


def test_inviting_the_bot_lets_it_post(web: WebClient, slack: SlackWorld) -> None:
    slack.say(RIZAL, RANDOM, "/invite @lifeboat")

    assert web.chat_postMessage(channel=RANDOM, text="hello")["ok"]
    assert slack.notices(RIZAL) == ["Lifeboat is in #random-without-the-bot now."]


def test_info_tells_what_is_shared_and_archived(web: WebClient) -> None:
    shared = web.conversations_info(channel=SHARED)["channel"]
    archived = web.conversations_info(channel=ARCHIVED)["channel"]
    general = web.conversations_info(channel=GENERAL, include_num_members=True)["channel"]

    assert shared["is_ext_shared"]
    assert shared["shared_team_ids"] == [TEAM, PARTNER_TEAM]
    assert archived["is_archived"]
    assert (general["is_ext_shared"], general["num_members"]) == (False, 6)
    assert not any(name.startswith("_") for name in shared)


def test_a_private_channel_is_not_there_for_a_stranger(web: WebClient) -> None:
    assert refused(web.conversations_info, channel=PRIVATE)["error"] == "channel_not_found"


def test_the_list_comes_in_pages(web: WebClient) -> None:
    first = web.conversations_list(limit=2)
    names = [one["name"] for page in web.conversations_list(limit=2) for one in page["channels"]]

    assert len(first["channels"]) == 2
    assert "backups" in names
    assert "approvers-only" not in names


def test_members_come_in_pages(web: WebClient) -> None:
    pages = web.conversations_members(channel=BACKUPS, limit=3)
    members = [one for page in pages for one in page["members"]]

    assert members[:3] == [RIZAL, AYU, BUDI]
    assert BOT_USER in members


def test_nobody_acts_where_they_are_not(slack: SlackWorld) -> None:
    for person, channel in ((FARAH, BACKUPS), (GITA, BACKUPS), (RIZAL, PRIVATE)):
        with pytest.raises(SlackFailed):
            slack.say(person, channel, "hello")


def test_a_channel_can_become_shared(web: WebClient, slack: SlackWorld) -> None:
    slack.change("channel", BACKUPS, is_ext_shared=True)

    assert web.conversations_info(channel=BACKUPS)["channel"]["is_ext_shared"]
