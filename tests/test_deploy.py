"""The Dockerfile and the systemd unit say what is true of this Lifeboat.

Neither is built or started here: no test machine has to have a daemon. What can be wrong without
one is: paths that are not there, words that `run` does not know, a check that can't fail.
"""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot import log_lines, pulse
from bot.settings_shape import JobsTable
from bot.settings_shape_health import HealthTable

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
UNIT = ROOT / "deploy" / "lifeboat.service"


def lines(word: str) -> list[str]:
    """The Dockerfile's lines of one instruction, without it."""
    return [rest.strip() for rest in re.findall(rf"^{word}\s+(.+)$", DOCKERFILE, re.MULTILINE)]


def unit() -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(UNIT, encoding="utf-8")
    return read


def test_all_that_the_image_copies_is_there_and_is_let_into_its_context():
    copied = [
        name
        for line in lines("COPY")
        if not line.startswith("--from")
        for name in line.split()[:-1]
    ]
    let_in = (ROOT / ".dockerignore").read_text().splitlines()

    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert [name for name in copied if f"!{name}" not in let_in] == []


def test_the_image_holds_every_room_of_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert {f"{room} {room}" for room in rooms} <= set(lines("COPY"))


def test_nothing_runs_as_root():
    assert lines("USER")[-1] == "10001"
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("ENTRYPOINT")
    assert unit()["Service"]["User"] not in ("", "root")


def test_both_run_words_that_the_bot_knows():
    command = json.loads(lines("ENTRYPOINT")[-1]) + json.loads(lines("CMD")[-1])
    by_systemd = unit()["Service"]["ExecStart"].split()

    assert command[:2] == ["lifeboat", "run"]
    assert log_lines.read(command[2:]) == "json"
    assert by_systemd[1] == "run"
    assert log_lines.read(by_systemd[2:]) == "json"


def check() -> tuple[list[str], str]:
    told = lines("HEALTHCHECK")[-1]
    return json.loads(told.partition("CMD ")[2]), told


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_images_check_is_well_when_the_bot_is_and_ill_when_it_is(status: int, code: int):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b"the words")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = run_check(server.server_address[1])

    assert done.returncode == code
    assert "the words" in done.stdout


def test_the_images_check_is_ill_when_nobody_answers():
    assert run_check(9).returncode != 0


def run_check(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *check()[0][1:]],
        env={"LIFEBOAT_HEALTH_PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_the_image_asks_at_the_port_that_the_settings_have():
    assert f"LIFEBOAT_HEALTH_PORT={HealthTable().port}" in DOCKERFILE


HEEDING = """
import signal, sys
heed = signal.signal
def heeding(signum, handler):
    if signum == signal.SIGTERM:
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    return heed(signum, handler)
signal.signal = heeding
from bot import cli
cli.main(["run", "--settings", "/nowhere/lifeboat.toml"])
"""


def test_a_bot_heeds_a_stop_before_it_imports_what_takes_long():
    """The first process of a container is deaf to a signal that it does not handle."""
    done = subprocess.run(
        [sys.executable, "-c", HEEDING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    known = done.stdout.split("\n")[0].split()

    assert "bot" in known
    assert {"commands", "pydantic", "slack_bolt", "dbos", "aiohttp"} & set(known) == set()


def test_the_unit_gives_a_stopping_bot_its_time_and_starts_it_again_whatever_ended_it():
    service = unit()["Service"]

    assert float(service["TimeoutStopSec"]) > JobsTable().stop_seconds + 30
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == "2"
    assert str(pulse.EXIT_CODE) not in service["RestartPreventExitStatus"].split()


def test_the_unit_waits_longer_for_a_sign_of_life_than_the_bot_needs_for_one():
    service = unit()["Service"]
    asking_slack = 2 * 30 + 4 * 30  # Two calls that run into their time, and what Slack delays.

    assert service["Type"] == "notify"
    assert float(service["WatchdogSec"]) >= pulse.LOOK_SECONDS + asking_slack - 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path):
    here = tmp_path / "lifeboat.service"
    text = UNIT.read_text().replace("/opt/lifeboat/bin/lifeboat", "/bin/true")
    here.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(here)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "lifeboat.service" not in done.stderr, done.stderr


def test_the_guide_types_verbs_with_the_user_settings_and_keys_of_the_unit():
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (typed,) = re.findall(r"^as_lifeboat\(\) \{.+?\n.+?\n.+?\}$", guide, re.MULTILINE)
    service = unit()["Service"]

    assert f"-p User={service['User']} " in typed
    assert f"-p EnvironmentFile={service['EnvironmentFile']} " in typed
    assert f"-p UMask={service['UMask']} " in typed
    assert f"-E {service['Environment']} {service['ExecStart'].split()[0]} " in typed


def test_no_core_file_of_the_bot_lies_about_with_keys_in_it():
    assert unit()["Service"]["LimitCORE"] == "0"
