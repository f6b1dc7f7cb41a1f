"""The roads outside Slack against real servers, and what is said when they fail."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.client import RemoteDisconnected
from pathlib import Path
from typing import cast
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError

from bot.alerting import Alerting
from bot.alerts_kept import KeptAlerts
from bot.courier import Courier, NotInChannel, SlackAway
from bot.messages.model import Message
from bot.roads.mail import Mail
from bot.roads.road import Road, RoadFailed
from bot.roads.slack import SlackRoad, in_doubt
from bot.roads.webhook import Webhook
from bot.settings_alerts import SmtpPlace
from bot.settings_secrets import Named
from commands.alert_rules import AlertRules
from commands.roles import NotAllowed
from commands.trouble import Seen, Trouble
from storage.outbox import Outbox, Taken
from storage.secret import Secret
from tests.alerts import post_office
from tests.alerts.post_office import PASSWORD, USER, Mailbox
from tests.slack.house import free_port, wait_for

TROUBLE = Trouble(
    kind="job failed",
    about="backup of production",
    severity="severe",
    what="The backup of production failed.\r\nBcc: everybody@example.com",
    safe="Every earlier backup is as it was.",
    hint="Ask again.",
    since=datetime(2026, 11, 24, 2, 14, tzinfo=UTC),
    deployment="production",
)
NOWHERE = Named(None, None, "smtp.password")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox.db")


def mail(box: Mailbox, ca_file: Path | None, outbox: Outbox, **changes: object) -> Mail:
    place = SmtpPlace(
        host="127.0.0.1",
        port=box.port,
        security="starttls",
        user=USER,
        password=NOWHERE,
        sender="lifeboat@example.com",
        to=("ops@example.com", "cto@example.com"),
        ca_file=None,
        timeout_seconds=2,
    )
    return Mail(
        replace(place, **changes),  # type: ignore[arg-type]
        Secret(PASSWORD),
        ca_file,
        outbox,
        now,
    )


def alerting(outbox: Outbox, look: Callable[[], Seen], **roads: Road) -> Alerting:
    """The bot's own loops over these roads."""
    rules = AlertRules(roads=dict.fromkeys(roads, "warning"))
    kept = KeptAlerts(outbox, rules, now, lambda: roads, {})
    return Alerting(kept, roads, look, 0.5)


def test_a_severe_alert_and_its_end_arrive_by_webhook_and_by_mail_once(
    outbox: Outbox, tmp_path: Path
):
    standing = [TROUBLE]
    with post_office.hook() as hook, post_office.mailbox(tmp_path) as (box, ca_file):
        hook.answers.append(503)
        running = alerting(
            outbox,
            lambda: Seen(tuple(standing)),
            webhook=Webhook(Secret(hook.url), 2, outbox, now),
            smtp=mail(box, ca_file, outbox),
        )
        running.start()
        wait_for(lambda: hook.posted and box.mails, 10)
        standing.clear()
        wait_for(lambda: len(hook.posted) > 1 and len(box.mails) > 1, 10)
        running.stop()

    assert [each["event"] for each in hook.posted] == ["raised", "recovered"]
    assert hook.posted[0]["kind"] == "job failed"
    assert hook.keys == [each["id"] for each in hook.posted]
    assert len(set(hook.keys)) == 2
    assert box.safe == [True, True]
    first, last = box.mails
    assert first["Subject"] == "[Lifeboat] severe: job failed — production"
    assert first["Bcc"] is None
    assert first["To"] == "ops@example.com, cto@example.com"
    assert "What is safe:   Every earlier backup is as it was." in first.get_content()
    assert last["Subject"] == "[Lifeboat] over: job failed — production"
    assert last["References"] == first["References"]
    assert {name for name, _ in outbox.proofs().items()} == {"webhook", "smtp"}


def test_a_road_that_hangs_and_a_look_that_hangs_hold_nothing_up(outbox: Outbox, tmp_path: Path):
    looks = 0
    over = threading.Event()

    def look() -> Seen:
        nonlocal looks
        looks += 1
        if looks > 1:
            over.wait(20)
        return Seen((TROUBLE,))

    with post_office.hook() as hook, post_office.mailbox(tmp_path) as (box, ca_file):
        hook.silent.set()
        running = alerting(
            outbox,
            look,
            webhook=Webhook(Secret(hook.url), 10, outbox, now),
            smtp=mail(box, ca_file, outbox),
        )
        running.start()
        wait_for(lambda: box.mails, 5)
        wait_for(lambda: looks > 1, 5)
        running._kept.acknowledge(running._kept.open()[0].id, "Rizal")
        over.set()
        running.stop()

    assert hook.posted == []
    assert [each.road for each in outbox.waiting()] == ["webhook"]


class Killed(BaseException):
    """The bot was killed here."""


class Dies:
    """A road that is killed at a stated place: before it arrives, or before that is noted."""

    where = "here"

    def __init__(self, outbox: Outbox, at: str) -> None:
        self.outbox, self.at = outbox, at
        self.arrived: list[tuple[str, bool]] = []

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        if self.at == "before":
            self.at = ""
            raise Killed
        self.arrived.append((taken.sending.what, taken.sending.doubt))
        if self.at == "after":
            self.at = ""
            raise Killed
        self.outbox.done(taken, now())

    def test(self, by: str) -> None: ...


