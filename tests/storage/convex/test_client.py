"""Requests, retries and refusals: every failure is one of our errors, and the key stays hidden."""

from __future__ import annotations

import gzip
import json
import socket
import time
import traceback
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.troubles import KINDS
from sandbox.world import World
from storage.convex import client as client_module
from storage.convex import exports, facts, imports
from storage.convex.client import QueryFailed
from storage.convex.progress import Retrying
from storage.convex.words import Denied, Place
from storage.errors import (
    BadAnswer,
    ConvexError,
    MissingPermission,
    ServerTrouble,
    UnknownDeployment,
    Unreachable,
    WrongKey,
)
from storage.secret import Secret
from tests.fakes import AT
from tests.sandbox import wire
from tests.storage.convex.deployments import (
    HOUR,
    KEY,
    NAME,
    SECRET,
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

CHECK, QUERY = "/api/check_admin_key", "/api/query"
VERSION = "_system/frontend/getVersion"
GOOD = as_json({"success": True, "allowedOps": []})


@pytest.fixture
def here(tmp_path):
    with World(tmp_path, deployments=("production",), seed="empty") as world:
        yield world["production"]


# What is said, and what is understood.


def test_a_function_answers_with_its_value():
    with served({QUERY: queries({VERSION: "1.48.0"})}) as (_, it):
        assert it.client.query(VERSION) == "1.48.0"


def test_a_query_is_asked_in_the_encoded_format_with_the_key_and_our_name():
    with served({QUERY: queries({VERSION: None})}) as (server, it):
        it.client.query(VERSION, {"componentId": None})
        seen = server.seen[0]

    assert json.loads(seen.body) == {
        "path": VERSION,
        "args": [{"componentId": None}],
        "format": "convex_encoded_json",
    }
    assert seen.headers["authorization"] == f"Convex {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["convex-client"].startswith("lifeboat-")


def test_an_unkeyed_request_carries_no_key():
    with served({"/version": Reply(b"1")}) as (server, it):
        it.client.get("/version", keyed=False)

    assert SECRET not in str(server.seen)


def test_a_function_that_says_no_is_told_in_convexs_words(here):
    with of(here) as it, pytest.raises(QueryFailed, match="Could not find public") as refusal:
        it.client.query("_system/cli/nothing")

    assert refusal.value.message.startswith("Could not find public function")


def test_a_permission_that_is_missing_inside_a_query_is_named(here):
    with of(here, here.backup_only_key) as it, pytest.raises(MissingPermission) as refusal:
        it.client.query("_system/cli/queryEnvironmentVariables")

    assert refusal.value.permission == "deployment:env:view"
    assert here.requests(QUERY)[0]["status"] == 200


@pytest.mark.parametrize(
    "body",
    [b"<html>Welcome</html>", b"", b"\xff\xfe", b"{", b"[" * 200_000],
    ids=["html", "empty", "binary", "torn", "deep"],
)
def test_an_answer_that_is_not_json_names_the_address(body):
    with served({QUERY: Reply(body)}) as (server, it):
        with pytest.raises(BadAnswer, match="is not JSON") as refusal:
            it.client.query(VERSION)

        assert server.url in refusal.value.what


@pytest.mark.parametrize("answer", [[], None, 5, {}, {"status": "success"}, {"status": "error"}])
def test_an_answer_without_a_value_is_no_answer(answer):
    with (
        served({QUERY: as_json(answer)}) as (_, it),
        pytest.raises(QueryFailed, match="no reason given"),
    ):
        it.client.query(VERSION)


def test_a_packed_answer_is_read():
    packed = gzip.compress(json.dumps({"success": True, "pad": "x" * 50_000}).encode())
    reply = Reply(packed, headers={"Content-Encoding": "gzip"})
    with served({CHECK: reply}) as (_, it):
        assert it.client.read_json(it.client.get(CHECK))["success"] is True


def test_an_answer_that_is_packed_wrongly_is_one_of_our_errors():
    reply = Reply(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    with served({CHECK: reply}, tries=1) as (_, it), pytest.raises(ConvexError, match="cut"):
        it.client.get(CHECK)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 5_000),
        Reply(gzip.compress(b"x" * 5_000_000), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "packed"],
)
def test_an_answer_over_the_bound_is_refused(monkeypatch, reply):
    monkeypatch.setattr(client_module, "ANSWER_BYTES_MAX", 4_000)
    with (
        served({CHECK: reply}) as (_, it),
        pytest.raises(BadAnswer, match="more than is ever needed"),
    ):
        it.client.get(CHECK)


def test_a_refusal_of_any_size_is_read_no_further_than_the_bound():
    endless = Reply(b"x" * (1 << 20), status=400, length=1 << 40, silent=True)
    with (
        served({CHECK: endless}) as (_, it),
        pytest.raises(Denied, match="HTTP 400, no reason given"),
    ):
        it.client.get(CHECK)


