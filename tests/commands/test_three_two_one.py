"""3-2-1-1-0 is counted from facts, and each missing digit says what would fix it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.three_two_one import Place, digits
from storage.catalog import Copy
from tests.bot.terminal_events import AT, ID, entry

LOCAL = Place("local")
CLOUD = Place("cloud", kind="s3", offsite=True, locked=True)
DISK = Place("disk", offline=True)


def copy(vault: str, findings: int = 0, **changes) -> Copy:
    facts = {"verified_at": AT, "verified_by": "rizal", "verified_findings": findings}
    return Copy(**{"vault": vault, **facts, **changes})


def counted(places: list[Place], *copies: Copy):
    last = entry(copies=copies) if copies else None
    found = digits(last, "production", {place.name: place for place in places})
    return dict(zip(("copies", "kinds", "offsite", "locked", "errors"), found, strict=True))


def test_a_folder_and_a_locked_cloud_keep_the_whole_rule():
    found = counted([LOCAL, CLOUD], copy("local"), copy("cloud"))

    assert all(digit.kept for digit in found.values())
    assert [digit.has for digit in found.values()] == [3, 2, 1, 1, 0]


def test_the_deployment_itself_is_the_first_of_the_three_copies():
    found = counted([LOCAL, CLOUD], copy("local"))

    assert (found["copies"].has, found["copies"].what) == (2, "production itself, local")
    assert found["copies"].fix == f"Copy it: lifeboat copy {ID} --to cloud"


def test_with_one_vault_the_fix_is_another_vault():
    found = counted([LOCAL], copy("local"))

    assert "Add another [vaults.<name>]" in found["copies"].fix


def test_the_deployment_is_no_kind_of_vault():
    found = counted([LOCAL, DISK], copy("local"), copy("disk"))

    assert (found["kinds"].has, found["kinds"].kept) == (1, False)
    assert "another kind" in found["kinds"].fix


@pytest.mark.parametrize(("digit", "word"), [("offsite", "sync cloud"), ("locked", "sync cloud")])
def test_a_vault_that_would_do_and_lacks_the_backup_is_named(digit, word):
    assert word in counted([LOCAL, CLOUD], copy("local"))[digit].fix


def test_a_copy_that_is_not_there_counts_for_nothing():
    gone = copy("cloud", whole=False)
    found = counted([LOCAL, CLOUD], copy("local"), gone)

    assert [digit.kept for digit in found.values()] == [False] * 5
    assert found["errors"].fix == f"Copy it again: lifeboat copy {ID} --to cloud"


def test_offline_is_as_good_as_locked():
    assert counted([LOCAL, DISK], copy("local"), copy("disk"))["locked"].kept


@pytest.mark.parametrize(("kinds", "kept"), [({"daily"}, False), ({"manual"}, True)])
def test_a_vault_that_locks_other_kinds_of_backup_does_not_keep_this_one_safe(kinds, kept):
    cloud = replace(CLOUD, locked_kinds=frozenset(kinds))
    last = entry(copies=(copy("local"), copy("cloud")), kind="manual")
    found = digits(last, "production", {"local": LOCAL, "cloud": cloud})

    assert found[3].kept is kept


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (copy("cloud", findings=2), "2 in cloud"),
        (copy("cloud", differs=True), "1 in cloud"),
        (copy("cloud", verified_at=None), "never proven"),
    ],
)
def test_an_error_in_any_copy_is_not_zero_and_names_the_copy(bad, what):
    digit = counted([LOCAL, CLOUD], copy("local"), bad)["errors"]

    assert what in digit.what
    assert digit.fix.endswith(f"lifeboat verify {ID} --vault cloud")


def test_without_a_good_backup_nothing_is_kept_and_zero_errors_is_no_praise():
    found = counted([LOCAL, CLOUD])

    assert not any(digit.kept for digit in found.values())
    assert found["errors"].fix == "Take a backup: lifeboat now production"


places = st.builds(
    Place,
    st.just("x"),
    st.sampled_from(["folder", "s3"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(places, min_size=1, max_size=4), st.data())
def test_the_digits_are_what_can_be_counted(made, data):
    named = [replace(place, name=f"v{i}") for i, place in enumerate(made)]
    has = data.draw(st.lists(st.sampled_from(named), unique=True))
    found = counted(named, *(copy(place.name) for place in has))

    assert found["copies"].has == (1 + len(has) if has else 0)
    assert found["kinds"].has == len({place.kind for place in has})
    assert found["offsite"].kept == any(place.offsite for place in has)
    assert found["locked"].kept == any(place.locked or place.offline for place in has)
    assert found["errors"].kept == bool(has)
    assert all(bool(digit.fix) != digit.kept for digit in found.values())
