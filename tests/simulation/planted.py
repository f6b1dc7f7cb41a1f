"""Bugs on purpose, each as a context manager: a simulation that misses one of them is no proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import msgspec

from commands import audited, backup, prune_work
from storage import copying, removal, retention, shelf
from storage.manifest import ArchiveFacts, to_json
from tests.fakes import make_manifest
from tests.simulation.world import World

Plant = Callable[[World], AbstractContextManager[None]]


@contextmanager
def manifest_first(_world: World) -> Iterator[None]:
    """`now` writes the manifest before the archive's bytes."""
    put = backup.sealing.put

    def labelled_first(kind: str, name: str, path: Any, inspection: Any, ctx: Any) -> Any:
        _, deployment, id, _ = name.split("/")
        facts = ArchiveFacts(name=name, bytes=inspection.bytes, sha256=inspection.sha256)
        label = to_json(make_manifest(deployment=deployment, id=id, archive=facts))
        ctx.first.put(shelf.manifest_name(deployment, id), [label])
        return put(kind, name, path, inspection, ctx)

    later = patch.object(shelf, "write_manifest", lambda _vault, _manifest: None)
    with patch.object(backup.sealing, "put", labelled_first), later:
        yield


@contextmanager
def prune_before_audit(_world: World) -> Iterator[None]:
    """`prune` removes, and writes its entry afterwards."""
    later: list[Callable[[], Any]] = []
    entry, remove, drop = audited.entry, removal.remove, removal.drop_bytes

    def put_off(*args: Any, **told: Any) -> None:
        later.append(lambda: entry(*args, **told))

    def after(doing: Callable[..., bool]) -> Callable[..., bool]:
        def done(*args: Any) -> bool:
            result = doing(*args)
            while later:
                later.pop()()
            return result

        return done

    with (
        patch.object(prune_work.audited, "entry", put_off),
        patch.object(removal, "remove", after(remove)),
        patch.object(removal, "drop_bytes", after(drop)),
    ):
        yield


@contextmanager
def no_fsync_of_bytes(world: World) -> Iterator[None]:
    """The folder's files are not synced before they get their names."""
    for model in world.models:
        model.disk.forgets_bytes = True
    yield


@contextmanager
def no_fsync_of_names(world: World) -> Iterator[None]:
    """The folder is not synced after a name was given or taken."""
    for model in world.models:
        model.disk.forgets_names = True
    yield


@contextmanager
def prune_ignores_holds(_world: World) -> Iterator[None]:
    """Nobody looks for holds any more: neither the plan nor the removal."""
    decide = retention.decide

    def blind(backups: Any, *rest: Any) -> Any:
        return decide([msgspec.structs.replace(each, held="") for each in backups], *rest)

    looks_not = patch.object(removal, "_held", lambda _vault, _note: False)
    with patch.object(retention, "decide", blind), looks_not:
        yield


@contextmanager
def copy_labels_first(_world: World) -> Iterator[None]:
    """A copy's manifest is written before its bytes."""
    store = copying.store

    def labelled_first(way: copying.Road) -> bool:
        name = shelf.manifest_name(way.manifest.deployment.name, way.manifest.id)
        way.to.put(name, [way.text])
        return store(way)

    with patch.object(copying, "store", labelled_first):
        yield


@contextmanager
def floor_off_by_one(_world: World) -> Iterator[None]:
    """The floor keeps one backup less than the settings say."""
    decide = retention.decide

    def lower(backups: Any, policies: Any, now: Any) -> Any:
        usual = msgspec.structs.replace(policies.usual, floor=policies.usual.floor - 1)
        return decide(backups, msgspec.structs.replace(policies, usual=usual), now)

    with patch.object(retention, "decide", lower):
        yield


@contextmanager
def bytes_go_at_once(_world: World) -> Iterator[None]:
    """The grace period of a removal is forgotten."""
    with patch.object(removal.Lying, "due", lambda each, _now, _grace: not each.whole):
        yield


BUGS: dict[str, Plant] = {
    bug.__name__: bug
    for bug in (
        manifest_first,
        prune_before_audit,
        no_fsync_of_bytes,
        no_fsync_of_names,
        prune_ignores_holds,
        copy_labels_first,
        floor_off_by_one,
        bytes_go_at_once,
    )
}
