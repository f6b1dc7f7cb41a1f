"""Snapshots: asked for once, waited for with patience, and brought here whole or not at all."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.world import World
from storage.convex import exports
from storage.convex.exports import Export
from storage.convex.progress import Moved, Retrying, Said, Waiting
from storage.errors import (
    BadAnswer,
    CutDownload,
    ExportFailed,
    MissingPermission,
    ServerTrouble,
    UnknownDeployment,
    Unreachable,
)
from tests.sandbox import wire
from tests.storage.convex.deployments import (
    HOUR,
    Clock,
    Heard,
    Reply,
    Sleeps,
    as_json,
    at,
    of,
    queries,
    served,
    serving,
)

ROOT = Path(__file__).parents[3]
REQUEST, DOWNLOAD, QUERY = "/api/export/request/zip", "/api/export/zip", "/api/query"
LATEST = "_system/cli/exports:getLatest"


@pytest.fixture
def here(tmp_path):
    with World(tmp_path, deployments=("production",), seed="small") as world:
        yield world["production"]
        world["production"].heal()


def take(deployment, *, with_files=True, tell=None):
    return exports.take(deployment, with_files=with_files, tell=tell or Heard())


def made(here):
    return len(here.events("export_requested"))


def row(state, **more):
    """Return an export's row; completed ones have a moment and a size."""
    done = {"start_ts": 1_764_000_000_000_000_000, "size": 5} if state == "completed" else {}
    form = {"format": "zip", "include_storage": True}
    return {"_id": "ex1", "state": state, "format": form, **done, **more}


def export_server(latest):
    """Answer as a deployment whose newest export is what `latest` says at each look."""
    return {QUERY: queries({LATEST: latest}), REQUEST: Reply()}


# Asking and waiting.


def test_a_snapshot_is_of_one_moment_and_its_size_is_known(here):
    before = time.time_ns()
    with of(here) as it:
        export = take(it)
    row = wire.latest(here)

    assert export == Export(row["_id"], row["start_ts"], row["size"], with_files=True)
    assert before < export.timestamp_ns < time.time_ns()


