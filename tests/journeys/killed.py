"""The real command, which kill -9s itself right before its n-th effect on the world outside.

    python -m tests.journeys.killed 7 restore latest --yes --json

Effects are files made and named, for a backup and a prune also removed, and the requests that
change a deployment or bring a snapshot. Run it with n = 1, 2, 3 … until it ends by itself, and
every moment has been tried.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import httpx

from bot import cli


class Life:
    """How many effects are left to live for."""

    def __init__(self, effects: int) -> None:
        self._left = effects

    def before(
        self, effect: Callable[..., Any], counts: Callable[..., bool] = lambda *_, **__: True
    ) -> Callable[..., Any]:
        """Return the effect, counted before it happens where `counts` says so."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            if counts(*args, **kwargs):
                self._left -= 1
                if not self._left:
                    os.kill(os.getpid(), signal.SIGKILL)
            return effect(*args, **kwargs)

        return counted


def makes_a_file(path: Any, flags: int = 0, *_: Any, **__: Any) -> bool:
    return bool(flags & os.O_EXCL)


def changes_or_brings(_client: Any, method: str, path: str, **__: Any) -> bool:
    return "/export/" in path or (method == "POST" and path != "/api/query")


def main(argv: list[str]) -> int:
    life = Life(int(argv[0]))
    os.open = life.before(os.open, makes_a_file)
    os.link = life.before(os.link)
    os.replace = life.before(os.replace)
    if "now" in argv or "prune" in argv:
        os.unlink = life.before(os.unlink)
    httpx.Client.stream = life.before(httpx.Client.stream, changes_or_brings)  # type: ignore[method-assign]
    return cli.main(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
