"""Each trouble that can be arranged does what it says, as often as it was told, and no more."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox.troubles import KINDS, Troubles, UnknownTrouble
from sandbox.world import Stand, World, WorldFailed
from tests.sandbox import wire


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("troubles")
    with World(folder, deployments=("production",), seed="small") as made:
        yield made


@pytest.fixture
def here(world: World) -> Iterator[Stand]:
    yield world["production"]
    world["production"].heal()


@pytest.fixture
def link(here: Stand) -> str:
    return f"{here.url}/api/export/zip/{wire.export(here)['_id']}"


def got(here: Stand, link: str) -> tuple[bytes, bool]:
    """What of a download came, and whether it came to its end."""
    came = b""
    try:
        with wire.http.stream("GET", link, headers=wire.headers(here)) as answer:
            for chunk in answer.iter_raw():
                came += chunk
    except httpx.RemoteProtocolError:
        return came, False
    return came, True


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_status_comes_once_and_as_error_json(here: Stand, status: int) -> None:
    here.trouble(kind="status", status=status, match="/api/check")
    first, second = wire.get(here, "/api/check_admin_key"), wire.get(here, "/api/check_admin_key")

    assert first.status_code == status
    assert first.json().keys() == {"code", "message"}
    assert second.status_code == 200


def test_a_server_timeout_has_no_body(here: Stand) -> None:
    here.trouble(kind="status", status=408)
    answer = wire.get(here, "/api/check_admin_key")

    assert (answer.status_code, answer.content) == (408, b"")


def test_a_rate_limit_says_when_to_come_back(here: Stand) -> None:
    here.trouble(kind="status", status=429, retry_after=7)

    assert wire.get(here, "/api/check_admin_key").headers["Retry-After"] == "7"


def test_troubles_last_as_often_as_told_and_skip_what_they_are_told(here: Stand) -> None:
    here.trouble(kind="status", status=500, times=2, skip=1)
    statuses = [wire.get(here, "/api/check_admin_key").status_code for _ in range(4)]

    assert statuses == [200, 500, 500, 200]


def test_a_trouble_may_last_until_it_is_healed(here: Stand) -> None:
    here.trouble(kind="status", status=503, times=-1)
    ill = [wire.get(here, "/api/check_admin_key").status_code for _ in range(3)]
    here.heal()

    assert ill == [503] * 3
    assert wire.get(here, "/api/check_admin_key").status_code == 200


def test_a_trouble_waits_for_its_path(here: Stand) -> None:
    here.trouble(kind="status", match="/api/perform_import")

    assert wire.get(here, "/api/check_admin_key").status_code == 200


def test_a_slow_answer_comes(here: Stand) -> None:
    here.trouble(kind="slow", seconds=0.3)
    began = time.monotonic()
    answer = wire.get(here, "/api/check_admin_key")

    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_hanging_request_is_never_answered(here: Stand) -> None:
    here.trouble(kind="hang")

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{here.url}/api/check_admin_key", timeout=0.3)


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_request_was_or_was_not_carried_out(here: Stand, kind: str, done: int) -> None:
    before = len(here.events("import_begun"))
    token = wire.start_upload(here)
    wire.send_part(here, token, 1, wire.table_archive(t=(10050, [])))
    asked = {"format": "zip", "mode": "append"}
    here.trouble(kind=kind, match="/api/import/finish_upload")
    with pytest.raises(httpx.RemoteProtocolError):
        wire.post(
            here,
            "/api/import/finish_upload",
            {"import": asked, "uploadToken": token, "partTokens": []},
        )

    assert len(here.events("import_begun")) - before == done
    assert here.requests("/api/import/finish_upload")[-1]["status"] == "dropped"


@pytest.mark.parametrize("at_byte", [0, 1, 5_000, -1])
def test_a_download_is_cut_at_the_byte(here: Stand, link: str, at_byte: int) -> None:
    whole, _ = got(here, link)
    here.trouble(kind="cut", at_byte=at_byte)
    came, ended = got(here, link)

    assert not ended
    assert came == whole[:at_byte]
    assert got(here, link) == (whole, True)


def test_one_bit_of_a_download_is_turned(here: Stand, link: str) -> None:
    whole, _ = got(here, link)
    here.trouble(kind="corrupt", at_byte=12_345)
    came, ended = got(here, link)
    different = [place for place, (a, b) in enumerate(zip(whole, came, strict=True)) if a != b]

    assert ended
    assert different == [12_345]


def test_a_length_that_is_too_long_ends_in_a_cut(here: Stand, link: str) -> None:
    whole, _ = got(here, link)
    here.trouble(kind="wrong_length", by=10)

    assert got(here, link) == (whole, False)


def test_a_length_that_is_too_short_hides_the_end(here: Stand, link: str) -> None:
    whole, _ = got(here, link)
    here.trouble(kind="wrong_length", by=-10)

    assert got(here, link) == (whole[:-10], True)


def test_a_slow_body_takes_its_time(here: Stand, link: str) -> None:
    here.trouble(kind="slow_body", seconds=0.1, chunk=20_000)
    began = time.monotonic()
    _, ended = got(here, link)

    assert ended
    assert time.monotonic() - began >= 0.3


def test_the_size_in_the_row_is_off(here: Stand) -> None:
    here.trouble(kind="row_size", by=-3)
    row = wire.export(here)

    assert row["size"] == len(wire.download(here, row)) - 3


def test_the_size_in_the_row_may_be_nothing_as_on_old_servers(here: Stand) -> None:
    here.trouble(kind="row_size", to=0)

    assert wire.export(here)["size"] == 0


@pytest.mark.parametrize("state", ["failed", "canceled"])
def test_an_export_ends_badly(here: Stand, state: str) -> None:
    here.trouble(kind={"failed": "export_fails", "canceled": "export_canceled"}[state])
    row = wire.export(here)

    assert row["state"] == state
    assert f"{state}_ts" in row
    assert wire.export(here)["state"] == "completed"


def test_a_stuck_export_goes_on_once_healed(here: Stand) -> None:
    here.trouble(kind="export_stuck")
    wire.post(here, "/api/export/request/zip")
    time.sleep(0.2)
    stuck = wire.latest(here)["state"]
    here.heal()

    assert stuck == "in_progress"
    assert wire.until(lambda: wire.latest(here)["state"] == "completed")


UPLOAD = wire.table_archive(npd=(10003, []), users=(10002, []), sp2d=(10004, []))


def test_an_import_fails_half_way_and_the_data_stay(here: Stand) -> None:
    before = here.counts()
    here.trouble(kind="import_fails", message="Hit an error while importing:\nout of luck")
    state = wire.restore(here, UPLOAD, "replace")

    assert state["error_message"] == "Hit an error while importing:\nout of luck"
    assert here.counts() == before


def test_an_upload_is_not_looked_at_until_healed(here: Stand) -> None:
    here.trouble(kind="import_stuck_uploaded")
    id_ = wire.stage(here, UPLOAD)
    time.sleep(0.2)
    stuck = wire.import_row(here, id_)["state"]["state"]
    here.heal()

    assert stuck == "uploaded"
    assert wire.looked_at(here, id_)["state"]["state"] == "waiting_for_confirmation"


def test_an_import_of_last_week_is_too_old(here: Stand) -> None:
    here.trouble(kind="import_too_old")
    state = wire.restore(here, UPLOAD, "replace")

    assert "Import took too long. Try again or contact Convex." in state["error_message"]


def test_a_wrong_summary_is_wrong_in_both_its_forms(here: Stand) -> None:
    here.trouble(kind="wrong_checkpoints", table="users", by=5)
    row = wire.looked_at(here, wire.stage(here, UPLOAD, "replace"))
    told = {c["display_table_name"]: c["total_num_rows_to_write"] for c in row["checkpoints"]}

    assert told == {"npd": 0, "sp2d": 0, "users": 5}
    assert "users | 5 " in row["state"]["message_to_confirm"]


def test_an_import_loses_rows_and_says_nothing(here: Stand) -> None:
    made = wire.download(here, wire.export(here))
    before = here.counts()["tables"]
    here.trouble(kind="import_loses_rows", count=2)
    state = wire.restore(here, made, "replaceAll")
    after = here.counts()["tables"]

    assert state["num_rows_written"] == sum(before.values())
    assert sum(before.values()) - sum(after.values()) == 2


def test_the_clock_is_off_until_healed(here: Stand) -> None:
    def ahead() -> float:
        told = wire.get(here, "/api/check_admin_key").headers["Date"]
        return parsedate_to_datetime(told).timestamp() - time.time()

    here.trouble(kind="clock_skew", seconds=600)
    skewed = [ahead(), ahead()]
    here.heal()

    assert all(590 < seconds < 610 for seconds in skewed)
    assert abs(ahead()) < 5


def test_pausing_is_refused(here: Stand) -> None:
    here.trouble(kind="pause_refused")
    answer = wire.post(here, "/api/v1/pause_deployment")

    assert (answer.status_code, answer.json()["code"]) == (400, "PauseDeploymentFailed")


def test_a_trouble_that_is_not_known_is_refused_with_those_that_are(here: Stand) -> None:
    with pytest.raises(WorldFailed, match="drop_after"):
        here.trouble(kind="earthquake")
    with pytest.raises(WorldFailed, match="no setting strength"):
        here.trouble(kind="slow", strength=9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_arranged_with_its_defaults(kind: str) -> None:
    troubles = Troubles()
    made = troubles.arrange({"kind": kind})

    assert troubles.strikes(kind, path=made.match) is made
    assert troubles.holds(made)


def test_an_unknown_trouble_is_refused() -> None:
    with pytest.raises(UnknownTrouble):
        Troubles().arrange({})
