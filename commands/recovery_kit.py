"""`recovery-kit`: one page that lets a person restore with `age` and `convex`, without Lifeboat.

The secret key is never on it unless that is asked for; then it is written into a file that only its
owner can read, and shown nowhere.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commands import kit
from commands.events import Warned
from commands.key_events import KitTold
from commands.verb import Context, Option, Verb
from commands.words import read
from storage import shelf
from storage.catalog import Entry
from storage.errors import ManifestError, NotThere, Refused, SealError, SpoolError
from storage.manifest import Manifest
from storage.seal import SECRET_BEGINS, read_identities
from storage.secret import Secret
from storage.vaults.vault import ToldByHand

OPTIONS = (
    Option("out", "write it into this new file, not onto the screen", metavar="file"),
    Option("with-identity", "put the secret key at its end; only with --out, in a terminal"),
)


@dataclass(frozen=True)
class Request:
    out: str | None = None
    with_identity: bool = False


def parse(words: Sequence[str]) -> Request:
    """Read `recovery-kit [--out file] [--with-identity]`; Refused for anything else."""
    typed = read("recovery-kit", words, (), OPTIONS)
    if typed["with-identity"] and typed["out"] is None:
        raise Refused(
            "A secret key is written into a file, never onto a screen.",
            hint="Name a new file: --with-identity --out recovery-kit.txt",
        )
    return Request(typed["out"], typed["with-identity"])


def run(request: Request, ctx: Context) -> KitTold:
    """Gather what there is, and tell it or write it down; nothing else is changed."""
    if ctx.caller.door != "terminal" and request.out is not None:
        raise Refused(
            "From Slack nothing is written into files of the bot's machine.",
            hint="Type recovery-kit alone, or use a terminal there.",
        )
    made = _kit(ctx)
    # Between two lines of a Slack message there is a gap, and no phone reads a code with gaps.
    text = kit.page(made, code=ctx.caller.door == "terminal")
    if request.out is None:
        return KitTold(text, tuple(m.id for m in made.newest))
    path = Path(request.out).expanduser().absolute()
    whole = kit.with_secret(text, _secrets(ctx)) if request.with_identity else text
    _write(path, whole)
    return KitTold(text, tuple(m.id for m in made.newest), str(path), request.with_identity)


def _kit(ctx: Context) -> kit.Kit:
    ctx.look()
    found = {name: _newest(name, ctx) for name in sorted(_deployments(ctx))}
    newest = tuple(manifest for manifest in found.values() if manifest is not None)
    if not newest:
        raise Refused(
            "There is no whole backup yet that a recovery kit could tell of.",
            hint="Take one: lifeboat now",
        )
    places = tuple(
        kit.Place(vault.name, vault.by_hand())
        for vault in ctx.vaults.values()
        if isinstance(vault, ToldByHand)
    )
    if not places:
        raise Refused(f"Nobody can tell how the vault {ctx.first.name!r} is reached by hand.")
    try:
        identities = ctx.seal.identities()
    except SealError:
        identities = ()
    return kit.Kit(
        made=ctx.now(),
        host=socket.gethostname(),
        lifeboat_version=ctx.rules.lifeboat_version,
        vaults=places,
        newest=newest,
        copies={entry.id: _vaults_of(entry) for entry in ctx.catalog.backups()},
        without=tuple(name for name, manifest in found.items() if manifest is None),
        identity_file=ctx.seal.identity_file,
        opened_by=tuple(each.recipient for each in identities if each.recipient),
    )


def _vaults_of(entry: Entry) -> tuple[str, ...]:
    """Return the vaults that hold a copy nothing is known against."""
    return tuple(copy.vault for copy in entry.copies if copy.good and not copy.differs)


def _deployments(ctx: Context) -> set[str]:
    """Return every deployment of the settings, and those that only the vault knows."""
    return {*ctx.deployments, *(entry.deployment for entry in ctx.catalog.backups())}


def _newest(deployment: str, ctx: Context) -> Manifest | None:
    """Return the newest backup of a whole deployment that is no safety backup, if there is one."""
    for entry in ctx.catalog.backups(deployment, include_safety=False):
        try:
            manifest = shelf.read_manifest(ctx.vault, deployment, entry.id)
        except (ManifestError, NotThere) as error:
            ctx.tell(Warned(error.what))
            continue
        if manifest.chosen is None:
            return manifest
    return None


def _secrets(ctx: Context) -> list[Secret]:
    """Return the secret lines of the identity file."""
    ctx.seal.identities()  # Raises what is wrong with the file.
    path = ctx.seal.identity_file or Path()
    if any(identity.recipient is None for identity in read_identities(path)):
        raise Refused(
            f"{path} is an SSH key, and those are not put on a page.",
            hint="Keep a copy of the file itself beside the kit.",
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Secret(line.strip()) for line in lines if line.strip().startswith(SECRET_BEGINS)]


def _write(path: Path, text: str) -> None:
    """Make the file, for its owner's eyes only; Refused if there is one."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(file)
    except FileExistsError:
        raise Refused(
            f"There is a file {path} already, and a kit is never written over another.",
            hint="Name another file, or move that one away.",
        ) from None
    except OSError as error:
        raise SpoolError(
            f"The file {path} can't be written ({error.strerror}).",
            safe="Nothing else was touched.",
            hint="Name a file in a folder of your own.",
        ) from error


VERB = Verb(
    name="recovery-kit",
    about="Write the page that restores a backup without Lifeboat.",
    parse=parse,
    run=run,
    options=OPTIONS,
    examples=("recovery-kit", "recovery-kit --out recovery-kit.txt"),
)
