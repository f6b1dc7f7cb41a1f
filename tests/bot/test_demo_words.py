"""`/backup demo …`: a real refusal by a real stand-in, and only where a demo is told of."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot import demo, demo_words
from bot.demo_stage import write_settings
from bot.demo_words import Demo
from bot.settings import read
from sandbox.world import World
from storage.errors import LifeboatError, Refused


def status(world: World, name: str) -> int:
    """How a deployment answers to its own key."""
    stand = world[name]
    request = urllib.request.Request(f"{stand.url}/api/check_admin_key")
    request.add_header("Authorization", f"Convex {stand.key}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_an_alert_has_a_real_cause_that_is_taken_back(tmp_path: Path):
    with World(tmp_path, step_seconds=0.0) as world:
        demo = Demo({name: world[name].url for name in world})
        before = status(world, "production")
        alert = demo.play(["alert"], "production")
        refused, other = status(world, "production"), status(world, "staging")
        well = demo.play(["well"], "production")

        assert (before, refused, other, status(world, "production")) == (200, 403, 200, 200)
    assert alert.verb == well.verb == ("now", "production")
    assert alert.answer is not None
    assert "refused from now on" in alert.answer.text


def test_a_summary_is_the_real_one():
    assert Demo({}).play(["summary", "weekly"], "production").verb == ("summary", "weekly")


def test_other_words_are_refused_with_those_that_there_are():
    with pytest.raises(Refused) as refused:
        Demo({}).play(["fire"], "production")

    assert "/backup demo alert" in refused.value.hint


def test_a_stand_in_that_is_gone_is_said():
    with pytest.raises(LifeboatError, match="does not answer"):
        Demo({"production": "http://127.0.0.1:9"}).play(["alert"], "production")


def test_only_a_bot_that_is_told_of_a_demo_plays_in_one(tmp_path: Path):
    told = tmp_path / "world.json"
    told.write_text(json.dumps({"deployments": {"production": {"url": "http://127.0.0.1:1"}}}))

    assert demo_words.of({}) is None
    assert demo_words.of({demo_words.TOLD_BY: str(told)}) == Demo(
        {"production": "http://127.0.0.1:1"}
    )


def test_what_the_demo_writes_is_good_and_its_alerts_have_a_channel(tmp_path: Path):
    facts = {
        name: {"url": f"http://127.0.0.1:{port}", "key": f"{name}|0123456789abcdef"}
        for name, port in (("production", 3210), ("staging", 3211))
    }
    more = demo.MORE.format(
        api_url="http://127.0.0.1:3300/api/",
        channel="C0BACKUPS1",
        operators='["S0OPERATOR"]',
        approvers='["S0APPROVER"]',
    )
    write_settings(tmp_path, facts, more)
    told = read(tmp_path / "lifeboat.toml", {})

    assert told.alerts.channel == "C0BACKUPS1"
    assert told.schedules["daily-summary"].channel == "C0BACKUPS1"
