"""Modals: triggers, the stack, versions, what is entered, and every answer to a submission."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import APP, AYU, BACKUPS, BOT, RIZAL, TEAM
from sandbox.slack_world import SlackFailed, SlackWorld
from tests.sandbox.slack.bots import Json, Line, asks, button, modal, plain, refused

OPTIONS = [{"text": plain(word), "value": word} for word in ("replace", "append")]
MODE = asks("mode", "static_select", options=OPTIONS, initial_option=OPTIONS[0])
NAME = asks("name", max_length=10)
NOTE = asks("note", optional=True)


@pytest.fixture
def trigger(slack: SlackWorld, line: Line) -> Callable[[], str]:
    """A fresh trigger_id of Rizal's, from a command."""

    def pull() -> str:
        slack.command(RIZAL, BACKUPS, "/backup restore")
        return str(line.envelopes()[-1]["payload"]["trigger_id"])

    return pull


@pytest.fixture
def opened(web: WebClient, trigger: Callable[[], str]) -> Callable[..., Json]:
    def open_(*blocks: Json, **more: Any) -> Json:
        view = modal(*(blocks or (NAME, MODE, NOTE)), **more)
        return dict(web.views_open(trigger_id=trigger(), view=view)["view"])

    return open_


def from_view(line: Line, slack: SlackWorld, view: Json) -> str:
    """A trigger that comes from a modal's own button."""
    slack.choose(RIZAL, view, "more")
    return str(line.envelopes()[-1]["payload"]["trigger_id"])


def answers(line: Line, payload: Json | None) -> None:
    """From now on, submissions are acknowledged with this."""
    line.hear = lambda frame: line.acknowledge(frame, payload)


def test_an_opened_view_has_all_that_slack_tells_of_one(opened: Callable[..., Json]) -> None:
    view = opened(private_metadata="j1")

    assert (view["team_id"], view["app_id"], view["bot_id"]) == (TEAM, APP, BOT)
    assert view["root_view_id"] == view["id"]
    assert view["previous_view_id"] is None
    assert re.fullmatch(r"\d{10}\.[0-9a-f]{8}", view["hash"])
    assert (view["callback_id"], view["private_metadata"]) == ("restore", "j1")
    assert view["state"]["values"]["name"]["name"] == {"type": "plain_text_input", "value": None}
    assert view["state"]["values"]["mode"]["mode"]["selected_option"]["value"] == "replace"


def test_a_trigger_opens_one_modal(web: WebClient, trigger: Callable[[], str]) -> None:
    pulled = trigger()
    web.views_open(trigger_id=pulled, view=modal(NAME))

    told = refused(web.views_open, trigger_id=pulled, view=modal(NAME))
    assert told["error"] == "exchanged_trigger_id"
    told = refused(web.views_open, trigger_id="1.2.ab", view=modal(NAME))
    assert told["error"] == "invalid_trigger_id"


def test_a_trigger_lasts_as_long_as_slacks_patience(
    web: WebClient, trigger: Callable[[], str]
) -> None:

    pulled = trigger()
    time.sleep(1.1)

    told = refused(web.views_open, trigger_id=pulled, view=modal(NAME))
    assert told["error"] == "expired_trigger_id"


WRONG = [
    (modal(NAME, title=plain("a" * 25)), "/view/title/text"),
    (modal(NAME, submit=plain("a" * 25)), "/view/submit/text"),
    (modal(NAME, private_metadata="a" * 3001), "/view/private_metadata"),
    (modal(NAME, callback_id="a" * 256), "/view/callback_id"),
    (modal(*[{"type": "divider"}] * 101), "/view/blocks"),
    (modal({"type": "header", "text": plain("a" * 151)}), "/view/blocks/0/text/text"),
    (modal({"type": "table", "rows": [[]]}), "/view/blocks/0/type"),
    ({"type": "modal", "title": plain("a"), "blocks": [NAME]}, "/view/blocks/0/input"),
    (modal(NAME, type="dialog"), "/view/type"),
]


