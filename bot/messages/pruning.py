"""What a prune would do and did, backup by backup with the reason; and what became of a hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from bot.messages.model import ActionId, Message
from bot.messages.parts import Listed, Part, Pressed, Said, button, header, listed, message, small
from bot.messages.text import at, bold, code, said, told
from bot.messages.typed import command
from bot.words import counted, size
from commands.retention_events import HoldChanged, Pruned, PruneDryRun, PrunePlan, Waiting
from storage.retention import Decision

PAGE = 15
WHY_MAX = 250
FINGERPRINT_SHOWN = 16  # Enough to tell two plans apart; the server makes the plan anew.
EVERYWHERE = "*"
CHANGED = (
    "*Not done.* What would go is not what it was when that plan was shown. This is the plan now; "
    "nothing was removed."
)


def short(fingerprint: str) -> str:
    """Return a plan's fingerprint as its button carries it."""
    return fingerprint[:FINGERPRINT_SHOWN]


def plan(plan: PrunePlan, page: int) -> Message:
    """Return one page of a plan, what goes first, with the button that has exactly it done."""
    return message(planned(plan, page))


def changed(plan: PrunePlan) -> Message:
    """Return that a plan is no longer the one that was shown, and the plan as it is now."""
    return message((Said(CHANGED), *planned(plan, 1)))


def reported(event: PruneDryRun | Pruned | HoldChanged) -> Iterator[Part]:
    """Yield all that is told of a prune or a hold."""
    match event:
        case PruneDryRun(dry):
            yield from planned(dry, 1)
        case Pruned():
            yield from pruned(event)
        case HoldChanged():
            yield from hold_changed(event)


def pruned(event: Pruned) -> Iterator[Part]:
    """Yield how a prune ended, with everything that went and everything that was kept after all."""
    for each in event.each:
        yield from _pruned(each)
    if event.failed:
        yield listed(
            lambda bad: f"• *not pruned whole:* {bold(bad[0])}: {told(bad[1], WHY_MAX)}",
            event.failed,
            "vaults",
        )


def _pruned(event: Pruned) -> Iterator[Part]:
    yield Said(_verdict(event))
    yield Said(_numbers(event))
    yield listed(lambda id: f"• removed {code(id)}", event.removed, "removed backups")
    yield listed(lambda id: f"• bytes deleted {code(id)}", event.bytes_gone, "deleted archives")
    yield listed(lambda id: f"• to cold storage {code(id)}", event.cooled, "moved backups")
    yield listed(
        lambda each: f"• kept {code(each[0])}: {said(each[1], WHY_MAX)}", event.spared, "kept ones"
    )
    if event.waiting:
        days = f"{event.grace.total_seconds() / 86_400:g} days"
        back = f"{command('hold')} <backup> reason …"
        yield small(
            f"The bytes of {counted(event.waiting, 'removed backup')} "
            f"({size(event.waiting_bytes)}) stay for {days} after the removal; until then "
            f"{code(back)} brings one back."
        )


def verdict(event: Pruned) -> str:
    """Return in a sentence for each vault what a prune came to."""
    failed = [f"NOT pruned whole: {bold(name)}." for name, _ in event.failed]
    return " ".join([*map(_verdict, event.each), *failed])


def _verdict(event: Pruned) -> str:
    if not (event.removed or event.bytes_gone or event.cooled):
        return f"Nothing had to go in {bold(event.vault)}."
    removed = counted(len(event.removed), "backup") if event.removed else "No backup"
    return f"{removed} removed from {bold(event.vault)}, {event.kept:,} kept."


def numbers(event: Pruned) -> str:
    """Return the numbers that a prune comes to, over all vaults."""
    several = len(event.each) > 1
    parts = [
        f"{said(each.vault)}: {_numbers(each)}" if several else _numbers(each)
        for each in event.each
    ]
    return "; ".join(parts)


def _numbers(event: Pruned) -> str:
    parts = [f"{size(event.removed_bytes)} removed"]
    if event.bytes_gone:
        parts.append(f"{size(event.freed_bytes)} of earlier removals deleted")
    if event.spared:
        parts.append(f"{len(event.spared):,} kept after all")
    return " · ".join(parts)


def hold_changed(event: HoldChanged) -> Iterator[Part]:
    """Yield what became of a hold."""
    match event.what:
        case "held":
            yield Said(f"*Held:* {code(event.id)} is kept until somebody releases it.")
        case "released":
            yield Said(f"*Released:* {code(event.id)} is kept no longer than the policy says.")
        case "release asked":
            until = f" by {at(event.until)}" if event.until is not None else ""
            same = f"{command('release', event.id)} reason …"
            yield Said(
                f"*Not released yet:* {code(event.id)} stays held until a second operator types "
                f"{code(same, 300)}{until}."
            )
    word = "Was held" if event.what == "released" else "Held"
    yield listed(lambda hold: f"• {word}: {said(hold, WHY_MAX)}", event.holds, "holds")
    locked = "The vault itself refuses to delete it now." if event.locked else ""
    yield small(f"{said(event.by)}: {said(event.why, WHY_MAX)}", locked)


