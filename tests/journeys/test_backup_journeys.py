"""A backup from the command to the vault and back to the screen."""

import hashlib
import json
import re
from datetime import UTC, datetime

import pytest

from storage.errors import Refused
from tests.journeys.house import BACKUP_STEPS, Clock
from tests.sandbox import wire

ID = re.compile(r"production-\d{4}-\d\d-\d\d-\d{4}")


def test_a_backup_is_taken_listed_shown_and_verified(house):
    taken = house.process("now", "production", "--label", "before the migration")
    id_ = ID.search(taken.out)[0]
    listed, shown = house.process("list"), house.process("show", id_)
    verified = house.process("verify", id_)

    assert [each.code for each in (taken, listed, shown, verified)] == [0] * 4
    assert taken.out.startswith(f"Backup taken: {id_}\n")
    assert id_ in listed.out
    assert "“before the migration”" in listed.out
    assert re.search(r"waitlist/entries +10001 +12 ", shown.out)
    assert verified.out.startswith(f"Sound: {id_}\n")
    assert "11 tables, 232 documents, 9 stored files" in verified.out


def test_json_is_an_event_a_line_and_the_result_last(house):
    ended = house.process("now", "--json")

    assert ended.code == 0
    assert ended.err == ""
    assert ended.steps == BACKUP_STEPS
    assert all({"event", "at"} <= event.keys() for event in ended.events)
    assert [e["event"] for e in ended.events if "exit_code" in e] == ["BackupFinished"]
    assert ended.last["manifest"]["id"] in house.manifests()


def test_a_step_that_began_is_told_when_it_is_done(house):
    events = house.run("now", "--json").events
    told = [(e["event"], e["step"]) for e in events if e["event"].startswith("Step")]

    assert told == [(word, step) for step in BACKUP_STEPS for word in ("StepBegan", "StepFinished")]


def test_the_archive_is_the_snapshot_byte_for_byte(house):
    id_ = house.backup()
    snapshot = wire.download(house.production, wire.latest(house.production))
    manifest = house.manifests()[id_]

    assert house.archive(id_).read_bytes() == snapshot
    assert manifest["archive"]["sha256"] == hashlib.sha256(snapshot).hexdigest()
    assert manifest["snapshot"]["bytes"] == manifest["archive"]["bytes"] == len(snapshot)


def test_the_vault_holds_an_archive_and_a_manifest_and_the_spool_nothing(house):
    id_ = house.backup()

    assert house.files() == [
        f"backups/production/{id_}/archive.zip",
        f"backups/production/{id_}/manifest.json",
    ]
    assert house.scratch() == []


def listed_tables(entries):
    """Return the tables that each component's `_tables` names."""
    return {
        name.removesuffix("_tables/documents.jsonl"): [
            json.loads(line)["name"] for line in body.splitlines()
        ]
        for name, body in entries.items()
        if name.endswith("_tables/documents.jsonl")
    }


def test_chosen_tables_are_all_that_the_archive_holds(house):
    house.run("now", "--tables", "npd,waitlist/entries", "--table=waitlist/inner/counters")
    (id_,) = house.manifests()
    entries = house.entries(id_)

    assert set(entries) == {
        "README.md",
        "_tables/documents.jsonl",
        "npd/documents.jsonl",
        "npd/generated_schema.jsonl",
        "_components/waitlist/_tables/documents.jsonl",
        "_components/waitlist/entries/documents.jsonl",
        "_components/waitlist/entries/generated_schema.jsonl",
        "_components/waitlist/_components/inner/_tables/documents.jsonl",
        "_components/waitlist/_components/inner/counters/documents.jsonl",
        "_components/waitlist/_components/inner/counters/generated_schema.jsonl",
    }
    assert listed_tables(entries) == {
        "": ["npd"],
        "_components/waitlist/": ["entries"],
        "_components/waitlist/_components/inner/": ["counters"],
    }
    assert house.manifests()[id_]["chosen"] == [
        "npd",
        "waitlist/entries",
        "waitlist/inner/counters",
    ]


