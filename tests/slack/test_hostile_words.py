"""Forged buttons, old buttons and hostile words: all are acked, answered, and do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import AYU, BACKUPS, CITRA, RIZAL
from tests.slack.house import Card, House, Seen, wait_for

# What Lifeboat itself writes in brackets: a mention of who asked, and moments.
OURS = re.compile(r"<@(U0RIZAL001|U0AYU00002)>|<!date\^\d+\^[^|>]*\|[^>]*>")
HOSTILE = (
    "<!channel> <!here> <@U0BUDI0003> <https://evil.example|click me> <#C0GENERAL1> "
    "*bold* _it_ ~no~ `code` @channel #general https://evil.example <!date^1^{date}|now> "
    "<!subteam^S0OPERATOR>"
)


@pytest.fixture
def nothing_begins(house: House, backup: str) -> Iterator[None]:
    """Holds that the channel shows nothing new of the bot and Convex was asked for nothing."""
    roots, changed = house.job_messages(), house.changed()
    yield

    assert house.job_messages() == roots
    assert house.changed() == changed
    assert "nothing runs and nothing waits" in house.ask(RIZAL, "status").text


@pytest.fixture
def web(house: House) -> WebClient:
    return WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)


@pytest.fixture
def forged(house: House, web: WebClient) -> Iterator[Any]:
    """Makes a message of the bot's with any button in it, which is gone after the test."""
    made: list[str] = []

    def make(action_id: str, value: str | None) -> Seen:
        button: dict[str, Any] = {"type": "button", "action_id": action_id}
        button["text"] = {"type": "plain_text", "text": "Press me"}
        if value is not None:
            button["value"] = value
        blocks = [{"type": "actions", "elements": [button]}]
        ts = web.chat_postMessage(channel=BACKUPS, text="Of another day", blocks=blocks)["ts"]
        made.append(str(ts))
        return Seen(house, BACKUPS, str(ts))

    yield make
    for ts in made:
        web.chat_delete(channel=BACKUPS, ts=ts)


@pytest.mark.parametrize("action", ["backup.show", "backup.verify", "backup.restore"])
@pytest.mark.parametrize(
    "value",
    [
        "production-2000-01-01-0000",
        "latest:nowhere",
        "../../etc/passwd",
        "--yes",
        "<!channel>",
        "x" * 2000,
        "\u202e\u0000'\"; drop table backups; --",
        None,
    ],
    ids=["gone", "nowhere", "path", "option", "tag", "long", "odd", "none"],
)
def test_a_button_of_a_backup_that_does_not_exist_says_so(
    house: House, forged: Any, nothing_begins, action: str, value: str | None
):
    answer = house.pressed(RIZAL, forged(action, value), action)

    assert answer.text.startswith("*Not done.*")
    assert not stray(answer.message)
    assert house.slack.view(RIZAL) is None


@pytest.mark.parametrize("action", ["job.cancel", "job.retry"])
@pytest.mark.parametrize("value", ["now-production-nosuch", "", "n", "<!channel>", None])
def test_a_button_of_a_job_that_does_not_exist_says_so(
    house: House, forged: Any, nothing_begins, action: str, value: str | None
):
    answer = house.pressed(RIZAL, forged(action, value or None), action)

    assert answer.text.startswith("*Not done.*")


@pytest.mark.parametrize(
    "value", ["999999999 *", "-1 production", "x y z", "", "1 nowhere", "2 <!channel>", "٣ *"]
)
def test_a_forged_page_is_the_nearest_one_or_a_refusal(
    house: House, forged: Any, nothing_begins, value: str
):
    page = forged("list.page", value or None)
    since = house.mark()
    told = house.press(RIZAL, page, "list.page")
    said = wait_for(lambda: [e for e in house.slack.log("response_url") if e["n"] > since])

    assert told["outcome"] == "acked"
    assert not stray(said[0]["request"])


@pytest.mark.parametrize(
    "action", ["restore.approve.v0", "job.cancel.old", "a b c", "<!channel>", "x" * 255]
)
def test_a_button_that_nobody_knows_any_more_is_acked_with_a_sentence(
    house: House, forged: Any, nothing_begins, action: str
):
    answer = house.pressed(CITRA, forged(action, "whatever"), action)

    assert "belongs to an older message and does nothing any more" in answer.text


