"""Calls that come too fast are refused with 429 and the seconds to wait."""

import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from sandbox.slack_people import BACKUPS, GENERAL, RIZAL
from sandbox.slack_rates import TIER_2, Rates
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import refused


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackWorld]:
    with SlackWorld(tmp_path_factory.mktemp("rates")) as made:
        yield made


def test_a_channel_takes_about_one_message_a_second(web: WebClient) -> None:
    for _ in range(5):
        web.chat_postMessage(channel=BACKUPS, text="a")
    with pytest.raises(Exception, match="ratelimited") as caught:
        web.chat_postMessage(channel=BACKUPS, text="a")

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert web.chat_postMessage(channel=GENERAL, text="a")["ok"]


def test_the_sdks_retry_handler_gets_it_through(web: WebClient, slack: SlackWorld) -> None:
    web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    for _ in range(6):
        web.chat_postMessage(channel=BACKUPS, text="a")
    calls = slack.log("api", "chat.postMessage")

    assert [call["ok"] for call in calls] == [True] * 5 + [False, True]


def test_each_method_has_its_tier(web: WebClient) -> None:
    for _ in range(TIER_2):
        web.usergroups_list()

    assert refused(web.usergroups_list)["error"] == "ratelimited"
    assert web.users_info(user=RIZAL)["ok"]


def test_a_bucket_fills_up_again_in_its_own_time() -> None:
    rates = Rates(speed=1000)
    taken = [rates.method("some", 20) for _ in range(21)]
    time.sleep(0.1)

    assert taken[:20] == [0] * 20
    assert taken[20] == 1
    assert rates.method("some", 20) == 0


def test_a_limit_can_be_arranged_for_the_next_calls(web: WebClient, slack: SlackWorld) -> None:
    slack.trouble("rate_limit", method="chat.update", retry_after=7, times=2)
    ts = web.chat_postMessage(channel=GENERAL, text="a")["ts"]
    caught = []
    for _ in range(2):
        with pytest.raises(Exception, match="ratelimited") as error:
            web.chat_update(channel=GENERAL, ts=ts, text="b")
        caught.append(error.value.response.headers["Retry-After"])

    assert caught == ["7", "7"]
    assert web.chat_update(channel=GENERAL, ts=ts, text="b")["ok"]
