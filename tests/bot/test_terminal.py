"""What the lines of every event say: facts, not looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.terminal import show
from bot.terminal.layout import Reader
from commands import events
from commands.events import Event
from storage.finding import LookedAt
from tests.bot import terminal_events as made
from tests.bot.terminal_events import printed, results, said


def test_there_is_one_of_every_event_to_look_at():
    def below(kind: type) -> Iterator[type]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    assert {type(event) for event in made.one_of_each()} == set(below(Event)) - {events.Result}


def test_every_result_is_shown_by_more_than_its_name():
    shown = {type(event).__name__: said(event) for event in results()}

    assert all(name not in text for name, text in shown.items())


def test_a_failure_says_what_happened_what_is_safe_and_what_to_type():
    text = said(events.JobFailed("It broke.", "Nothing was touched.", "Type x.", "Refused", 2))

    assert text.splitlines() == [
        "What happened: It broke.",
        "What is safe:  Nothing was touched.",
        "What to do:    Type x.",
    ]


def test_a_failure_that_says_little_still_has_its_three_lines():
    text = said(events.JobFailed("", "", "", "VaultError", 1))

    assert text.splitlines() == [
        "What happened: VaultError",
        f"What is safe:  {show.SAFE}",
        f"What to do:    {show.NEXT}",
    ]


def test_a_failure_that_is_a_list_keeps_its_lines():
    text = said(events.JobFailed("2 mistakes:\n  one\n  two", "Safe.", "Mend.", "Refused", 2))

    assert text.splitlines()[:3] == ["What happened: 2 mistakes:", "  one", "  two"]


def test_a_backup_names_its_id_and_the_next_commands():
    lines = said(made.backup_finished()).splitlines()

    assert lines[0] == f"Backup taken: {made.ID}"
    assert f"  lifeboat verify {made.ID}" in lines
    assert f"  lifeboat restore {made.ID} --to …" in lines


def test_a_backup_tells_what_it_holds():
    text = said(made.backup_finished())

    assert "210 documents in 2 tables, 1 stored file; 1.2 MB" in text
    assert "before the migration" in text
    assert "4" * 64 in text


def test_a_backup_of_chosen_tables_says_so():
    part = made.manifest(chosen=("npd", "waitlist/inner/entries"))

    assert "these tables only: npd, waitlist/inner/entries" in said(
        made.backup_finished(manifest=part)
    )


def test_a_damaged_snapshot_is_said_first():
    text = said(made.backup_finished(findings=(made.DAMAGE, made.WARNING)))

    assert text.startswith("Backup taken, but the snapshot is damaged: ")
    assert "DAMAGE  rows: Row 3 is not JSON. [npd/documents.jsonl:3]" in text
    assert "WARNING against the last backups: It shrank by 40 %." in text


def listing(*entries: object, **changes: object) -> events.BackupsListed:
    facts = {"entries": entries, "now": made.NOW, **changes}
    return events.BackupsListed(**facts)  # type: ignore[arg-type]


def test_the_list_has_a_row_for_each_backup():
    text = said(listing(made.entry(), made.entry(id="staging-2026-11-23-0200", verified_at=None)))
    rows = text.splitlines()

    assert rows[1].split() == [
        *(made.ID, "3", "h", "ago", "1.2", "MB", "plain", "210", "manual"),
        *("3", "h", "ago", "by", "rizal"),
    ]
    assert rows[2].split()[-1] == "never"


def test_the_list_shows_labels():
    assert "“before the migration”" in said(listing(made.entry(label="before the migration")))


@given(width=st.integers(1, 300), tail=st.text("abc-0123", max_size=40))
def test_an_id_in_the_list_is_whole_however_narrow_the_terminal(width: int, tail: str):
    entry = made.entry(id=made.ID + tail)

    assert made.ID + tail in said(listing(entry), width)


def test_a_narrow_list_keeps_every_fact():
    text = said(listing(made.entry(verified_findings=2)), width=40)

    for fact in ("3 h ago", "1.2 MB", "210 documents", "manual", "by rizal, 2 findings"):
        assert fact in text


def test_what_limit_left_out_and_what_can_not_be_read_is_said():
    text = said(listing(made.entry(), more=3, unreadable=(("backups/x", "It is torn."),)))

    assert "and 3 older ones" in text
    assert "Can't be read: backups/x: It is torn." in text


def test_an_empty_list_says_how_to_take_a_backup():
    assert "lifeboat now" in said(listing())


def test_show_names_everything_in_the_manifest():
    text = said(events.BackupShown(made.manifest(), (made.manifest().check,), "local", made.NOW))

    for fact in (
        *(made.ID, "manual", "before the migration", "waitlist/inner/entries", "10001", "200"),
        *("jd7export", "rizal (from the terminal)", "c0ffee1", "0.1.0", "happy-animal-123"),
        *("1.2.3", "1.48.0", "aws-us-east-1", "SITE_URL, SMTP_HOST", "kg2abc", "3" * 64),
        *("export 1.2 s, download 0.3 s", "1,234,567 bytes", "4" * 64, "2023-11-14"),
    ):
        assert fact in text
    assert text.count("sound") == 2


def test_show_says_what_was_not_told():
    about = made.manifest().deployment
    untold = type(about)(name=about.name, url=about.url)
    manifest = made.manifest(deployment=untold)
    text = said(events.BackupShown(manifest, (), "local", made.NOW))

    assert re.search(r"environment +not told", text)
    assert re.search(r"schema +not told", text)


def test_verified_says_sound_and_what_was_looked_at():
    text = said(made.verified())

    assert text.startswith(f"Sound: {made.ID}\n")
    assert "1.2 MB, 34 entries, 2 tables, 210 documents, 1 stored file" in text
    assert "production-2026-11-23-0200" in text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"findings": (made.DAMAGE,)}, "NOT SOUND: "),
        ({"findings": (made.WARNING,)}, "Readable, but look at it: "),
        ({"looked_at": LookedAt(), "findings": (made.DAMAGE,)}, "Could not look: "),
        ({"looked_at": LookedAt()}, "Could not look: "),
    ],
)
def test_verified_is_sound_only_without_findings_and_with_something_seen(
    changes: dict[str, object], verdict: str
):
    assert said(made.verified(**changes)).startswith(verdict)


def test_verified_against_the_manifest_only_says_that_no_row_was_read():
    text = said(made.verified(depth="manifest", looked_at=LookedAt(bytes=99), compared_with=()))

    assert "no row was read" in text


def test_a_plan_shows_now_archive_and_after_for_every_table():
    rows = [line.split() for line in said(events.RestorePlanned(made.plan())).splitlines()]

    assert ["npd", "150", "200", "200", "replaced"] in rows
    assert ["waitlist/inner/entries", "0", "10", "10", "created"] in rows
    assert ["scratch", "7", "0", "0", "deleted"] in rows
    assert ["stored", "files", "3", "1", "1", "replaced"] in rows


def test_a_merge_that_is_not_built_yet_promises_nothing():
    tables = (events.TablePlan("", "npd", 3, 5, None, "merged"),)
    text = said(events.RestorePlanned(made.plan(mode="merge", tables=tables)))

    assert ["npd", "3", "5", "?", "merged"] in [line.split() for line in text.splitlines()]
    assert "told once the merge has been built" in text


def test_a_conflict_comes_with_the_modes_that_work():
    conflict = events.Conflict("Table 'npd' has number 3.", ("replace-all", "replace"))
    text = said(events.RestoreDryRun(made.plan(conflicts=(conflict,))))

    assert "Can't be done: Table 'npd' has number 3." in text
    assert "replace-all, replace" in text
    assert "To do it:" not in text


def test_a_dry_run_says_that_nothing_was_touched_and_how_to_do_it():
    text = said(events.RestoreDryRun(made.plan(mode="replace", chosen=("npd", "a/b"))))

    assert "Nothing was touched." in text
    assert text.splitlines()[-1] == (
        f"To do it: lifeboat restore {made.ID} --to staging --mode replace --tables npd,a/b"
    )


def test_a_dry_run_of_what_rests_in_the_cold_says_how_long_thawing_takes():
    text = said(events.RestoreDryRun(made.plan(), thaw_hours=5))

    assert "Cold: The archive rests in cold storage. Thawing it takes up to 5 h" in text
    assert "cold storage" not in said(events.RestoreDryRun(made.plan()))


def test_a_dry_run_into_a_protected_deployment_says_whom_to_ask():
    text = said(events.RestoreDryRun(made.plan(mode="replace", chosen=("npd",)), protected=True))

    assert text.splitlines()[-1] == (
        f"To do it: ask other people, in Slack: /backup restore {made.ID} to staging mode replace "
        'tables npd reason "…"'
    )


def test_a_restore_ends_with_the_safety_backup_and_the_undo():
    last = said(made.restored()).splitlines()[-1]

    assert "staging-2026-11-24-0500" in last
    assert last.endswith("lifeboat restore staging-2026-11-24-0500 --to staging --mode replace-all")


def test_a_restore_that_kept_its_promises_shows_before_promised_after():
    lines = said(made.restored()).splitlines()

    assert lines[0].startswith("Restored: staging holds what was promised")
    assert ["npd", "150", "200", "200", "kept"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    "changes",
    [
        {"counted": (events.Counted("", "npd", 150, 200, 199),)},
        {"findings": (made.DAMAGE,)},
        {"counted": ()},
    ],
)
def test_a_restore_is_green_only_when_every_promise_was_kept(changes: dict[str, object]):
    first, *_ = show.lines(made.restored(**changes), Reader(width=100, zone=UTC))

    assert first.plain.startswith("Imported, but NOT as promised: ")
    assert all("green" not in str(span.style) for span in first.spans)


def test_doctor_has_a_line_for_each_look_with_its_hint():
    looks = (
        events.DoctorLine("vault", "OK", "It can be written."),
        events.DoctorLine("staging key", "FAIL", "It is unknown.", "Make a new one."),
    )
    lines = said(events.DoctorLooked(looks)).splitlines()

    assert lines[0].split(maxsplit=2) == ["OK", "vault", "It can be written."]
    assert lines[1].split(maxsplit=1)[0] == "FAIL"
    assert lines[2].strip() == "Make a new one."
    assert lines[-1] == "1 OK, 0 WARN, 1 FAIL"


def test_a_doctor_that_looked_at_nothing_is_no_good_news():
    assert "FAIL" in said(events.DoctorLooked(()))


hostile = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30) | st.sampled_from(
    ["\x1b[2Jx", "a\nb", "a\rb", "\x07", "\x9b31m", "\u202egnp", "\u2028", "[red]x[/red]", ":boom:"]
)


@given(text=hostile)
def test_other_peoples_words_never_steer_the_terminal(text: str):
    plan = made.plan(tables=(events.TablePlan(text, text, 1, 2, 2, "replaced"),), warnings=(text,))
    told: list[Event] = [
        events.Noted(text),
        events.StepFinished(text, 1),
        made.backup_finished(manifest=made.manifest(label=text)),
        listing(made.entry(label=text, verified_by=text), unreadable=((text, text),)),
        events.RestorePlanned(plan),
        events.JobFailed(text, text, text, text, 1),
        events.DoctorLooked((events.DoctorLine(text, text, text, text),)),
    ]
    for stream in printed(*told):
        assert all(line.isprintable() for line in stream.split("\n"))


@given(text=hostile)
def test_markup_in_other_peoples_words_is_shown_as_it_is(text: str):
    _, err = printed(events.Noted(f"{text}[bold]:smile:"))

    assert "[bold]:smile:" in err


def test_a_moment_that_is_ahead_is_said_to_be():
    text = said(listing(made.entry(taken_at=made.NOW + timedelta(hours=5))))

    assert "5 h ahead" in text
