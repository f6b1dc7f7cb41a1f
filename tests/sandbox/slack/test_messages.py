"""Messages and their threads, as `chat.*` makes, changes and deletes them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import BACKUPS, CITRA, FARAH, GENERAL, RIZAL
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import button, refused


@pytest.fixture
def other(slack: SlackWorld) -> WebClient:
    """Another app in the same workspace."""
    return WebClient(token=slack.other_bot_token, base_url=slack.api_url)


def posted(web: WebClient, text: str = "hello", **more: object) -> str:
    return str(web.chat_postMessage(channel=BACKUPS, text=text, **more)["ts"])


def test_a_ts_is_text_and_only_ever_grows(web: WebClient) -> None:
    stamps = [posted(web) for _ in range(5)]

    assert all(re.fullmatch(r"\d{10}\.\d{6}", ts) for ts in stamps)
    assert stamps == sorted(set(stamps))


def test_text_alone_takes_the_blocks_away_and_is_marked_as_edited(
    web: WebClient, slack: SlackWorld
) -> None:
    ts = posted(web, blocks=button("go"))
    web.chat_update(channel=BACKUPS, ts=ts, text="done")
    (message,) = slack.messages(BACKUPS)

    assert message["text"] == "done"
    assert "blocks" not in message
    assert "edited" in message


def test_new_blocks_leave_no_mark_and_keep_attachments(web: WebClient, slack: SlackWorld) -> None:
    ts = posted(web, attachments=[{"fallback": "a", "text": "kept"}])
    web.chat_update(channel=BACKUPS, ts=ts, text="new", blocks=button("go"))
    (message,) = slack.messages(BACKUPS)

    assert message["attachments"][0]["text"] == "kept"
    assert message["blocks"][0]["block_id"] == "buttons"
    assert "edited" not in message


def test_an_update_has_a_shorter_limit_than_a_post(web: WebClient) -> None:
    ts = posted(web, "a" * 40_001)

    told = refused(web.chat_update, channel=BACKUPS, ts=ts, text="a" * 4_001)
    assert told["error"] == "msg_too_long"
    assert web.chat_update(channel=BACKUPS, ts=ts, text="a" * 4_000)["ok"]


def test_a_long_text_is_cut(web: WebClient, slack: SlackWorld) -> None:
    posted(web, "a" * 40_001)

    assert len(slack.messages(BACKUPS)[0]["text"]) == 40_000


def test_a_message_must_say_something(web: WebClient) -> None:
    told = refused(web.api_call, api_method="chat.postMessage", json={"channel": BACKUPS})

    assert told["error"] == "no_text"


def test_more_than_a_hundred_attachments_are_too_many(web: WebClient) -> None:
    many = [{"fallback": "a", "text": "a"}] * 101
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", attachments=many)

    assert told["error"] == "too_many_attachments"


def test_markdown_and_text_do_not_go_together(web: WebClient) -> None:
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", markdown_text="*b*")

    assert told["error"] == "markdown_text_conflict"
    assert web.chat_postMessage(channel=BACKUPS, markdown_text="*b*")["ok"]


def test_only_ones_own_messages_can_be_changed(web: WebClient, other: WebClient) -> None:
    ts = posted(web)

    told = refused(other.chat_update, channel=BACKUPS, ts=ts, text="mine")
    assert told["error"] == "cant_update_message"
    assert refused(other.chat_delete, channel=BACKUPS, ts=ts)["error"] == "cant_delete_message"


def test_a_persons_message_is_not_the_bots(web: WebClient, slack: SlackWorld) -> None:
    ts = slack.say(RIZAL, BACKUPS, "mine")["ts"]

    told = refused(web.chat_update, channel=BACKUPS, ts=ts, text="yours")
    assert told["error"] == "cant_update_message"


def test_an_ephemeral_message_is_seen_by_one_and_never_changed(
    web: WebClient, slack: SlackWorld
) -> None:
    ts = web.chat_postEphemeral(channel=BACKUPS, user=CITRA, text="psst")["message_ts"]

    assert [one["text"] for one in slack.ephemerals(CITRA, BACKUPS)] == ["psst"]
    assert slack.ephemerals(RIZAL, BACKUPS) == slack.messages(BACKUPS) == []
    told = refused(web.chat_update, channel=BACKUPS, ts=ts, text="x")
    assert told["error"] == "message_not_found"


def test_nobody_outside_the_channel_gets_an_ephemeral_message(web: WebClient) -> None:
    told = refused(web.chat_postEphemeral, channel=GENERAL, user=FARAH, text="psst")

    assert told["error"] == "user_not_in_channel"


def test_a_threads_parent_counts_its_replies(web: WebClient, slack: SlackWorld) -> None:
    ts = posted(web)
    slack.say(RIZAL, BACKUPS, "why?", ts)
    last = posted(web, "because", thread_ts=ts)
    parent, *replies = slack.thread(BACKUPS, ts)

    assert (parent["reply_count"], parent["latest_reply"]) == (2, last)
    assert parent["reply_users"] == [RIZAL, "U0LIFEBOAT"]
    assert [one["thread_ts"] for one in replies] == [ts, ts]


def test_a_replys_ts_stands_for_its_thread(web: WebClient, slack: SlackWorld) -> None:
    ts = posted(web)
    reply = posted(web, "one", thread_ts=ts)
    posted(web, "two", thread_ts=reply)

    assert [one["text"] for one in slack.thread(BACKUPS, ts)] == ["hello", "one", "two"]


def test_a_thread_that_is_not_there_is_silently_the_channel(
    web: WebClient, slack: SlackWorld
) -> None:
    posted(web, "lost", thread_ts="1700000000.000001")
    (message,) = slack.messages(BACKUPS)

    assert "thread_ts" not in message


def test_a_deleted_parent_leaves_its_thread(web: WebClient, slack: SlackWorld) -> None:
    ts, alone = posted(web), posted(web, "alone")
    posted(web, "reply", thread_ts=ts)
    for one in (ts, alone):
        web.chat_delete(channel=BACKUPS, ts=one)
    left = slack.messages(BACKUPS)

    assert [one["text"] for one in left] == ["This message was deleted.", "reply"]
    assert refused(web.chat_delete, channel=BACKUPS, ts=alone)["error"] == "message_not_found"


def test_a_permalink_leads_to_the_message(web: WebClient, slack: SlackWorld) -> None:
    ts = posted(web)
    reply = posted(web, "reply", thread_ts=ts)
    links = [
        web.chat_getPermalink(channel=BACKUPS, message_ts=one)["permalink"] for one in (ts, reply)
    ]

    assert links[0] == f"{slack.url}/archives/{BACKUPS}/p{ts.replace('.', '')}"
    assert links[1].endswith(f"?thread_ts={ts}&cid={BACKUPS}")


def test_metadata_must_have_its_shape(web: WebClient) -> None:
    kept = {"event_type": "job", "event_payload": {"id": "j1"}}

    made = web.chat_postMessage(channel=BACKUPS, text="a", metadata=kept)
    assert made["message"]["metadata"] == kept
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", metadata={"event_type": "x"})
    assert told["error"] == "invalid_metadata_format"


def test_reactions_and_pins_need_scopes(web: WebClient) -> None:
    told = refused(web.reactions_add, channel=BACKUPS, timestamp=posted(web), name="eyes")

    assert told["needed"] == "reactions:write"


@pytest.fixture(scope="module")
def marking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebClient]:
    scopes = ("chat:write", "reactions:write", "reactions:read", "pins:write", "channels:history")
    folder: Path = tmp_path_factory.mktemp("marks")
    with SlackWorld(folder, scopes=scopes) as slack:
        yield WebClient(token=slack.bot_token, base_url=slack.api_url)


def test_a_reaction_is_given_once_and_taken_back_once(marking: WebClient) -> None:
    here = {"channel": BACKUPS, "timestamp": posted(marking)}
    marking.reactions_add(name="eyes", **here)
    seen = marking.reactions_get(**here)["message"]["reactions"]

    assert seen == [{"name": "eyes", "users": ["U0LIFEBOAT"], "count": 1}]
    assert refused(marking.reactions_add, name="eyes", **here)["error"] == "already_reacted"
    marking.reactions_remove(name="eyes", **here)
    assert refused(marking.reactions_remove, name="eyes", **here)["error"] == "no_reaction"
    assert refused(marking.reactions_add, name="?!", **here)["error"] == "invalid_name"


def test_a_message_is_pinned_once(marking: WebClient) -> None:
    here = {"channel": BACKUPS, "timestamp": posted(marking)}
    marking.pins_add(**here)

    assert refused(marking.pins_add, **here)["error"] == "already_pinned"


def test_history_is_newest_first_and_has_no_replies(marking: WebClient) -> None:
    ts = posted(marking, "first of all")
    posted(marking, "second")
    posted(marking, "reply", thread_ts=ts)
    told = marking.conversations_history(channel=BACKUPS, oldest=ts, inclusive=True)
    replies = marking.conversations_replies(channel=BACKUPS, ts=ts)

    assert [one["text"] for one in told["messages"]] == ["second", "first of all"]
    assert [one["text"] for one in replies["messages"]] == ["first of all", "reply"]
    told = refused(marking.conversations_replies, channel=BACKUPS, ts="1700000000.000001")
    assert told["error"] == "thread_not_found"
