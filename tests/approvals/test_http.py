"""Votes by signed HTTP: what is not signed, not fresh or sent again counts for nothing."""

import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.slack_people import APP, AYU, BACKUPS, BUDI, RIZAL, SIGNING_SECRET, TEAM
from sandbox.slack_signed import signature
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.approvals.conftest import LOST
from tests.approvals.held import Held, held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import WITHDRAW, Question
from tests.slack.house import free_port, wait_for

Signed = tuple[bytes, dict[str, str | bytes]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[ApprovalHouse]:
    port = free_port()
    folder = tmp_path_factory.mktemp("http")
    url = f"http://127.0.0.1:{port}/slack/events"
    with SlackWorld(folder / "slack", rates=False, request_url=url) as slack:
        listen = {"slack": {"mode": "http", "listen": f"127.0.0.1:{port}"}}
        made = ApprovalHouse(folder / "team", world, slack, listen)
        made.rehearse()
        made.bot.start()
        yield made
        made.bot.stop()


@pytest.fixture
def promised(house: ApprovalHouse) -> dict:
    house.production.reset()
    return house.production.counts()


@pytest.fixture
def question(house: ApprovalHouse, promised: dict) -> Iterator[Question]:
    """A question with two approvals to go, so that one is not the end of it."""
    house.production.mutate("npd", "delete", LOST)
    house.rule(quorum=2)
    asked = house.ask_to_restore()
    held = Held(house.production)
    yield asked
    if asked.buttons:
        asked.press(RIZAL, WITHDRAW)
        asked.over("Withdrawn")
        assert held.untouched()
    house.idle()


def url_of(house: ApprovalHouse) -> str:
    return f"http://{house.changes['slack']['listen']}/slack/events"


def command(person: str, text: str, trigger: str = "1.2.abc") -> bytes:
    """A slash command's body."""
    form = {"command": "/backup", "text": text, "user_id": person, "team_id": TEAM}
    about = {"api_app_id": APP, "channel_id": BACKUPS, "trigger_id": trigger}
    return urlencode(form | about).encode()


def submitted(person: str, question: Question, view_id: str) -> bytes:
    """The body of a submitted Approve form."""
    values = {"checked": {"checked": {"type": "plain_text_input", "value": "by hand"}}}
    view = {
        "id": view_id,
        "type": "modal",
        "team_id": TEAM,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": "B0LIFEBOAT",
        "callback_id": "approval.confirm",
        "private_metadata": question.buttons["approval.approve"],
        "state": {"values": values},
        "blocks": [],
    }
    told = {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "treasury"},
        "user": {"id": person, "username": "ayu", "name": "ayu", "team_id": TEAM},
        "api_app_id": APP,
        "token": "",
        "trigger_id": f"1.2.{view_id}",
        "response_urls": [],
        "enterprise": None,
        "is_enterprise_install": False,
        "view": view,
    }
    return urlencode({"payload": json.dumps(told)}).encode()


def signed(body: bytes, *, at: float | None = None, secret: str = SIGNING_SECRET) -> Signed:
    timestamp = str(int(at or time.time()))
    return body, {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(secret, timestamp, body),
    }


def post(house: ApprovalHouse, request: Signed) -> int:
    body, headers = request
    return httpx.post(url_of(house), content=body, headers=headers, timeout=20).status_code


def test_a_restore_is_asked_for_and_approved_by_http(question: Question, promised: dict):
    house = question.house
    question.yes(AYU)
    question.told("Approved by", "1 approval of")
    question.yes(BUDI)
    question.over("Restored:")

    assert held_back(house.production, promised)
    assert question.votes == ["vote.yes by Ayu Lestari", "vote.yes by Budi Santoso"]


def test_a_request_sent_again_counts_once(question: Question):
    house = question.house
    once = signed(command(AYU, f"approve {question.id}", "7.7.seven"))
    codes = [post(house, once) for _ in range(5)]
    question.told("Approved by")
    time.sleep(0.3)

    assert codes == [200] * 5
    assert question.votes == ["vote.yes by Ayu Lestari"]


def test_a_form_sent_again_counts_once(question: Question):
    once = signed(submitted(AYU, question, "V0ONCE"))
    codes = [post(question.house, once) for _ in range(5)]
    question.told("Approved by")
    time.sleep(0.3)

    assert codes == [200] * 5
    assert question.votes == ["vote.yes by Ayu Lestari"]


BODY = b"command=%2Fbackup&text=help"


@pytest.mark.parametrize(
    "spoil",
    {
        "another secret": lambda body: signed(body, secret="not the secret"),
        "no signature": lambda body: (body, {}),
        "an old request": lambda body: signed(body, at=time.time() - 301),
        "one of the future": lambda body: signed(body, at=time.time() + 360),
        "another body": lambda body: (body + b"&x=1", signed(body)[1]),
        "another time": lambda body: (
            body,
            signed(body)[1] | {"X-Slack-Request-Timestamp": str(int(time.time()) - 1)},
        ),
        "no time": lambda body: (
            body,
            {k: v for k, v in signed(body)[1].items() if "Timestamp" not in k},
        ),
        "a time that is none": lambda body: (
            body,
            signed(body)[1] | {"X-Slack-Request-Timestamp": "now"},
        ),
        "a signature that is none": lambda body: (
            body,
            signed(body)[1] | {"X-Slack-Signature": "v0=\xe9".encode()},
        ),
    }.items(),
    ids=lambda each: each[0],
)
def test_what_is_not_signed_now_is_no_vote(question: Question, spoil):
    """Of all of these none reaches anybody: the vote would be good."""
    house, (_, change) = question.house, spoil
    bodies = (command(AYU, f"approve {question.id}"), submitted(AYU, question, "V0FORGED"))
    codes = [post(house, change(body)) for body in bodies]
    time.sleep(0.2)

    assert all(400 <= code < 500 for code in codes), codes
    assert question.votes == []
    assert question.buttons


def test_a_signed_vote_of_somebody_else_is_still_theirs(question: Question):
    """Who votes stands in what Slack signs, and nowhere else: not in the form's own words."""
    house = question.house
    body = command(RIZAL, f"approve {question.id} checked 'user_id={AYU}'", "8.8.eight")
    code = post(house, signed(body))
    wait_for(lambda: question.votes)

    assert code == 200
    assert question.votes == ["vote.refused by Rizal Hakim"]
