"""Backups, verifications and restores from Slack: one message each, which ends in the truth."""

from __future__ import annotations

from sandbox.slack_people import AYU, BACKUPS, BUDI, CITRA, RIZAL, dm_id
from sandbox.world import Stand
from tests.sandbox import wire
from tests.slack.house import House, wait_for


def rows(stand: Stand) -> dict[str, int]:
    """How many rows each table has."""
    return {name: count for name, count in stand.counts()["tables"].items() if count}


def confirmed(stand: Stand) -> int:
    """How many imports a yes has begun."""
    return sum(entry["began"] for entry in stand.events("import_confirmed"))


def dangling(stand: Stand) -> list[str]:
    """Imports that wait for something, or run."""
    found = wire.ask(stand, "_system/cli/queryImport:list")
    states = [row["state"]["state"] for row in found]
    return [state for state in states if state not in ("completed", "failed")]


# Backups.


def test_a_backup_is_one_message_that_ends_with_what_it_holds(house: House):
    before = set(house.manifests())
    card = house.job(RIZAL, "now")

    assert card.ended() == "Done"
    (id_,) = set(house.manifests()) - before
    assert id_ in card.text
    assert "*production* (protected) · Backup" in card.text
    assert f"Asked by <@{RIZAL}>" in card.text
    assert set(card.buttons) == {"backup.show", "backup.verify", "backup.restore"}
    assert set(card.buttons.values()) == {id_}
    assert len(house.cards_of(card.job_id)) == 1
    assert house.do("verify", id_).findings == ()


def test_the_thread_of_a_backup_has_the_report(house: House):
    card = house.job(RIZAL, "now production")
    card.ended()

    report = card.told("SHA-256")
    assert "waitlist/entries" in report
    assert "9 stored files" in report


def test_options_are_plain_words_with_curly_quotes_and_slacks_entities(house: House):
    typed = "now production tables npd,sp2d kind pre-deploy label “before A &amp; B &lt;v2&gt;”"
    card = house.job(RIZAL, typed)
    card.ended()

    manifest = house.manifests()[card.buttons["backup.show"]]
    assert manifest["label"] == "before A & B <v2>"
    assert manifest["kind"] == "pre-deploy"
    assert sorted(manifest["chosen"]) == ["npd", "sp2d"]
    assert manifest["asked"]["by"] == "Rizal Hakim"
    assert manifest["asked"]["door"] == "slack"
    assert "“before A &amp; B &lt;v2&gt;”" in card.text


def test_dashes_of_a_terminal_are_understood_too(house: House):
    card = house.job(RIZAL, "now --tables=npd --without-files --label 'it''s fine'")
    card.ended()

    assert house.manifests()[card.buttons["backup.show"]]["label"] == "its fine"


def test_a_job_is_not_begun_in_a_direct_message_where_nobody_else_sees_it(house: House):
    changed = house.changed()
    text = house.ask(AYU, "now staging", dm_id(AYU)).text

    assert "not in a direct message" in text
    assert house.changed() == changed
    assert "*Status*" in house.ask(AYU, "status", dm_id(AYU)).text


def test_a_backup_that_fails_says_what_happened_what_is_safe_and_what_to_do(house: House):
    before = set(house.manifests())
    house.production.trouble(kind="export_fails")
    card = house.job(RIZAL, "now production")

    assert card.ended() == "Failed"
    assert "*What happened:*" in card.text
    assert "*What is safe:*" in card.text
    assert "*What to do:*" in card.text
    assert set(house.manifests()) == before


def test_retry_does_the_same_again_for_whoever_presses_it(house: House):
    house.production.trouble(kind="export_fails")
    failed = house.job(RIZAL, "now production tables npd label “again, please”")
    failed.ended()

    card = house.carded(BACKUPS, lambda: house.press(BUDI, failed, "job.retry"))

    assert card.ended() == "Done"
    assert f"Asked by <@{BUDI}>" in card.text
    assert "“again, please”" in card.text
    assert failed.state == "Failed"


# Verifications.


