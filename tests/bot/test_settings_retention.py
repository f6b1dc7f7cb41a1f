"""What the settings say of retention, and every way in which they make no sense."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.settings import read
from tests.bot.settings_files import ENVIRON, WHOLE, mistakes, write


def told(folder: Path, text: str):
    return read(write(folder, WHOLE + text), ENVIRON).rules.retention


def wrong(folder: Path, text: str):
    return mistakes(write(folder, WHOLE + text))


def test_without_a_word_the_guides_table_holds(tmp_path: Path):
    policy = told(tmp_path, "").of("production", "local")

    assert (policy.daily_days, policy.weekly_days, policy.monthly_days) == (90, 365, 2557)
    assert (policy.pre_deploy_days, policy.manual_days, policy.floor) == (30, 90, 7)


def test_what_is_said_for_one_deployment_and_one_vault_holds_there(tmp_path: Path):
    policies = told(
        tmp_path,
        """
        [retention]
        grace_days = 1.5
        release_needs_second_person = true
        [retention.deployments.staging]
        daily_days = 14
        [retention.vaults.local]
        floor = 3
        """,
    )

    assert policies.of("staging", "local").daily_days == 14
    assert policies.of("production", "local").daily_days == 90
    assert policies.of("production", "local").floor == 3
    assert policies.of("production", "elsewhere").floor == 7
    assert policies.grace == timedelta(hours=36)
    assert policies.release_needs_second_person


NOTHING = "\n".join(f"{kind}_days = 0" for kind in ("daily", "weekly", "monthly", "manual"))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("weekly_days = 30", "retention.weekly_days", "weekly backups would be kept 30 days"),
        ("monthly_days = 100", "retention.monthly_days", "would go first"),
        ("safety_days = 0", "retention.safety_days", "an undo is offered for 24 hours"),
        (f"{NOTHING}\npre_deploy_days = 0", "retention.daily_days", "No kind of backup is kept"),
        ('zone = "Asia/Atlantis"', "retention.zone", "There is no such zone."),
        ('zone = "../../etc/passwd"', "retention.zone", "There is no such zone."),
        ('zone = ""', "retention.zone", "There is no such zone."),
        ('pinned = ["latest"]', "retention.pinned", "Item 1 is not the id of a backup."),
        ("floor = 0", "retention.floor", "at least 1"),
        ("daily_days = -1", "retention.daily_days", "at least 0"),
        ("daily_days = 1.5", "retention.daily_days", "whole number"),
        ("grace_days = -1", "retention.grace_days", "at least 0"),
        ("dayly_days = 3", "retention.dayly_days", "Did you mean 'daily_days'"),
        (
            "[retention.deployments.prodction]\ndaily_days = 3",
            "retention.deployments.prodction",
            "Did you mean 'production'",
        ),
        ("[retention.vaults.s3]\nfloor = 3", "retention.vaults.s3", "no vault of that name"),
        ("[retention.vaults.local]", "retention.vaults.local", "It says nothing."),
        (
            "[retention.deployments.staging]\nweekly_days = 10",
            "retention.deployments.staging.weekly_days",
            "weekly backups would be kept 10 days",
        ),
        (
            "[retention.deployments.staging]\nkeep = 10",
            "retention.deployments.staging.keep",
            "There is no setting called 'keep'",
        ),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    tmp_path: Path, text: str, where: str, what: str
):
    table = "" if text.startswith("[") else "[retention]\n"
    found = wrong(tmp_path, f"\n{table}{text}\n")

    assert set(found) == {where}
    assert what in found[where]
    assert found[where].rstrip()[-1] in ".?:"


def test_a_longer_undo_than_safety_backups_are_kept_is_refused(tmp_path: Path):
    found = wrong(tmp_path, "\n[approvals]\nundo_within_hours = 72\n[retention]\nsafety_days = 2\n")

    assert "an undo is offered for 72 hours" in found["retention.safety_days"]


def test_every_mistake_is_told_at_once(tmp_path: Path):
    found = wrong(tmp_path, '\n[retention]\nzone = "x"\nweekly_days = 1\nsafety_days = 0\n')

    assert set(found) == {"retention.zone", "retention.weekly_days", "retention.safety_days"}
