"""Lists, one backup, the standing, help, the doctor and small answers."""

from __future__ import annotations

import pytest

from bot.messages import answers, doctor, helping, listing, shown, standing
from bot.messages.model import ActionId, Message
from commands import VERBS, events
from commands.standings import DeploymentStanding
from storage.errors import ExportInProgress, Refused
from tests.bot import terminal_events as made
from tests.bot.messages import facts, inspected
from tests.bot.messages.facts import listed
from tests.bot.terminal_events import ID, NOW


def menus(message: Message) -> list[dict]:
    found = [block.get("accessory", {}) for block in message.blocks]
    return [each for each in found if each.get("type") == "overflow"]


def turns(message: Message) -> dict[str, str]:
    """Return the label and value of each button that turns a page, wherever it stands."""
    pressed = [*inspected.buttons(message), *(b.get("accessory", {}) for b in message.blocks)]
    return {
        each["text"]["text"]: each["value"]
        for each in pressed
        if each.get("action_id") == ActionId.LIST_PAGE
    }


def test_a_page_holds_five_backups_each_with_its_menu():
    message = listing.page(listed(12), 1, "production")

    assert len(menus(message)) == 5
    assert [each["value"] for each in menus(message)[0]["options"]] == [
        f"show {ID}",
        f"verify {ID}",
        f"restore {ID}",
    ]
    assert {each["action_id"] for each in menus(message)} == {ActionId.BACKUP_MENU}


@pytest.mark.parametrize(
    ("page", "turning"),
    [
        (1, {"Earlier backups": "2 production"}),
        (2, {"Later backups": "1 production", "Earlier backups": "3 production"}),
        (3, {"Later backups": "2 production"}),
        (0, {"Earlier backups": "2 production"}),
        (99, {"Later backups": "2 production"}),
    ],
)
def test_pages_are_turned_and_never_past_the_ends(page: int, turning: dict[str, str]):
    assert turns(listing.page(listed(12), page, "production")) == turning


def test_a_list_of_all_deployments_turns_to_a_star():
    assert turns(listing.page(listed(6), 1, None)) == {"Earlier backups": "2 *"}


def test_a_backup_in_a_list_tells_all_that_a_person_chooses_by():
    text = listing.page(
        events.BackupsListed((made.entry(label="before <all>", kind="pre-deploy"),), NOW), 1, None
    ).text

    assert f"`{ID}` · *production* · pre-deploy" in text
    assert "“before &lt;all&gt;”" in text
    assert "3 h ago · 1.2 MB, plain · 210 documents in 2 tables, 1 stored file" in text
    assert "Verified 3 h ago by rizal: sound" in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verified_at": None}, "NEVER verified"),
        ({"verified_findings": 2}, "Look at it: 2 findings when verified 3 h ago by rizal"),
        ({"verified_by": None}, "Verified 3 h ago: sound"),
    ],
)
def test_how_a_backup_was_verified_is_told_in_words(changes: dict, told: str):
    assert told in listing.page(events.BackupsListed((made.entry(**changes),), NOW), 1, None).text


def test_an_empty_list_says_what_to_type():
    assert "`/backup now production`" in listing.page(listed(0), 1, "production").text
    assert "`/backup now`" in listing.page(listed(0), 1, None).text


def test_a_manifest_that_can_not_be_read_is_named():
    unreadable = (("backups/production/x/manifest.json", "It is not JSON."),) * 8
    text = listing.page(listed(0, unreadable=unreadable), 1, None).text

    assert "No backup here can be read" in text
    assert "*Can't be read:* `backups/production/x/manifest.json`: It is not JSON." in text
    assert "… and 3 more that can't be read" in text


def test_backups_that_a_limit_left_out_are_counted_on_the_last_page():
    assert "7 older ones" not in listing.page(listed(12, more=7), 1, None).text
    assert (
        "… and 7 older ones: `/backup list limit 19`"
        in listing.page(listed(12, more=7), 3, None).text
    )


def test_a_shown_backup_can_be_verified_and_restored():
    message = shown.backup(events.BackupShown(made.manifest(), (), "local", NOW))

    assert inspected.labels(message) == ["Verify", "Restore…"]
    assert {each["value"] for each in inspected.buttons(message)} == {ID}


def test_a_shown_backup_tells_its_manifest_and_its_checks():
    check = made.manifest().check
    text = shown.backup(events.BackupShown(made.manifest(), (check,), "local", NOW)).text

    for told in ("4" * 64, "1,234,567 bytes", "happy-animal-123", "SITE_URL, SMTP_HOST", "c0ffee1"):
        assert told in text
    assert text.count("sound; looked at 1.2 MB") == 2
    assert "when it was taken" in text


def test_a_deployment_without_a_good_backup_stands_first_and_loud():
    lines = standing.status(facts.status()).text.splitlines()

    assert lines[1] == "*2 of 3 deployments without a good backup.*"
    assert lines[2] == "*staging* — NO GOOD BACKUP YET. Take one: `/backup now staging`"
    assert "3 backups, none of them good" in lines[3]
    assert lines[4].startswith("*production* (protected) — last good backup 3 h ago: ")


