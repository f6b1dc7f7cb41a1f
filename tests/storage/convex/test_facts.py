"""What a deployment tells of itself, and what is found out before anything is done there."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from sandbox import seed_schema
from sandbox.convex_deployment import BACKEND_VERSION
from sandbox.world import World
from storage.convex import facts
from storage.errors import (
    BadAnswer,
    MissingPermission,
    ServerTrouble,
    UnknownDeployment,
    Unreachable,
    WrongKey,
)
from tests.storage.convex.deployments import (
    KEY,
    NAME,
    SECRET,
    Reply,
    as_json,
    at,
    of,
    queries,
    served,
)

CHECK, QUERY, INSTANCE = "/api/check_admin_key", "/api/query", "/instance_name"
GOOD = as_json({"success": True, "allowedOps": [], "isReadOnly": False})
NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def here(tmp_path):
    with World(tmp_path, deployments=("production",), seed="small") as world:
        yield world["production"]


def ready(deployment, needs=facts.BACKUP_NEEDS, now=lambda: datetime.now(UTC)):
    return facts.preflight(deployment, needs, now)


def asked(server):
    return [seen.path for seen in server.seen]


# Is it the deployment, and the key its key?


def test_a_deployment_that_is_ready_tells_its_name_and_version(here):
    with of(here) as it:
        told = ready(it)

    assert (told.convex_name, told.backend_version) == ("happy-animal-123", BACKEND_VERSION)
    assert told.clock_skew_seconds == 0


def test_a_self_hosted_key_opens_its_deployment(here):
    with of(here, here.self_hosted_key) as it:
        assert ready(it, facts.RESTORE_NEEDS).convex_name == "happy-animal-123"


def test_a_self_hosted_key_of_another_name_is_refused_by_both_names_and_never_sent(here):
    other = here.self_hosted_key.replace("happy-animal-123", "calm-otter-456")
    with of(here, other) as it, pytest.raises(WrongKey) as refusal:
        ready(it)

    assert refusal.value.what == (
        f"This is a key of calm-otter-456, and {here.url} is happy-animal-123."
    )
    assert refusal.value.safe == "The key was not sent."
    assert [request["path"] for request in here.log()] == [INSTANCE]


def test_the_question_for_the_name_carries_no_key():
    with served({INSTANCE: Reply(b"calm-otter-456")}) as (server, it), pytest.raises(WrongKey):
        ready(it)

    assert asked(server) == [INSTANCE]
    assert SECRET not in str(server.seen)


def test_names_are_compared_without_case_or_spaces_around():
    answers = {INSTANCE: Reply(b" Happy-Animal-123\n"), CHECK: GOOD}
    with served(answers) as (_, it):
        assert ready(it).convex_name == "Happy-Animal-123"


def test_a_key_that_names_no_deployment_asks_nothing(here):
    with of(here, f"project:team:project|{SECRET}") as it, pytest.raises(WrongKey):
        ready(it)

    assert here.log() == []


def test_a_key_of_another_cloud_deployment_asks_nothing():
    # Nothing listens at that address; were it asked, the answer would be Unreachable.
    with (
        at("https://calm-otter-456.convex.cloud:1", KEY, tries=1) as it,
        pytest.raises(WrongKey, match="This is a key of happy-animal-123"),
    ):
        ready(it)


def test_a_server_that_does_not_tell_its_name_is_taken_at_its_keys_word():
    with served({CHECK: GOOD}) as (server, it):
        told = ready(it)

    assert (told.convex_name, told.backend_version) == (NAME, None)
    assert asked(server) == [INSTANCE, CHECK, "/version"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>Welcome</html>"),
        Reply(b"unknown"),
        Reply(b""),
        Reply(b"a\0b"),
        Reply(b"x" * 201),
        Reply(status=401),
        Reply(status=403),
        Reply(status=302, headers={"Location": "/login"}),
        as_json({"code": "NotFound", "message": "Not found"}, status=404),
    ],
    ids=["html", "unknown", "empty", "binary", "long", "401", "403", "redirect", "json 404"],
)
def test_what_is_no_version_or_name_is_none(reply):
    answers = {INSTANCE: reply, "/version": reply, CHECK: GOOD}
    with served(answers) as (_, it):
        told = ready(it)

    assert (told.convex_name, told.backend_version) == (NAME, None)


def test_a_name_that_can_not_be_asked_for_keeps_the_key_here(here):
    here.trouble(kind="status", status=503, match=INSTANCE, times=-1)
    with of(here, tries=2) as it, pytest.raises(ServerTrouble):
        ready(it)

    assert here.requests(CHECK) == []


def test_a_key_that_the_deployment_does_not_know_is_wrong(here):
    with of(here, KEY) as it, pytest.raises(WrongKey, match="does not accept the key") as refusal:
        ready(it)

    assert "The provided admin key was invalid" in refusal.value.what
    assert refusal.value.safe == "Nothing was done in production."
    assert "Make a new deploy key for production" in refusal.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>No such page</html>", status=404),
        as_json({"code": "NotFound", "message": "No such deployment"}, status=404),
        as_json({"success": False}),
        as_json(["success"]),
    ],
    ids=["html", "json", "no success", "a list"],
)
def test_where_no_convex_answers_the_address_is_to_blame(reply):
    with (
        served({CHECK: reply}) as (_, it),
        pytest.raises(UnknownDeployment, match="Nothing of Convex answers"),
    ):
        ready(it)


@pytest.mark.parametrize("kind", ["drop_before", "hang"])
def test_a_deployment_that_does_not_answer_is_unreachable(here, kind):
    here.trouble(kind=kind, match=CHECK, times=-1)
    with of(here, tries=2, read_seconds=0.1) as it, pytest.raises(Unreachable):
        ready(it)
    here.heal()


# May the key?


@pytest.mark.parametrize(
    ("called", "needs", "lacking"),
    [
        ("backup_only_key", facts.RESTORE_NEEDS, "deployment:backups:import"),
        ("no_import_key", facts.RESTORE_NEEDS, "deployment:backups:import"),
        ("read_only_key", facts.BACKUP_NEEDS, "deployment:backups:create"),
    ],
)
def test_a_permission_that_is_lacking_is_named_before_anything_is_done(
    here, called, needs, lacking
):
    with of(here, getattr(here, called)) as it, pytest.raises(MissingPermission) as refusal:
        ready(it, needs)

    assert refusal.value.permission == lacking
    assert refusal.value.what == f"The key of production lacks the permission {lacking}."
    assert all(need.action in refusal.value.hint for need in needs)


def test_every_permission_that_is_lacking_is_named(here):
    with of(here, here.read_only_key) as it, pytest.raises(MissingPermission) as refusal:
        ready(it, facts.RESTORE_NEEDS)

    assert "deployment:backups:create, deployment:backups:import" in refusal.value.what
    assert refusal.value.permission == "deployment:backups:create"


@pytest.mark.parametrize("called", ["key", "backup_only_key", "no_import_key"])
def test_a_key_that_may_back_up_passes(here, called):
    with of(here, getattr(here, called)) as it:
        assert ready(it, facts.BACKUP_NEEDS).convex_name == "happy-animal-123"


@pytest.mark.parametrize("odd", [5, "ViewData", {"ViewData": True}])
def test_permissions_in_another_shape_are_a_bad_answer(odd):
    answer = as_json({"success": True, "allowedOps": odd})
    with served({CHECK: answer}) as (_, it), pytest.raises(BadAnswer):
        ready(it)


# Whose clock is off?


@pytest.mark.parametrize("seconds", [3600, -3600, 30, -30])
def test_a_clock_that_is_off_is_told_in_both_directions(here, seconds):
    here.trouble(kind="clock_skew", seconds=seconds)
    with of(here) as it:
        skew = ready(it).clock_skew_seconds

    assert skew == pytest.approx(-seconds, abs=5)


@pytest.mark.parametrize(
    ("ours", "skew"),
    [
        (timedelta(0), 0),
        (timedelta(milliseconds=999), 0),
        (timedelta(seconds=1), 0),
        (timedelta(seconds=3), 2),
        (timedelta(seconds=-3), -3),
    ],
)
def test_a_difference_that_the_whole_seconds_of_a_date_may_hide_is_none(ours, skew):
    reply = as_json({"success": True}, Date=format_datetime(NOON, usegmt=True))
    with served({CHECK: reply}) as (_, it):
        assert ready(it, now=lambda: NOON + ours).clock_skew_seconds == skew


def test_the_time_that_the_answer_took_is_no_skew():
    reply = as_json({"success": True}, Date=format_datetime(NOON, usegmt=True))
    moments = iter([NOON - timedelta(seconds=20), NOON + timedelta(seconds=20)])
    with served({CHECK: reply}) as (_, it):
        assert ready(it, now=lambda: next(moments)).clock_skew_seconds == 0


@pytest.mark.parametrize("date", [None, "today", "", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_without_a_date_nobody_can_tell(date):
    headers = {} if date is None else {"Date": date}
    with served({CHECK: as_json({"success": True}, **headers)}) as (_, it):
        assert ready(it).clock_skew_seconds is None


# What does it hold?


def test_every_table_of_every_component_is_counted(here):
    with of(here) as it:
        found = facts.tables(it)

    counted = {
        f"{table.component}/{table.name}" if table.component else table.name: table.documents
        for table in found
    }
    assert counted == here.counts()["tables"]


def test_tables_come_with_their_numbers_by_component_and_name(here):
    with of(here) as it:
        found = facts.tables(it)

    assert [(table.component, table.name, table.number) for table in found] == [
        ("", "attachments", 10007),
        ("", "auditLogs", 10005),
        ("", "budgets", 10006),
        ("", "drafts", 10009),
        ("", "npd", 10003),
        ("", "organizations", 10001),
        ("", "settings", 10008),
        ("", "sp2d", 10004),
        ("", "users", 10002),
        ("waitlist", "entries", 10001),
        ("waitlist/inner", "counters", 10001),
    ]


def test_the_root_has_no_component_id_and_every_other_has_one(here):
    with of(here) as it:
        found = {table.component: table.component_id for table in facts.tables(it)}

    assert found[""] is None
    assert found["waitlist"]
    assert found["waitlist/inner"] not in (None, found["waitlist"])


def test_counts_are_of_this_moment(here):
    with of(here) as it:
        before = {table.name: table.documents for table in facts.tables(it)}
        here.mutate("npd", "delete", 7)
        after = {table.name: table.documents for table in facts.tables(it)}

    assert before["npd"] - after["npd"] == 7


def test_files_are_counted_by_component(here):
    with of(here) as it:
        assert facts.files(it) == {"": 8, "waitlist": 1, "waitlist/inner": 0}


def test_an_empty_deployment_has_no_tables_and_no_files(tmp_path):
    with (
        World(tmp_path, deployments=("production",), seed="empty") as world,
        of(world["production"]) as it,
    ):
        assert (facts.tables(it), facts.files(it)) == ([], {"": 0})


def test_a_key_that_may_not_see_data_counts_nothing():
    no = "You do not have permission to perform this operation (deployment:data:view)."
    refused = as_json({"status": "error", "errorMessage": no})
    with served({QUERY: refused}) as (_, it), pytest.raises(MissingPermission) as refusal:
        facts.tables(it)

    assert refusal.value.permission == "deployment:data:view"


LIST, MAPPING, SIZE, FILES = (
    "_system/frontend/components:list",
    "_system/frontend/getTableMapping",
    "_system/frontend/tableSize",
    "_system/frontend/fileStorageV2:numFiles",
)


def holding(**changed):
    """Answer as a deployment of one table would, but for what is changed."""
    values = {LIST: [], MAPPING: {"10001": "npd"}, SIZE: 5.0, FILES: 2.0}
    return {QUERY: queries(values | {globals()[name]: value for name, value in changed.items()})}


def test_counts_are_read_as_int64s_too():
    five = {"$integer": base64.b64encode((5).to_bytes(8, "little")).decode()}
    with served(holding(SIZE=five)) as (_, it):
        assert facts.tables(it)[0].documents == 5


@pytest.mark.parametrize(
    "garbage",
    [
        {"SIZE": {"$integer": "AAA="}},
        {"SIZE": {"$integer": "no base64"}},
        {"SIZE": 5.5},
        {"SIZE": None},
        {"MAPPING": {"ten": "npd"}},
        {"MAPPING": {"10001": 5}},
        {"MAPPING": ["npd"]},
        {"LIST": {}},
        {"LIST": [5]},
        {"LIST": [{"path": None, "id": "x"}]},
        {"LIST": [{"path": "waitlist", "id": None}]},
    ],
    ids=str,
)
def test_garbage_in_the_place_of_tables_is_a_bad_answer(garbage):
    with served(holding(**garbage)) as (_, it), pytest.raises(BadAnswer):
        facts.tables(it)


def test_garbage_in_the_place_of_a_count_of_files_is_a_bad_answer():
    with (
        served(holding(FILES="many")) as (_, it),
        pytest.raises(BadAnswer, match="the count of stored files"),
    ):
        facts.files(it)


def test_more_tables_than_convex_tells_of_are_refused():
    many = {str(10001 + place): f"t{place}" for place in range(1000)}
    with (
        served(holding(MAPPING=many)) as (_, it),
        pytest.raises(BadAnswer, match="1,000 or more tables") as refusal,
    ):
        facts.tables(it)

    assert "official Convex CLI" in refusal.value.hint


# What does it tell of itself?


def test_a_deployment_tells_its_names_and_versions(here):
    with of(here) as it:
        told = facts.describe(it)

    assert (told.name, told.url, told.convex_name) == ("production", here.url, "happy-animal-123")
    assert told.backend_version == BACKEND_VERSION
    assert told.package_version == seed_schema.PACKAGE_VERSION
    assert told.info["projectSlug"] == "treasury"


def test_schemas_are_kept_for_the_root_and_for_components(here):
    with of(here) as it:
        told = facts.describe(it)

    assert told.schemas == seed_schema.active()
    assert told.schemas.keys() == {"", "waitlist"}


def test_of_environment_variables_the_names_are_kept_and_never_the_values(here):
    with of(here) as it:
        told = facts.describe(it)
    kept = msgspec.json.encode(told).decode()

    assert told.env_names == ("FISCAL_YEAR", "SIPD_API_TOKEN", "SIPD_API_URL", "SMTP_PASSWORD")
    assert [value for value in seed_schema.ENVIRONMENT.values() if value in kept] == ["2026"]


def test_the_one_value_that_seems_to_be_kept_is_the_year_of_the_servers_version():
    assert "2026" in BACKEND_VERSION


def test_what_the_key_may_not_ask_is_none(here):
    with of(here, here.backup_only_key) as it:
        told = facts.describe(it)

    assert told.env_names is None
    assert told.schemas == seed_schema.active()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404),
        Reply(status=401),
        Reply(status=403),
        Reply(status=400),
        Reply(status=500),
        Reply(b"<html>Welcome</html>"),
        as_json({"status": "success", "value": "odd"}),
        as_json([]),
    ],
    ids=["404", "401", "403", "400", "500", "html", "odd value", "list"],
)
def test_a_deployment_that_tells_nothing_is_described_by_its_key(reply):
    paths = (QUERY, "/version", INSTANCE, "/api/v1/deployment_info")
    with served(dict.fromkeys(paths, reply), tries=1) as (_, it):
        told = facts.describe(it)

    assert (told.convex_name, told.backend_version) == (NAME, None)
    assert (told.env_names, told.schemas) == (None, None)


def test_a_deployment_that_is_gone_can_not_be_described(here):
    here.trouble(kind="drop_before", match="/", times=-1)
    with of(here, tries=1) as it, pytest.raises(Unreachable):
        facts.describe(it)
    here.heal()