@pytest.mark.parametrize(
    ("at", "arrived"),
    [("before", [("raised", True)]), ("after", [("raised", False), ("raised", True)])],
)
def test_a_kill_around_a_send_loses_nothing_and_marks_what_may_stand_twice(
    outbox: Outbox, at: str, arrived: list[tuple[str, bool]]
):
    road = Dies(outbox, at)
    running = alerting(outbox, Seen, slack=road)
    running._kept.looked(Seen((TROUBLE,)))
    with pytest.raises(Killed):
        running._send("slack", road, _taken(outbox))
    running._send("slack", road, _taken(outbox))

    assert road.arrived == arrived
    assert outbox.take("slack", now()) is None


def _taken(outbox: Outbox) -> Taken:
    taken = outbox.take("slack", now())
    assert taken is not None
    return taken


@pytest.mark.parametrize(
    ("answers", "said", "passing"),
    [
        ([500], "answered 500", True),
        ([429], "answered 429", True),
        ([404], "answered 404", False),
        ([302], "answered 302", False),
    ],
)
def test_a_webhook_that_refuses_is_a_sentence_without_its_address(
    outbox: Outbox, answers: list[int], said: str, passing: bool
):
    with post_office.hook() as hook:
        hook.answers += answers
        with pytest.raises(RoadFailed, match=said) as failed:
            Webhook(Secret(hook.url), 2, outbox, now).test("Rizal")

    assert failed.value.passing is passing
    assert "T0K3N" not in f"{failed.value} {failed.value.__cause__}"
    assert hook.posted == []


@pytest.mark.parametrize("listens", [False, True])
def test_what_was_cut_off_while_it_was_sent_may_have_arrived(outbox: Outbox, listens: bool):
    with post_office.hook() as hook:
        hook.silent.set()
        url = hook.url if listens else f"http://127.0.0.1:{free_port()}/T0K3N"
        with pytest.raises(RoadFailed, match="did not answer") as failed:
            Webhook(Secret(url), 0.3, outbox, now).test("Rizal")

    assert failed.value.doubt is listens
    assert "T0K3N" not in f"{failed.value} {failed.value.__cause__}"


def test_mail_by_tls_from_the_first_byte(outbox: Outbox, tmp_path: Path):
    with post_office.mailbox(tmp_path, security="tls") as (box, ca_file):
        mail(box, ca_file, outbox, security="tls").test("Rizal")

    assert box.mails[0]["Subject"] == "[Lifeboat] test alert: nothing is wrong"


def test_every_refusal_of_the_mail_server_is_a_sentence_without_the_password(
    outbox: Outbox, tmp_path: Path
):
    with post_office.mailbox(tmp_path) as (box, ca_file):
        good = mail(box, ca_file, outbox)
        wrong = replace(good, password=Secret("wrong-horse"))
        unknown = replace(good, ca_file=None)
        closed = mail(Mailbox(port=free_port()), ca_file, outbox)
        box.answers += ["451 later", "554 never"]
        said = [_refusal(road) for road in (good, good, wrong, unknown, closed)]

    assert [each.what for each in said] == [
        "The mail server refuses it (451).",
        "The mail server refuses it (554).",
        "The mail server refuses the user or the password.",
        "The mail server 127.0.0.1 can't be used (SSLCertVerificationError).",
        "The mail server 127.0.0.1 can't be used (ConnectionRefusedError).",
    ]
    assert [each.passing for each in said] == [True, False, False, True, True]
    assert not any(each.doubt for each in said)
    assert "horse" not in " ".join(map(str, said))
    assert box.mails == []


def test_a_mail_server_that_says_nothing_is_given_up(outbox: Outbox):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        box = Mailbox(port=mute.getsockname()[1])
        began = time.monotonic()
        said = _refusal(mail(box, None, outbox, timeout_seconds=0.3))

    assert time.monotonic() - began < 5
    assert "can't be used (SMTPServerDisconnected)" in said.what


def _refusal(road: Road) -> RoadFailed:
    with pytest.raises(RoadFailed) as failed:
        road.test("Rizal")
    return failed.value


class Posted:
    """A courier that takes everything."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def post(self, channel: str, message: Message) -> str:
        self.texts.append(message.text)
        return "1.0"


@pytest.mark.parametrize(
    ("error", "posted"),
    [(NotInChannel("This channel is shared."), 0), (NotAllowed("Slack can't be asked."), 2)],
)
def test_a_channel_that_others_read_gets_no_alert(outbox: Outbox, error: Exception, posted: int):
    def check(_channel: str) -> None:
        raise error

    courier = Posted()
    road = SlackRoad(cast(Courier, courier), "C012ABCDEF", AlertRules(), outbox, check)
    running = alerting(outbox, Seen, slack=road)
    running._kept.looked(Seen((TROUBLE,)))
    running._send("slack", road, _taken(outbox))
    with suppress(RoadFailed):
        road.test("Rizal")

    assert len(courier.texts) == posted
    assert bool(outbox.waiting()) is not bool(posted)


@pytest.mark.parametrize(
    ("cause", "doubt"),
    [
        (TimeoutError(), True),
        (URLError(TimeoutError()), True),
        (RemoteDisconnected(), True),
        (ConnectionResetError(), True),
        (URLError(ConnectionRefusedError()), False),
        (URLError("no such host"), False),
        (SlackApiError("no", {"ok": False, "error": "internal_error"}), False),
    ],
)
def test_slack_may_have_taken_what_it_never_answered(cause: Exception, doubt: bool):
    away = SlackAway("Slack did not take the message.")
    away.__cause__ = cause

    assert in_doubt(away) is doubt
