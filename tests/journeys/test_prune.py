"""Backups go by the policy, with the real command over a folder full of old ones."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from storage.errors import Cancelled, Refused, VaultUnreachable
from storage.vaults.local import LocalFolder
from tests.fakes import keep, make_check, make_finding, make_manifest

DAY = timedelta(days=1)
WORDS = ("prune", "--yes", "--json")
FEW = {"retention": {"floor": 2, "grace_days": 7}}


def stock(house, *ages, kind="manual", **changes):
    """Put a backup of each age in days into the vault; their ids, in that order."""
    vault, ids = LocalFolder(house.vault, name="local"), []
    for age in ages:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=age)
        manifest = make_manifest(taken_at=at, kind=kind, **changes)
        keep(vault, manifest)
        ids.append(manifest.id)
    return ids


def audit(house, what):
    found = [json.loads(path.read_text()) for path in sorted(house.vault.glob("audit/*.json"))]
    return [entry for entry in found if entry["what"] == what]


@pytest.fixture
def few(house):
    house.write(**FEW)
    return house


def test_a_dry_run_shows_every_backup_with_its_reason_and_touches_nothing(few):
    ids = stock(few, 1, 40, 100, 200)
    before = few.files()
    ended = few.process("prune", "--dry-run")

    assert ended.code == 0, ended.err
    lines = {id_: next(line for line in ended.out.splitlines() if id_ in line) for id_ in ids}
    assert [lines[id_].split()[0] for id_ in ids] == ["keep", "keep", "remove", "remove"]
    assert "one of the 2 newest that are proven" in lines[ids[0]]
    assert "manual backups are kept 90 days; it is 100 days old" in lines[ids[2]]
    assert "2 backups stay, 2 backups would go" in ended.out
    assert few.files() == before
    assert audit(few, "prune.removed") == []


def test_the_real_prune_asks_first_and_needs_somebody_to_answer(few):
    stock(few, 1, 2, 100)
    before = few.files()
    ended = few.process("prune")

    assert ended.code == 2
    assert "Remove 1 backup" in ended.err
    assert "Add --yes" in ended.err
    assert few.files() == before


def test_a_no_removes_nothing(few):
    stock(few, 1, 2, 100)
    asked = []

    with pytest.raises(Cancelled, match="did not confirm"):
        few.do("prune", confirm=lambda question: bool(asked.append(question)))

    assert len(few.manifests()) == 3
    assert "Remove 1 backup" in asked[0]


def test_a_removed_backup_is_no_longer_listed_and_its_bytes_stay_for_the_grace_period(few):
    new, newer, old = stock(few, 1, 2, 100)
    ended = few.process("prune", "--yes")
    listed = few.process("list")

    assert ended.code == 0, ended.err
    assert "Removed 1 backup" in ended.out
    assert old not in listed.out
    assert {new, newer} == set(few.manifests())
    assert sorted(few.files()) == sorted(
        [
            f"backups/production/{id_}/{name}"
            for id_, names in (
                (new, ("archive.zip", "manifest.json")),
                (newer, ("archive.zip", "manifest.json")),
                (old, ("archive.zip", "removed.json")),
            )
            for name in names
        ]
    )


def test_each_removal_is_in_the_audit_log_with_its_reason(few):
    *_, old = stock(few, 1, 2, 100)
    few.process("prune", "--yes")
    (entry,) = audit(few, "prune.removed")

    assert entry["about"] == old
    assert "100 days old" in entry["why"]
    assert entry["facts"]["vault"] == "local"
    assert few.run("audit", "verify").code == 0


def test_after_the_grace_period_the_bytes_go(few):
    *_, old = stock(few, 1, 2, 80)
    clock = few_days_later(few, 11)
    few.do("prune", "--yes", clock=clock)
    assert old not in few.manifests()
    early = few.do("prune", "--yes", clock=few_days_later(few, 17.9))
    late = few.do("prune", "--yes", clock=few_days_later(few, 18.1))

    assert (early.bytes_gone, early.waiting) == ((), 1)
    assert (late.bytes_gone, late.waiting) == ((old,), 0)
    assert not (few.vault / f"backups/production/{old}").exists() or not list(
        (few.vault / f"backups/production/{old}").iterdir()
    )
    assert [entry["about"] for entry in audit(few, "prune.bytes")] == [old]


def few_days_later(house, days):
    return lambda: datetime.now(UTC) + days * DAY


def test_without_a_grace_period_the_bytes_go_at_once(house):
    house.write(retention={"floor": 1, "grace_days": 0})
    new, old = stock(house, 1, 100)
    result = house.do("prune", "--yes")

    assert (result.removed, result.bytes_gone) == ((old,), (old,))
    assert [name for name in house.files() if old in name] == []
    assert list(house.manifests()) == [new]


def test_a_sweep_leaves_the_bytes_of_a_removed_backup(few):
    *_, old = stock(few, 1, 2, 100)
    few.process("prune", "--yes")
    few.grow_old(hours=100)
    few.backup()

    assert f"backups/production/{old}/archive.zip" in few.files()


def test_pruning_again_removes_nothing_more(few):
    stock(few, 1, 2, 100, 200, 300)
    few.process("prune", "--yes")
    again = few.process("prune", "--yes")

    assert again.code == 0
    assert "Nothing had to go" in again.out


def test_only_the_named_deployment_is_pruned(few):
    stock(few, 1, 2, 100)
    stock(few, 1, 2, 100, deployment="staging")
    few.process("prune", "staging", "--yes")

    assert sorted(id_.split("-")[0] for id_ in few.manifests()) == [
        "production",
        "production",
        "production",
        "staging",
        "staging",
    ]


def test_a_deployment_that_the_settings_do_not_name_is_left_alone(few):
    stock(few, 100, 200, 300, deployment="retired")
    ended = few.process("prune", "--yes")

    assert ended.code == 0
    assert len(few.manifests()) == 3


def test_what_was_found_damaged_counts_for_nothing(few):
    check = make_check(findings=(make_finding(),))
    stock(few, 1, 2, 3, check=check)
    sound = stock(few, 100, 200, 300)
    few.process("prune", "--yes")

    assert set(sound[:2]) <= set(few.manifests())
    assert sound[2] not in few.manifests()


def test_a_warning_is_no_damage(few):
    check = make_check(findings=(make_finding(severity="warning"),))
    kept = stock(few, 100, 200, check=check)
    gone = stock(few, 300)
    few.process("prune", "--yes")

    assert set(few.manifests()) == set(kept)
    assert gone[0] not in few.manifests()


def test_a_safety_backup_is_kept_while_its_undo_is_offered(house):
    house.write(retention={"floor": 1, "safety_days": 2}, approvals={"undo_within_hours": 48})
    young, old = stock(house, 1.9, 2.1, kind="safety")
    stock(house, 0)
    house.process("prune", "--yes")

    assert young in house.manifests()
    assert old not in house.manifests()


def test_a_pinned_backup_stays(house):
    house.write(retention={"floor": 1})
    new, old = stock(house, 1, 500)
    house.write(retention={"floor": 1, "pinned": [old]})
    house.process("prune", "--yes")

    assert set(house.manifests()) == {new, old}


def test_a_clock_far_behind_lets_nothing_go(few):
    stock(few, 1, 100, 200, 300)
    result = few.do("prune", "--yes", clock=few_days_later(few, -4000))

    assert (result.removed, len(few.manifests())) == ((), 4)


def test_a_clock_far_ahead_leaves_the_floor_and_every_byte(few):
    ids = stock(few, *range(1, 9))
    few.do("prune", "--yes", clock=few_days_later(few, 4000))
    few.do("prune", "--yes")

    assert set(few.manifests()) == set(ids[:2])
    assert len([name for name in few.files() if name.endswith("archive.zip")]) == 8


def test_what_is_held_between_the_plan_and_the_yes_is_kept(few):
    *_, old = stock(few, 1, 2, 100)

    def hold_first(question):
        few.do("hold", old, "--reason", "the tax audit")
        return True

    result = few.do("prune", confirm=hold_first)

    assert result.removed == ()
    assert "held: the tax audit" in result.spared[0][1]
    assert old in few.manifests()


def test_an_audit_log_that_cant_be_written_keeps_every_backup(few):
    ids = stock(few, 1, 2, 100, 200)
    with few.inside() as here:

        def refuse(*_args, **_more):
            raise VaultUnreachable("The vault does not answer.")

        here.ctx.audit.write = refuse
        with pytest.raises(VaultUnreachable, match="The audit log can't be written"):
            here.do("prune", "--yes")

    assert set(few.manifests()) == set(ids)
    assert not any(name.endswith("removed.json") for name in few.files())


def test_two_prunes_at_once_are_one(few):
    stock(few, 1, 2, 100)

    def again(_question):
        with pytest.raises(Refused, match="a prune of local"):
            few.do("prune", "--yes")
        return True

    assert len(few.do("prune", confirm=again).removed) == 1


def test_json_tells_every_decision(few):
    stock(few, 1, 2, 100)
    last = few.process("prune", "--dry-run", "--json").last

    assert last["event"] == "PruneDryRun"
    assert [each["keep"] for each in last["plan"]["decisions"]] == [True, True, False]
    assert last["plan"]["decisions"][2]["reasons"][0]["rule"] == "expired"


def test_a_prune_killed_at_any_moment_leaves_only_whole_backups_and_removed_ones(few):
    """kill -9 before every file that is made, named or removed, until one run ends by itself."""
    ids = stock(few, 1, 2, 100, 200)
    for effects in range(1, 60):
        running = few.start(
            str(effects), "prune", "--yes", "--json", module="tests.journeys.killed"
        )
        ended = running.end()
        for id_ in ids:
            folder = few.vault / "backups/production" / id_
            names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
            assert "archive.zip" in names
            assert names & {"manifest.json", "removed.json"}, (effects, names)
        told = {entry["about"] for entry in audit(few, "prune.removed")}
        assert set(ids) - set(few.manifests()) <= told
        if ended.code == 0:
            break

    assert ended.code == 0
    assert effects > 5
    assert set(few.manifests()) == set(ids[:2])


def test_deleting_the_bytes_can_be_killed_at_any_moment(house):
    house.write(retention={"floor": 1, "grace_days": 0})
    new, old, older = stock(house, 1, 100, 200)
    for effects in range(1, 80):
        running = house.start(
            str(effects), "prune", "--yes", "--json", module="tests.journeys.killed"
        )
        ended = running.end()
        assert house.run("list").code == 0
        assert new in house.manifests()
        for id_ in (old, older):
            left = {n.rpartition("/")[2] for n in house.files() if id_ in n and ".part" not in n}
            assert not left or left & {"manifest.json", "removed.json"}, (effects, left)
        if ended.code == 0:
            break

    assert ended.code == 0
    assert list(house.manifests()) == [new]
    assert [n for n in house.files() if new not in n and not n.endswith(".part")] == []
