"""Imports in two phases: staged, looked at, confirmed by id; never twice, nothing left behind."""

from __future__ import annotations

import itertools

import pytest

from sandbox.convex_ids import encode
from sandbox.world import World
from storage.convex import exports, imports
from storage.convex.imports import Checkpoint
from storage.convex.progress import Moved, Retrying, Said, Waiting
from storage.convex.words import Denied
from storage.errors import (
    BadAnswer,
    ImportFailed,
    MissingPermission,
    ServerTrouble,
    UnknownOutcome,
    Unreachable,
)
from tests.sandbox import wire
from tests.storage.convex.deployments import HOUR, Heard, Reply, as_json, of, queries, served

START, PART, FINISH = (
    "/api/import/start_upload",
    "/api/import/upload_part",
    "/api/import/finish_upload",
)
CONFIRM, CANCEL, QUERY = "/api/perform_import", "/api/cancel_import", "/api/query"
NEW = [{"x": float(place)} for place in range(3)]
UNKNOWN = encode(541, bytes(16))  # An id that no import has.


@pytest.fixture
def here(tmp_path):
    """A deployment that holds one table of two rows."""
    with World(tmp_path / "world", deployments=("production",), seed="empty") as world:
        here = world["production"]
        here.put_table("npd", [{"x": 1.0}, {"x": 2.0}], number=10001)
        yield here
        here.heal()


@pytest.fixture
def zipped(tmp_path):
    """An archive that holds the table with three other rows."""
    path = tmp_path / "upload.zip"
    path.write_bytes(wire.table_archive(npd=(10001, NEW)))
    return path