def test_chosen_rows_are_the_snapshots_own_bytes(house):
    whole, part = house.backup(), house.backup("--tables", "npd,waitlist/entries")
    before, after = house.entries(whole), house.entries(part)
    chosen = [name for name in after if not name.endswith("_tables/documents.jsonl")]

    assert len(chosen) == 5
    assert {name: after[name] for name in chosen} == {name: before[name] for name in chosen}


def test_chosen_files_are_kept_with_their_table(house):
    id_ = house.backup("--tables", "attachments,_storage")
    entries = house.entries(id_)

    assert sum(name.startswith("_storage/") for name in entries) == 9
    assert not any(name.startswith("_components") for name in entries)
    assert house.do("verify", id_).findings == ()


def test_a_chosen_backup_is_verified_whole(house):
    id_ = house.backup("--tables", "npd,waitlist/entries")
    result = house.do("verify", id_)

    assert (result.findings, result.looked_at.tables, result.looked_at.documents) == ((), 2, 52)


def test_a_chosen_table_that_is_not_there_ends_it_with_what_there_is(house):
    ended = house.run("now", "--tables", "nppd", "--json")

    assert ended.code == 2
    assert "nppd" in ended.failure
    assert "npd, attachments" in ended.failure
    assert house.files() == house.scratch() == []


@pytest.mark.parametrize("words", [("--tables", ""), ("--tables", ",,")])
def test_no_tables_at_all_are_refused(house, words):
    ended = house.run("now", *words)

    assert ended.code == 2
    assert "--tables names no table" in ended.err


def test_without_files_no_file_is_in_the_archive(house):
    id_ = house.backup("--without-files")

    assert not any("_storage" in name for name in house.entries(id_))
    assert house.manifests()[id_]["snapshot"]["with_files"] is False
    assert house.do("verify", id_).findings == ()


@pytest.mark.parametrize("kind", ["manual", "pre-deploy", "daily", "weekly", "monthly"])
def test_a_kind_is_kept_and_can_be_listed(house, kind):
    other = house.backup("--kind", "weekly" if kind == "manual" else "manual")
    id_ = house.backup("--kind", kind)
    listed = house.do("list", "--kind", kind).entries

    assert [entry.id for entry in listed] == [id_]
    assert {entry.id for entry in house.do("list").entries} == {id_, other}


def test_a_safety_backup_can_only_be_taken_by_a_restore(house):
    ended = house.run("now", "--kind", "safety")

    assert ended.code == 2
    assert "pre-deploy" in ended.err


LABELS = [
    "quotes \" ' ` and $(rm -rf /) ; | & \\ %s {0}",
    "[bold red]no markup[/]",
    "sebelum migrasi — переезд 迁移 🚀",
    "--kind",
    "e\u0301",
    "x" * 200,
]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_comes_back_as_it_was_typed(house, label):
    taken = house.run("now", f"--label={label}")
    listed = house.run("list")

    assert (taken.code, listed.code) == (0, 0)
    assert [m["label"] for m in house.manifests().values()] == [label]
    assert f"“{label}”" in listed.out


def test_line_ends_and_tabs_in_a_label_become_spaces(house):
    house.backup("--label", "  one\n\ttwo  ")

    assert [m["label"] for m in house.manifests().values()] == ["one two"]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("x" * 201, "this one has 201"),
        ("\x1b[31mred", "can't be seen"),
        ("\u202ereversed", "can't be seen"),
        ("zero\u200bwidth", "can't be seen"),
    ],
)
def test_a_label_that_is_too_long_or_steers_a_terminal_is_refused(house, label, said):
    ended = house.run("now", "--label", label)

    assert ended.code == 2
    assert said in ended.err
    assert house.production.requests("/api/") == []