# What may be tried again, and what may not.


@pytest.mark.parametrize("status", [408, 421, 425, 429, 500, 502, 503, 504, 560])
def test_trouble_that_passes_is_waited_out(here, status):
    here.trouble(kind="status", status=status, times=2, match=CHECK)
    with of(here) as it:
        it.client.get(CHECK)

    assert [request["status"] for request in here.requests(CHECK)] == [status, status, 200]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_stays_is_told_after_the_last_try(here, status):
    here.trouble(kind="status", status=status, times=-1, match=CHECK)
    with of(here, tries=3) as it, pytest.raises(ServerTrouble, match=f"HTTP {status}"):
        it.client.get(CHECK)

    assert len(here.requests(CHECK)) == 3


def test_each_retry_is_told_with_what_is_left(here):
    here.trouble(kind="status", status=503, times=2, match=CHECK)
    heard, sleeps = Heard(), Sleeps()
    with of(here, tries=4, sleep=sleeps) as it:
        it.client.get(CHECK, tell=heard)

    told = heard.of(Retrying)
    assert [(one.tries_left, one.in_seconds) for one in told] == [(3, 0.01), (2, 0.02)]
    assert "production is in trouble (HTTP 503, Overloaded" in told[0].what


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Denied),
        (401, WrongKey),
        (402, Denied),
        (403, MissingPermission),
        (404, UnknownDeployment),
        (409, Denied),
        (413, Denied),
    ],
)
def test_a_refusal_is_told_at_once(here, status, error):
    here.trouble(kind="status", status=status, times=-1, match=CHECK)
    with of(here) as it, pytest.raises(error):
        it.client.get(CHECK)

    assert len(here.requests(CHECK)) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_cut_connection_is_tried_again_where_that_does_no_harm(here, kind):
    here.trouble(kind=kind, match=QUERY, times=2)
    with of(here) as it:
        it.client.query(VERSION)

    assert len(here.requests(QUERY)) == 3


@pytest.mark.parametrize("kind", ["status", "drop_before", "drop_after", "hang"])
def test_what_must_not_be_said_twice_is_said_once(here, kind):
    here.trouble(kind=kind, match="/api/import/finish_upload", times=-1)
    with of(here, read_seconds=0.2) as it, pytest.raises((Unreachable, ServerTrouble)):
        it.client.post("/api/import/finish_upload", json={}, may_repeat=False)
    here.heal()

    assert wire.until(lambda: len(here.requests("/api/import/finish_upload")) == 1)


def test_each_wait_is_twice_as_long_up_to_a_bound(here):
    here.trouble(kind="status", status=503, times=5, match=CHECK)
    sleeps = Sleeps()
    with of(here, retry_seconds=1, retry_seconds_max=5, sleep=sleeps) as it:
        it.client.get(CHECK)

    assert sleeps.seconds == [1, 2, 4, 5, 5]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "waited"), [(7, 7), ("1.5", 1.5), (0, 0), (-3, 0), (86_400, 300), ("1e300", 300)]
)
def test_the_seconds_that_are_asked_for_are_waited_up_to_a_bound(here, status, asked, waited):
    here.trouble(kind="status", status=status, retry_after=asked, match=CHECK)
    sleeps = Sleeps()
    with of(here, sleep=sleeps) as it:
        it.client.get(CHECK)

    assert sleeps.seconds == [waited]


def test_the_moment_that_is_asked_for_is_waited_for(here):
    date = formatdate(time.time() + 90, usegmt=True)
    here.trouble(kind="status", status=429, retry_after=date, match=CHECK)
    sleeps = Sleeps()
    with of(here, sleep=sleeps) as it:
        it.client.get(CHECK)

    assert 80 < sleeps.seconds[0] <= 90


@pytest.mark.parametrize(("days", "waited"), [(-1, 0), (1, 300)])
def test_a_moment_that_is_past_or_far_away_is_not_taken_at_its_word(here, days, waited):
    date = formatdate(time.time() + days * 86_400, usegmt=True)
    here.trouble(kind="status", status=429, retry_after=date, match=CHECK)
    sleeps = Sleeps()
    with of(here, sleep=sleeps) as it:
        it.client.get(CHECK)

    assert sleeps.seconds == [waited]


@pytest.mark.parametrize(
    "odd",
    [
        "soon",
        "",
        "nan",
        "inf",
        "Mon, 99 Foo 2026 25:61:61 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 2026 00:00:00 +99999999",
        ",",
    ],
)
def test_an_odd_retry_after_is_as_good_as_none(here, odd):
    here.trouble(kind="status", status=429, retry_after=odd, match=CHECK)
    sleeps = Sleeps()
    with of(here, sleep=sleeps) as it:
        it.client.get(CHECK)

    assert sleeps.seconds == [0.01]


