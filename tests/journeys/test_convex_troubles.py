"""When Convex is ill: what is said, what is left, and that nothing is half done."""

import re

import pytest

from storage.errors import (
    ConvexError,
    CutDownload,
    ExportFailed,
    LifeboatError,
    MissingPermission,
    ServerTrouble,
    UnknownOutcome,
    Unreachable,
    WrongKey,
)
from tests.journeys import house as of
from tests.journeys.house import HASTY

ALWAYS = {"times": -1}


def refused(house, error, *words, stand=None, **trouble):
    """Do a verb under a trouble in this process; return what it says."""
    (stand or house.production).trouble(**trouble)
    with house.inside(**HASTY) as here, pytest.raises(error) as caught:
        here.do(*words)
    return str(caught.value)


def no_backup(house):
    return house.files() == house.scratch() == []


def restore(house, error, **trouble):
    """Restore under a trouble of the target; return what is said. The target must be as it was."""
    house.backup()
    before = of.rows(house.staging)
    said = refused(house, error, "restore", "latest", "--yes", stand=house.staging, **trouble)
    house.staging.heal()

    assert of.rows(house.staging) == before
    assert of.confirmed(house.staging) == 0
    assert house.scratch() == house.torn() == []
    return said


# A backup.


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, WrongKey, "does not accept the key"),
        (403, MissingPermission, "The key of production lacks"),
        (429, ServerTrouble, "asks us to slow down (HTTP 429"),
        (500, ServerTrouble, "is in trouble (HTTP 500"),
        (503, ServerTrouble, "is in trouble (HTTP 503"),
    ],
)
@pytest.mark.parametrize("match", ["/api/check_admin_key", "/api/export/request"])
def test_a_deployment_that_refuses_ends_the_backup_in_words(house, match, status, error, said):
    words = refused(house, error, "now", kind="status", status=status, match=match, **ALWAYS)

    assert said in words
    assert no_backup(house)


def test_the_command_ends_a_refused_backup_with_1_and_three_sentences(house):
    house.production.trouble(kind="status", status=401, **ALWAYS)
    ended = house.process("now")

    assert ended.code == 1
    assert ended.out == ""
    assert re.search(
        r"^What happened: .*\nWhat is safe:  .*\nWhat to do:    .*deploy key", ended.err, re.M
    )
    assert no_backup(house)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_passes_is_waited_for(house, status):
    house.production.trouble(kind="status", status=status, times=2)
    with house.inside(**HASTY) as here:
        result = here.do("now")

    assert result.exit_code == 0
    assert house.torn() == []


def test_a_wish_to_come_back_later_is_kept(house):
    house.production.trouble(kind="status", status=429, retry_after=1)
    with house.inside(retry_seconds=0.01) as here:
        result = here.do("now")

    assert result.seconds >= 1


def test_a_key_of_another_deployment_is_refused_by_both_names(house):
    house.give_key("production", house.staging.key)
    ended = house.run("now")

    assert ended.code == 1
    assert "calm-otter-456" in ended.err
    assert "happy-animal-123" in ended.err
    assert house.production.requests("/api/") == []


def test_a_key_that_may_not_export_is_refused_by_what_it_lacks(house):
    house.give_key("production", house.production.read_only_key)
    ended = house.run("now")

    assert ended.code == 1
    assert "deployment:backups:create" in ended.err
    assert of.changes(house.production) == []


def test_a_key_that_may_do_only_backups_is_enough_for_one(house):
    house.give_key("production", house.production.backup_only_key)

    assert house.run("now").code == 0


def test_a_self_hosted_key_is_as_good(house):
    house.give_key("production", house.production.self_hosted_key)

    assert house.run("now").code == 0


def test_a_port_where_nobody_listens_is_said(house):
    house.write(production={"url": "http://127.0.0.1:9"})
    with house.inside(**HASTY) as here, pytest.raises(Unreachable) as caught:
        here.do("now")

    assert "lifeboat doctor production" in str(caught.value)
    assert no_backup(house)


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("export_fails", ExportFailed, "failed at Convex"),
        ("export_canceled", ExportFailed, "was cancelled by somebody"),
    ],
)
def test_an_export_that_ends_badly_ends_the_backup(house, kind, error, said):
    words = refused(house, error, "now", kind=kind)

    assert said in words
    assert "No backup was made; earlier backups are untouched." in words
    assert no_backup(house)


