"""A backup in a bucket's cold place is restored: whoever asked is told how long, and it goes on."""

import itertools
import re
import urllib.request

import pytest

from sandbox.slack_people import AYU, BACKUPS, BUDI, RIZAL
from tests.approvals.held import paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import Question
from tests.slack.house import wait_for
from tests.storage.vaults.s3_front import Answer, S3Front
from tests.storage.vaults.s3_server import KEYS, REGION, S3Server, client, make_bucket

BUCKET = "cold-restores"
ARCHIVE = "backups/production/{}/archive.zip.age"
THAW = r"^POST /.*archive\.zip\.age\?restore"
COUNT = itertools.count()


class Winter:
    """The bucket's cold place: what it was asked to thaw is thawed when the test says so."""

    def __init__(self, server: S3Server, front: S3Front) -> None:
        self.server, self.front = server, front

    def cool(self, backup: str) -> None:
        """Move an archive into the cold, as a prune does a year later."""
        key = ARCHIVE.format(backup)
        client(self.server.url).copy_object(
            Bucket=BUCKET, Key=key, CopySource=f"{BUCKET}/{key}", StorageClass="GLACIER"
        )
        self.takes(1_000_000)

    def takes(self, looks: int) -> None:
        """Have thawing be over after so many looks."""
        request = urllib.request.Request(f"{self.server.url}/looks?{looks}", b"")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    @property
    def asked(self) -> int:
        """How often the bucket was asked to thaw something."""
        return self.front.seen(THAW)


@pytest.fixture(scope="module")
def winter():
    with S3Server(smallest_part=5 << 20) as server, S3Front(server.url) as front:
        make_bucket(server.url, BUCKET)
        yield Winter(server, front)


@pytest.fixture(scope="module")
def house(tmp_path_factory, world, slack, winter):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        bucket = {
            "kind": "s3",
            "folder": None,
            "bucket": BUCKET,
            "endpoint": winter.front.url,
            "region": REGION,
            "path_style": True,
        }
        made = ApprovalHouse(
            tmp_path_factory.mktemp("house") / "team",
            world,
            slack,
            changes={"vaults.local": bucket, "lifeboat": {"default_deployment": "production"}},
            sealed=True,
        )
        made.bot.start()
        yield made
        made.bot.stop()

        assert "Traceback" not in made.log_text(), made.log_text()[-4000:]
        assert made.secrets_seen() == []


def backup(house, winter, *, staged=False):
    """A backup of production that was moved into the cold, perhaps after it was in staging."""
    said = house.terminal("now", "production", "--label", f"monthly {next(COUNT)}")
    assert said.returncode == 0, said.stderr
    made = re.search(r"production-[\d-]*\d", said.stdout)
    assert made is not None
    if staged:
        assert house.terminal("restore", made[0], "--to", "staging", "--yes").returncode == 0
    winter.cool(made[0])
    return made[0]


@pytest.fixture(scope="module")
def frozen(house, winter):
    """A cold backup that never was in staging."""
    return backup(house, winter)


def counts(house):
    return house.staging.counts(), house.production.counts()


def test_it_is_thawed_once_and_both_restores_wait_through_a_kill(house, winter):
    id_ = backup(house, winter, staged=True)
    promised = house.production.counts()
    house.production.mutate("npd", "delete", 5)
    house.staging.mutate("npd", "delete", 7)
    before, asked = counts(house), winter.asked

    alone = house.terminal("restore", id_, "--to", "staging", "--yes")
    assert alone.returncode != 0
    assert f"{id_} rests in cold storage. Thawing it has begun and takes up to 5 h." in (
        alone.stdout + alone.stderr
    )
    assert f"`/backup restore {id_}`, it waits" in " ".join((alone.stdout + alone.stderr).split())

    staging = house.job(RIZAL, f"restore {id_} to staging yes")
    staging.until("Thawing the archive", "takes up to 5 h. This job goes on by itself then.")
    line = house.job(RIZAL, f'restore {id_} to production reason "rows were lost" yes')
    line.until("Thawing the archive", "takes up to 5 h")
    asking = line.job_id
    early = house.ask(AYU, f'approve {asking} checked "the newest rows"')
    assert "is not asked yet" in early.text
    house.bot.kill()
    house.bot.start()
    staging.told("Picked up again after a restart", "Thawing the archive")
    for deployment in ("staging", "production"):  # Nobody's turn is taken by waiting.
        assert house.job(BUDI, f"now {deployment}").ended() == "Done"
    assert counts(house) == before
    assert not paused(house.production)
    assert house.slack.thread(BACKUPS, line.ts)[1:] != []
    assert line.state == staging.state == "Running"

    winter.takes(0)
    question = Question(house, line)
    question.yes(AYU)
    assert "Restored" in staging.until("Restored", seconds=60)
    question.line.until("Restored:", seconds=90)
    assert house.staging.counts() == house.production.counts() == promised
    assert winter.asked == asked + 1
    for card in (staging, line):
        assert sum("rests in cold storage" in said for said in card.thread) == 1


def test_what_would_be_refused_after_hours_is_refused_before_them(house, winter, frozen):
    winter.takes(1_000_000)
    asked = winter.asked
    line = house.job(RIZAL, f'restore {frozen} to production reason "rows were lost" yes')

    assert line.ended() == "Failed"
    assert "Never straight to production" in line.text
    assert winter.asked == asked


def test_a_restore_that_waits_is_cancelled_and_touches_nothing(house, winter, frozen):
    winter.takes(1_000_000)
    before = counts(house)
    card = house.job(RIZAL, f"restore {frozen} to staging yes")
    card.until("Thawing the archive")
    house.ask(BUDI, f"cancel {card.job_id}")

    assert card.ended() == "Cancelled"
    assert "staging is as it was" in card.text
    assert counts(house) == before


def test_a_bucket_that_is_away_for_a_moment_is_waited_for(house, winter, frozen):
    winter.takes(1_000_000)
    card = house.job(RIZAL, f"restore {frozen} to staging yes")
    card.until("Thawing the archive")
    looked = winter.front.seen("^HEAD .*archive")
    winter.front.on("^(HEAD|GET) ", Answer(503, "SlowDown"), times=1000)
    wait_for(lambda: winter.front.seen("^HEAD .*archive") > looked + 2)
    assert card.state == "Running"
    winter.front.heal()
    winter.takes(0)

    card.until("Restored", seconds=60)