def test_what_has_no_good_backup_tells_its_open_alerts_and_what_comes_next_all_the_same():
    bare = DeploymentStanding("staging", False, None, 0, next=NOW, alerts=2)
    lines = standing.status(facts.status(deployments=(bare,))).text.splitlines()

    assert "NO GOOD BACKUP YET" in lines[2]
    assert lines[3].startswith("• next backup <!date^")
    assert lines[4] == "• *2 open alerts*: `/backup alert`"


def test_jobs_tell_their_state_place_and_silence():
    text = standing.status(facts.status()).text

    assert "*Jobs:* 1 running, 1 waiting" in text
    assert "Backup — Running: Convex is making the snapshot · SILENT for 5 min 00 s" in text
    assert "Verification — Waiting: 1 job ahead" in text


def test_nobody_to_ask_is_not_told_as_nothing_running():
    assert "nobody can say" in standing.status(facts.status(jobs=None)).text
    assert "nothing runs and nothing waits" in standing.status(facts.status(jobs=())).text


def test_help_names_every_verb_and_who_may():
    text = helping.overview(VERBS).text

    for name, verb in VERBS.items():
        line = next(line for line in text.splitlines() if line.startswith(f"`/backup {name}`"))
        assert ("For operators." in line) == (verb.role == "operator")


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_help_of_a_verb_names_every_word_and_no_dash(verb):
    text = helping.verb(verb).text

    assert "--" not in text
    assert all(f"• `{argument.name}`" in text for argument in verb.arguments)
    assert all(f"• `{option.name}" in text for option in verb.options)


def test_help_shows_examples_in_slacks_words():
    text = helping.verb(VERBS["now"]).text

    assert '`/backup now production label "before the migration"`' in text


def test_the_doctor_tells_what_fails_first_with_what_to_do():
    lines = doctor.looked(facts.looked()).text.splitlines()

    assert lines[1] == "*1 FAIL, 1 WARN, 1 OK*"
    assert lines[2] == "FAIL · *staging key*: The key is unknown."
    assert lines[3].strip() == "*What to do:* Make a new one."
    assert lines[-1].startswith("OK · *settings*")


def test_a_doctor_who_looked_at_nothing_or_says_a_strange_word_is_no_good_news():
    assert "FAIL: nothing was looked at." in doctor.looked(events.DoctorLooked()).text
    strange = events.DoctorLooked((events.DoctorLine("vault", "FINE", "x"),))
    assert "FAIL · *vault*" in doctor.looked(strange).text


def test_a_refusal_is_its_own_sentences_and_a_failure_has_three():
    refused = answers.refused(Refused("No such table.", hint="Did you mean 'npd'?")).text
    failed = answers.refused(ExportInProgress("Another export runs.")).text

    assert refused.splitlines() == [
        "*Not done.* No such table.",
        "Did you mean 'npd'?",
        "Nothing was touched.",
    ]
    assert "*What is safe:*" in failed


def test_a_refusal_that_a_job_told_reads_the_same():
    told = events.JobFailed("No.", "Nothing was touched.", "Ask.", "NotAllowed", 2)

    assert answers.refused(told).text.splitlines() == [
        "*Not done.* No.",
        "Ask.",
        "Nothing was touched.",
    ]


@pytest.mark.parametrize(
    ("word", "told"),
    [("verfy", "Did you mean `/backup verify`?"), ("NOW", "Did you mean `/backup now`?")],
)
def test_an_unknown_verb_gets_the_nearest_one(word: str, told: str):
    assert told in answers.unknown_verb(word, VERBS).text


def test_a_word_like_no_verb_gets_only_the_help():
    text = answers.unknown_verb("zzzz", VERBS).text

    assert "Did you mean" not in text
    assert "`/backup help`" in text


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (answers.started(facts.view(state="queued", ahead=2)), "2 jobs ahead"),
        (answers.started(facts.view()), "`/backup cancel now-production-4k2f9c`"),
        (answers.already("now-1"), "not done twice. It is job `now-1`"),
        (answers.old_button(), "Nothing was changed."),
        (answers.not_allowed("You may not."), "*Not done.* You may not."),
        (answers.not_allowed(Refused("You may not.")), "*Not done.* You may not."),
        (answers.not_in_channel("boat"), "`/invite @boat`"),
        (answers.cancel_asked(events.CancelAsked("j1", "queued")), "`j1` had not begun"),
        (answers.cancel_asked(events.CancelAsked("j1", "running")), "next safe point"),
        (answers.nobody_can_say("ratelimited"), "nobody is let through"),
        (answers.given_up("j1"), "job `j1` stopped the bot several times"),
        (answers.bug("9f86d081"), "`9f86d081`"),
        (answers.dry_run(events.RestoreDryRun(made.plan())), "Nothing was touched."),
    ],
)
def test_each_answer_says_what_matters(message: Message, told: str):
    assert told in message.text
