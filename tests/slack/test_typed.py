"""What people type and press, and what they get: the real bot, over real sockets."""

from __future__ import annotations

import json

import pytest

from sandbox.slack_people import AYU, BACKUPS, RIZAL
from tests.slack.house import House, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def backup(house: House) -> str:
    card = house.job(RIZAL, "now production label “before the migration” tables npd,sp2d")
    assert card.ended() == "Done"
    card = house.job(RIZAL, "now production")
    assert card.ended() == "Done"
    return sorted(house.manifests())[-1]


def test_a_backup_is_taken_and_told_in_one_message(house: House):
    card = house.job(RIZAL, "now")
    state = card.ended()
    card.told("Backup taken")

    assert state == "Done"
    assert "232 documents in 11 tables" in card.text
    assert len(house.cards_of(card.job_id)) == 1


def test_options_are_plain_words_and_curly_quotes_are_quotes(house: House):
    first = sorted(house.manifests().values(), key=lambda manifest: manifest["asked"]["at"])[0]

    assert first["label"] == "before the migration"
    assert first["chosen"] == ["npd", "sp2d"]
    assert {table["name"] for table in first["contents"]["tables"]} == {"npd", "sp2d"}


def test_entities_are_what_was_typed(house: House):
    card = house.job(RIZAL, 'now staging label "a &amp; b &lt;c&gt;" tables npd')
    card.ended()

    assert "a & b <c>" in {manifest["label"] for manifest in house.manifests().values()}


def test_a_label_can_not_mention_or_link_anywhere(house: House):
    mark = house.mark()
    card = house.job(RIZAL, 'now staging tables npd label "<!channel> <https://evil.example|ok>"')
    card.ended()
    sent = json.dumps([call["request"] for call in house.calls("chat.postMessage", mark)])
    sent += json.dumps([call["request"] for call in house.calls("chat.update", mark)])

    assert "<!channel>" not in sent
    assert "<https://evil" not in sent


def test_list_shows_backups_with_a_menu_each(house: House):
    told = house.ask(RIZAL, "list")

    assert "newest first" in told.text
    assert "Verified" in told.text
    assert "backup.menu" in told.elements


def test_show_tells_all_about_one_backup(house: House, backup: str):
    told = house.ask(RIZAL, f"show {backup}")

    assert backup in told.text
    assert "auditLogs" in told.text


def test_show_from_the_menu_is_the_same(house: House, backup: str):
    listed = house.ask(RIZAL, "list")
    told = house.pressed(RIZAL, listed, "backup.menu", f"show {backup}")

    assert backup in told.text


def test_verify_reads_everything_and_says_what_it_looked_at(house: House, backup: str):
    card = house.job(RIZAL, f"verify {backup}")
    state = card.ended()

    assert state == "Done"
    assert "232 documents" in card.told("Sound")


def test_a_typed_restore_asks_in_a_form_that_is_filled_in(house: House, backup: str):
    exports = house.exports()
    house.type(RIZAL, f"restore {backup} to staging tables npd,users mode merge")
    view = wait_for(lambda: house.slack.view(RIZAL))
    inputs = {block["block_id"]: block["element"] for block in view["blocks"] if "element" in block}
    house.slack.close(RIZAL, view)

    assert inputs["target"]["initial_option"]["value"] == "staging"
    assert inputs["mode"]["initial_option"]["value"] == "merge"
    assert inputs["tables"]["initial_value"] == "npd,users"
    assert house.exports() == exports


def test_a_restore_from_the_button_through_its_form(house: House, backup: str):
    card = house.job(RIZAL, f"verify {backup}")
    card.ended()
    listed = house.ask(RIZAL, "list")
    house.press(RIZAL, listed, "backup.menu", f"restore {backup}")
    view = wait_for(lambda: house.slack.view(RIZAL))
    restored = house.carded(BACKUPS, lambda: house.slack.submit(RIZAL, view, {}))
    state = restored.ended()

    assert state == "Done"
    assert "holds what was promised" in restored.text
    assert "To undo" in restored.text
    assert house.staging.counts()["tables"]["npd"] == 40


def test_a_dry_run_shows_the_plan_and_touches_nothing(house: House, backup: str):
    changed = house.changed()
    told = house.ask(RIZAL, f"restore {backup} to staging dry-run")

    assert "Nothing was touched" in told.text
    assert house.changed() == changed


def test_status_says_what_covers_each_deployment(house: House):
    told = house.ask(RIZAL, "status")

    assert "production" in told.text
    assert "nothing runs and nothing waits" in told.text


def test_doctor_looks_from_slack_too(house: House):
    assert "OK" in house.ask(RIZAL, "doctor").text


def test_help_names_every_verb_with_examples(house: House):
    told = house.ask(RIZAL, "help")
    one = house.ask(RIZAL, "help now")

    assert all(f"/backup {verb}" in told.text for verb in ("now", "list", "restore", "cancel"))
    assert "tables npd,sp2d" in one.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lst", "/backup list"),
        ("now prodution", "Did you mean 'production'"),
        ("now production kind dayly", "kind"),
        ('now label "unfinished', "quote"),
        ("verify nothing-like-it", "no backup"),
        ("list since yesterday", "length of time"),
        ("restore latest:production to nowhere yes", "no deployment called"),
        ("cancel now-production-zzzzzz", "no open job"),
        ("now production --tabels npd", "tables"),
    ],
)
def test_bad_input_gets_a_private_answer_and_starts_nothing(house: House, typed: str, said: str):
    exports, roots = house.exports(), len(house.roots())
    told = house.ask(RIZAL, typed)

    assert said in told.text.replace("’", "'")
    assert (house.exports(), len(house.roots())) == (exports, roots)


def test_the_same_wish_of_two_people_is_two_jobs_and_the_second_waits_its_turn(house: House):
    house.production.trouble(kind="export_slow", seconds=2.0)
    first = house.job(RIZAL, "now production tables npd")
    second = house.job(AYU, "now production tables npd")
    second.until("In the queue")
    states = first.ended(), second.ended()

    assert states == ("Done", "Done")
    assert first.job_id != second.job_id


def test_a_running_job_is_cancelled_by_its_button(house: House):
    house.production.trouble(kind="export_slow", seconds=30.0)
    card = house.job(RIZAL, "now production tables npd")
    wait_for(lambda: "job.cancel" in card.buttons)
    backups = len(house.manifests())
    house.press(RIZAL, card, "job.cancel")
    state = card.ended()
    house.production.heal()
    house.idle()

    assert state == "Cancelled"
    assert len(house.manifests()) == backups


def test_a_terminal_sees_the_bots_jobs_and_can_cancel_them(house: House):
    house.staging.trouble(kind="export_slow", seconds=30.0)
    card = house.job(RIZAL, "now staging tables npd")
    card.until("Running")
    seen = house.terminal("status")
    asked = house.terminal("cancel", card.job_id)
    state = card.ended()
    house.staging.heal()
    house.idle()

    assert card.job_id in seen.stdout
    assert asked.returncode == 0
    assert state == "Cancelled"


def test_no_token_and_no_key_is_in_the_log_or_in_any_message(house: House):
    everything = house.log_text() + json.dumps(house.slack.messages(BACKUPS))
    secrets = [house.slack.bot_token, house.slack.app_token, house.slack.signing_secret]
    secrets += [house.world[name].key.partition("|")[2] for name in house.world]

    assert not [secret for secret in secrets if secret in everything]
    assert "Traceback" not in house.log_text()
