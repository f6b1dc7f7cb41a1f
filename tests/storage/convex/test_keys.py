"""Whose key it is, told by what stands before the bar; what stands behind it is never repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.convex.address import is_plain_http_to_public
from storage.convex.keys import KeyName, check_key_fits, key_name
from storage.errors import WrongKey
from storage.secret import Secret

HIDDEN = "eyJ2MiI6InNlY3JldCJ9"


@pytest.mark.parametrize(
    ("left", "type_"),
    [
        ("prod:happy-animal-123", "prod"),
        ("dev:happy-animal-123", "dev"),
        ("preview:happy-animal-123", "preview"),
        ("happy-animal-123", ""),
    ],
)
def test_a_key_of_one_deployment_names_it(left, type_):
    named = key_name(Secret(f"{left}|{HIDDEN}"))

    assert named == KeyName(type_, "happy-animal-123")


@pytest.mark.parametrize("name", ["carnitas", "convex-self-hosted", "convex_self_hosted", "A1"])
def test_a_self_hosted_key_names_its_instance(name):
    named = key_name(Secret(f"{name}|01c2a5{'0' * 60}"))

    assert named == KeyName("", name)


def test_only_the_first_bar_divides_a_key():
    named = key_name(Secret(f"prod:happy-animal-123|{HIDDEN}|more"))

    assert named.deployment == "happy-animal-123"


@pytest.mark.parametrize(
    "left", ["preview:team:project", "project:team:project", "project:team", "a:b:c"]
)
def test_a_key_that_makes_deployments_is_refused_as_the_key_of_none(left):
    with pytest.raises(WrongKey, match="names a project, not a deployment"):
        key_name(Secret(f"{left}|{HIDDEN}"))


@pytest.mark.parametrize(
    "key",
    ["", "|", HIDDEN, "prod:happy-animal-123", "prod:happy-animal-123|"],
)
def test_a_key_without_a_bar_or_without_a_secret_part_is_none(key):
    with pytest.raises(WrongKey, match=r"a bar \| and a secret part"):
        key_name(Secret(key))


@pytest.mark.parametrize(
    "left", ["", "prod:", "a b", "-a", "../a", "a/b", "a" * 101, "é", "a\n", ":a", "é:a", "a b:c"]
)
def test_what_can_be_no_name_is_refused(left):
    with pytest.raises(WrongKey, match="no deployment's name"):
        key_name(Secret(f"{left}|{HIDDEN}"))


@pytest.mark.parametrize("hidden", ["a b", "a\n", "\ta", "a\r\nX: y", "é", "a\0", "\ud800"])
def test_a_secret_part_that_no_header_can_carry_is_refused(hidden):
    with pytest.raises(WrongKey, match="spaces, line ends or letters"):
        key_name(Secret(f"prod:happy-animal-123|{hidden}"))


@pytest.mark.parametrize(
    "url",
    [
        "https://happy-animal-123.convex.cloud",
        "https://happy-animal-123.eu-west-1.convex.cloud",
        "https://HAPPY-animal-123.Convex.Cloud/",
        "https://happy-animal-123.convex.cloud:443",
        "https://happy-animal-123.convex.cloud.",
    ],
)
def test_a_key_fits_the_cloud_address_of_its_deployment(url):
    check_key_fits(url, Secret(f"prod:happy-animal-123|{HIDDEN}"))


@pytest.mark.parametrize(
    "url",
    [
        "https://calm-otter-456.convex.cloud",
        "https://calm-otter-456.eu-west-1.convex.cloud",
        "https://calm-otter-456.convex.cloud.",
    ],
)
def test_a_key_of_another_deployment_than_the_address_is_refused_by_both_names(url):
    with pytest.raises(WrongKey) as refusal:
        check_key_fits(url, Secret(f"prod:happy-animal-123|{HIDDEN}"))

    assert refusal.value.what == f"This is a key of happy-animal-123, and {url} is calm-otter-456."
    assert refusal.value.safe == "The key was not sent."
    assert "happy-animal-123" in refusal.value.hint
    assert "calm-otter-456" in refusal.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:3210",
        "https://convex.example.org",
        "https://convex.cloud",
        "https://a.b.c.convex.cloud",
        "https://calm-otter-456.convex.cloud.example.org",
    ],
)
def test_an_address_that_names_no_deployment_fits_any_key(url):
    check_key_fits(url, Secret(f"happy-animal-123|{HIDDEN}"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://calm-otter-456.convex.cloud"])
def test_a_key_is_looked_at_before_the_address_is(url):
    with pytest.raises(WrongKey, match="names a project"):
        check_key_fits(url, Secret(f"project:team:project|{HIDDEN}"))


@given(
    left=st.sampled_from(
        ["", "a", "prod:a", "preview:a:b", "project:a:b", "x:y:z", "a b", "prod:", "é"]
    ),
    bar=st.sampled_from(["|", "", "||"]),
    hidden=st.text(st.characters(codec="utf-8"), min_size=8).map(lambda told: f"§{told}§"),
)
def test_no_refusal_repeats_the_secret_part(left, bar, hidden):
    try:
        check_key_fits("https://calm-otter-456.convex.cloud", Secret(f"{left}{bar}{hidden}"))
    except WrongKey as refusal:
        assert hidden not in f"{refusal} {refusal!r} {refusal.args}"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://convex.example.org", True),
        ("http://8.8.8.8:3210", True),
        ("https://convex.example.org", False),
        ("http://127.0.0.1:3210", False),
        ("http://10.1.2.3", False),
        ("http://[::1]:3210", False),
        ("http://backend:3210", False),
        ("http://convex.internal", False),
    ],
)
def test_a_key_can_be_read_on_the_way_only_by_plain_http_past_a_private_network(url, seen):
    assert is_plain_http_to_public(url) is seen
