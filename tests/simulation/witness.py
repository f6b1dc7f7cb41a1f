"""The one who was told what is safe, and looks at every delete and at what lies there afterwards.

He reads the vaults' own bytes, past every fault, and decides by rules of his own, written apart
from the code that he watches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.disk import ModelFolder

Of = tuple[str, str]  # A vault and an id.

_READ: dict[bytes, dict[str, Any]] = {}  # Manifests by their bytes; the same ones come again.


class Broken(AssertionError):
    """A promise was broken. Nothing that Lifeboat catches."""


@dataclass
class Witness:
    """What was said to be whole, held, removed; `floor` and `grace` are the settings'."""

    vaults: list[ModelFolder]
    now: Callable[[], datetime]
    floor: int
    grace: timedelta
    whole: set[Of] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    held_since: list[frozenset[str]] = field(default_factory=list)  # By process, the inner last.
    removed: dict[Of, int] = field(default_factory=dict)  # With the number of its entry.
    used: set[tuple[str, int]] = field(default_factory=set)
    hashes: dict[bytes, str] = field(default_factory=dict)
    looked: int = 0
    lied_to: bool = False  # By vaults that say durable what is not: no order of writes helps then.

    def before_delete(self, vault: ModelFolder, name: str) -> None:
        """Judge one delete right before it is done."""
        parts = name.split("/")
        if parts[0] == "audit":
            raise Broken(f"{name} was deleted from {vault.name}: an entry of the audit log")
        if parts[0] != "backups":
            return
        if parts[3] == "manifest.json":
            self._label_goes(vault, name, parts[2])
        elif parts[3].startswith("archive.zip"):
            self._bytes_go(vault, name, parts[2])
        elif parts[3] == "holds":
            self._never_held(vault, name, parts[2])

    def look(self) -> None:
        """Look at everything that lies in the vaults now."""
        for vault in self.vaults:
            listed = set()
            for id, label in self.labels(vault):
                self.looked += 1
                archive = vault.bytes_of(label["archive"]["name"])
                if archive is None or self._sha256(archive) != label["archive"]["sha256"]:
                    raise Broken(
                        f"{id} is listed in {vault.name}, and its archive is "
                        f"{'not there' if archive is None else 'torn'}"
                    )
                listed.add(id)
            for name, id in sorted(self.whole):
                if name != vault.name or id in listed or (name, id) in self.removed:
                    continue
                raise Broken(f"{id} was reported whole in {name}, and is not there any more")
            for id in listed:
                self.removed.pop((vault.name, id), None)

    def labels(self, vault: ModelFolder) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the id and manifest of every backup that is there."""
        for name in vault.names():
            parts = name.split("/")
            if parts[0] == "backups" and parts[3] == "manifest.json":
                text = vault.bytes_of(name) or b""
                try:
                    label = _READ.get(text) or json.loads(text)
                except ValueError:
                    raise Broken(f"{name} in {vault.name} is torn") from None
                yield parts[2], _READ.setdefault(text, label)

    def entries(self, what: str, id: str, vault: ModelFolder) -> list[int]:
        """Return the numbers of entries about it that would survive a power cut right now."""
        first = self.vaults[0]
        found = []
        for name in first.names():
            if not name.startswith("audit/"):
                continue
            text = first.disk.durable(f"{first.name}/{name}")
            if text is None or what.encode() not in text or id.encode() not in text:
                continue
            entry = json.loads(text)
            where = entry["facts"].get("vault")
            if (entry["what"], entry["about"], where) == (what, id, vault.name):
                found.append(entry["number"])
        return found

    def _label_goes(self, vault: ModelFolder, name: str, id: str) -> None:
        label = json.loads(vault.bytes_of(name) or b"")
        if vault.bytes_of(label["archive"]["name"]) is None:
            return  # Its writer takes it back: a sweep took the archive meanwhile.
        self._never_held(vault, name, id)
        note = vault.disk.durable(f"{vault.name}/{_folder(name)}/removed.json")
        if id in self._floor(vault):
            raise Broken(f"{id} was removed from {vault.name}, one of the floor of {self.floor}")
        if self.lied_to:
            self.removed[vault.name, id] = 0
            return
        if note is None or json.loads(json.loads(note)["manifest"]) != label:
            raise Broken(f"{id} was removed from {vault.name} without a note of what it was")
        numbers = [n for n in self.entries("prune.removed", id, vault) if (id, n) not in self.used]
        if not numbers:
            raise Broken(f"{id} was removed from {vault.name} before the audit log says so")
        self.used |= {(id, number) for number in numbers}
        self.removed[vault.name, id] = max(numbers)

    def _bytes_go(self, vault: ModelFolder, name: str, id: str) -> None:
        self._never_held(vault, name, id)
        label = vault.bytes_of(f"{_folder(name)}/manifest.json")
        note = vault.bytes_of(f"{_folder(name)}/removed.json")
        if label is not None:
            right = json.loads(label)["archive"]["sha256"]
            if self._sha256(vault.bytes_of(name) or b"") == right:
                raise Broken(f"the archive of {id} was deleted from {vault.name} under its label")
            return
        if note is None:
            if (vault.name, id) in self.whole and (vault.name, id) not in self.removed:
                raise Broken(f"the archive of {id}, reported whole, was deleted from {vault.name}")
            return
        if self.lied_to:
            return
        if vault.disk.durable(f"{vault.name}/{_folder(name)}/manifest.json") is not None:
            raise Broken(f"the archive of {id} was deleted before its label's going was durable")
        told = datetime.fromisoformat(json.loads(note)["at"])
        if self.now() - told < self.grace:
            raise Broken(f"the bytes of {id} were deleted from {vault.name} within the grace")
        if not self.entries("prune.bytes", id, vault):
            raise Broken(f"the bytes of {id} were deleted before the audit log says so")

    def _never_held(self, vault: ModelFolder, name: str, id: str) -> None:
        since = self.held_since[-1] if self.held_since else frozenset(self.held)
        label = name.endswith("manifest.json")  # It may come back; bytes and holds never do.
        if id in self.held and (id in since or not label):
            raise Broken(f"{name} was deleted from {vault.name}, and {id} is held")

    def _floor(self, vault: ModelFolder) -> set[str]:
        """Return the newest proven backups; everything here is taken of one deployment."""
        counted = []
        for id, label in self.labels(vault):
            damaged = any(f.get("severity", "damage") == "damage" for f in _findings(label))
            if damaged or label["kind"] == "safety" or label.get("chosen") is not None:
                continue
            if vault.bytes_of(label["archive"]["name"]) is None:
                continue
            counted.append((label["snapshot"]["timestamp_ns"], len(id), id))
        return {id for _, _, id in sorted(counted, reverse=True)[: self.floor]}

    def _sha256(self, body: bytes) -> str:
        if body not in self.hashes:
            self.hashes[body] = hashlib.sha256(body).hexdigest()
        return self.hashes[body]


def _findings(label: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = label["check"].get("findings", [])
    return found


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
