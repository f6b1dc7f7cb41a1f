"""Schedules in the settings: read whole, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import read
from commands import backup, summary, verify
from tests.bot.settings_files import ENVIRON, WHOLE, mistakes, write

HEAD = '\n[schedules.daily]\nchannel = "C012ABCDEF"\n'
GOOD = HEAD + 'verb = "backup"\ndeployments = ["production"]\ncron = "0 2 * * *"\n'


def wrong(folder: Path, text: str, whole: str = WHOLE) -> dict[str, str]:
    return mistakes(write(folder, whole + text))


def test_a_backup_is_daily_unless_it_says_otherwise(tmp_path: Path):
    daily = read(write(tmp_path, WHOLE + GOOD), ENVIRON).schedules["daily"]

    assert daily.verb == "now"
    assert daily.requests == {"production": backup.Request("production", kind="daily")}
    assert (daily.channel, daily.on, daily.words) == ("C012ABCDEF", True, "0 2 * * * (UTC)")


def test_a_verification_means_the_newest_backup_of_each_deployment(tmp_path: Path):
    text = HEAD + 'verb = "verify"\ndeployments = ["production", "staging"]\nevery = "6h"\n'
    schedule = read(write(tmp_path, WHOLE + text), ENVIRON).schedules["daily"]

    assert schedule.requests == {
        name: verify.Request(f"latest:{name}") for name in ("production", "staging")
    }


def test_words_are_read_by_the_verb_when_the_settings_are(tmp_path: Path):
    good = read(write(tmp_path, WHOLE + GOOD + 'words = ["--without-files"]\n'), ENVIRON)
    bad = wrong(tmp_path, GOOD + 'words = ["--without-flies"]\n')

    assert good.schedules["daily"].requests["production"].with_files is False
    assert "does not understand" in bad["schedules.daily.words"]
    assert "flies" not in str(bad)


def test_the_default_deployment_and_the_channel_of_slack_are_meant_when_none_is_named(
    tmp_path: Path,
):
    text = (
        '\n[lifeboat]\ndefault_deployment = "staging"\n[slack]\nchannel = "C0OTHERS1"\n'
        '[schedules.daily]\nverb = "backup"\nevery = "1d"\n'
    )
    daily = read(write(tmp_path, WHOLE + text), ENVIRON).schedules["daily"]

    assert list(daily.requests) == ["staging"]
    assert daily.channel == "C0OTHERS1"


def test_a_change_of_what_or_when_is_seen_and_one_of_where_it_is_shown_is_not(tmp_path: Path):
    def fingerprint(text: str) -> str:
        return read(write(tmp_path, WHOLE + text), ENVIRON).schedules["daily"].fingerprint

    first = fingerprint(GOOD)

    assert fingerprint(GOOD.replace("C012ABCDEF", "C0OTHERS1")) == first
    for change in ("0 3 * * *", "0 2 * * sun"):
        assert fingerprint(GOOD.replace("0 2 * * *", change)) != first
    assert fingerprint(GOOD + "on = false\n") != first
    assert fingerprint(GOOD + 'zone = "Asia/Jakarta"\n') != first
    assert fingerprint(GOOD + 'kind = "weekly"\n') != first


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (GOOD.replace("backup", "restore"), ".verb", "asked for by people"),
        (GOOD.replace("backup", "status"), ".verb", "answered at once"),
        (GOOD.replace("backup", "bakup"), ".verb", "Did you mean 'backup'?"),
        (GOOD.replace("backup", "now"), ".verb", "There is no verb called 'now'"),
        (GOOD.replace('verb = "backup"\n', ""), "", "what is to be done"),
        (GOOD + 'every = "6h"\n', "", "both cron and every"),
        (GOOD.replace('cron = "0 2 * * *"\n', ""), "", "nowhere when"),
        (GOOD.replace("0 2 * * *", "0 3 * * 0"), ".cron", "Sunday to some programs"),
        (GOOD.replace("0 2 * * *", "0 3 1 * sun"), ".cron", "both days of the month"),
        (GOOD.replace('cron = "0 2 * * *"', 'every = "5s"'), ".every", "no pace"),
        (GOOD + 'zone = "Asia/Jakata"\n', ".zone", "Did you mean 'Asia/Jakarta'?"),
        (GOOD + 'zone = "../../etc/passwd"\n', ".zone", "There is no zone called"),
        (GOOD + 'zone = "localtime"\n', ".zone", "There is no zone called"),
        (GOOD + 'zone = "Asia"\n', ".zone", "There is no zone called"),
        (GOOD + 'zone = ""\n', ".zone", "There is no zone called"),
        (GOOD + 'kind = "hourly"\n', ".kind", "does not understand"),
        (GOOD.replace("backup", "verify") + 'kind = "daily"\n', ".kind", "has no kind"),
        (GOOD.replace('["production"]', '["prodction"]'), ".deployments", "Did you mean"),
        (GOOD.replace('["production"]', "[]"), "", "names no deployment"),
        (GOOD.replace('channel = "C012ABCDEF"\n', ""), "", "no channel"),
        (GOOD.replace("C012ABCDEF", "#backups"), ".channel", "not the id of a channel"),
        (GOOD.replace("0 2 * * *", "0 2 30 feb *"), ".cron", "such a day"),
    ],
)
def test_a_slip_is_a_mistake_in_words(tmp_path: Path, text: str, where: str, what: str):
    assert what in wrong(tmp_path, text)[f"schedules.daily{where}"]


def test_a_schedule_that_is_off_needs_no_channel(tmp_path: Path):
    text = GOOD.replace('channel = "C012ABCDEF"\n', "") + "on = false\n"

    assert read(write(tmp_path, WHOLE + text), ENVIRON).schedules["daily"].on is False


def test_a_name_that_is_none_and_a_pause_that_is_too_long_are_mistakes(tmp_path: Path):
    found = wrong(tmp_path, GOOD.replace("daily", "Dai_ly") + "[jobs]\npause_days = 30\n")

    assert "is no name for a schedule" in found["schedules.Dai_ly"]
    assert "pause_days_max" in found["jobs.pause_days"]


def test_every_mistake_of_every_schedule_is_told_at_once(tmp_path: Path):
    text = GOOD.replace("0 2", "0 99") + GOOD.replace("daily", "weekly").replace("backup", "x")

    assert set(wrong(tmp_path, text)) == {"schedules.daily.cron", "schedules.weekly.verb"}


def test_a_summary_tells_of_every_deployment_and_names_none(tmp_path: Path):
    text = HEAD + 'verb = "summary"\ncron = "0 8 * * *"\nwords = ["weekly"]\n'
    told = read(write(tmp_path, WHOLE + text), ENVIRON).schedules["daily"]
    named = wrong(tmp_path, text + 'deployments = ["production"]\n')
    slip = wrong(tmp_path, HEAD + 'verb = "summary"\nevery = "1d"\nwords = ["dayly"]\n')

    assert told.requests == {"all": summary.Request("weekly")}
    assert "has no deployment of its own" in named["schedules.daily.deployments"]
    assert "does not understand" in slip["schedules.daily.words"]
