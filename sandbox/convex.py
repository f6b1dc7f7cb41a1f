"""Stand-in Convex deployments: what they are started with, and what they listen on.

    lifeboat sandbox convex --port 3210 --deployments production,staging --data world

Each deployment has an origin of its own, as real ones have. What they answer is in
`convex_http.py`; starting them from a test or the demo is `world.py`'s.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import seed
from sandbox.convex_deployment import Deployment, Options
from sandbox.convex_http import application

PORT = 3210
HOST = "127.0.0.1"
_GOODBYE_SECONDS = 0.2


@dataclass(frozen=True)
class Running:
    """A deployment that can be asked, and where."""

    deployment: Deployment
    port: int


@asynccontextmanager
async def serving(
    folder: Path, names: Sequence[str], options: Options, port: int = 0
) -> AsyncIterator[list[Running]]:
    """The deployments of a folder, answering while this is held; port 0 takes any free ones.

    Writes `world.json` beside their data once all of them answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    running: list[Running] = []
    async with contextlib.AsyncExitStack() as stack:
        for place, name in enumerate(names):
            deployment = await asyncio.to_thread(Deployment, name, folder / name, options)
            stack.callback(deployment.stop)
            listening = _listening(port + place if port else 0)
            own: int = listening.getsockname()[1]
            runner = web.AppRunner(
                application(deployment), access_log=None, shutdown_timeout=_GOODBYE_SECONDS
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            deployment.start(f"http://{HOST}:{own}")
            await web.SockSite(runner, listening).start()
            running.append(Running(deployment, own))
        _write_world(folder, running)
        yield running


def main(argv: list[str]) -> int:
    """Serves until it is told to stop; prints where, and `ready`."""
    asked = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = Options(
        seed=asked.seed,
        seed_number=asked.seed_number,
        staging_numbers=asked.staging_numbers,
        encoding=asked.encoding,
        step_seconds=asked.step_seconds,
    )
    names = [name.strip() for name in asked.deployments.split(",") if name.strip()]
    with contextlib.ExitStack() as stack:
        folder = asked.data
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="convex-")))
        try:
            asyncio.run(_until_told(folder, names, options, asked.port))
        except OSError as refusal:
            sys.stderr.write(f"The stand-ins can't start: {refusal}\n")
            return 1
    return 0


async def _until_told(folder: Path, names: list[str], options: Options, port: int) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, told.set)
    async with serving(folder, names, options, port) as running:
        for one in running:
            facts = one.deployment.facts(one.port)
            sys.stdout.write(f"{one.deployment.name}  {facts['url']}  {facts['key']}\n")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await told.wait()


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise
    return listening


def _write_world(folder: Path, running: list[Running]) -> None:
    """One rename, so that nobody reads half of it."""
    facts = {one.deployment.name: one.deployment.facts(one.port) for one in running}
    beside = folder / "world.json.part"
    beside.write_text(json.dumps({"deployments": facts}, indent=2) + "\n")
    beside.replace(folder / "world.json")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lifeboat sandbox convex", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=PORT, help="of the first deployment; 0 takes any free ones")
    add("--deployments", default="production,staging", help="their names, with commas between")
    add("--data", type=Path, help="where the data are kept; without it, nowhere")
    add("--seed", choices=seed.SIZES, default="small", help="how much there is at the first start")
    add("--seed-number", type=int, default=1, help="another number makes other rows")
    add("--staging-numbers", choices=("same", "shifted"), default="same")
    add("--encoding", choices=("uniform", "legacy"), default="uniform", help="of exports")
    add("--step-seconds", type=float, default=0.02, help="how long each state can be seen")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
