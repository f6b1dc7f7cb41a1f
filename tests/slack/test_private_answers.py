"""list, show, status, doctor and dry-run: answered at once, to whoever asked and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sandbox.slack_people import AYU, BACKUPS, CITRA, RIZAL
from tests.slack.house import House, Private, wait_for


@pytest.fixture(scope="session")
def seven_weekly(town: House) -> list[str]:
    """Seven small backups of staging, oldest first: more than a page holds; and one of no week."""
    town.backup("staging", "tables", "drafts")
    return [
        town.backup("staging", "kind", "weekly", "tables", "drafts", "label", f"week {week}")
        for week in range(1, 8)
    ]


@pytest.fixture(autouse=True)
def nothing_in_the_channel(house: House) -> Iterator[None]:
    """Holds that nobody else sees anything of a private answer, and that nothing is changed."""
    before, changed = len(house.slack.messages(BACKUPS)), house.changed()
    yield

    assert len(house.slack.messages(BACKUPS)) == before
    assert house.changed() == changed


def listed(answer: Private) -> list[str]:
    """The ids of backups in a list, in their order."""
    return re.findall(r"^`([a-z]+-\d{4}-\d\d-\d\d-\d{4}(?:-\d+)?)` ·", answer.text, re.MULTILINE)


def turned(house: House, answer: Private, person: str = RIZAL) -> str:
    """Press the one button that turns the page, and wait for the other page in its place."""
    before = answer.text
    outcome = house.press(person, answer, "list.page")
    assert outcome["outcome"] == "acked"
    return wait_for(lambda: answer.text if answer.text != before else "")


def test_the_list_is_newest_first_with_who_verified_what(house: House, seven_weekly: list[str]):
    answer = house.ask(RIZAL, "list staging kind weekly")

    assert listed(answer) == [*reversed(seven_weekly)][:5]
    assert "“week 7”" in answer.text
    assert "Page 1 of 2 · 7 backups, newest first" in answer.text


def test_earlier_and_later_turn_the_page_in_place(house: House, seven_weekly: list[str]):
    answer = house.ask(RIZAL, "list staging")
    shown = len(house.slack.ephemerals(RIZAL, BACKUPS))
    first = listed(answer)

    turned(house, answer)
    second = listed(answer)
    house.press(RIZAL, answer, "list.page", block_id=block_of(answer, "Later backups"))
    back = wait_for(lambda: listed(answer) == first)

    assert second
    assert not {*first} & {*second}
    assert back
    assert len(house.slack.ephemerals(RIZAL, BACKUPS)) == shown


def block_of(answer: Private, label: str) -> str:
    """The block in which a button of this label stands."""
    return next(
        block["block_id"]
        for block in answer.message["blocks"]
        for each in (*block.get("elements", ()), block.get("accessory") or {})
        if each.get("text", {}).get("text") == label
    )


def test_earlier_keeps_to_the_kind_that_was_asked_for(house: House, seven_weekly: list[str]):
    answer = house.ask(RIZAL, "list kind weekly")

    turned(house, answer)

    assert listed(answer) == [*reversed(seven_weekly)][5:]


def test_the_list_can_be_of_one_deployment_one_kind_and_young_ones_only(
    house: House, backup: str, seven_weekly: list[str]
):
    production = listed(house.ask(RIZAL, "list production"))
    young = listed(house.ask(RIZAL, "list production since 1h"))
    none = house.ask(RIZAL, "list production kind weekly")

    assert production
    assert young
    assert all(id_.startswith("production-") for id_ in production)
    assert "There are no such backups" in none.text


def test_a_limit_is_asked_for_in_words(house: House, seven_weekly: list[str]):
    answer = house.ask(RIZAL, "list staging limit 2000")

    assert "newest first" in answer.text


def test_show_tells_everything_about_a_backup_by_id_by_its_start_and_by_latest(
    house: House, backup: str
):
    whole = house.ask(CITRA, f"show {backup}").text
    start = backup[:-1]
    by_start = house.ask(CITRA, f"show {start}").text
    latest = house.ask(CITRA, "show latest:production").text

    assert "“of all tables”" in whole
    assert "SHA-256" in whole
    assert "waitlist/inner/counters" in whole
    fitting = [*(house.folder / "vault/backups/production").glob(f"{start}*")]
    assert (backup if len(fitting) == 1 else f"start of {len(fitting)} backups") in by_start
    assert "production" in latest


def test_show_in_the_menu_of_a_list_answers_the_presser(house: House, seven_weekly: list[str]):
    answer = house.ask(CITRA, "list staging kind weekly")
    newest = seven_weekly[-1]

    shown = house.pressed(CITRA, answer, "backup.menu", f"show {newest}")

    assert f"`{newest}`" in shown.text
    assert "“week 7”" in shown.text


def test_status_says_what_runs_and_how_each_deployment_is_covered(house: House, backup: str):
    text = house.ask(CITRA, "status").text

    assert "*production* (protected) — last good backup" in text
    assert "*Jobs:* nothing runs and nothing waits." in text


def test_status_of_one_deployment_leaves_the_others_out(house: House, backup: str):
    assert "*staging*" not in house.ask(CITRA, "status production").text


def test_doctor_looks_at_everything_and_names_what_is_missing(house: House, backup: str):
    fine = house.ask(AYU, "doctor").text
    house.production.trouble(kind="clock_skew", seconds=3600)
    late = house.ask(AYU, "doctor production").text

    assert "0 FAIL" in fine
    assert "*production reachable*" in fine
    assert "staging may be restored" in fine
    assert "WARN · *production clock*" in late
    assert "NTP" in late


def test_a_dry_run_shows_the_plan_to_whoever_asked_and_touches_nothing(house: House, backup: str):
    answer = house.ask(RIZAL, f"restore {backup} to staging dry-run")

    assert "Nothing was touched" in answer.text
    assert f"/backup restore {backup} to staging mode replace-all" in answer.text
    assert "auditLogs" in answer.text


def test_a_dry_run_of_chosen_tables_leaves_the_others_as_they_are(house: House, backup: str):
    answer = house.ask(RIZAL, f"restore {backup} to staging tables npd,sp2d dry-run")

    assert "2 replaced" in answer.text
    assert "9 kept" in answer.text
