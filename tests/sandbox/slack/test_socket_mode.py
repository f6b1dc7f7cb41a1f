"""The Socket Mode contract: tickets, hello, one socket an envelope, deadlines and retries."""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.slack_people import APP, BACKUPS, RIZAL, TEAM
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import SPEED, Bare, Line, button, http

PATIENCE_SECONDS = 0.4


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackWorld]:
    """Of little patience, and with no socket but what a test opens."""
    folder = tmp_path_factory.mktemp("sockets")
    with SlackWorld(folder, patience_seconds=PATIENCE_SECONDS, speed=SPEED, rates=False) as made:
        yield made


def posted(slack: SlackWorld) -> str:
    web = WebClient(token=slack.bot_token, base_url=slack.api_url)
    return str(web.chat_postMessage(channel=BACKUPS, text="go", blocks=button("go"))["ts"])


def test_hello_tells_how_many_connections_there_are(slack: SlackWorld) -> None:
    with Bare(slack) as one, Bare(slack) as two:
        first, second = one.frame(), two.frame()

    assert (first["type"], first["num_connections"], second["num_connections"]) == ("hello", 1, 2)
    assert first["connection_info"] == {"app_id": APP}
    assert first["debug_info"]["approximate_connection_time"] == 18060


def test_debugging_reconnects_shortens_a_sockets_life(slack: SlackWorld) -> None:
    with Bare(slack, query="&debug_reconnects=true") as bare:
        hello, warning = bare.frame(), bare.frame()

    assert hello["debug_info"]["approximate_connection_time"] == 360
    assert warning["reason"] == "warning"


def test_a_pong_has_the_pings_own_bytes(slack: SlackWorld) -> None:
    with Bare(slack) as bare:
        assert bare.ping(b"5f0c:1732400000.123") == b"5f0c:1732400000.123"


def test_a_ticket_is_good_once(slack: SlackWorld) -> None:
    with Bare(slack) as bare:
        bare.frame()
        again = bare.url.replace("ws://", "http://")

        assert http.get(again).status_code == 403


def test_an_eleventh_socket_is_turned_away(slack: SlackWorld) -> None:
    with ExitStack() as stack:
        numbers = [stack.enter_context(Bare(slack)).frame()["num_connections"] for _ in range(10)]
        last = stack.enter_context(Bare(slack))
        frame = last.frame()

        assert last.ended.wait(5)
    assert numbers == list(range(1, 11))
    assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")


def test_each_envelope_goes_to_one_socket_only(slack: SlackWorld) -> None:
    with Bare(slack, answer=True) as one, Bare(slack, answer=True) as two:
        for _ in range(20):
            slack.command(RIZAL, BACKUPS, "/backup status")
        heard = [bare.frames.qsize() - 1 for bare in (one, two)]

    assert sum(heard) == 20
    assert min(heard) > 0


def test_a_command_comes_as_slack_sends_it(slack: SlackWorld) -> None:
    with Bare(slack, answer=True) as bare:
        bare.frame()
        told = slack.command(RIZAL, BACKUPS, "/backup  now production ")
        frame = bare.frame()
    payload = frame["payload"]

    assert told["outcome"] == "acked"
    assert (frame["type"], frame["accepts_response_payload"]) == ("slash_commands", True)
    assert (payload["command"], payload["text"]) == ("/backup", "now production")
    assert (payload["user_id"], payload["channel_id"]) == (RIZAL, BACKUPS)
    assert (payload["team_id"], payload["api_app_id"]) == (TEAM, APP)
    assert payload["is_enterprise_install"] == "false"
    assert len(payload["trigger_id"].split(".")) == 3


def test_without_a_socket_the_person_is_told_at_once(slack: SlackWorld) -> None:
    told = slack.command(RIZAL, BACKUPS, "/backup now")
    clicked = slack.click(RIZAL, BACKUPS, posted(slack), "go")

    assert told["outcome"] == clicked["outcome"] == "dispatch_failed"
    assert slack.notices(RIZAL)[0] == "/backup failed with the error “dispatch_failed”"


def test_a_late_answer_counts_for_nothing_but_its_link_still_works(slack: SlackWorld) -> None:
    with Bare(slack) as bare:
        bare.frame()
        began = time.monotonic()
        told = slack.command(RIZAL, BACKUPS, "/backup now")
        took = time.monotonic() - began
        frame = bare.frame()
        bare.acknowledge(frame, {"text": "too late"})
        late = slack.wait_for(lambda: slack.log("ack"))[0]

    assert told["outcome"] == "operation_timeout"
    assert PATIENCE_SECONDS <= took < PATIENCE_SECONDS + 2
    assert slack.notices(RIZAL) == ["/backup failed with the error “operation_timeout”"]
    assert not late["ok"]
    assert slack.ephemerals(RIZAL, BACKUPS) == []
    assert WebhookClient(frame["payload"]["response_url"]).send(text="here").body == "ok"
    assert [one["text"] for one in slack.ephemerals(RIZAL, BACKUPS)] == ["here"]


def test_a_lost_command_or_click_is_never_sent_again(slack: SlackWorld) -> None:
    with Bare(slack) as bare:
        slack.command(RIZAL, BACKUPS, "/backup now")
        slack.click(RIZAL, BACKUPS, posted(slack), "go")
        time.sleep(300 / SPEED + 0.3)
        frames = [bare.frame() for _ in range(bare.frames.qsize())]

    assert [frame["type"] for frame in frames] == ["hello", "slash_commands", "interactive"]


def test_an_event_is_tried_at_once_after_a_minute_and_after_five(slack: SlackWorld) -> None:
    times, frames = [], []
    with Bare(slack) as bare:
        bare.frame()
        id_ = slack.event({"type": "app_mention", "text": "hello"})
        for _ in range(4):
            frames.append(bare.frame())
            times.append(time.monotonic())
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]

    assert [one["retry_attempt"] for one in frames] == [0, 1, 2, 3]
    assert [one["retry_reason"] for one in frames] == ["", "timeout", "timeout", "timeout"]
    assert not any(one["accepts_response_payload"] for one in frames)
    assert {one["payload"]["event_id"] for one in frames} == {id_}
    for gap, wait in zip(gaps, (0, 60, 300), strict=True):
        assert gap == pytest.approx(PATIENCE_SECONDS + wait / SPEED, abs=0.3)


def test_an_event_that_found_no_socket_comes_as_a_retry(slack: SlackWorld) -> None:
    slack.event({"type": "app_mention", "text": "hello"})
    slack.wait_for(lambda: len(slack.log("envelope")) == 2)
    with Bare(slack, answer=True) as bare:
        frames = [bare.frame(), bare.frame()]

    assert frames[1]["retry_attempt"] in (2, 3)


def test_an_acknowledged_event_is_not_tried_again(slack: SlackWorld) -> None:
    with Bare(slack, answer=True) as bare:
        slack.event({"type": "app_mention", "text": "hello"})
        time.sleep(PATIENCE_SECONDS + 0.2)

        assert bare.frames.qsize() == 2


def test_the_sdks_own_client_stays_connected(slack: SlackWorld, line: Line) -> None:
    time.sleep(4 * 0.3 + 0.7)  # By then a client without its PONGs would have given up.
    told = slack.command(RIZAL, BACKUPS, "/backup status")

    assert told["outcome"] == "acked"
    assert line.hellos() == 0