def test_the_moment_is_told_in_utc_to_the_microsecond():
    export = Export("x", 1_764_000_000_123_456_789, 5, with_files=True)

    assert export.taken_at == datetime(2025, 11, 24, 16, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize("with_files", [True, False])
def test_files_are_included_as_asked(here, with_files):
    with of(here) as it:
        export = take(it, with_files=with_files)
    names = wire.entries(wire.download(here, wire.latest(here)))

    assert export.with_files is with_files
    assert ("_storage/documents.jsonl" in names) is with_files


def test_each_wish_is_one_export_and_a_new_one(here):
    with of(here) as it:
        first, second = take(it), take(it)

    assert first.id != second.id
    assert made(here) == 2


def test_what_convex_says_it_is_doing_is_passed_on(here):
    here.trouble(kind="export_slow", seconds=0.2)
    heard = Heard()
    with of(here) as it:
        take(it, tell=heard)

    assert heard.of(Waiting)[0].for_what == "the snapshot"
    assert all(said.text.startswith("Convex: ") for said in heard.of(Said))


def test_convexs_own_words_are_told_while_it_backs_up():
    rows = iter([None, row("in_progress", progress_message="Backing up npd"), row("completed")])
    heard = Heard()
    with served(export_server(lambda: next(rows))) as (_, it):
        take(it, tell=heard)

    assert heard.of(Said) == [Said("Convex: Backing up npd")]


def test_another_export_is_waited_for_and_that_is_said(here):
    here.trouble(kind="export_stuck")
    wire.post(here, f"{REQUEST}?includeStorage=true")
    other, heard = wire.latest(here)["_id"], Heard()

    def tell(told):
        heard(told)
        here.heal()

    with of(here) as it:
        export = take(it, tell=tell)

    assert heard.of(Waiting)[0].for_what == "another export of this deployment to end"
    assert export.id != other
    assert made(here) == 2


def test_a_cloud_backup_is_waited_for_and_that_is_said(here):
    here.trouble(kind="cloud_backup", seconds=1)
    heard = Heard()
    with of(here) as it:
        export = take(it, tell=heard)

    assert heard.of(Waiting)[0].for_what == "a cloud backup of this deployment to end"
    assert export.id == wire.latest(here)["_id"]
    assert made(here) == 1


def test_an_export_that_slipped_in_first_is_waited_for(here):
    here.trouble(kind="status", status=400, code="ExportInProgress", match=REQUEST)
    heard = Heard()
    with of(here) as it:
        take(it, tell=heard)

    assert heard.of(Waiting)[0].for_what == "another export of this deployment to end"
    assert made(here) == 1


def test_waiting_for_another_export_is_bounded(here):
    here.trouble(kind="export_stuck")
    wire.post(here, REQUEST)
    with (
        of(here, export_hours_max=0.2 / HOUR) as it,
        pytest.raises(ExportFailed, match="still waiting for another export") as failure,
    ):
        take(it)

    assert failure.value.safe == exports.NOTHING_MADE
    assert "export_hours_max" in failure.value.hint
    assert made(here) == 1


@pytest.mark.parametrize(
    ("kind", "word"), [("export_fails", "failed"), ("export_canceled", "was cancelled by somebody")]
)
def test_an_export_that_convex_gives_up_is_told_as_such(here, kind, word):
    here.trouble(kind=kind)
    with of(here) as it, pytest.raises(ExportFailed, match=f"of production {word}") as failure:
        take(it)

    assert failure.value.safe == "No backup was made; earlier backups are untouched."
    assert failure.value.hint == "Run the same command again."
    assert made(here) == 1


def test_an_export_that_does_not_end_is_given_up_after_so_long(here):
    here.trouble(kind="export_stuck")
    began = time.monotonic()
    with of(here, export_hours_max=0.3 / HOUR) as it, pytest.raises(ExportFailed) as failure:
        take(it)

    assert "still waiting for the snapshot" in failure.value.what
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(("with_files", "count"), [(False, 2), (True, 3)])
def test_a_newer_export_in_the_place_of_ours_is_as_good_if_it_is_of_the_same_kind(
    here, with_files, count
):
    """Somebody waited for ours to end and asked at once; only the newest is told."""
    here.trouble(kind="export_stuck", times=-1)
    seen_once = Heard()

    def tell(told):
        seen_once(told)
        if len(seen_once.of(Waiting)) == 3:
            wire.post(here, f"/api/export/cancel/{wire.latest(here)['_id']}")
            wire.until(lambda: wire.post(here, REQUEST).status_code == 200)
            here.heal()

    with of(here) as it:
        export = take(it, with_files=with_files, tell=tell)

    assert export.id == wire.latest(here)["_id"]
    assert export.with_files is with_files
    assert made(here) == count


def test_a_listener_ends_the_waiting_by_raising(here):
    class Enough(Exception):
        pass

    def tell(_):
        raise Enough

    with of(here) as it, pytest.raises(Enough):
        take(it, tell=tell)


def test_a_key_that_may_not_is_told_at_once(here):
    with of(here, here.read_only_key) as it, pytest.raises(MissingPermission) as refusal:
        take(it)

    assert refusal.value.permission == "deployment:backups:create"
    assert len(here.requests(REQUEST)) == 1


# A request whose fate is unknown.


def test_a_request_that_was_lost_after_being_done_makes_no_second_export(here):
    here.trouble(kind="drop_after", match=REQUEST)
    with of(here) as it:
        export = take(it)

    assert len(here.requests(REQUEST)) == 1
    assert made(here) == 1
    assert export.id == wire.latest(here)["_id"]


@pytest.mark.parametrize("kind", ["drop_before", "hang", "status"])
def test_a_request_that_was_lost_before_being_done_is_made_again(here, kind):
    here.trouble(kind=kind, match=REQUEST)
    with of(here, read_seconds=0.7) as it:
        take(it)
    here.heal()

    assert wire.until(lambda: len(here.requests(REQUEST)) == 2)
    assert made(here) == 1


@pytest.mark.parametrize("again", [0, 1])
def test_a_lost_request_that_is_done_late_makes_no_second_export(again):
    late = [row("in_progress", _id="late"), row("completed", _id="late")]
    looks = iter([None, None, *[None] * again, *late])
    busy = as_json({"code": "ExportInProgress", "message": "There is one."}, status=400)
    replies = iter([Reply(status=503), busy])
    answers = {QUERY: queries({LATEST: lambda: next(looks)}), REQUEST: lambda _: next(replies)}
    with served(answers) as (server, it):
        export = take(it)

    assert export.id == "late"
    assert sum(seen.path.startswith(REQUEST) for seen in server.seen) == 1 + again


def test_a_request_is_never_repeated_without_looking(here):
    here.trouble(kind="status", status=503, match=REQUEST, times=2)
    with of(here) as it:
        take(it)

    paths = [request["path"] for request in here.log() if request["what"] == "request"]
    asked = [place for place, path in enumerate(paths) if path == REQUEST]
    assert len(asked) == 3
    assert all(QUERY in paths[one:two] for one, two in itertools.pairwise(asked))


def test_a_lost_request_does_not_take_somebody_elses_export_without_files_for_ours():
    rows = [row("completed", _id="before")]
    others = row("completed", _id="others", format={"format": "zip", "include_storage": False})

    def request(_):
        if rows[-1]["_id"] == "before":
            rows.append(others)  # Somebody was quicker, and ours goes lost.
            return Reply(status=503)
        rows.append(row("completed", _id="ours"))
        return Reply()

    answers = {QUERY: queries({LATEST: lambda: rows[-1]}), REQUEST: request}
    with served(answers) as (_, it):
        export = take(it, with_files=True)

    assert export.id == "ours"


def test_a_deployment_that_never_takes_the_request_is_given_up_with_its_reason(here):
    here.trouble(kind="status", status=503, match=REQUEST, times=-1)
    with of(here, outage_seconds_max=0.3) as it, pytest.raises(ServerTrouble, match="HTTP 503"):
        take(it)

    assert made(here) == 0


def test_a_request_that_shall_come_later_comes_later(here):
    here.trouble(kind="status", status=429, retry_after=30, match=REQUEST)
    sleeps = Sleeps()
    with of(here, sleep=lambda seconds: (sleeps(seconds), time.sleep(0.01))) as it:
        take(it)

    assert 30 in sleeps.seconds


# Outages.


@contextmanager
def serving_again(folder, port):
    """Hold the killed world again, at the same address."""
    words = ["--port", str(port), "--deployments", "production", "--data", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.convex", *words], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        wire.until(lambda: process.stdout.readline() == b"ready\n")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_deployment_that_is_killed_and_comes_back_has_made_the_snapshot(tmp_path):
    over, back = threading.Event(), None

    def come_back(port):
        time.sleep(0.3)
        with serving_again(tmp_path, port):
            over.wait(30)

    with World.spawn(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        here.trouble(kind="export_stuck")
        heard, back = Heard(), threading.Thread(target=come_back, args=(here.port,))

        def tell(told):
            heard(told)
            if len(heard.of(Waiting)) == 3:
                world.kill()
                back.start()

        with of(here, outage_seconds_max=20, tries=2) as it:
            export = take(it, tell=tell)
            size, _ = exports.download(it, export, lambda _: None, lambda: None, tell=Heard())
        over.set()
        back.join()

    assert size == export.bytes
    assert any(told.for_what == "production to answer again" for told in heard.of(Waiting))


@pytest.mark.parametrize("kind", ["drop_before", "status"])
def test_an_outage_while_waiting_is_survived(here, kind):
    here.trouble(kind=kind, match=QUERY, skip=2, times=12)
    heard = Heard()
    with of(here, tries=2) as it:
        take(it, tell=heard)

    assert any(told.for_what == "production to answer again" for told in heard.of(Waiting))
    assert made(here) == 1


def test_a_look_that_hangs_is_looked_again(here):
    here.trouble(kind="hang", match=QUERY, skip=2)
    heard = Heard()
    with of(here, read_seconds=0.7, tries=1) as it:
        take(it, tell=heard)

    assert [told.for_what for told in heard.of(Waiting)].count("production to answer again") == 1
    assert made(here) == 1


def test_an_outage_that_lasts_is_given_up_after_so_long(here):
    here.trouble(kind="drop_before", match=QUERY, skip=2, times=-1)
    began = time.monotonic()
    with of(here, tries=2, outage_seconds_max=0.4) as it, pytest.raises(Unreachable):
        take(it)

    assert 0.4 < time.monotonic() - began < 20


def test_outages_with_answers_between_them_are_each_their_own():
    def latest(found):
        return as_json({"status": "success", "value": found})

    bad = [latest(row("in_progress")), Reply(status=503), Reply(status=503)]
    looks = iter([latest(None), *bad * 5, latest(row("completed"))])
    clock = Clock()
    bounds = {"poll_seconds": 2, "poll_seconds_max": 2, "outage_seconds_max": 5, "tries": 1}
    answers = {QUERY: lambda _: next(looks), REQUEST: Reply()}
    with served(answers, clock=clock, sleep=clock.sleep, **bounds) as (_, it):
        take(it)

    assert clock.seconds > 20


# What no Convex would say.


@pytest.mark.parametrize(
    "odd",
    [
        5,
        [],
        {},
        {"_id": "ex1"},
        {"_id": 5, "state": "completed"},
        {"_id": "ex1", "state": 5},
        {"_id": "../../version?", "state": "completed"},
        {"_id": "", "state": "completed"},
    ],
    ids=str,
)
def test_a_row_in_another_shape_is_a_bad_answer(odd):
    with served(export_server(lambda: odd)) as (_, it), pytest.raises(BadAnswer):
        take(it)


def test_a_request_that_was_taken_is_never_made_again():
    looks = iter([row("completed")] * 5 + [row("completed", _id="ex2")])
    with served(export_server(lambda: next(looks))) as (server, it):
        export = take(it)

    assert export.id == "ex2"
    assert [seen.path for seen in server.seen if seen.path.startswith(REQUEST)] == [
        f"{REQUEST}?includeStorage=true"
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"start_ts": None},
        {"start_ts": {"$integer": "AAA="}},
        {"start_ts": "soon"},
        {"size": "big"},
        {"size": {"$integer": "!"}},
    ],
    ids=str,
)
def test_a_finished_row_with_garbage_for_numbers_is_a_bad_answer(odd):
    rows = iter([None, row("completed", **odd)])
    with (
        served(export_server(lambda: next(rows))) as (_, it),
        pytest.raises(BadAnswer, match="no number for the snapshot's"),
    ):
        take(it)


# Bringing it here.


@pytest.fixture
def export(here):
    with of(here) as it:
        return take(it)


@pytest.fixture
def whole(here, export):
    return wire.download(here, wire.latest(here))


class Sink:
    """What a caller does with a download: keeps the bytes, and forgets them when told to."""

    def __init__(self):
        self.bytes, self.restarts = b"", 0

    def write(self, chunk):
        self.bytes += chunk

    def restart(self):
        self.bytes, self.restarts = b"", self.restarts + 1


def download(deployment, export, sink, tell=None):
    return exports.download(deployment, export, sink.write, sink.restart, tell=tell or Heard())


def test_a_snapshot_arrives_byte_for_byte_with_its_hash(here, export, whole):
    sink = Sink()
    with of(here) as it:
        size, sha256 = download(it, export, sink)

    assert sink.bytes == whole
    assert (size, sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert sink.restarts == 0


def test_what_has_arrived_is_told_up_to_the_end(here, export):
    heard = Heard()
    with of(here) as it:
        download(it, export, Sink(), heard)

    moved = heard.of(Moved)
    assert moved[-1] == Moved(export.bytes, export.bytes, "bytes")
    assert [one.done for one in moved] == sorted(one.done for one in moved)


@pytest.mark.parametrize("at_byte", [0, 1, 5_000, -1])
def test_a_download_that_is_cut_begins_again_and_is_whole(here, export, whole, at_byte):
    here.trouble(kind="cut", at_byte=at_byte)
    sink, heard = Sink(), Heard()
    with of(here) as it:
        size, sha256 = download(it, export, sink, heard)

    assert sink.bytes == whole
    assert (size, sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert sink.restarts == 1
    assert [told.tries_left for told in heard.of(Retrying)] == [3]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status", "hang"])
def test_a_download_that_does_not_begin_is_tried_again(here, export, whole, kind):
    here.trouble(kind=kind, match=DOWNLOAD)
    sink = Sink()
    with of(here, read_seconds=0.7) as it:
        download(it, export, sink)
    here.heal()

    assert sink.bytes == whole


@pytest.mark.parametrize("by", [10, -10])
def test_a_content_length_that_is_wrong_is_no_whole_download(here, export, whole, by):
    here.trouble(kind="wrong_length", by=by)
    sink = Sink()
    with of(here) as it:
        download(it, export, sink)

    assert sink.bytes == whole
    assert sink.restarts == 1


@pytest.mark.parametrize("by", [1, -1])
def test_a_size_that_is_not_the_rows_is_never_accepted(here, by):
    here.trouble(kind="row_size", by=by)
    with of(here) as it:
        export = take(it)
        with pytest.raises(CutDownload, match="the export's row promised") as cut:
            download(it, export, Sink())

    assert f"{export.bytes:,}" in cut.value.what
    assert f"{export.bytes - by:,} bytes arrived" in cut.value.what


def test_a_row_without_a_size_is_as_old_servers_write_it(here):
    here.trouble(kind="row_size", to=0)
    sink = Sink()
    with of(here) as it:
        export = take(it)
        size, _ = download(it, export, sink)

    assert export.bytes == 0
    assert sink.bytes == wire.download(here, wire.latest(here))
    assert size == len(sink.bytes)


def test_without_a_size_in_the_row_a_cut_is_still_noticed(here):
    here.trouble(kind="row_size", to=0)
    sink = Sink()
    with of(here) as it:
        export = take(it)
        here.trouble(kind="cut", at_byte=5_000)
        download(it, export, sink)

    assert sink.restarts == 1


@pytest.mark.parametrize(("tries", "word"), [(1, "try"), (3, "tries")])
def test_a_download_is_given_up_after_exactly_so_many_tries(here, export, tries, word):
    here.trouble(kind="cut", at_byte=5_000, times=-1)
    sink = Sink()
    with (
        of(here, download_tries=tries) as it,
        pytest.raises(CutDownload, match=f"in {tries} {word}\\.") as cut,
    ):
        download(it, export, sink)

    assert len(here.requests(DOWNLOAD)) == tries
    assert sink.restarts == tries - 1
    assert cut.value.safe == exports.NOTHING_MADE
    assert "The last one: production" in cut.value.what


@pytest.mark.parametrize("kind", ["drop_before", "status", "wrong_length"])
def test_whatever_stops_every_try_is_a_cut_download(here, export, kind):
    here.trouble(kind=kind, match=DOWNLOAD, times=-1)
    with of(here, download_tries=2) as it, pytest.raises(CutDownload):
        download(it, export, Sink())

    assert len(here.requests(DOWNLOAD)) == 2


def test_a_download_that_shall_come_later_comes_later(here, export):
    here.trouble(kind="status", status=429, retry_after=9, match=DOWNLOAD)
    sleeps = Sleeps()
    with of(here, sleep=sleeps) as it:
        download(it, export, Sink())

    assert sleeps.seconds == [9]


def test_a_bit_that_turned_on_the_way_comes_through_with_another_hash(here, export, whole):
    here.trouble(kind="corrupt", at_byte=12_345)
    sink = Sink()
    with of(here) as it:
        size, sha256 = download(it, export, sink)

    assert size == len(whole)
    assert sha256 == hashlib.sha256(sink.bytes).hexdigest()
    assert sha256 != hashlib.sha256(whole).hexdigest()


def test_a_slow_download_takes_longer_than_a_silence_may(here, export, whole):
    here.trouble(kind="slow_body", seconds=0.25, chunk=len(whole) // 6)
    sink, began = Sink(), time.monotonic()
    with of(here, read_seconds=1, download_tries=1) as it:
        download(it, export, sink)

    assert sink.bytes == whole
    assert time.monotonic() - began > 1


def test_a_download_that_falls_silent_is_given_up():
    export = Export("ex1", 1, 10, with_files=True)
    half = Reply(b"12345", length=10, silent=True)
    with (
        serving({f"{DOWNLOAD}/ex1": half}) as server,
        at(server.url, read_seconds=0.1, download_tries=2) as it,
        pytest.raises(CutDownload, match=r"silent for 0\.1 s"),
    ):
        download(it, export, Sink())

    assert len(server.seen) == 2


def test_a_download_without_a_content_length_is_held_against_the_row():
    answers = {f"{DOWNLOAD}/ex1": Reply(b"12345", length=None)}
    sink = Sink()
    with served(answers, download_tries=1) as (_, it):
        download(it, Export("ex1", 1, 5, with_files=True), sink)
        with pytest.raises(CutDownload, match="the export's row promised 6"):
            download(it, Export("ex1", 1, 6, with_files=True), Sink())

    assert sink.bytes == b"12345"


def test_a_download_asks_for_the_bytes_as_they_are():
    answers = {f"{DOWNLOAD}/ex1": Reply(b"12345", headers={"Content-Encoding": "gzip"})}
    sink = Sink()
    with served(answers) as (server, it):
        download(it, Export("ex1", 1, 5, with_files=True), sink)

    assert server.seen[0].headers["accept-encoding"] == "identity"
    assert sink.bytes == b"12345"


def test_an_export_that_is_gone_is_told_as_such(here, export):
    here.trouble(kind="status", status=404, code="ExportNotFound", match=DOWNLOAD)
    with of(here) as it, pytest.raises(ExportFailed, match="no longer has the export"):
        download(it, export, Sink())

    assert len(here.requests(DOWNLOAD)) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=404), UnknownDeployment),
        (as_json({"code": "ExportNotComplete", "message": "Not yet"}, status=400), BadAnswer),
        (Reply(status=302, headers={"Location": "/elsewhere"}), BadAnswer),
    ],
    ids=["404", "400", "302"],
)
def test_a_refused_download_is_not_tried_again(reply, error):
    with served({f"{DOWNLOAD}/ex1": reply}) as (server, it), pytest.raises(error):
        download(it, Export("ex1", 1, 5, with_files=True), Sink())

    assert len(server.seen) == 1


def test_a_key_that_may_not_download_is_told_at_once(here, export):
    here.trouble(kind="status", status=403, match=DOWNLOAD, times=-1)
    with of(here) as it, pytest.raises(MissingPermission):
        download(it, export, Sink())

    assert len(here.requests(DOWNLOAD)) == 1


def test_a_sink_that_is_full_ends_the_download_at_once(here, export):
    class Full(Exception):
        pass

    def write(_):
        raise Full

    restarted = []
    with of(here) as it, pytest.raises(Full):
        exports.download(it, export, write, lambda: restarted.append(1), tell=Heard())

    assert restarted == []
    assert len(here.requests(DOWNLOAD)) == 1
