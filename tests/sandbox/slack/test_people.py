"""Who is who: the flags that tell who may approve, groups, and failures to learn of them."""

from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import (
    APPROVERS,
    AYU,
    BOT,
    BUDI,
    CITRA,
    DEWI,
    EKO,
    FARAH,
    GITA,
    OPERATORS,
    OTHER_BOT_USER,
    PARTNER_TEAM,
    RIZAL,
    SLACKBOT,
)
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import refused

FLAGS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")


@pytest.mark.parametrize(
    ("person", "flags"),
    [
        (RIZAL, set()),
        (CITRA, set()),
        (DEWI, {"is_restricted"}),
        (EKO, {"is_restricted", "is_ultra_restricted"}),
        (FARAH, {"is_stranger"}),
        (GITA, {"deleted"}),
        (OTHER_BOT_USER, {"is_bot"}),
        (SLACKBOT, set()),
    ],
)
def test_flags_tell_who_somebody_is(web: WebClient, person: str, flags: set[str]) -> None:
    user = web.users_info(user=person)["user"]

    assert {name for name in FLAGS if user.get(name)} == flags


def test_an_outsider_is_of_another_team(web: WebClient) -> None:
    assert web.users_info(user=FARAH)["user"]["team_id"] == PARTNER_TEAM


def test_nobody_is_not_found(web: WebClient) -> None:
    assert refused(web.users_info, user="U0NOBODY01")["error"] == "user_not_found"


def test_addresses_need_a_scope_of_their_own(web: WebClient, tmp_path: Path) -> None:
    assert "email" not in web.users_info(user=AYU)["user"]["profile"]
    assert refused(web.users_lookupByEmail, email="x")["needed"] == "users:read.email"
    with SlackWorld(tmp_path, scopes=("users:read", "users:read.email")) as slack:
        other = WebClient(token=slack.bot_token, base_url=slack.api_url)
        found = other.users_lookupByEmail(email="ayu@treasury.example")["user"]
        gone = refused(other.users_lookupByEmail, email="gita@treasury.example")

    assert (found["id"], found["profile"]["email"]) == (AYU, "ayu@treasury.example")
    assert gone["error"] == "users_not_found"


def test_groups_tell_their_members(web: WebClient) -> None:
    groups = {one["handle"]: one for one in web.usergroups_list(include_users=True)["usergroups"]}

    assert groups["backup-operators"]["users"] == [RIZAL, AYU, BUDI]
    assert groups["backup-approvers"]["id"] == APPROVERS


def test_a_group_can_still_hold_somebody_who_left(web: WebClient) -> None:
    assert web.usergroups_users_list(usergroup=APPROVERS)["users"] == [AYU, BUDI, GITA]


def test_an_unknown_group_is_refused(web: WebClient) -> None:
    told = refused(web.usergroups_users_list, usergroup="S0NOTHING1")

    assert told["error"] == "no_such_subteam"


def test_a_plan_without_groups_can_be_pretended(web: WebClient, slack: SlackWorld) -> None:
    slack.trouble("error", method="usergroups.users.list", error="plan_upgrade_required")
    told = refused(web.usergroups_users_list, usergroup=OPERATORS)

    assert told["error"] == "plan_upgrade_required"
    assert web.usergroups_users_list(usergroup=OPERATORS)["ok"]


def test_somebody_can_leave_while_the_world_goes_on(web: WebClient, slack: SlackWorld) -> None:
    slack.change("person", BUDI, deleted=True)
    slack.change("group", APPROVERS, users=[AYU])

    assert web.users_info(user=BUDI)["user"]["deleted"]
    assert web.usergroups_users_list(usergroup=APPROVERS)["users"] == [AYU]


def test_slack_may_not_be_able_to_tell_who_somebody_is(web: WebClient, slack: SlackWorld) -> None:
    slack.trouble("fail_users_info")
    errors = [refused(web.users_info, user=AYU)["error"] for _ in range(2)]
    slack.heal("fail_users_info")

    assert errors == ["internal_error"] * 2
    assert web.users_info(user=AYU)["ok"]


def test_the_bot_and_its_team_can_be_asked_for(web: WebClient) -> None:
    assert web.bots_info(bot=BOT)["bot"]["name"] == "lifeboat"
    assert refused(web.bots_info, bot="B0NOBODY01")["error"] == "bot_not_found"
    assert refused(web.team_info)["needed"] == "team:read"