def test_verify_reads_all_of_a_backup(house: House, backup: str):
    card = house.job(AYU, f"verify {backup}")

    assert card.ended() == "Done"
    assert f"Sound: `{backup}`" in card.text
    assert "232 documents" in card.text
    assert ": sound" in house.ask(CITRA, "list production").text


def test_verify_against_the_manifest_only_says_what_it_did_not_look_at(house: House, backup: str):
    card = house.job(AYU, f"verify {backup} against-manifest only")

    assert card.ended() == "Done"
    assert "no row was read" in card.text


def test_verify_is_a_button_of_the_backups_own_message(house: House, backup: str):
    card = house.job(RIZAL, "now production tables npd")
    card.ended()

    looked = house.carded(BACKUPS, lambda: house.press(BUDI, card, "backup.verify"))

    assert looked.ended() == "Done"
    assert f"Asked by <@{BUDI}>" in looked.text


def test_an_archive_that_was_changed_is_not_sound(house: House):
    id_ = house.backup("staging", "label", "to be spoiled")
    archive = house.folder / "vault" / house.manifests()[id_]["archive"]["name"]
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 1
    archive.chmod(0o600)
    archive.write_bytes(whole)

    card = house.job(RIZAL, f"verify {id_}")

    assert card.ended() == "Done, but look at it"
    assert f"NOT SOUND: `{id_}`" in card.text
    assert "DAMAGE" in card.told("DAMAGE")
    assert "backup.restore" not in card.buttons


# Restores.


def test_a_restore_is_asked_in_a_form_that_the_button_opens(house: House, backup: str):
    card = house.job(RIZAL, f"verify {backup} against-manifest only")
    card.ended()
    house.press(RIZAL, card, "backup.restore")
    form = wait_for(lambda: house.slack.view(RIZAL))

    restored = house.carded(BACKUPS, lambda: house.slack.submit(RIZAL, form, {"target": "staging"}))

    assert restored.ended() == "Done"
    assert "*staging* · Restore of" in restored.text
    assert "holds what was promised" in restored.text
    assert rows(house.staging) == rows(house.production)
    assert restored.told("Plan: restore", backup)
    assert restored.told("Safety backup")


def test_a_typed_restore_opens_the_form_filled_in_and_nothing_begins_before_it_is_sent(
    house: House, backup: str
):
    roots, changed = house.job_messages(), house.changed()
    outcome = house.type(RIZAL, f"restore {backup} to staging tables npd,sp2d mode append")
    form = wait_for(lambda: house.slack.view(RIZAL))
    values = form["state"]["values"]
    house.slack.close(RIZAL, form)

    assert outcome["outcome"] == "acked"
    assert values["target"]["target"]["selected_option"]["value"] == "staging"
    assert values["mode"]["mode"]["selected_option"]["value"] == "append"
    assert values["tables"]["tables"]["value"] == "npd,sp2d"
    assert (house.job_messages(), house.changed()) == (roots, changed)


def test_the_list_has_restore_in_its_menu(house: House, backup: str):
    answer = house.ask(RIZAL, "list production limit 500")
    ids = [each["value"] for each in answer.elements["backup.menu"]["options"]]
    house.press(RIZAL, answer, "backup.menu", next(id_ for id_ in ids if "restore" in id_))

    form = wait_for(lambda: house.slack.view(RIZAL))
    house.slack.close(RIZAL, form)

    assert form["title"]["text"] == "Restore a backup"


def test_the_form_takes_tables_and_a_mode(house: House, backup: str):
    house.staging.mutate("npd", "delete", 5)
    house.staging.mutate("sp2d", "insert", 3)
    before = rows(house.staging)
    house.type(RIZAL, f"restore {backup} to staging")
    form = wait_for(lambda: house.slack.view(RIZAL))
    told = {"target": "staging", "mode": "replace", "tables": "npd"}

    card = house.carded(BACKUPS, lambda: house.slack.submit(RIZAL, form, told))

    assert card.ended() == "Done"
    assert rows(house.staging) == before | {"npd": rows(house.production)["npd"]}


