"""Two vaults and the bot: each copy is a job with a message of its own, tried again, said aloud."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.slack_people import BACKUPS, CITRA, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage.vaults.local import LocalFolder
from tests.fakes import keep, make_manifest
from tests.slack.house import Card, House, wait_for

pytestmark = pytest.mark.slow
Worlds = tuple[World, SlackWorld]
seen: set[str] = set()  # Messages that were there before the test began.
REMOVE = "prune.confirm"
NEVER = "0 3 29 feb *"
DAY = timedelta(days=1)
SECOND = {"vaults.second": {"kind": "folder", "folder": "second"}}


@pytest.fixture
def two(worlds: Worlds, tmp_path: Path) -> Iterator[House]:
    """A bot with two vaults that waits hardly at all before it tries a copy again."""
    changes = {**SECOND, "jobs": {"stop_seconds": 1, "copy_tries": 60, "copy_retry_seconds": 0.2}}
    house = House(tmp_path / "house", *worlds, changes=changes)
    seen.clear()
    seen.update(told["ts"] for told in house.roots())
    house.bot.start()
    yield house
    house.bot.stop()
    house.slack.heal()
    for name in house.world:
        house.world[name].heal()

    assert "Traceback" not in house.log_text(), house.log_text()
    assert house.secrets_seen() == []


def copy_of(house: House, backup: str) -> Card:
    """The message of the job that copies a backup into the second vault."""

    def fresh() -> list[Card]:
        """Without those of earlier tests, whose backups may have the same id."""
        cards = house.cards_of(f"copy-second-{backup}")
        return [card for card in cards if card.ts not in seen]

    (card,) = wait_for(fresh, 30, house.log_text)
    return card


def taken(house: House, words: str = "now production tables npd") -> tuple[Card, str]:
    """Take a backup in Slack; its message, and its id."""
    card = house.job(RIZAL, words)
    assert card.ended() == "Done"
    return card, max(house.manifests())


def shut(house: House) -> None:
    """Make the second vault one that can't be used, as an unmounted disk's."""
    folder = house.folder / "second"
    if folder.is_dir():
        folder.rename(house.folder / "second-away")
    folder.write_text("not a folder")


def mend(house: House) -> None:
    (house.folder / "second").unlink()
    if (house.folder / "second-away").is_dir():
        (house.folder / "second-away").rename(house.folder / "second")


def second(house: House) -> set[str]:
    return {
        path.parent.name for path in (house.folder / "second").glob("backups/*/*/manifest.json")
    }


def test_a_backup_is_copied_by_a_job_with_a_message_of_its_own(two: House):
    card, id_ = taken(two)
    copy = copy_of(two, id_)

    assert copy.ended() == "Done"
    assert f"Copied to second: `{id_}`" in copy.text
    assert "is being copied" in card.told("SHA-256")
    assert second(two) == {id_}
    assert f"copy-second-{id_}" not in card.text


def test_a_copy_that_fails_is_told_tried_again_and_made_when_the_vault_is_mended(two: House):
    shut(two)
    card, id_ = taken(two)
    copy = copy_of(two, id_)
    told = copy.told("the copy to 'second' failed", "stands in 'local'", "is tried")

    assert "next in" in told
    assert card.state == "Done"
    mend(two)
    assert copy.ended() == "Done"
    assert second(two) == {id_}


def test_while_a_copy_waits_for_its_vault_the_next_backup_is_taken(two: House):
    shut(two)
    _, first = taken(two)
    copy_of(two, first).told("failed")
    _, later = taken(two, "now production tables users")

    assert later != first
    assert "waits" not in copy_of(two, first).text
    mend(two)
    assert [copy_of(two, id_).ended() for id_ in (first, later)] == ["Done", "Done"]
    assert second(two) == {first, later}


def test_a_copy_that_waits_can_be_cancelled(two: House):
    shut(two)
    _, id_ = taken(two)
    copy = copy_of(two, id_)
    copy.told("failed")
    two.ask(RIZAL, f"cancel copy-second-{id_}")

    assert copy.ended() == "Cancelled"
    mend(two)


def test_a_killed_bot_goes_on_with_a_copy_that_waited(two: House):
    shut(two)
    _, id_ = taken(two)
    copy = copy_of(two, id_)
    copy.told("failed")
    two.bot.kill()
    mend(two)
    two.bot.start()

    assert copy.ended() == "Done"
    assert copy.told("Picked up again")
    assert second(two) == {id_}


def test_a_copy_that_is_given_up_says_so_and_can_be_retried_by_a_button(two: House):
    two.bot.stop()
    two.write(jobs={"stop_seconds": 1, "copy_tries": 2, "copy_retry_seconds": 0.1})
    two.bot.start()
    shut(two)
    card, id_ = taken(two)
    copy = copy_of(two, id_)

    assert copy.ended() == "Failed"
    assert "can't be used" in copy.text
    assert card.state == "Done"
    mend(two)
    again = two.carded(
        copy.channel, lambda: two.press(RIZAL, copy, "job.retry", copy.buttons["job.retry"])
    )
    assert again.ended() == "Done"
    assert second(two) == {id_}


def test_list_show_and_status_say_where_each_copy_is(two: House):
    _, id_ = taken(two, "now production")
    copy_of(two, id_).ended()

    assert "local proven" in two.ask(RIZAL, "list").text
    shown = two.ask(RIZAL, f"show {id_}").text
    assert "*Copies*" in shown
    assert "second proven" in shown
    status = two.ask(RIZAL, "status").text
    assert "*production*: `3-[2]-[1]-[1]-0`" in status
    assert "missing: 2 kinds of vault" in status


def test_a_vault_that_can_not_be_reached_is_a_warning_under_the_answer(two: House):
    _, id_ = taken(two)
    copy_of(two, id_).ended()
    shut(two)
    listed = two.ask(RIZAL, "list").text
    mend(two)

    assert id_ in listed
    assert "*Warning:* The vault 'second' can't be used" in listed
    assert "no copy in second" in listed


def test_copy_and_sync_are_jobs_for_operators(two: House):
    id_ = two.do("now", "production").manifest.id
    (path,) = (two.folder / "second").glob(f"backups/*/{id_}/manifest.json")
    path.unlink()
    refused = two.ask(CITRA, "sync second").text
    would = two.ask(RIZAL, "sync second dry-run").text

    assert "for operators" in refused
    assert "This is what second would get" in would
    assert id_ in would
    card = two.job(RIZAL, f"copy {id_} to second")
    assert card.ended() == "Done"
    assert second(two) == {id_}
    shutil.rmtree(two.folder / "second" / "audit")
    synced = two.job(RIZAL, "sync second")
    assert synced.ended() == "Done"
    assert "Filled: second." in synced.text
    assert "audit log" in synced.told("second")


def test_a_copy_in_a_named_vault_is_verified_there(two: House):
    _, id_ = taken(two)
    copy_of(two, id_).ended()
    card = two.job(RIZAL, f"verify {id_} vault second")

    assert card.ended() == "Done"
    assert "in second" in card.text
    checks = sorted((two.folder / "second").glob("backups/*/*/checks/*.json"))
    assert [json.loads(path.read_text())["depth"] for path in checks] == ["manifest", "full"]


def test_the_safety_backup_of_a_restore_is_copied_too(two: House):
    _, id_ = taken(two)
    copy_of(two, id_).ended()
    card = two.job(RIZAL, f"restore {id_} to staging mode replace yes")
    assert card.ended() in ("Done", "Done, but look at it")
    (safety,) = [name for name, m in two.manifests().items() if m["kind"] == "safety"]

    assert copy_of(two, safety).ended() == "Done"
    assert safety in second(two)


def test_a_bot_on_a_new_machine_goes_on_from_the_second_vault_alone(two: House):
    _, id_ = taken(two)
    copy_of(two, id_).ended()
    two.bot.stop()
    shutil.rmtree(two.folder / "data")
    shutil.rmtree(two.folder / "vault")
    two.bot.start()
    listed = two.ask(RIZAL, "list").text

    assert "second proven" in listed
    assert "`/backup sync local`" in listed
    assert two.job(RIZAL, f"verify {id_}").ended() == "Done"
    restored = two.job(RIZAL, f"restore {id_} to staging mode replace yes")
    assert restored.ended() == "Done"
    assert two.job(RIZAL, "sync local").ended() == "Done"
    assert id_ in two.manifests()
    assert "Whole" in two.ask(RIZAL, "audit verify").text


def test_a_bot_starts_while_its_first_vault_is_out_of_reach(two: House):
    _, id_ = taken(two)
    copy_of(two, id_).ended()
    two.bot.stop()
    shutil.rmtree(two.folder / "data")
    (two.folder / "vault").rename(two.folder / "vault-away")
    (two.folder / "vault").write_text("not a folder")
    two.bot.start()

    assert id_ in two.ask(RIZAL, "list").text
    assert two.job(RIZAL, f"verify {id_} vault second").ended() == "Done"
    failed = two.job(RIZAL, f"restore {id_} to staging mode replace yes")
    assert failed.ended() == "Failed"
    assert "another vault first in the settings" in failed.text


def old_ones(house: House) -> tuple[str, str]:
    """Put a new and an old backup of staging into both vaults; their ids."""
    made = [
        make_manifest(deployment="staging", taken_at=datetime.now(UTC) - age * DAY, kind="manual")
        for age in (1, 400)
    ]
    for name, folder in (("local", "vault"), ("second", "second")):
        for manifest in made:
            keep(LocalFolder(house.folder / folder, name=name), manifest)
    return made[0].id, made[1].id


def test_a_prune_shows_and_does_each_vault_and_a_hold_is_of_every_copy(two: House):
    two.bot.stop()
    two.write(retention={"floor": 1})
    two.bot.start()
    new, old = old_ones(two)
    plan = two.ask(RIZAL, "prune staging")
    two.ask(RIZAL, f'hold {old} reason "the tax audit"')
    held = two.ask(RIZAL, "prune staging")
    two.ask(RIZAL, f'release {old} reason "the audit is over"')
    only = two.ask(RIZAL, "prune staging vault second")
    card = two.carded(BACKUPS, lambda: two.press(RIZAL, only, REMOVE))

    assert "In *local*: 1 backup stays, 1 backup would go" in plan.text
    assert f"*remove* `{old}` in second, manual" in plan.text
    assert "would go (0 bytes)" in held.text
    assert "*remove*" not in held.text
    assert card.ended() == "Done"
    assert second(two) == {new}
    assert old in two.manifests()
    both = two.ask(RIZAL, "prune staging")
    card = two.carded(BACKUPS, lambda: two.press(RIZAL, both, REMOVE))
    assert card.ended() == "Done"
    assert old not in two.manifests()
    synced = two.job(RIZAL, "sync second")
    assert synced.ended() == "Done"
    assert second(two) == {new}


def test_copies_and_prunes_can_be_scheduled(two: House):
    two.bot.stop()
    often = {"deployments": ["staging"], "cron": NEVER, "channel": BACKUPS}
    two.write(
        retention={"floor": 1},
        **{
            "schedules.copies": {"verb": "copy", "words": ["--to", "second"], **often},
            "schedules.fill": {"verb": "sync", "words": ["second"], **often},
            "schedules.tidy": {"verb": "prune", **often},
        },
    )
    two.bot.start()
    _, old = old_ones(two)
    new = two.backup("staging")  # The other two are labels without a real archive.
    for stored in (two.folder / "vault/backups/staging").iterdir():
        if stored.name not in (new, old):
            shutil.rmtree(stored)
    shutil.rmtree(two.folder / "second" / "backups")
    ended = {}
    for name in ("copies", "fill", "tidy"):
        card = two.carded(BACKUPS, lambda name=name: two.type(RIZAL, f"schedule run {name}"))
        ended[name] = card.ended()

    assert ended == {"copies": "Done", "fill": "Done", "tidy": "Done"}
    assert second(two) == {new}
    assert set(two.manifests()) & {new, old} == {new}