# No answer at all.


def test_a_server_that_hangs_is_unreachable_after_so_long(here):
    here.trouble(kind="hang", match=CHECK, times=-1)
    began = time.monotonic()
    with (
        of(here, read_seconds=0.2, tries=2) as it,
        pytest.raises(Unreachable, match=r"silent for 0\.2 s \(GET /api/check_admin_key\)"),
    ):
        it.client.get(CHECK)
    here.heal()

    assert time.monotonic() - began < 10


def test_a_server_that_accepts_and_says_nothing_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with at(url, read_seconds=0.1, tries=1) as it, pytest.raises(Unreachable, match="silent"):
            it.client.get(CHECK)


def test_nobody_listening_is_unreachable_with_the_address():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with at(url, tries=1) as it, pytest.raises(Unreachable, match="no connection") as refusal:
        it.client.get(CHECK)

    assert f"production ({url}) did not answer" in refusal.value.what
    assert "lifeboat doctor production" in refusal.value.hint


def test_an_answer_that_is_cut_is_unreachable():
    with (
        served({CHECK: Reply(b"{", length=10)}, tries=2) as (server, it),
        pytest.raises(Unreachable, match="the connection was cut"),
    ):
        it.client.get(CHECK)

    assert len(server.seen) == 2


def test_an_answer_that_stops_in_the_middle_is_unreachable():
    half = Reply(b"{", length=10, silent=True)
    with (
        served({CHECK: half}, tries=1, read_seconds=0.1) as (_, it),
        pytest.raises(Unreachable, match="silent"),
    ):
        it.client.get(CHECK)


def test_a_closed_deployment_can_be_asked_again(here):
    with of(here) as it:
        it.client.get(CHECK)
        it.close()
        it.close()

        assert it.client.get(CHECK).status_code == 200


# Refusals in words.


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>404 Not Found</html>", status=404, headers={"Content-Type": "text/html"}),
        Reply(status=404),
        as_json({"detail": "Not Found"}, status=404),
        as_json({"code": "NotFound", "message": "No such deployment"}, status=404),
        as_json([], status=404),
    ],
    ids=["html", "empty", "another server's", "convex's", "a list"],
)
def test_where_nothing_of_convex_answers_the_address_is_to_blame(reply):
    with served({CHECK: reply}) as (server, it):
        with pytest.raises(UnknownDeployment, match="Nothing of Convex answers") as refusal:
            it.client.get(CHECK)

        assert server.url in refusal.value.what
        assert "Check url of production in the settings" in refusal.value.hint


def test_a_key_that_is_no_admin_key_is_a_wrong_key(here):
    here.trouble(kind="status", status=403, code="BadDeployKey", match=CHECK)
    with of(here) as it, pytest.raises(WrongKey, match="does not accept the key"):
        it.client.get(CHECK)


def test_a_missing_permission_without_a_name_is_told_without_one():
    reply = as_json({"code": "OperationNotPermitted", "message": "No."}, status=403)
    with (
        served({CHECK: reply}) as (_, it),
        pytest.raises(MissingPermission, match="a permission that this needs") as refusal,
    ):
        it.client.get(CHECK)

    assert refusal.value.permission == ""


def test_a_long_refusal_is_shown_in_part():
    reply = as_json({"code": "TooLong", "message": "word " * 5_000}, status=400)
    with (
        served({CHECK: reply}) as (_, it),
        pytest.raises(Denied, match="TooLong: word word") as refusal,
    ):
        it.client.get(CHECK)

    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    "body",
    [b"[" * 60_000, b'{"code": "', b"\xff", b'{"code": {"a": 1}}'],
    ids=["deep", "torn", "binary", "odd"],
)
def test_a_refusal_that_is_no_error_json_is_a_refusal(body):
    with (
        served({CHECK: Reply(body, status=400)}) as (_, it),
        pytest.raises(Denied, match="HTTP 400"),
    ):
        it.client.get(CHECK)


@given(st.integers(100, 999), st.binary() | st.sampled_from([b"null", b'{"code":null}']))
def test_whatever_is_answered_is_one_of_our_errors(status, body):
    error = Place("production", "http://127.0.0.1:1").error(status, body, CHECK)

    assert isinstance(error, ConvexError)
    assert error.hint


# The key goes to the address in the settings and nowhere else.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status):
    with serving({}) as other:
        away = Reply(status=status, headers={"Location": f"{other.url}{CHECK}"})
        with served({CHECK: away, QUERY: away}) as (_, it):
            for ask in (lambda: it.client.get(CHECK), lambda: it.client.query(VERSION)):
                with pytest.raises(Denied, match=f"HTTP {status}"):
                    ask()
            with pytest.raises(Denied, match=f"HTTP {status}"), it.client.stream(CHECK):
                pass

        assert other.seen == []