def test_an_unknown_deployment_is_refused_with_the_near_one(house):
    ended = house.run("now", "prodution")

    assert ended.code == 2
    assert "Did you mean 'production'?" in ended.err


def test_an_unknown_word_is_refused_with_the_usage(house):
    ended = house.run("now", "--tabels", "npd")

    assert ended.code == 2
    assert "Did you mean 'tables'?" in ended.err
    assert "Usage: lifeboat now" in ended.err


def test_two_backups_of_one_minute_have_ids_of_their_own(house):
    clock = Clock(datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC))
    ids = [house.do("now", clock=clock).manifest.id for _ in range(3)]

    assert ids == [f"production-2026-11-24-0200{end}" for end in ("", "-2", "-3")]
    assert {entry.id for entry in house.do("list").entries} == set(ids)


def test_latest_is_the_newest_of_the_default_deployment(house):
    ids = [house.backup() for _ in range(2)]
    house.backup("staging")

    assert house.do("show", "latest").manifest.id == ids[-1]
    assert house.do("show", "latest:production").manifest.id == ids[-1]
    assert house.do("show", "latest:staging").manifest.deployment.name == "staging"


def test_latest_of_several_deployments_without_a_default_is_refused(house):
    house.write(lifeboat={"default_deployment": None})
    house.backup("production")
    house.backup("staging")
    ended = house.run("verify", "latest")

    assert ended.code == 2
    assert "latest:production or latest:staging" in ended.err


def test_latest_where_there_is_none_says_how_to_take_one(house):
    ended = house.run("show", "latest:staging")

    assert ended.code == 2
    assert "There is no backup of staging yet." in ended.err
    assert "lifeboat now staging" in ended.err


def test_the_start_of_an_id_is_enough_when_one_fits(house):
    clock = Clock(datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC))
    for _ in range(2):
        house.do("now", clock=clock)
    house.do("now", "staging", clock=clock)

    assert house.do("show", "stag").manifest.id == "staging-2026-11-24-0200"
    assert house.do("show", "production-2026-11-24-0200").manifest.id.endswith("0200")


def test_the_start_of_several_ids_is_refused_and_they_are_listed(house):
    clock = Clock(datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC))
    for _ in range(2):
        house.do("now", clock=clock)
    ended = house.run("show", "production-2026")

    assert ended.code == 2
    assert "the start of 2 backups" in ended.err
    assert all(id_ in ended.err for id_ in house.manifests())


def test_an_id_that_is_not_there_is_refused_with_near_ones(house):
    id_ = house.backup()
    ended = house.run("verify", id_[:-1] + "x")

    assert ended.code == 2
    assert f"Did you mean {id_}?" in ended.err


def test_an_empty_word_names_no_backup(house):
    house.backup()

    assert house.run("verify", "").code == 2


def test_the_list_goes_back_as_far_as_it_is_asked_to(house):
    now = house.backup()
    with house.inside(clock=Clock()) as here:
        here.ctx.now.jump(days=3)

        assert here.do("list", "--since", "2d").entries == ()
        assert [entry.id for entry in here.do("list", "--since", "4d").entries] == [now]


def test_the_list_ends_where_it_is_told_and_says_how_many_more_there_are(house):
    ids = [house.backup() for _ in range(3)]
    ended = house.run("list", "--limit", "1")

    assert ids[-1] in ended.out
    assert ids[0] + " " not in ended.out
    assert "and 2 older ones" in ended.out


def test_the_list_of_one_deployment_holds_no_other(house):
    house.backup("production")
    id_ = house.backup("staging")

    assert [entry.id for entry in house.do("list", "staging").entries] == [id_]


@pytest.mark.parametrize("words", [("--since", "soon"), ("--limit", "0"), ("--kind", "hourly")])
def test_a_list_of_nonsense_is_refused(house, words):
    with pytest.raises(Refused):
        house.do("list", *words)


def test_an_empty_vault_is_listed_as_empty(house):
    ended = house.run("list")

    assert (ended.code, ended.err) == (0, "")
    assert "There are no such backups." in ended.out