@pytest.fixture
def parts(monkeypatch, zipped):
    """The sizes of the parts that the archive is now sent in."""
    monkeypatch.setattr(imports, "PART_BYTES_MIN", 80)
    size = zipped.stat().st_size
    return [80] * (size // 80) + [size % 80]


def stage(deployment, path, mode="replace", tell=None):
    return imports.stage(deployment, path, mode, tell=tell or Heard())


def staged(deployment, path, mode="replace"):
    """Stage, and wait until Convex has looked at it."""
    id_ = stage(deployment, path, mode)
    imports.wait_staged(deployment, id_, tell=Heard())
    return id_


def follow(deployment, id_, tell=None):
    return imports.follow(deployment, id_, tell=tell or Heard())


def listed(here, *states):
    rows = wire.ask(here, "_system/cli/queryImport:list")
    return [row["_id"] for row in rows if row["state"]["state"] in states]


def waiting(here):
    return listed(here, "uploaded", "waiting_for_confirmation")


def numbers(here):
    """The numbers of the parts that were sent, as they came."""
    return [int(request["query"]["partNumber"]) for request in here.requests(PART)]


def row(state, checkpoints=(), _id="im1", **more):
    """Return an import's row; `more` is of its state."""
    told = {"state": state, **more}
    return {"_id": _id, "state": told, "mode": "Replace", "checkpoints": checkpoints}


def answering(value):
    """Answer as a deployment that knows one import."""
    return {QUERY: queries({imports.ROW: value, imports.ROWS: [value]})}


# The upload.


@pytest.mark.parametrize(
    ("mode", "called"), [("append", "Append"), ("replace", "Replace"), ("replaceAll", "ReplaceAll")]
)
def test_an_import_that_is_staged_waits_and_has_changed_nothing(here, zipped, mode, called):
    before = here.counts()
    with of(here) as it:
        id_ = staged(it, zipped, mode)
        row = imports.state(it, id_)

    assert (row.state, row.mode, row.error) == ("waiting_for_confirmation", called, "")
    assert here.counts() == before
    assert here.events("import_confirmed") == []


def test_the_one_shot_import_is_never_used(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        follow(it, id_)

    assert "/api/import" not in [request["path"] for request in here.requests("/api/import")]


def test_parts_go_up_one_after_the_other_and_are_the_file(here, zipped, parts):
    with of(here) as it:
        staged(it, zipped)

    received = here.events("part_received")
    assert len(parts) > 3
    assert [event["part"] for event in received] == list(range(1, len(parts) + 1))
    assert [event["bytes"] for event in received] == parts
    assert here.events("import_begun")[0]["bytes"] == sum(parts)


def test_every_part_is_told(here, zipped, parts):
    heard = Heard()
    with of(here) as it:
        stage(it, zipped, tell=heard)

    total = sum(parts)
    sent = [sum(parts[:count]) for count in range(1, len(parts) + 1)]
    assert heard.of(Moved) == [Moved(done, total, "bytes") for done in sent]


def test_a_file_that_ends_with_a_part_has_no_empty_one(here, zipped, monkeypatch):
    monkeypatch.setattr(imports, "PART_BYTES_MIN", zipped.stat().st_size)
    with of(here) as it:
        staged(it, zipped)

    assert numbers(here) == [1]


def test_parts_grow_where_there_would_be_too_many(here, zipped, parts, monkeypatch):
    monkeypatch.setattr(imports, "PARTS_MAX", 3)
    with of(here) as it:
        staged(it, zipped)

    assert numbers(here) == [1, 2, 3]


def test_an_empty_file_is_refused_by_convex(here, tmp_path):
    empty = tmp_path / "empty.zip"
    empty.touch()
    with of(here) as it:
        id_ = stage(it, empty)
        with pytest.raises(ImportFailed, match="invalid zip file"):
            imports.wait_staged(it, id_, tell=Heard())

    assert numbers(here) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status", "hang"])
def test_a_part_of_unknown_fate_is_never_sent_again(here, zipped, parts, kind):
    here.trouble(kind=kind, match=PART, skip=1)
    with of(here, read_seconds=0.7) as it:
        staged(it, zipped)
    here.heal()
    whole = list(range(1, len(parts) + 1))

    assert wire.until(lambda: sorted(numbers(here)) == sorted([1, 2, *whole]))
    assert len(here.requests(START)) == 2
    assert [event["bytes"] for event in here.events("import_begun")] == [sum(parts)]


def test_a_part_that_arrived_unanswered_is_left_behind_with_its_upload(here, zipped, parts):
    here.trouble(kind="drop_after", match=PART, skip=1)
    heard = Heard()
    with of(here) as it:
        id_ = stage(it, zipped, tell=heard)
        imports.wait_staged(it, id_, tell=heard)

    received = [event["part"] for event in here.events("part_received")]
    assert received == [1, 2, *range(1, len(parts) + 1)]
    assert [told.tries_left for told in heard.of(Retrying)] == [2]


@pytest.mark.parametrize("match", [PART, FINISH])
def test_an_upload_is_given_up_after_so_many_fresh_ones(here, zipped, match):
    here.trouble(kind="drop_before", match=match, times=-1)
    with of(here) as it, pytest.raises(Unreachable):
        stage(it, zipped)

    assert len(here.requests(START)) == imports.UPLOAD_TRIES
    assert waiting(here) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status", "hang"])
def test_the_beginning_of_an_upload_may_be_tried_again(here, zipped, kind):
    here.trouble(kind=kind, match=START)
    with of(here, read_seconds=0.7) as it:
        staged(it, zipped)
    here.heal()

    assert wire.until(lambda: len(here.requests(START)) == 2)
    assert len(here.requests(FINISH)) == 1


def test_a_key_that_may_not_import_is_told_before_anything_is_sent(here, zipped):
    with of(here, here.no_import_key) as it, pytest.raises(MissingPermission) as refusal:
        stage(it, zipped)

    assert refusal.value.permission == "deployment:backups:import"
    assert len(here.requests("/api/import")) == 1


def test_an_upload_that_convex_will_not_end_is_refused_once(here, zipped):
    here.trouble(kind="status", status=400, code="BadQueryArgs", match=FINISH)
    with of(here) as it, pytest.raises(Denied, match="BadQueryArgs"):
        stage(it, zipped)

    assert len(here.requests(START)) == 1


# An end of an upload that nobody answered.


@pytest.mark.parametrize("kind", ["drop_before", "status", "hang"])
def test_an_end_that_was_not_done_leaves_one_import(here, zipped, kind):
    here.trouble(kind=kind, match=FINISH)
    with of(here, read_seconds=0.7) as it:
        id_ = stage(it, zipped)
    here.heal()

    assert waiting(here) == [id_]
    assert len(here.events("import_begun")) == 1
    assert here.events("import_canceled") == []


def test_an_end_that_was_done_unanswered_is_taken_back(here, zipped):
    here.trouble(kind="drop_after", match=FINISH)
    with of(here) as it:
        id_ = staged(it, zipped)
    begun = [event["import_id"] for event in here.events("import_begun")]

    assert begun[1:] == [id_]
    assert [event["import_id"] for event in here.events("import_canceled")] == begun[:1]
    assert waiting(here) == [id_]


def test_every_end_that_was_done_unanswered_is_taken_back(here, zipped):
    here.trouble(kind="drop_after", match=FINISH, times=-1)
    with of(here) as it, pytest.raises(Unreachable):
        stage(it, zipped)

    assert len(here.events("import_begun")) == imports.UPLOAD_TRIES
    assert waiting(here) == []


@pytest.mark.parametrize("kind", ["status", "drop_before"])
def test_an_unanswered_end_is_taken_back_after_the_outage_that_hid_it(here, zipped, kind):
    here.trouble(kind="drop_after", match=FINISH)
    here.trouble(kind=kind, match=QUERY, skip=1, times=2)
    with of(here, tries=2) as it:
        id_ = stage(it, zipped)

    assert waiting(here) == [id_]
    assert len(here.events("import_canceled")) == 1


def test_an_unanswered_end_is_taken_back_though_its_cancel_is_lost_too(here, zipped):
    here.trouble(kind="drop_after", match=FINISH)
    here.trouble(kind="drop_before", match=CANCEL, times=2)
    with of(here, tries=2) as it:
        id_ = stage(it, zipped)

    assert waiting(here) == [id_]


def test_an_import_that_waited_before_is_not_taken_back(here, zipped):
    others = wire.stage(here, zipped.read_bytes(), "replace")
    here.trouble(kind="drop_after", match=FINISH)
    with of(here) as it:
        id_ = stage(it, zipped)

    assert waiting(here) == [id_, others]


@pytest.mark.parametrize(("appeared", "cancelled"), [(0, 0), (1, 3), (2, 0)])
def test_where_nobody_can_tell_which_import_is_ours_none_is_taken_back(zipped, appeared, cancelled):
    new = [row("uploaded", _id=f"im{place}") for place in range(appeared)]
    looks = itertools.cycle([[row("uploaded", _id="old")], [row("uploaded", _id="old"), *new]])
    answers = {
        START: as_json({"uploadToken": "token"}),
        PART: as_json(""),
        FINISH: Reply(status=503),
        CANCEL: Reply(),
        QUERY: queries({imports.ROWS: lambda: next(looks)}),
    }
    with served(answers) as (server, it), pytest.raises(ServerTrouble):
        stage(it, zipped)

    assert [seen.path for seen in server.seen].count(CANCEL) == cancelled


# Convex's own change summary.


def test_the_summary_says_what_would_be_written_and_deleted(here, zipped):
    here.put_table("drafts", [{}], number=10002)
    here.put_table("entries", [{}, {}], component="waitlist")
    with of(here) as it:
        points = imports.wait_staged(it, stage(it, zipped, "replaceAll"), tell=Heard())

    assert points == (
        Checkpoint("", "drafts", to_write=0, existing=1, to_delete=1),
        Checkpoint("", "npd", to_write=3, existing=2, to_delete=2),
        Checkpoint("waitlist", "entries", to_write=0, existing=2, to_delete=2),
    )


def test_the_summary_names_stored_files(tmp_path):
    with World(tmp_path / "world", deployments=("production",), seed="small") as world:
        here, path = world["production"], tmp_path / "upload.zip"
        path.write_bytes(wire.download(here, wire.export(here)))
        with of(here) as it:
            points = imports.wait_staged(it, stage(it, path), tell=Heard())

    files = {point.component: point for point in points if point.table == "_storage"}
    assert files[""] == Checkpoint("", "_storage", to_write=8, existing=8, to_delete=8)
    assert files["waitlist"].to_write == 1


def test_a_summary_that_is_off_comes_through_as_it_is(here, zipped):
    here.trouble(kind="wrong_checkpoints", by=5)
    with of(here) as it:
        points = imports.wait_staged(it, stage(it, zipped), tell=Heard())

    assert points[0].to_write == 8


def test_an_upload_that_is_not_looked_at_is_waited_for_and_no_longer_than_so(here, zipped):
    here.trouble(kind="import_stuck_uploaded")
    heard = Heard()
    with of(here, import_hours_max=0.2 / HOUR) as it:
        id_ = stage(it, zipped)
        with pytest.raises(Unreachable, match="to read what was uploaded") as stuck:
            imports.wait_staged(it, id_, tell=heard)

    assert heard.of(Waiting)[0].for_what == "production to read what was uploaded"
    assert "import_hours_max" in stuck.value.hint


def test_a_damaged_upload_is_refused_in_convexs_words(here, zipped):
    zipped.write_bytes(zipped.read_bytes()[:-30])
    with of(here) as it:
        id_ = stage(it, zipped)
        with pytest.raises(ImportFailed, match=r"Convex refused the import: .*invalid zip file"):
            imports.wait_staged(it, id_, tell=Heard())


def test_an_import_that_somebody_cancelled_is_told_as_such(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        wire.post(here, CANCEL, {"importId": id_})
        with pytest.raises(ImportFailed, match="Import canceled"):
            imports.wait_staged(it, id_, tell=Heard())


@pytest.mark.parametrize("trouble", ["import_stuck", "import_loses_rows"])
def test_an_import_that_somebody_else_confirmed_has_an_unknown_outcome(here, zipped, trouble):
    here.trouble(kind=trouble)
    with of(here) as it:
        id_ = staged(it, zipped)
        wire.post(here, CONFIRM, {"importId": id_})
        with pytest.raises(UnknownOutcome, match="that nobody confirmed"):
            imports.wait_staged(it, id_, tell=Heard())


def test_an_import_that_convex_does_not_know_can_not_be_looked_at(here):
    with of(here) as it, pytest.raises(ImportFailed, match="does not know the import"):
        imports.wait_staged(it, UNKNOWN, tell=Heard())


def test_without_a_change_summary_nobody_can_agree():
    told = row("waiting_for_confirmation", checkpoints=None)
    with served(answering(told)) as (_, it), pytest.raises(ImportFailed, match="no change summary"):
        imports.wait_staged(it, "im1", tell=Heard())


POINT = {
    "component_path": None,
    "display_table_name": "npd",
    "total_num_rows_to_write": 1,
    "num_rows_written": 0,
    "existing_rows_in_table": 1,
    "existing_rows_to_delete": 1,
}


@pytest.mark.parametrize(
    "odd",
    [
        5,
        {},
        {"_id": "im1", "state": "completed"},
        {"_id": 5, "state": {"state": "completed"}},
        {"_id": "im1", "state": {"state": None}},
        row("waiting_for_confirmation", checkpoints=5),
        row("waiting_for_confirmation", checkpoints=[5]),
        row("waiting_for_confirmation", [POINT | {"display_table_name": None}]),
        row("waiting_for_confirmation", [POINT | {"existing_rows_to_delete": None}]),
        row("waiting_for_confirmation", [POINT | {"existing_rows_to_delete": {"$integer": "A"}}]),
        row("waiting_for_confirmation", [POINT | {"total_num_rows_to_write": "many"}]),
        row("completed", num_rows_written={"$integer": ""}),
    ],
    ids=lambda odd: str(odd)[:60],
)
@pytest.mark.parametrize("wait", [imports.wait_staged, imports.follow])
def test_a_row_in_another_shape_is_a_bad_answer(odd, wait):
    with served(answering(odd)) as (_, it), pytest.raises(BadAnswer):
        wait(it, "im1", tell=Heard())


# The yes, and what comes of it.


def test_a_confirmed_import_is_done_and_counted(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)

        assert follow(it, id_) == 3
    assert here.counts()["tables"] == {"npd": 3}


def test_a_second_yes_does_nothing(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped, "append")
        imports.confirm(it, id_)
        follow(it, id_)
        imports.confirm(it, id_)

    assert [event["began"] for event in here.events("import_confirmed")] == [True, False]
    assert here.counts()["tables"] == {"npd": 5}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status", "hang"])
def test_a_yes_of_unknown_fate_is_said_again_and_counts_once(here, zipped, kind):
    with of(here, read_seconds=0.7) as it:
        id_ = staged(it, zipped, "append")
        here.trouble(kind=kind, match=CONFIRM)
        imports.confirm(it, id_)

        assert follow(it, id_) == 3
    here.heal()
    assert here.counts()["tables"] == {"npd": 5}
    assert [event["began"] for event in here.events("import_confirmed")].count(True) == 1


@pytest.mark.parametrize("kind", ["drop_before", "status"])
def test_a_yes_that_is_never_heard_is_told_after_the_last_try(here, zipped, kind):
    with of(here, tries=2) as it:
        id_ = staged(it, zipped)
        here.trouble(kind=kind, match=CONFIRM, times=-1)
        with pytest.raises((Unreachable, ServerTrouble)):
            imports.confirm(it, id_)

    assert len(here.requests(CONFIRM)) == 2
    assert here.counts()["tables"] == {"npd": 2}


def test_a_yes_to_a_cancelled_import_changes_nothing(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.cancel(it, id_)
        imports.confirm(it, id_)
        with pytest.raises(ImportFailed, match="Import canceled"):
            follow(it, id_)

    assert here.counts()["tables"] == {"npd": 2}


@pytest.mark.parametrize("id_", [UNKNOWN, "nonsense"])
def test_a_yes_to_an_import_that_is_not_there_is_refused(here, id_):
    with of(here) as it, pytest.raises(Denied):
        imports.confirm(it, id_)

    assert here.events("import_confirmed") == []


def test_progress_is_told_in_documents_up_to_the_last(here, zipped):
    heard = Heard()
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        follow(it, id_, heard)

    moved = heard.of(Moved)
    assert moved[-1] == Moved(3, 3, "documents")
    assert [one.done for one in moved] == sorted(one.done for one in moved)


def test_convexs_own_words_are_told_while_it_imports():
    rows = iter([row("in_progress", progress_message='Importing "npd"'), row("completed")])
    heard = Heard()
    answers = {QUERY: queries({imports.ROW: lambda: next(rows)})}
    with served(answers) as (_, it):
        follow(it, "im1", heard)

    assert heard.of(Said) == [Said('Convex: Importing "npd"')]


def test_stored_files_are_no_documents():
    points = [POINT, POINT | {"display_table_name": "_storage", "total_num_rows_to_write": 8}]
    heard = Heard()
    with served(answering(row("completed", points, num_rows_written=1))) as (_, it):
        follow(it, "im1", heard)

    assert heard.of(Moved) == [Moved(0, 1, "documents")]


def test_an_import_that_fails_is_told_in_convexs_words_and_the_data_stay(here, zipped):
    here.trouble(kind="import_fails", message="Hit an error while importing:\nout of luck")
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        with pytest.raises(ImportFailed, match="Hit an error while importing: out of luck"):
            follow(it, id_)

    assert here.counts()["tables"] == {"npd": 2}


def test_an_import_that_is_too_old_is_told_in_convexs_words(here, zipped):
    here.trouble(kind="import_too_old")
    with of(here) as it:
        id_ = stage(it, zipped)
        with pytest.raises(ImportFailed, match="Import took too long"):
            imports.wait_staged(it, id_, tell=Heard())


def test_an_import_that_is_stuck_is_followed_no_longer_than_so(here, zipped):
    here.trouble(kind="import_stuck")
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
    stuck = pytest.raises(Unreachable, match="to finish the import")
    with of(here, import_hours_max=0.2 / HOUR) as it, stuck:
        follow(it, id_)


def test_an_import_that_convex_forgot_has_an_unknown_outcome(here):
    with of(here) as it, pytest.raises(UnknownOutcome, match="does not know") as unknown:
        follow(it, UNKNOWN)

    assert "Look at the imports of production in the Convex dashboard" in unknown.value.hint


@pytest.mark.parametrize("kind", ["drop_before", "status"])
def test_an_outage_while_following_is_survived(here, zipped, kind):
    heard = Heard()
    with of(here, tries=2) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        here.trouble(kind=kind, match=QUERY, times=8)

        assert follow(it, id_, heard) == 3
    assert any(told.for_what == "production to answer again" for told in heard.of(Waiting))


def test_looks_that_hang_are_looked_again(here, zipped):
    heard = Heard()
    with of(here, read_seconds=0.7, tries=1) as it:
        id_ = stage(it, zipped)
        here.trouble(kind="hang", match=QUERY)
        imports.wait_staged(it, id_, tell=heard)
        imports.confirm(it, id_)
        here.trouble(kind="hang", match=QUERY)

        assert follow(it, id_, heard) == 3
    told = [one.for_what for one in heard.of(Waiting)]
    assert told.count("production to answer again") == 2


def test_an_outage_that_lasts_while_following_is_told_as_such(here, zipped):
    with of(here, tries=2, outage_seconds_max=0.2) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        here.trouble(kind="drop_before", match=QUERY, times=-1)
        with pytest.raises(Unreachable, match="the connection was cut"):
            follow(it, id_)


def test_following_an_import_that_is_over_tells_how_it_ended(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)

        assert follow(it, id_) == follow(it, id_) == 3


# Giving it up.


def test_a_waiting_import_can_be_given_up(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.cancel(it, id_)

        assert imports.state(it, id_).state == "failed"
    assert waiting(here) == []


def test_an_import_under_way_can_be_given_up(here, zipped):
    here.trouble(kind="import_stuck")
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        imports.cancel(it, id_)
        with pytest.raises(ImportFailed, match="Import canceled"):
            follow(it, id_)

    assert here.counts()["tables"] == {"npd": 2}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status", "hang"])
def test_giving_up_may_be_said_again(here, zipped, kind):
    with of(here, read_seconds=0.7) as it:
        id_ = staged(it, zipped)
        here.trouble(kind=kind, match=CANCEL)
        imports.cancel(it, id_)

    assert waiting(here) == []


def test_an_import_that_has_failed_is_given_up_already(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.cancel(it, id_)
        imports.cancel(it, id_)

    assert len(here.events("import_canceled")) == 1


def test_an_import_that_is_done_can_not_be_given_up(here, zipped):
    with of(here) as it:
        id_ = staged(it, zipped)
        imports.confirm(it, id_)
        follow(it, id_)
        with pytest.raises(UnknownOutcome, match=f"has carried out the import {id_}"):
            imports.cancel(it, id_)


def test_an_import_that_is_not_there_is_given_up_already(here):
    with of(here) as it:
        imports.cancel(it, UNKNOWN)

    assert here.requests(CANCEL)[0]["status"] == 404


def test_what_is_no_import_can_not_be_given_up(here):
    with of(here) as it, pytest.raises(Denied, match="InvalidImport"):
        imports.cancel(it, "nonsense")


def test_a_refusal_to_cancel_that_makes_no_sense_comes_through():
    refusal = as_json({"code": "CannotCancelImport", "message": "No."}, status=400)
    answers = {CANCEL: refusal, QUERY: queries({imports.ROW: None})}
    with served(answers) as (_, it), pytest.raises(Denied, match="CannotCancelImport"):
        imports.cancel(it, "im1")


# What is there.


def test_the_newest_imports_come_first(here, zipped):
    with of(here) as it:
        ids = [stage(it, zipped) for _ in range(3)]

        assert [one.id for one in imports.recent(it)] == ids[::-1]


def test_an_import_that_is_not_there_is_none(here):
    with of(here) as it:
        assert imports.state(it, UNKNOWN) is None


def test_what_was_taken_can_be_put_back(here, tmp_path):
    path = tmp_path / "snapshot.zip"
    with of(here) as it:
        export = exports.take(it, with_files=True, tell=Heard())
        with path.open("wb") as file:
            exports.download(it, export, file.write, lambda: file.truncate(0), tell=Heard())
        before = here.counts()
        here.mutate("npd", "delete", 2)
        id_ = staged(it, path, "replaceAll")
        imports.confirm(it, id_)
        follow(it, id_)

    assert here.counts() == before
