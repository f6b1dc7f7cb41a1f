"""A house whose clock is moved, with other roads than Slack, and a Slack that goes away."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.slack_people import BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.alerts import post_office
from tests.alerts.post_office import PASSWORD, USER, Hook, Mailbox
from tests.approvals.house import LivelyBot
from tests.slack.house import Card, House, free_port, wait_for

ALERTS = "C0GENERAL1"


class DrivenBot(LivelyBot):
    module = "tests.alerts.driven"


class LonelyHouse(House):
    """Two deployments, one schedule of each; `at` says how far ahead the bot's clock is."""

    hook: Hook
    mails: Mailbox
    away: ExitStack
    health_port: int

    def go_on(self, minutes: float) -> None:
        """Move the bot's clock on."""
        file = self.folder / "ahead"
        file.write_text(str(float(file.read_text()) + minutes * 60))

    def now(self) -> datetime:
        """What the bot's clock says."""
        return datetime.now(UTC) + timedelta(seconds=float((self.folder / "ahead").read_text()))

    def slack_goes(self) -> None:
        """Close Slack's door: nothing listens there any more."""
        self.away.close()

    def slack_comes(self) -> None:
        """Open it again, at the same address, with everything that was in it."""
        self.slack = self.away.enter_context(SlackWorld(self.slack.folder, rates=False))

    def health(self) -> tuple[int, dict[str, Any]]:
        url = f"http://127.0.0.1:{self.health_port}/healthz"
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def alerts(self) -> list[Card]:
        """Every alert in Slack, oldest first."""
        found = [told for told in self.roots(ALERTS) if "lert `a-" in told["text"]]
        return [Card(self, ALERTS, told["ts"]) for told in found]

    def posted(self, kind: str, key: str = "event") -> list[str]:
        """What the webhook was told of a kind, in order."""
        return [str(each[key]) for each in self.hook.posted if each.get("kind") == kind]

    def mailed(self, kind: str) -> list[str]:
        """The subjects of the e-mails about a kind, in order."""
        subjects = [str(each["Subject"]) for each in self.mails.mails]
        return [subject for subject in subjects if f": {kind} " in subject]

    def backups_of(self, deployment: str) -> list[str]:
        return [id_ for id_ in self.manifests() if id_.startswith(deployment)]

    def jobs_ended(self) -> list[str]:
        """The jobs of schedules that the audit log says have ended, once for each end."""
        entries = self.do("audit", "--limit", "500").entries
        ends = [each.facts for each in entries if each.what == "backup.ended"]
        return [str(facts["job"]) for facts in ends if "job" in facts]

    def open(self) -> None:
        """Wait until people can ask for something."""
        wait_for(lambda: self.slack.state()["connected"], 30, self.log_text)


@contextmanager
def lonely(folder: Path, schedules: Mapping[str, Mapping[str, Any]]) -> Iterator[LonelyHouse]:
    """A house whose bot is not started yet; nothing breaks in its log, no secret stands there."""
    with ExitStack() as up:
        world = up.enter_context(World(folder / "convex", step_seconds=0.0))
        away = up.enter_context(ExitStack())
        slack = away.enter_context(SlackWorld(folder / "slack", rates=False))
        hook = up.enter_context(post_office.hook())
        box, ca_file = up.enter_context(post_office.mailbox(folder))
        port = free_port()
        house = LonelyHouse(folder / "house", world, slack, changes=_tables(box, ca_file, port))
        house.write(**{f"schedules.{name}": told for name, told in schedules.items()})
        house.away, house.hook, house.mails, house.health_port = away, hook, box, port
        (house.folder / "ahead").write_text("0")
        house.bot = DrivenBot(house)
        house.bot.environ = {
            "ALERT_HOOK": hook.url,
            "ALERT_PASSWORD": PASSWORD,
            "LIFEBOAT_TEST_AHEAD": str(house.folder / "ahead"),
        }
        up.callback(house.bot.stop)
        yield house
        assert house.bot.runs, house.log_text()
        assert "Traceback" not in house.log_text(), house.log_text()
        assert house.secrets_seen() == []
        assert PASSWORD not in house.log_text()


def _tables(box: Mailbox, ca_file: Path, health_port: int) -> dict[str, dict[str, Any]]:
    return {
        "lifeboat": {"clock_skew_seconds_max": 86_400},
        "deployments.production": {"target_hours": 48},
        "alerts": {"channel": ALERTS, "look_seconds": 0.5},
        "alerts.mention": {"severe": [RIZAL]},
        "webhook": {"url_env": "ALERT_HOOK"},
        "smtp": {
            "host": "127.0.0.1",
            "port": box.port,
            "security": "starttls",
            "user": USER,
            "password_env": "ALERT_PASSWORD",
            "sender": "lifeboat@example.com",
            "to": ["ops@example.com"],
            "ca_file": str(ca_file),
        },
        "patience": {"tries": 1, "outage_seconds_max": 1},
        "health": {"on": True, "port": health_port},
    }


def backing_up(deployment: str, **more: Any) -> dict[str, Any]:
    return {"verb": "backup", "deployments": [deployment], "channel": BACKUPS, **more}