def test_the_catalog_can_be_deleted_between_any_two_commands(house):
    def forget():
        (house.data / "catalog.db").unlink(missing_ok=True)

    id_ = house.run("now", "--json").last["manifest"]["id"]
    for words in (("list",), ("show", "latest"), ("verify", id_[:20]), ("now",), ("doctor",)):
        forget()

        assert house.run(*words).code == int(words == ("doctor",))  # It warns of plain archives.
    assert len(house.do("list").entries) == 2


def test_the_catalog_can_be_deleted_at_each_step_of_a_backup_and_a_restore(house):
    steps = []

    def forget(event):
        if type(event).__name__ == "StepBegan":
            steps.append(event.step)
            (house.data / "catalog.db").unlink(missing_ok=True)

    id_ = house.do("now", tell=forget).manifest.id
    house.do("verify", id_, tell=forget)
    house.do("restore", id_, "--yes", tell=forget)

    assert len(steps) > 20
    assert {entry.id for entry in house.do("list").entries} == set(house.manifests())


def test_a_catalog_that_is_no_database_is_set_aside(house):
    id_ = house.backup()
    (house.data / "catalog.db").write_bytes(b"not a database" * 1000)
    ended = house.run("list")

    assert ended.code == 0
    assert id_ in ended.out
    assert [p for p in house.data.iterdir() if "set-aside" in p.name]


def test_verify_of_a_damaged_archive_ends_with_1_and_says_where(house):
    id_ = house.backup()
    path = house.archive(id_)
    path.chmod(0o644)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    ended, listed = house.run("verify", id_), house.run("list")

    assert ended.code == 1
    assert "SHA-256" in ended.out
    assert "finding" in listed.out


def test_verify_of_an_archive_that_is_gone_ends_with_1(house):
    id_ = house.backup()
    house.archive(id_).unlink()
    ended = house.run("verify", id_)

    assert ended.code == 1
    assert "archive.zip is not" in ended.out


def test_verify_that_could_not_look_ends_with_2(house):
    house.backup()
    house.vault.rename(house.folder / "elsewhere")

    assert house.run("verify", "latest").code == 2


def test_verify_of_a_backup_whose_manifest_cant_be_read_ends_with_2_and_says_so(house):
    id_ = house.backup()
    path = house.vault / "backups/production" / id_ / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100])
    ended, listed = house.run("verify", id_), house.run("list")

    assert (ended.code, listed.code) == (2, 1)
    assert f"{id_}/manifest.json" in ended.err
    assert f"{id_}/manifest.json" in listed.out


def test_each_verification_is_kept_and_shown(house):
    id_ = house.backup()
    house.run("verify", id_)
    house.run("verify", id_, "--against-manifest", "only")
    shown = house.run("show", id_)

    assert len([f for f in house.files() if "/checks/" in f]) == 2
    assert shown.out.count("sound") == 3
    assert "size and SHA-256 only" in shown.out


def test_help_and_version_need_no_settings(house):
    house.settings.unlink()

    assert house.run("version").code == 0
    assert "usage: lifeboat" in house.run("--help").out
    assert "--without-files" in house.run("now", "--help").out
    assert house.run("help", "now").out == house.run("now", "--help").out


@pytest.mark.parametrize(
    ("topic", "word"),
    [("run", "--log-format"), ("demo", "--reset"), ("sandbox", "convex"), ("version", "usage:")],
)
def test_what_is_no_verb_has_its_help_by_either_way_of_asking(house, topic, word):
    one, other = house.process("help", topic), house.process(topic, "--help")

    assert one.code == other.code == 0
    assert word in one.out
    assert one.out == other.out


def test_without_settings_a_backup_is_refused_with_what_to_do(house):
    house.settings.unlink()
    ended = house.run("now", "--json")

    assert ended.code == 2
    assert "lifeboat.example.toml" in ended.failure