def planned(plan: PrunePlan, page: int) -> Iterator[Part]:
    """Yield one page of a plan."""
    of = f" of {plan.deployment}" if plan.deployment else ""
    yield header(f"What a prune{of} would do")
    lines = [line for each in plan.each for line in _going(each, _where(plan, each))]
    lines += [line for each in plan.each for line in _staying(each, _where(plan, each))]
    pages = max(1, -(-len(lines) // PAGE))
    page = min(max(page, 1), pages)
    yield from (Said(_tally(each)) for each in plan.each)
    if lines:
        where = f"Page {page:,} of {pages:,}, what goes first"
        yield Said(where, menu=_turn("Back", page - 1, plan) if page > 1 else None)
    yield Listed(lines[(page - 1) * PAGE : page * PAGE], "backups on this page")
    yield small("Nothing was touched.")
    yield Pressed([_turn("More", page + 1, plan) if page < pages else None, _confirm(plan)])


def _tally(plan: PrunePlan) -> str:
    keep = len(plan.decisions) - len(plan.going)
    due = f", and the bytes of {len(plan.due):,} removed before" if plan.due else ""
    cold = f" {counted(len(plan.cooling), 'monthly')} to cold storage." if plan.cooling else ""
    return (
        f"In {bold(plan.vault)}: {counted(keep, 'backup')} {'stays' if keep == 1 else 'stay'}, "
        f"{counted(len(plan.going), 'backup')} would go ({size(plan.going_bytes)}){due}.{cold}"
    )


def _where(plan: PrunePlan, each: PrunePlan) -> str:
    """Return how a line says which vault it is about, where there are several."""
    return f" in {said(each.vault)}" if plan.more else ""


def _going(plan: PrunePlan, where: str) -> Iterator[str]:
    yield from (_decision(each, where) for each in plan.going)
    yield from (_waiting(each, where) for each in plan.due)
    yield from (f"• *cold* {code(id)}{where} to cold storage" for id in plan.cooling)


def _staying(plan: PrunePlan, where: str) -> Iterator[str]:
    yield from (_decision(each, where) for each in plan.decisions if each.keep)
    yield from (_waiting(each, where) for each in plan.waiting if not each.due)


def _decision(each: Decision, where: str) -> str:
    word = "keep" if each.keep else "*remove*"
    comma = "," if where else ""
    about = f"{code(each.backup.id)}{where}{comma} {said(each.backup.kind)}"
    return f"• {word} {about}: {told(each.short, WHY_MAX)}"


def _waiting(each: Waiting, where: str) -> str:
    about = f"{code(each.id)}{where} removed {at(each.removed_at)}"
    if each.due:
        return f"• *bytes* {about}; its bytes go now"
    return f"• gone {about}; bytes go {at(each.bytes_go_at)}"


def _confirm(plan: PrunePlan) -> ButtonElement | None:
    if not plan.anything:
        return None
    going = sum(len(each.going) for each in plan.each)
    what = counted(going, "copy", "copies") if plan.more else counted(going, "backup")
    ask = ConfirmObject(
        title=PlainTextObject(text="Remove them?"),
        text=PlainTextObject(text=_asked(plan)),
        confirm=PlainTextObject(text="Remove"),
        deny=PlainTextObject(text="Leave all of it"),
        style="danger",
    )
    label = f"Remove {what}…" if going else "Tidy up…"
    within = f"@{plan.within}" if plan.within else ""
    value = f"{plan.deployment or EVERYWHERE}{within} {short(plan.fingerprint)}"
    return button(label, ActionId.PRUNE, value, style="danger", confirm=ask)


def _asked(plan: PrunePlan) -> str:
    going = sum(len(each.going) for each in plan.each)
    due = sum(len(each.due) for each in plan.each)
    cooling = sum(len(each.cooling) for each in plan.each)
    what = counted(going, "copy", "copies") if plan.more else counted(going, "backup")
    parts: Sequence[str] = [
        f"{what} will be removed" if going else "",
        f"the bytes of {due:,} removed before will be deleted" if due else "",
        f"{cooling:,} will be moved to cold storage" if cooling else "",
    ]
    asked = ", and ".join(part for part in parts if part)
    days = f"{plan.grace.total_seconds() / 86_400:g} days"
    stay = f" What is removed can be brought back for {days}." if going and plan.grace else ""
    return f"{asked[:1].upper()}{asked[1:]}. What changes until then is kept.{stay}"


def _turn(label: str, page: int, plan: PrunePlan) -> ButtonElement | None:
    of = [plan.deployment] if plan.deployment else []
    words = " ".join([*of, "vault", plan.within] if plan.within else of) or EVERYWHERE
    return button(label, ActionId.PRUNE_PAGE, f"{page} {words}")