@pytest.mark.parametrize(("view", "at"), WRONG)
def test_a_wrong_view_is_refused_with_its_pointer(
    web: WebClient, trigger: Callable[[], str], view: Json, at: str
) -> None:
    told = refused(web.views_open, trigger_id=trigger(), view=view)

    assert told["error"] == "invalid_arguments"
    assert told["response_metadata"]["messages"][-1].endswith(f"[json-pointer:{at}]")


def test_an_alert_stands_in_a_modal(opened: Callable[..., Json]) -> None:
    view = opened({"type": "alert", "text": plain("This replaces everything."), "level": "warning"})

    assert view["blocks"][0]["level"] == "warning"


def test_three_views_are_the_most(
    web: WebClient, slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    views = [opened(*button("more"))]
    for _ in range(2):
        pulled = from_view(line, slack, views[-1])
        views.append(web.views_push(trigger_id=pulled, view=modal(*button("more")))["view"])
    pulled = from_view(line, slack, views[-1])

    told = refused(web.views_push, trigger_id=pulled, view=modal(*button("more")))
    assert told["error"] == "push_limit_reached"
    assert [one["root_view_id"] for one in views] == [views[0]["id"]] * 3
    assert views[2]["previous_view_id"] == views[1]["id"]


def test_a_trigger_from_a_message_can_not_push(web: WebClient, trigger: Callable[[], str]) -> None:
    told = refused(web.views_push, trigger_id=trigger(), view=modal(NAME))

    assert told["error"] == "not_found"


def test_an_update_must_mean_the_version_that_is_there(
    web: WebClient, slack: SlackWorld, opened: Callable[..., Json]
) -> None:
    view = opened()
    changed = web.views_update(view_id=view["id"], hash=view["hash"], view=modal(NOTE))["view"]

    assert changed["id"] == view["id"]
    told = refused(web.views_update, view_id=view["id"], hash=view["hash"], view=modal(NAME))
    assert told["error"] == "hash_conflict"
    assert refused(web.views_update, view_id="V0", view=modal(NAME))["error"] == "not_found"
    shown = slack.view(RIZAL)
    assert shown is not None
    assert shown["hash"] == changed["hash"]


def test_an_external_id_is_used_once(
    web: WebClient, trigger: Callable[[], str], opened: Callable[..., Json]
) -> None:
    view = opened(external_id="job-1")
    again = modal(NAME, external_id="job-1")

    told = refused(web.views_open, trigger_id=trigger(), view=again)
    assert told["error"] == "duplicate_external_id"
    assert web.views_update(external_id="job-1", view=again)["view"]["id"] == view["id"]


def test_a_submission_tells_every_input_and_null_for_the_untouched(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    told = slack.submit(RIZAL, opened(), {"name": "npd", "mode": "append"})
    payload = line.envelopes()[-1]["payload"]
    values = payload["view"]["state"]["values"]

    assert told["outcome"] == "acked"
    assert payload["type"] == "view_submission"
    assert payload["user"]["id"] == RIZAL
    assert values["name"]["name"]["value"] == "npd"
    assert values["mode"]["mode"]["selected_option"] == OPTIONS[1] | {
        "text": plain("append") | {"emoji": True}
    }
    assert values["note"]["note"] == {"type": "plain_text_input", "value": None}


def test_an_empty_answer_closes_the_view(slack: SlackWorld, opened: Callable[..., Json]) -> None:
    slack.submit(RIZAL, opened(), {"name": "npd"})

    assert slack.view(RIZAL) is None


def test_what_is_required_never_reaches_the_bot_empty(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened()
    before = len(line.envelopes())
    empty = slack.submit(RIZAL, view, {"name": ""})
    long = slack.submit(RIZAL, view, {"name": "a" * 11})

    assert (empty["outcome"], set(empty["errors"])) == ("unfilled", {"name"})
    assert set(long["errors"]) == {"name"}
    assert len(line.envelopes()) == before


def test_an_answer_may_be_errors_by_block(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened()
    answers(line, {"response_action": "errors", "errors": {"name": "No such deployment."}})
    told = slack.submit(RIZAL, view, {"name": "npd"})
    shown = slack.view(RIZAL)

    assert told["errors"] == {"name": "No such deployment."}
    assert shown is not None
    assert shown["state"]["values"]["name"]["name"]["value"] == "npd"


def test_errors_for_a_block_that_is_not_there_are_trouble_connecting(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened()
    answers(line, {"response_action": "errors", "errors": {"nothing": "x"}})
    slack.submit(RIZAL, view, {"name": "npd"})

    assert slack.notices(RIZAL) == ["We had some trouble connecting. Try again?"]
    assert slack.view(RIZAL) is not None


def test_an_answer_may_update_or_push_or_clear(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened()
    answers(line, {"response_action": "update", "view": modal(NAME, title=plain("Again"))})
    slack.submit(RIZAL, view, {"name": "npd"})
    updated = slack.view(RIZAL)
    answers(line, {"response_action": "push", "view": modal(NAME, title=plain("On top"))})
    slack.submit(RIZAL, view, {"name": "npd"})
    pushed = slack.view(RIZAL)
    assert updated is not None
    assert pushed is not None
    answers(line, {"response_action": "clear"})
    slack.submit(RIZAL, pushed, {"name": "npd"})

    assert (updated["id"], updated["title"]["text"]) == (view["id"], "Again")
    assert updated["state"]["values"]["name"]["name"]["value"] == "npd"
    assert (pushed["previous_view_id"], pushed["title"]["text"]) == (view["id"], "On top")
    assert slack.view(RIZAL) is None


def test_a_submission_without_an_answer_leaves_the_view_open(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened()
    line.hear = lambda frame: None
    told = slack.submit(RIZAL, view, {"name": "npd"})

    assert told["outcome"] == "operation_timeout"
    assert slack.view(RIZAL) is not None
    assert "trouble connecting" in slack.notices(RIZAL)[0]


def test_closing_is_told_only_where_it_was_asked_for(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    slack.close(RIZAL, opened())
    quiet = line.envelopes()[-1]["type"]
    slack.close(RIZAL, opened(notify_on_close=True))
    payload = line.envelopes()[-1]["payload"]

    assert quiet == "slash_commands"
    assert (payload["type"], payload["is_cleared"]) == ("view_closed", False)
    assert payload["view"]["state"]["values"] == {}
    assert slack.view(RIZAL) is None


def test_a_button_in_a_modal_tells_the_view_and_no_link(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    view = opened(NAME, *button("more"))
    slack.choose(RIZAL, view, "more")
    payload = line.envelopes()[-1]["payload"]

    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert payload["view"]["id"] == view["id"]
    assert payload["actions"][0]["action_id"] == "more"
    assert "response_url" not in payload


def test_an_input_tells_of_itself_only_if_it_was_asked_to(
    slack: SlackWorld, line: Line, opened: Callable[..., Json]
) -> None:
    loud = asks("loud", "static_select", options=OPTIONS) | {"dispatch_action": True}
    view = opened(MODE, loud)
    quiet = slack.choose(RIZAL, view, "mode", "append")
    told = slack.choose(RIZAL, view, "loud", "append")
    payload = line.envelopes()[-1]["payload"]

    assert (quiet["outcome"], told["outcome"]) == ("entered", "acked")
    assert payload["actions"][0]["selected_option"]["value"] == "append"
    values = payload["view"]["state"]["values"]
    assert values["mode"]["mode"]["selected_option"]["value"] == "append"


def test_nobody_submits_somebody_elses_view(slack: SlackWorld, opened: Callable[..., Json]) -> None:
    with pytest.raises(SlackFailed, match="not on top"):
        slack.submit(AYU, opened(), {"name": "npd"})


def test_a_home_tab_is_published(web: WebClient, slack: SlackWorld) -> None:
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    made = web.views_publish(user_id=RIZAL, view=view)["view"]
    told = refused(web.views_publish, user_id=RIZAL, view=view, hash="1.ab")

    assert slack.home(RIZAL) == made
    assert told["error"] == "hash_conflict"