def test_an_export_that_never_ends_is_given_up_when_patience_does(house):
    house.write(patience={"export_hours_max": 0.0001})
    words = refused(house, ExportFailed, "now", kind="export_stuck")

    assert "made no snapshot within 0.0001 h" in words
    assert "export_hours_max" in words
    assert no_backup(house)


def test_a_cloud_backup_is_waited_for(house):
    house.production.trouble(kind="cloud_backup", seconds=0.3)
    with house.inside() as here:
        result = here.do("now")

        assert "Waiting for a cloud backup of this deployment to end." in here.said
    assert result.exit_code == 0


@pytest.mark.parametrize("at_byte", [0, 1, 30_000, -1])
def test_a_cut_download_begins_again(house, at_byte):
    house.production.trouble(kind="cut", at_byte=at_byte, times=2)
    with house.inside(**HASTY) as here:
        here.do("now")

    assert len(house.manifests()) == 1
    assert house.torn() == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "cut", "at_byte": 30_000},
        {"kind": "wrong_length", "by": 10},
        {"kind": "row_size", "by": 1},
        {"kind": "slow_body", "seconds": 1.0, "chunk": 10_000},
    ],
    ids=lambda trouble: trouble["kind"],
)
def test_a_download_that_never_comes_whole_ends_the_backup(house, trouble):
    words = refused(house, CutDownload, "now", **trouble, **ALWAYS)

    assert "did not arrive whole in 4 tries" in words
    assert "No backup was made" in words
    assert no_backup(house)


def test_a_download_that_is_changed_on_the_way_is_fetched_once_more(house):
    house.production.trouble(kind="corrupt", at_byte=30_000)
    with house.inside() as here:
        here.do("now")

        assert "Fetching it once more." in here.said
    assert house.torn() == []


def test_a_download_that_is_changed_each_time_is_no_backup(house):
    words = refused(house, LifeboatError, "now", kind="corrupt", at_byte=30_000, **ALWAYS)

    assert words
    assert no_backup(house)


@pytest.mark.parametrize(
    "match",
    [
        "/instance_name",
        "/version",
        "/api/check_admin_key",
        "/api/query",
        "/api/export/request",
        "/api/export/zip",
    ],
)
def test_a_deployment_that_falls_silent_ends_the_backup(house, match):
    words = refused(house, ConvexError, "now", kind="hang", match=match, **ALWAYS)

    assert re.search(r"silent for 0.3 s|made no snapshot", words)
    assert no_backup(house)


def test_the_settings_say_how_long_silence_is_borne_and_how_often_a_download_is_tried(house):
    house.write(patience={"read_seconds": 0.3}, lifeboat={"download_tries": 1})
    house.production.trouble(kind="hang", match="/api/export/zip", times=-1)
    ended = house.process("now", "--json")

    assert ended.code == 1
    assert ended.last["kind"] == "CutDownload"
    assert "silent for 0.3 s" in ended.failure
    assert "in 1 try." in ended.failure
    assert no_backup(house)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("match", ["/api/check_admin_key", "/api/query", "/api/export/request"])
def test_a_request_that_was_dropped_once_is_made_again(house, kind, match):
    house.production.trouble(kind=kind, match=match)
    with house.inside(**HASTY) as here:
        here.do("now")

    assert len(house.production.events("export_requested")) == 1
    assert house.torn() == []


# A restore.


@pytest.mark.parametrize(
    ("status", "error"), [(401, WrongKey), (403, MissingPermission), (503, ServerTrouble)]
)
@pytest.mark.parametrize(
    "match",
    [
        "/api/check_admin_key",
        "/api/query",
        "/api/import/start_upload",
        "/api/import/upload_part",
        "/api/import/finish_upload",
    ],
)
def test_a_target_that_refuses_before_the_confirm_is_as_it_was(house, status, error, match):
    words = restore(house, error, kind="status", status=status, match=match, **ALWAYS)

    assert re.search("as it was: nothing was restored|Nothing was done|lifeboat doctor", words)
    assert of.dangling(house.staging) == []


def test_a_key_that_may_not_import_is_refused_before_anything(house):
    house.backup()
    house.give_key("staging", house.staging.no_import_key)
    ended = house.run("restore", "latest", "--yes")

    assert ended.code == 1
    assert "deployment:backups:import" in ended.err
    assert of.changes(house.staging) == []