def test_tables_that_the_backup_does_not_have_are_refused_to_whoever_sent_the_form(
    house: House, backup: str
):
    roots, changed = house.job_messages(), house.changed()
    house.type(RIZAL, f"restore {backup} to staging")
    form = wait_for(lambda: house.slack.view(RIZAL))
    answer = house.answered(
        RIZAL,
        BACKUPS,
        lambda: house.slack.submit(RIZAL, form, {"target": "staging", "tables": "nope --yes"}),
    )

    assert "no table 'nope'" in answer.text or "does not understand" in answer.text
    assert (house.job_messages(), house.changed()) == (roots, changed)


def test_a_protected_deployment_is_not_restored_without_saying_why(house: House, backup: str):
    changed = house.changed()
    text = house.ask(RIZAL, f"restore {backup} to production yes").text

    assert "To restore production you have to say why" in text
    assert house.changed() == changed


def test_nobody_restores_a_protected_deployment_alone(house: House, backup: str):
    house.job(RIZAL, f"restore {backup} to staging yes").ended()
    changed = house.changed()
    card = house.job(RIZAL, f'restore {backup} to production reason "rows are gone" yes')

    assert card.ended() == "Failed"
    assert "other than you have to approve this" in card.text
    assert "Nobody was asked" in card.text
    assert house.changed() == changed
    assert confirmed(house.production) == 0


# Stopping.


def stuck(stand: Stand) -> None:
    """Have the next export of it stand still until the trouble is healed."""
    stand.trouble(kind="export_stuck")


def test_cancel_is_a_button_and_nothing_of_the_backup_stays(house: House):
    before = set(house.manifests())
    stuck(house.production)
    card = house.job(RIZAL, "now production")
    card.until("Running")

    answer = house.pressed(AYU, card, "job.cancel")

    assert card.job_id in answer.text
    assert card.ended() == "Cancelled"
    assert set(house.manifests()) == before
    assert "job.cancel" not in card.buttons


def test_cancel_can_be_typed_with_the_start_of_the_id(house: House):
    stuck(house.production)
    card = house.job(RIZAL, "now production")
    card.until("Running")

    answer = house.ask(AYU, f"cancel {card.job_id[:-2]}")

    assert f"Asked to stop: `{card.job_id}`" in answer.text
    assert card.ended() == "Cancelled"


def test_a_waiting_job_that_is_cancelled_never_begins(house: House):
    stuck(house.production)
    first = house.job(RIZAL, "now production")
    first.until("Convex is making the snapshot")  # Of one second's, either may come first.
    exports = house.exports()
    second = house.job(BUDI, "now production label second")

    answer = house.ask(BUDI, f"cancel {second.job_id}")

    house.production.heal()

    assert f"Cancelled: `{second.job_id}` had not begun" in answer.text
    assert second.ended() == "Cancelled"
    assert first.ended() == "Done"
    assert house.exports() == exports
    assert not [m for m in house.manifests().values() if m["label"] == "second"]


def test_a_restore_that_is_cancelled_before_its_confirm_leaves_the_target_as_it_was(
    house: House, backup: str
):
    before, begun = rows(house.staging), confirmed(house.staging)
    stuck(house.staging)
    card = house.job(RIZAL, f"restore {backup} to staging yes")
    card.until("Convex is making the snapshot")

    house.ask(RIZAL, f"cancel {card.job_id}")

    assert card.ended() == "Cancelled"
    assert "staging is as it was" in card.text
    assert rows(house.staging) == before
    assert confirmed(house.staging) == begun
    assert dangling(house.staging) == []


def test_a_restore_whose_import_is_confirmed_goes_on_and_says_so(house: House, backup: str):
    house.staging.trouble(kind="import_slow", seconds=0.4)
    card = house.job(RIZAL, f"restore {backup} to staging yes")
    card.until("Too late to cancel")

    answer = house.ask(RIZAL, f"cancel {card.job_id}")

    assert "goes on to its end" in answer.text
    assert card.ended() == "Done"
    assert "holds what was promised" in card.text


def test_cancelling_twice_is_fine(house: House):
    stuck(house.production)
    card = house.job(RIZAL, "now production")
    card.until("Running")
    house.ask(RIZAL, f"cancel {card.job_id}")
    again = house.ask(AYU, f"cancel {card.job_id}")

    assert card.job_id in again.text
    assert card.ended() == "Cancelled"