def test_a_button_of_a_message_that_has_changed_since_says_how_it_stands(house: House):
    house.production.trouble(kind="export_slow", seconds=1.0)
    card = house.job(RIZAL, "now production tables npd")
    card.until("Running")
    card.ended()

    answer = house.pressed(AYU, card, "job.cancel", stale=True)

    assert "no open job called" in answer.text
    assert card.state == "Done"


# Labels and other words that people choose.


def stray(told: Any) -> list[str]:
    """Every tag that Slack would act on and that is none of ours, wherever Slack reads mrkdwn."""
    texts = list(mrkdwn(told))
    return [tag for text in texts for tag in re.findall(r"<[^>]*>", text) if not OURS.match(tag)]


def mrkdwn(told: Any) -> Iterator[str]:
    """Every text in what was sent that Slack reads as mrkdwn: `text`, and mrkdwn objects."""
    if isinstance(told, list):
        for each in told:
            yield from mrkdwn(each)
    if not isinstance(told, dict):
        return
    if isinstance(told.get("text"), str) and told.get("type") != "plain_text":
        yield told["text"]
    for name, each in told.items():
        if name != "text" or isinstance(each, dict):
            yield from mrkdwn(each)


def sent(house: House, since: int) -> list[Any]:
    """All that the bot has said to Slack, by any way."""
    ways = ("chat.postMessage", "chat.update", "chat.postEphemeral")
    said = [entry["request"] for name in ways for entry in house.calls(name, since)]
    said += [e["request"] for e in house.slack.log("response_url") if e["n"] > since]
    said += [e["request"].get("payload") for e in house.slack.log("ack") if e["n"] > since]
    return said


def as_slack_sends(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("typed", [HOSTILE, as_slack_sends(HOSTILE)], ids=["raw", "escaped"])
def test_a_label_can_mention_nobody_and_link_nowhere(house: House, typed: str):
    since = house.mark()
    card = house.job(RIZAL, f'now production tables npd label "{typed[:190]}"')
    id_ = ended_backup(house, card)
    house.ask(RIZAL, f"show {id_}")
    house.ask(RIZAL, "list production limit 5")
    house.job(AYU, f"verify {id_} against-manifest only").ended()
    house.ask(RIZAL, "status")

    assert [tag for told in sent(house, since) for tag in stray(told)] == []


def ended_backup(house: House, card: Card) -> str:
    assert card.ended() in ("Done", "Done, but look at it"), card.text
    return card.buttons["backup.show"]


def test_nothing_is_posted_in_a_way_that_would_link_names_again(house: House):
    since = house.mark()
    house.job(RIZAL, "now production tables npd label “@channel @here #general”").ended()

    for entry in house.calls("chat.postMessage", since):
        assert entry["request"].get("parse") in (None, "none")
        assert not entry["request"].get("link_names")
        assert entry["request"]["unfurl_links"] in (False, "0", "false")


@pytest.mark.parametrize(
    "typed",
    [
        "&lt;!channel&gt;",
        "<@U0BUDI0003>",
        "show &lt;!channel&gt;",
        "now &lt;https://evil.example|production&gt;",
        "cancel &lt;@U0BUDI0003&gt;",
        "now production &lt;!here&gt;",
        "help &lt;!everyone&gt;",
        "now label `*x*` kind `&lt;!channel&gt;`",
        "now label \u202egnp",
        "list since &lt;!channel&gt;",
        "\u202e\u200b\u2066now",
    ],
)
def test_a_refusal_quotes_what_was_typed_and_nothing_of_it_works(
    house: House, nothing_begins, typed: str
):
    since = house.mark()
    house.ask(RIZAL, typed)

    assert [tag for told in sent(house, since) for tag in stray(told)] == []


def test_a_name_of_a_person_can_mention_nobody(house: House):
    house.slack.change("person", AYU, real_name="<!channel> *Ayu* <@U0BUDI0003>")
    since = house.mark()
    id_ = ended_backup(house, house.job(AYU, "now production tables npd"))
    house.ask(RIZAL, f"show {id_}")
    house.slack.change("person", AYU, real_name="Ayu Lestari")

    assert [tag for told in sent(house, since) for tag in stray(told)] == []
    assert house.manifests()[id_]["asked"]["by"] == "<!channel> *Ayu* <@U0BUDI0003>"