def test_a_redirect_to_the_same_server_is_not_followed_either():
    away = Reply(status=307, headers={"Location": "/elsewhere"})
    with served({CHECK: away, "/elsewhere": GOOD}) as (server, it):
        with pytest.raises(Denied, match="HTTP 307"):
            it.client.get(CHECK)

        assert [seen.path for seen in server.seen] == [CHECK]


def test_a_redirect_to_nowhere_is_one_of_our_errors():
    away = Reply(status=302, headers={"Location": "http://[not an address"})
    with served({CHECK: away}, tries=1) as (_, it), pytest.raises(ConvexError):
        it.client.get(CHECK)


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"é{SECRET}", f"{SECRET}\r\nX: y", f" {SECRET}"])
def test_a_key_that_no_header_can_carry_is_never_sent_nor_shown(secret):
    with served({CHECK: GOOD}, f"prod:{NAME}|{secret}") as (server, it):
        with pytest.raises(WrongKey) as refusal:
            it.client.get(CHECK)

        assert server.seen == []
        assert SECRET not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("status", [400, 401, 403, 409, 500])
def test_a_server_that_repeats_the_key_is_not_quoted(status):
    said = as_json({"code": "Odd", "message": f"What is {KEY}?"}, status=status)
    with served({CHECK: said}, tries=1) as (_, it), pytest.raises(ConvexError) as refusal:
        it.client.get(CHECK)

    assert SECRET not in "".join(traceback.format_exception(refusal.value))


def test_a_function_that_repeats_the_key_is_not_quoted():
    said = as_json({"status": "error", "errorMessage": f"What is {KEY}?"})
    with (
        served({QUERY: said}) as (_, it),
        pytest.raises(QueryFailed, match="What is") as refusal,
    ):
        it.client.query(VERSION)

    assert SECRET not in f"{refusal.value} {refusal.value!r} {refusal.value.message}"


STEPS = {
    "preflight": lambda it, _: facts.preflight(it, facts.RESTORE_NEEDS, lambda: AT),
    "describe": lambda it, _: facts.describe(it),
    "count": lambda it, _: (facts.tables(it), facts.files(it)),
    "export": lambda it, _: exports.take(it, with_files=True, tell=Heard()),
    "download": lambda it, held: exports.download(
        it, held["export"], lambda _: None, lambda: None, tell=Heard()
    ),
    "stage": lambda it, held: imports.stage(it, held["zip"], "append", tell=Heard()),
    "compare": lambda it, held: imports.wait_staged(it, held["id"], tell=Heard()),
    "confirm": lambda it, held: imports.confirm(it, held["id"]),
    "follow": lambda it, held: imports.follow(it, held["id"], tell=Heard()),
    "cancel": lambda it, held: imports.cancel(it, held["id"]),
}
HARMLESS = {
    "slow",  # Slower than the patience of these tests is `hang`.
    "slow_body",
    "row_size",
    "corrupt",
    "export_slow",
    "cloud_backup",
    "import_slow",
    "import_loses_rows",
    "wrong_checkpoints",
    "clock_skew",
    "pause_refused",
}


def errors_of(here, kind, held):
    """Take every step while a trouble lasts, and return what each of them raised."""
    found = []
    bounds = {
        "tries": 1,
        "read_seconds": 0.1,
        "outage_seconds_max": 0.1,
        "export_hours_max": 0.2 / HOUR,
        "import_hours_max": 0.2 / HOUR,
    }
    with of(here, **bounds) as it:
        for step in STEPS.values():
            here.heal()
            here.trouble(kind=kind, times=-1)
            try:
                step(it, held)
            except ConvexError as error:
                found.append(error)
    here.heal()
    return found


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - HARMLESS))
def test_no_error_shows_the_key(here, tmp_path, kind):
    here.put_table("npd", [{"x": 1.0}])
    zipped = tmp_path / "upload.zip"
    zipped.write_bytes(wire.table_archive(npd=(10001, [{"x": 2.0}])))
    with of(here) as it:
        held = {"export": exports.take(it, with_files=True, tell=Heard()), "zip": zipped}
        held["id"] = imports.stage(it, zipped, "append", tell=Heard())
    found = errors_of(here, kind, held)
    secret = here.key.partition("|")[2]

    assert found
    for error in found:
        assert secret not in f"{error} {error!r} {vars(error)}"
        assert secret not in "".join(traceback.format_exception(error))


def test_a_secret_is_never_printed():
    with at("http://127.0.0.1:1") as it:
        shown = f"{it.key} {it.key!r} {vars(it)} {Secret(KEY)}"

    assert SECRET not in shown