@pytest.mark.parametrize(
    "match",
    [
        "/api/check_admin_key",
        "/api/query",
        "/api/export/request",
        "/api/export/zip",
        "/api/import/start_upload",
        "/api/import/upload_part",
        "/api/import/finish_upload",
    ],
)
def test_a_target_that_falls_silent_before_the_confirm_is_as_it_was(house, match):
    words = restore(house, ConvexError, kind="hang", match=match, **ALWAYS)

    assert words
    assert of.dangling(house.staging) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("part", ["start_upload", "upload_part", "finish_upload"])
def test_an_upload_whose_fate_is_unknown_begins_afresh(house, kind, part):
    held = of.rows(house.production)
    house.backup()
    house.staging.trouble(kind=kind, match=f"/api/import/{part}")
    with house.inside(**HASTY) as here:
        here.do("restore", "latest", "--yes")

    assert of.confirmed(house.staging) == 1
    assert of.dangling(house.staging) == []
    assert of.rows(house.staging) == held


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_confirm_whose_answer_was_lost_is_given_again_and_begins_once(house, kind):
    held = of.rows(house.production)
    house.backup()
    house.staging.trouble(kind=kind, match="/api/perform_import")
    with house.inside(**HASTY) as here:
        here.do("restore", "latest", "--yes")

    assert of.confirmed(house.staging) == 1
    assert of.rows(house.staging) == held


def test_an_upload_that_nobody_reads_is_cancelled_when_patience_ends(house):
    house.write(patience={"import_hours_max": 0.0001})
    words = restore(house, Unreachable, kind="import_stuck_uploaded")

    assert "staging to read what was uploaded" in words
    assert "staging is as it was" in words
    assert of.imports(house.staging) == ["failed"]


def test_an_import_that_does_not_end_is_left_to_the_next_run(house):
    held = of.rows(house.production)
    house.backup()
    house.write(patience={"import_hours_max": 0.0001})
    stuck = refused(
        house,
        Unreachable,
        "restore",
        "latest",
        "--yes",
        stand=house.staging,
        kind="import_stuck",
    )
    house.staging.heal()
    house.write(patience={"import_hours_max": 1})
    again = house.run("restore", "latest", "--yes", "--json")

    assert "may still be running at Convex" in stuck
    assert "never imports twice" in stuck
    assert (again.code, again.last["resumed"]) == (0, True)
    assert of.confirmed(house.staging) == 1
    assert of.rows(house.staging) == held


@pytest.mark.parametrize("kind", ["hang", "drop_after"])
def test_a_target_that_is_gone_at_the_confirm_may_have_begun_and_that_is_said(house, kind):
    held = of.rows(house.production)
    house.backup()
    words = refused(
        house,
        ConvexError,
        "restore",
        "latest",
        "--yes",
        stand=house.staging,
        kind=kind,
        match="/api/perform_import",
        **ALWAYS,
    )
    house.staging.heal()
    ended = house.run("restore", "latest", "--yes", "--json")

    assert "may still be running" in words
    assert "staging-" in words
    assert ended.code == 0
    assert of.confirmed(house.staging) == 1
    assert of.rows(house.staging) == held


def test_a_target_that_falls_silent_while_it_imports_is_found_out_by_the_next_run(house):
    held = of.rows(house.production)
    house.backup()

    def tell(event):
        if getattr(event, "step", "") == "restore" and not house.staging.requests("/x"):
            house.staging.trouble(kind="hang", match="/api/query", **ALWAYS)

    with house.inside(tell=tell, **HASTY) as here, pytest.raises(Unreachable) as caught:
        here.do("restore", "latest", "--yes")
    house.staging.heal()
    again = house.run("restore", "latest", "--yes", "--json")

    assert "The safety backup staging-" in str(caught.value)
    assert (again.code, again.last["resumed"]) == (0, True)
    assert of.confirmed(house.staging) == 1
    assert of.rows(house.staging) == held


def test_a_convex_that_forgot_the_import_needs_a_person(house):
    house.backup()
    house.staging.trouble(kind="import_slow", seconds=60)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("restore")
    running.kill()
    house.staging.reset()
    with house.inside() as here, pytest.raises(UnknownOutcome) as caught:
        here.do("restore", "latest", "--yes")
    after = house.run("restore", "latest", "--yes")

    assert "it may have been confirmed" in str(caught.value)
    assert "lifeboat restore staging-" in str(caught.value)
    assert after.code == 0
