"""The stand-in's own life: started, told where it is, ended, killed, and gone on with."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox import slack as stand_in
from sandbox.slack_people import BACKUPS, CITRA, RIZAL
from sandbox.slack_world import SlackFailed, SlackWorld
from tests.sandbox.slack.bots import Bare, asks, modal

ROOT = Path(__file__).parent.parent.parent.parent


def client(slack: SlackWorld) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


def test_the_facts_tell_all_that_a_bot_needs(tmp_path: Path) -> None:
    with SlackWorld(tmp_path) as slack:
        told = json.loads((tmp_path / "slack-world.json").read_text())

        assert told["api_url"] == slack.api_url == f"http://127.0.0.1:{told['port']}/api/"
    assert (told["bot_token"][:5], told["app_token"][:5]) == ("xoxb-", "xapp-")
    assert told["team"]["id"][0] == "T"
    assert told["people"]["rizal"] == RIZAL
    assert told["channels"]["backups"] == BACKUPS
    assert set(told["groups"]) == {"backup-operators", "backup-approvers"}


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with SlackWorld(tmp_path) as slack, Bare(slack, answer=True) as bare:
        web, url = client(slack), slack.url
        ts = web.chat_postMessage(channel=BACKUPS, text="before")["ts"]
        web.files_upload_v2(content="log", filename="a.txt", channel=BACKUPS)
        web.chat_postEphemeral(channel=BACKUPS, user=CITRA, text="psst")
        slack.command(RIZAL, BACKUPS, "/backup restore")
        payload = [bare.frame(), bare.frame()][1]["payload"]
        web.views_open(trigger_id=payload["trigger_id"], view=modal(asks("target")))
        slack.change("person", CITRA, deleted=True)
        before = slack.messages(BACKUPS)
    with SlackWorld(tmp_path) as slack:
        web = client(slack)
        view = slack.view(RIZAL)

        assert slack.url == url
        assert slack.messages(BACKUPS) == before
        assert [one["text"] for one in slack.ephemerals(CITRA, BACKUPS)] == ["psst"]
        assert view is not None
        assert view["callback_id"] == "restore"
        assert web.users_info(user=CITRA)["user"]["deleted"]
        assert WebhookClient(payload["response_url"]).send(text="still here").body == "ok"
        assert web.chat_update(channel=BACKUPS, ts=ts, text="after")["ok"]
        assert web.chat_postMessage(channel=BACKUPS, text="later")["ts"] > before[-1]["ts"]


def test_a_killed_stand_in_has_lost_nothing(tmp_path: Path) -> None:
    with SlackWorld.spawn(tmp_path, patience_seconds=0.2, scopes=("chat:write",)) as slack:
        ts = client(slack).chat_postMessage(channel=BACKUPS, text="before")["ts"]
        missing = client(slack).api_call("api.test")
        slack.kill()
    with SlackWorld(tmp_path) as slack:
        assert [one["ts"] for one in slack.messages(BACKUPS)] == [ts]
    assert missing["ok"]


def test_reset_is_the_first_day_again(tmp_path: Path) -> None:
    with SlackWorld(tmp_path) as slack:
        ts = client(slack).chat_postMessage(channel=BACKUPS, text="before")["ts"]
        slack.change("person", CITRA, deleted=True)
        slack.trouble("drop_next")
        slack.reset()
        later = client(slack).chat_postMessage(channel=BACKUPS, text="after")["ts"]

        assert [one["text"] for one in slack.messages(BACKUPS)] == ["after"]
        assert later > ts
        assert not client(slack).users_info(user=CITRA)["user"]["deleted"]
        assert slack.state()["troubles"] == []


def test_the_command_prints_where_and_ends_when_told(tmp_path: Path) -> None:
    words = tmp_path / "commands.json"
    words.write_text(json.dumps([{"command": "/other", "words": []}]))
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox.slack", "--port", "0", "--data", str(tmp_path)),
            *("--commands", str(words)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        lines = [process.stdout.readline().split() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    facts = json.loads((tmp_path / "slack-world.json").read_text())

    assert lines[:2] == [["page", f"{facts['url']}/"], ["api", facts["api_url"]]]
    assert lines[3] == ["ready"]
    assert process.returncode == 0


def test_the_commands_are_those_it_was_given(tmp_path: Path) -> None:
    words = tmp_path / "commands.json"
    words.write_text(json.dumps([{"command": "/other", "should_escape": True, "words": []}]))
    with SlackWorld(tmp_path / "data", commands=words) as slack, Bare(slack, answer=True) as bare:
        refused = slack.command(RIZAL, BACKUPS, "/backup now")
        slack.command(RIZAL, BACKUPS, "/other ask @citra in #backups")
        frame = [bare.frame(), bare.frame()][1]

    assert refused["outcome"] == "refused"
    assert frame["payload"]["text"] == f"ask <@{CITRA}> in <#{BACKUPS}|backups>"


def test_a_real_token_in_the_environment_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1234567890-abcdefghij")

    with pytest.raises(SlackFailed, match="SLACK_BOT_TOKEN"), SlackWorld(tmp_path):
        pass
    assert stand_in.main(["--port", "0", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "looks like a real token" in told
    assert "1234567890" not in told


def test_its_own_token_in_the_environment_is_welcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-stand-in-lifeboat")

    with SlackWorld(tmp_path) as slack:
        assert slack.state()["connected"] == 0


def test_a_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SlackWorld(tmp_path / "one") as slack:
        port = slack.url.rpartition(":")[2]
        code = stand_in.main(["--port", port, "--data", str(tmp_path / "two")])

    assert code == 1
    assert "can't start" in capsys.readouterr().err


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with SlackWorld(tmp_path) as slack:
        assert slack.url.startswith("http://127.0.0.1:")
    assert stand_in.HOST == "127.0.0.1"
