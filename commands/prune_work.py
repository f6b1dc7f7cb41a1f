"""One prune of one vault: what the plan lets go is removed, each with its entry written first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from commands import audited, prune_plan
from commands.events import Noted, Warned
from commands.retention_events import BackupRemoved, Pruned
from commands.verb import Context
from storage import removal
from storage.errors import ManifestError, NotThere, VaultError
from storage.removal import Lying, Removed
from storage.retention import Decision
from storage.vaults.vault import Thaws, Vault

T = TypeVar("T")
CHANGED = "it changed after the plan was shown, and is kept"


@dataclass
class Work:
    """One prune of one vault, and how far it has come."""

    vault: Vault
    deployment: str | None
    ctx: Context
    removed: list[tuple[str, int]] = field(default_factory=list)
    spared: list[tuple[str, str]] = field(default_factory=list)
    emptied: list[tuple[str, int]] = field(default_factory=list)
    cooled: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Settle removals that were stopped half-way."""
        for each in self._lying():
            said = removal.settle(self.vault, each, self.ctx.now())
            if said:
                self.ctx.tell(Noted(said))

    def do(self, only: Collection[str]) -> Pruned:
        """Remove what the plan of this very moment lets go, as far as it was said yes to."""
        plan = prune_plan.make([self.vault], self.deployment, self.ctx, aloud=False)
        for each in plan.decisions:
            if each.keep and each.backup.id in only:
                self.spared.append((each.backup.id, f"{CHANGED}: {each.why}"))
        going = [each for each in plan.going if each.backup.id in only]
        self.ctx.step("remove", lambda: self._all(going, self._remove))
        self._removed_before_a_kill(only)
        due = [each for each in self._due() if each.removed.id in only]
        self.ctx.step("delete bytes", lambda: self._all(due, self._empty))
        if plan.cooling:
            cold = [d for d in plan.decisions if d.backup.id in plan.cooling]
            self.ctx.step("cold", lambda: self._cool([d for d in cold if d.backup.id in only]))
        self.ctx.index()
        left = [each.removed for each in self._lying() if not each.whole]
        return Pruned(
            vault=self.vault.name,
            removed=tuple(id for id, _ in self.removed),
            removed_bytes=sum(size for _, size in self.removed),
            spared=tuple(self.spared),
            bytes_gone=tuple(id for id, _ in self.emptied),
            freed_bytes=sum(size for _, size in self.emptied),
            waiting=len(left),
            waiting_bytes=sum(note.bytes for note in left),
            grace=plan.grace,
            kept=len(plan.decisions) - len(self.removed),
            cooled=tuple(self.cooled),
        )

    def _all(self, each: Sequence[T], doing: Callable[[T], None]) -> None:
        for one in each:
            self.ctx.stop_if_asked()
            doing(one)

    def _remove(self, decision: Decision) -> None:
        """Write it down, then take the label away; what somebody holds by now is kept.

        A job that is killed between the two writes the entry once more: to look for the first one
        among all of this job's entries would take longer with each.
        """
        backup, ctx = decision.backup, self.ctx
        try:
            text = removal.label_text(self.vault, backup.deployment, backup.id)
        except NotThere:
            return  # Another prune was faster.
        except ManifestError as error:
            self.spared.append((backup.id, error.what))
            return
        facts = {"kind": backup.kind, "bytes": backup.bytes, "vault": self.vault.name}
        with self._nothing_removed(backup.id):
            audited.entry(
                ctx,
                "prune.removed",
                about=backup.id,
                deployment=backup.deployment,
                why=decision.why,
                facts=facts,
            )
        note = Removed(
            id=backup.id,
            deployment=backup.deployment,
            at=ctx.now(),
            by=ctx.caller.id,
            by_name=ctx.caller.name,
            door=ctx.caller.door,
            why=decision.why,
            bytes=backup.bytes,
            job=self._job,
            manifest=text,
        )
        if removal.remove(self.vault, note):
            self.removed.append((backup.id, backup.bytes))
            ctx.tell(BackupRemoved(backup.id, decision.why))
        else:
            self.spared.append((backup.id, f"{CHANGED}: somebody holds it"))

    def _empty(self, each: Lying) -> None:
        """Write it down, then delete the bytes of a backup that was removed."""
        note = each.removed
        with self._nothing_removed(note.id):
            audited.entry(
                self.ctx,
                "prune.bytes",
                about=note.id,
                deployment=note.deployment,
                why=f"removed {note.at:%Y-%m-%d %H:%M} UTC by {note.by_name}: {note.why}",
                facts={"bytes": note.bytes, "vault": self.vault.name},
            )
        if removal.drop_bytes(self.vault, note):
            self.emptied.append((note.id, note.bytes))
        else:
            self.spared.append((note.id, "it is a backup again, and is kept"))

    def _cool(self, decisions: Sequence[Decision]) -> None:
        """Move archives to cold storage; a vault that can't is told, and nothing is lost by it."""
        vault = self.vault
        assert isinstance(vault, Thaws)  # noqa: S101 - the plan looked.
        for each in decisions:
            self.ctx.stop_if_asked()
            backup = each.backup
            try:
                vault.cool(prune_plan.archive(self.vault, backup))
            except VaultError as error:
                self.ctx.tell(Warned(f"{backup.id} stays where it is: {error.what}"))
                return
            self.cooled.append(backup.id)
            audited.afterwards(
                self.ctx,
                "prune.cooled",
                about=backup.id,
                deployment=backup.deployment,
                why=each.why,
                facts={"vault": self.vault.name},
            )

    def _removed_before_a_kill(self, only: Collection[str]) -> None:
        """Count what this very job removed before it was killed and went on."""
        known = {id for id, _ in self.removed}
        if not self._job:
            return
        for each in self._lying():
            note = each.removed
            if (
                note.job == self._job
                and not each.whole
                and note.id in only
                and note.id not in known
            ):
                self.removed.append((note.id, note.bytes))

    def _due(self) -> list[Lying]:
        now, grace = self.ctx.now(), self.ctx.rules.retention.grace
        return [each for each in self._lying() if each.due(now, grace)]

    def _lying(self) -> Iterator[Lying]:
        return prune_plan.lying(self.vault, self.deployment, self.ctx)

    @property
    def _job(self) -> str:
        return self.ctx.asking.job_id if self.ctx.asking is not None else ""

    @contextmanager
    def _nothing_removed(self, id: str) -> Iterator[None]:
        """Say what an audit log that can't be written means here."""
        try:
            yield
        except VaultError as error:
            done = len(self.removed) + len(self.emptied)
            before = f"{done:,} were done before it, each with its entry; " if done else ""
            raise type(error)(
                f"The audit log can't be written, so {id} was not removed: {error.what}",
                safe=f"{before}every other backup is as it was.",
                hint=error.hint or "Run `lifeboat doctor`, then the same again.",
            ) from error
