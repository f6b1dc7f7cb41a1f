"""Each trouble does what it says to an unmodified SDK client, and the next envelope is well."""

import time
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import BACKUPS, RIZAL
from sandbox.slack_troubles import SlackTroubles, UnknownTrouble
from sandbox.slack_world import SlackFailed, SlackWorld
from tests.sandbox.slack.bots import SPEED, Bare, Line, button, refused


def posted(web: WebClient) -> str:
    told = web.chat_postMessage(channel=BACKUPS, text="press", blocks=button("go"))
    return str(told["ts"])


def test_a_refresh_warns_and_the_client_moves_over(slack: SlackWorld, line: Line) -> None:
    slack.trouble("refresh")
    slack.wait_for(lambda: line.hellos() == 1)
    slack.wait_for(lambda: slack.state()["connected"] == 1)

    assert slack.command(RIZAL, BACKUPS, "/backup now")["outcome"] == "acked"


def test_who_ignores_the_warning_is_asked_and_then_closed(tmp_path: Path) -> None:
    with SlackWorld(tmp_path, speed=SPEED) as slack, Bare(slack) as bare:
        bare.frame()
        slack.trouble("refresh", seconds=0.1)
        reasons = [bare.frame()["reason"] for _ in range(2)]

        assert bare.ended.wait(5)
    assert reasons == ["warning", "refresh_requested"]


def test_a_killed_socket_comes_back_by_itself(slack: SlackWorld, line: Line) -> None:
    slack.trouble("kill_socket")
    slack.wait_for(lambda: line.hellos() == 1)

    assert slack.command(RIZAL, BACKUPS, "/backup now")["outcome"] == "acked"


@pytest.mark.parametrize("new_id", [False, True])
def test_an_envelope_can_come_twice(slack: SlackWorld, line: Line, new_id: bool) -> None:
    slack.trouble("twice", new_id=new_id)
    outcomes = [slack.command(RIZAL, BACKUPS, "/backup now")["outcome"] for _ in range(2)]
    slack.wait_for(lambda: len(line.envelopes()) == 3)
    one, two, three = line.envelopes()

    assert outcomes == ["acked", "acked"]
    assert one["payload"] == two["payload"] != three["payload"]
    assert (one["envelope_id"] != two["envelope_id"]) == new_id


def test_the_next_click_can_be_lost(slack: SlackWorld, line: Line, web: WebClient) -> None:
    ts = posted(web)
    slack.trouble("drop_next")
    slack.command(RIZAL, BACKUPS, "/backup now")
    lost = slack.click(RIZAL, BACKUPS, ts, "go")
    found = slack.click(RIZAL, BACKUPS, ts, "go")

    assert (lost["outcome"], found["outcome"]) == ("operation_timeout", "acked")
    assert [one["type"] for one in line.envelopes()] == ["slash_commands", "interactive"]


def test_an_answer_can_come_late_though_the_bot_has_acted(slack: SlackWorld, line: Line) -> None:
    slack.trouble("late_ack")
    outcomes = [slack.command(RIZAL, BACKUPS, "/backup now")["outcome"] for _ in range(2)]

    assert outcomes == ["operation_timeout", "acked"]
    assert len(line.envelopes()) == 2


def test_a_slow_network_is_slow_until_it_is_healed(slack: SlackWorld, web: WebClient) -> None:
    def seconds() -> float:
        began = time.monotonic()
        web.auth_test()
        return time.monotonic() - began

    slack.trouble("slow_network", seconds=0.4)
    slow = [seconds(), seconds()]
    slack.heal("slow_network")

    assert min(slow) >= 0.4
    assert seconds() < 0.4


def test_the_next_blocks_can_be_refused(slack: SlackWorld, web: WebClient) -> None:
    slack.trouble("refuse_blocks")
    web.chat_postMessage(channel=BACKUPS, text="no blocks, no trouble")
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", blocks=button("go"))

    assert told["error"] == "invalid_blocks"
    assert told["errors"] == ["unsupported type: actions [json-pointer:/blocks/0/type]"]
    assert web.chat_postMessage(channel=BACKUPS, text="a", blocks=button("go"))["ok"]


def test_any_method_can_be_made_to_fail(slack: SlackWorld, web: WebClient) -> None:
    slack.trouble("error", method="chat.update", error="service_unavailable", status=503)
    ts = posted(web)
    with pytest.raises(Exception, match="service_unavailable") as caught:
        web.chat_update(channel=BACKUPS, ts=ts, text="a")

    assert caught.value.response.status_code == 503
    assert web.chat_update(channel=BACKUPS, ts=ts, text="a")["ok"]


def test_troubles_are_on_until_they_strike_or_are_healed(slack: SlackWorld) -> None:
    slack.trouble("drop_next")
    slack.trouble("slow_network", seconds=0)
    on = slack.state()["troubles"]
    slack.heal("drop_next")

    assert on == ["drop_next", "slow_network"]
    assert slack.state()["troubles"] == ["slow_network"]


def test_an_unknown_trouble_is_refused_by_name() -> None:
    troubles = SlackTroubles(lambda: None)

    with pytest.raises(UnknownTrouble, match="gremlins"):
        troubles.arrange({"kind": "gremlins"})
    with pytest.raises(UnknownTrouble, match="colour"):
        troubles.arrange({"kind": "twice", "colour": "red"})


def test_a_knob_that_does_not_turn_says_why(slack: SlackWorld) -> None:
    with pytest.raises(SlackFailed, match="gremlins"):
        slack.trouble("gremlins")
