"""A stand-in Slack workspace: what it is started with, and what it listens on.

    lifeboat sandbox slack --port 4200 --data slack-world

An unmodified bot runs against it with the API's base URL and the tokens that `slack-world.json`
names; people act in the page at the same address, or by `slack_world.py`'s hands.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from sandbox import slack_api, slack_api_files, slack_control, slack_page, slack_respond
from sandbox.slack_options import EVENTS, Options
from sandbox.slack_people import BOT_TOKEN, SCOPES
from sandbox.slack_workspace import Workspace

PORT = 4200
HOST = "127.0.0.1"
FACTS = "slack-world.json"
_GOODBYE_SECONDS = 0.2
_UPLOAD_BYTES_MAX = 1 << 30


class RealToken(Exception):
    """A token that looks real is about; the stand-in and a real workspace must not be mixed up."""


def refuse_real_tokens() -> None:
    """Raises RealToken where the environment holds a bot token that is not the stand-in's."""
    token = os.environ.get("SLACK_BOT_TOKEN", "").strip()
    if token.startswith("xoxb-") and token != BOT_TOKEN:
        raise RealToken(
            "SLACK_BOT_TOKEN holds what looks like a real token. Unset it: the stand-in only"
            f" takes {BOT_TOKEN}."
        )


@asynccontextmanager
async def serving(folder: Path, options: Options, port: int = 0) -> AsyncIterator[Workspace]:
    """The workspace of a folder, up while this is held; port 0 takes the last one, or any.

    Writes `slack-world.json` beside its data once it answers. Raises RealToken.
    """
    refuse_real_tokens()
    folder.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(contextlib.closing(_listening(port, folder)))
        workspace = Workspace(folder, options)
        stack.push_async_callback(workspace.close)
        workspace.origin = f"http://{HOST}:{listening.getsockname()[1]}"
        runner = web.AppRunner(
            application(workspace), access_log=None, shutdown_timeout=_GOODBYE_SECONDS
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        stack.push_async_callback(workspace.sockets.close)
        _write_facts(folder, workspace)
        yield workspace


def application(workspace: Workspace) -> web.Application:
    """Everything that the stand-in answers, on one origin."""
    app = web.Application(middlewares=[slack_page.guard], client_max_size=_UPLOAD_BYTES_MAX)
    workspace.sockets.attach(app)
    for part in (slack_api, slack_api_files, slack_respond, slack_page, slack_control):
        part.attach(app, workspace)
    return app


def main(argv: list[str]) -> int:
    """Serves until it is told to stop; prints where, and `ready`."""
    asked = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = Options(
        patience_seconds=asked.patience_seconds,
        speed=asked.speed,
        link_seconds=asked.link_seconds,
        scopes=_words(asked.scopes),
        events=_words(asked.events),
        request_url=asked.request_url,
        rates=asked.rates == "True",
        commands=asked.commands,
    )
    with contextlib.ExitStack() as stack:
        folder = asked.data
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slack-")))
        try:
            asyncio.run(_until_told(folder, options, asked.port))
        except (OSError, RealToken, ValueError) as refusal:
            sys.stderr.write(f"The stand-in can't start: {refusal}\n")
            return 1
    return 0


async def _until_told(folder: Path, options: Options, port: int) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, told.set)
    async with serving(folder, options, port) as workspace:
        sys.stdout.write(f"page  {workspace.origin}/\napi   {workspace.origin}/api/\n")
        sys.stdout.write(f"facts {folder / FACTS}\nready\n")
        sys.stdout.flush()
        await told.wait()


def _listening(port: int, folder: Path) -> socket.socket:
    """A socket on the port asked for; a bot that waits for a restart looks for the last one."""
    if port:
        return _bound(port)
    try:
        return _bound(int(json.loads((folder / FACTS).read_text())["port"]))
    except (OSError, ValueError, KeyError):
        return _bound(0)


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise
    return listening


def _write_facts(folder: Path, workspace: Workspace) -> None:
    """One rename, so that nobody reads half of it."""
    port = int(workspace.origin.rpartition(":")[2])
    beside = folder / f"{FACTS}.part"
    beside.write_text(json.dumps({"port": port, **workspace.facts()}, indent=2) + "\n")
    beside.replace(folder / FACTS)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lifeboat sandbox slack", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=PORT, help="0 takes the last one, or any free one")
    add("--data", type=Path, help="where the workspace is kept; without it, nowhere")
    add("--commands", type=Path, help="JSON with the commands that the page offers")
    add("--scopes", default=",".join(SCOPES), help="of the bot token, with commas between")
    add("--events", default=",".join(EVENTS), help="that the bot subscribed to")
    add("--request-url", default="", help="signed HTTP to here, in place of Socket Mode")
    add("--patience-seconds", type=float, default=3.0, help="within which the bot must answer")
    add("--speed", type=float, default=1.0, help="how many times faster long waits go by")
    add("--link-seconds", type=float, default=1800.0, help="how long a response_url works")
    add("--rates", choices=("True", "False"), default="True", help="whether calls are counted")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
