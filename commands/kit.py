"""The recovery kit's words: how a person without Lifeboat finds, opens and restores a backup.

Pure: facts in, one page of text out. Every line that begins with `    $ ` is a command that works
as it stands; tests/journeys/test_recovery_kit.py takes them out of the page and runs them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from commands.kit_code import drawn
from storage.manifest import Manifest
from storage.secret import Secret
from storage.shelf import BACKUPS, folder_name
from storage.vaults.vault import ByHand

RUN = "    $ "
IDENTITY_NAME = "lifeboat.identity"
CUT = "-" * 24 + " secret: whoever reads this opens every archive " + "-" * 24


@dataclass(frozen=True)
class Place:
    """One vault: what the settings call it, and how a person reaches it."""

    name: str
    by_hand: ByHand


@dataclass(frozen=True)
class Kit:
    """All that the page tells; `newest` holds one backup for each deployment that has one."""

    made: datetime
    host: str
    lifeboat_version: str
    vaults: tuple[Place, ...]
    newest: tuple[Manifest, ...]
    without: tuple[str, ...] = ()  # Deployments that have no whole backup.
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # Vaults, by backup's id.
    identity_file: Path | None = None
    opened_by: tuple[str, ...] = ()  # Public keys whose identities the file holds.

    @property
    def first(self) -> Place:
        """The vault that is written to."""
        return self.vaults[0]

    def places(self, manifest: Manifest) -> list[Place]:
        """Return where a backup lies, in the order of preference."""
        names = self.copies.get(manifest.id, ())
        return [place for place in self.vaults if place.name in names] or [self.first]

    @property
    def sealed_for(self) -> tuple[str, ...]:
        """Every public key that one of the newest backups is sealed for."""
        sealed = [m.archive.sealed.recipients for m in self.newest if m.archive.sealed]
        return tuple(dict.fromkeys(key for keys in sealed for key in keys))


def page(kit: Kit, *, code: bool = False) -> str:
    """Return the page; `code`: with a QR code of places and public keys, for paper."""
    return "\n".join((*_lines(kit), *(_code(kit) if code else ()))) + "\n"


def with_secret(text: str, identities: Sequence[Secret]) -> str:
    """Return the page with the secret keys at its end, to be kept as a secret is."""
    return "\n".join((text, CUT, *(each.reveal() for each in identities), CUT, ""))


def _lines(kit: Kit) -> Iterator[str]:
    stamp = f"{kit.made:%Y-%m-%d %H:%M} UTC"
    yield f"LIFEBOAT RECOVERY KIT, made {stamp} on {kit.host} by Lifeboat {kit.lifeboat_version}"
    yield ""
    yield "For the day on which Lifeboat is gone. You need a terminal and two programs that have"
    yield "nothing to do with it: age (age-encryption.org, apt-get or brew install age) and"
    yield "Convex's own command (npx convex; go into a project's folder where it is installed)."
    yield ""
    yield "1. WHERE THE BACKUPS LIE"
    for place in kit.vaults:
        yield f"   Vault {place.name}: {place.by_hand.what}, seen from {kit.host}."
    yield f"   In it each backup is a folder, {BACKUPS}/<deployment>/<backup id>/, and in that"
    yield "   manifest.json tells what it is (without it the backup is not whole: leave it alone)"
    yield "   and archive.zip.age (or archive.zip, if it was not sealed) is the data."
    yield ""
    yield from _identity(kit)
    yield ""
    yield "3. SAY WHERE THINGS ARE, once in the terminal you use"
    yield f"{RUN}export VAULT={shlex.quote(kit.first.by_hand.root)}"
    for place in kit.vaults[1:]:
        root = shlex.quote(place.by_hand.root)
        yield f"   If {kit.first.name} is lost, {place.name} holds copies: export VAULT={root}"
    if kit.sealed_for:
        yield f"{RUN}export IDENTITY={IDENTITY_NAME}"
    yield "   Into which deployment: its URL and its deploy key (dashboard), or its admin key."
    yield "   EVERYTHING IN IT IS REPLACED. A fresh deployment is the safe choice."
    yield f"{RUN}export CONVEX_URL=https://<name>.convex.cloud"
    yield f"{RUN}export CONVEX_KEY='<deploy key>'"
    yield ""
    yield "4. RESTORE THE NEWEST BACKUP OF …"
    for manifest in kit.newest:
        yield from _restore(manifest, kit)
    for name in kit.without:
        yield f"   {name}: it had no whole backup when this page was made."
    yield ""
    yield from _newer(kit)


def _code(kit: Kit) -> Iterator[str]:
    yield ""
    yield "6. TO SCAN FROM PAPER: where the backups lie, and the public keys; no secret is in it"
    places = (f"{place.name}: {place.by_hand.root}" for place in kit.vaults)
    yield from drawn("\n".join(("Lifeboat", *places, *kit.sealed_for)))


def _identity(kit: Kit) -> Iterator[str]:
    yield "2. WHAT OPENS THEM"
    if not kit.sealed_for:
        yield "   Nothing is needed: these backups are not sealed."
        return
    yield "   The identity (secret key) of any ONE of these public keys:"
    for key in kit.sealed_for:
        here = " <- in the identity file below" if key in kit.opened_by else ""
        yield f"      {key}{here}"
    if kit.identity_file is not None:
        yield f"   On {kit.host} the identity file is {kit.identity_file}"
    yield "   It is not on this page, unless it stands at the end between two dashed lines: then"
    yield f"   put what is between them into a file called {IDENTITY_NAME}."


def _restore(manifest: Manifest, kit: Kit) -> Iterator[str]:
    archive, id_ = manifest.archive, manifest.id
    place, *others = kit.places(manifest)
    leaf = archive.name.rpartition("/")[2]
    taken = f"{manifest.snapshot.taken_at:%Y-%m-%d %H:%M} UTC"
    contents = manifest.contents
    yield f"   {manifest.deployment.name}, as it was {taken}: {id_},"
    held = f"{contents.documents:,} documents in {len(contents.tables)} tables"
    yield f"   {held}, {contents.files:,} files"
    yield f"{RUN}{_copied(place, archive.name, leaf, kit)}"
    for other in others:
        yield f"   (also in {other.name}: {_copied(other, archive.name, leaf, kit)})"
    yield f'{RUN}echo "{archive.sha256}  {leaf}" | sha256sum -c'
    if archive.sealed is not None:
        yield f'{RUN}age -d -i "$IDENTITY" -o {id_}.zip {leaf}'
        yield f'{RUN}echo "{archive.zip_sha256}  {id_}.zip" | sha256sum -c'
    else:
        yield f"{RUN}mv {leaf} {id_}.zip"
    mode = "--replace-all" if manifest.chosen is None else "--replace"
    yield (
        f'{RUN}npx convex import {mode} -y {id_}.zip --url "$CONVEX_URL" --admin-key "$CONVEX_KEY"'
    )
    yield f"{RUN}rm -f {leaf} {id_}.zip"
    yield ""


def _copied(place: Place, name: str, leaf: str, kit: Kit) -> str:
    """Return the command that brings an archive here from one vault."""
    by_hand = place.by_hand
    if place is kit.first:
        return f'{by_hand.copy} "$VAULT/{name}" {leaf}'
    return f"{by_hand.copy} {shlex.quote(f'{by_hand.root}/{name}')} {leaf}"


def _newer(kit: Kit) -> Iterator[str]:
    by_hand = kit.first.by_hand
    yield "5. A NEWER BACKUP THAN THIS PAGE KNOWS: ids sort by time, so the last is the newest"
    for name in (*(m.deployment.name for m in kit.newest), *kit.without):
        yield f'{RUN}{by_hand.list} "$VAULT/{folder_name(name, "")[:-1]}"'
    yield '   Do with it as in 4. Its hashes stand in its manifest.json under "archive". If'
    yield '   "chosen" there is not null it holds those tables only: write --replace then, because'
    yield "   --replace-all would delete all other tables."
    yield "   Not in a backup: code, environment variables, auth settings. Deploy the code, too."
