"""No key is ever printed or written down; the whole folder and all output are looked through.

After each test of this folder the `house` fixture looks too; here is that its look would find one.
"""

import base64
import urllib.parse

import pytest

from storage.errors import ConvexError
from tests.journeys import house as of
from tests.sandbox import wire


def test_a_key_that_was_printed_or_kept_would_be_seen(house):
    secret = house.production.key.partition("|")[2]
    house.kept.append(f"Using key {secret}")
    (house.data).mkdir()
    (house.data / "notes").write_text(secret)

    assert house.keys_seen() == ["output 0", "data/notes"]
    house.kept.clear()
    (house.data / "notes").unlink()


SEALED = True  # So that the identity has to stay secret as well.
VERBS = [
    ("now", "--json"),
    ("now", "--label", "x"),
    ("list",),
    ("list", "--json"),
    ("show", "latest"),
    ("show", "latest", "--json"),
    ("verify", "latest", "--json"),
    ("restore", "latest", "--dry-run", "--json"),
    ("restore", "latest", "--yes"),
    ("doctor",),
    ("doctor", "--json"),
    ("recovery-kit",),
    ("recovery-kit", "--json"),
    ("keys", "rotate"),
    ("keys", "rotate", "--json"),
]


def test_no_verb_prints_a_key(house):
    for words in VERBS:
        assert house.run(*words).code == 0
    printed = "".join(house.kept)

    for stand in (house.production, house.staging):
        secret = stand.key.partition("|")[2]
        for shape in (
            secret,
            stand.key,
            urllib.parse.quote(secret),
            base64.b64encode(stand.key.encode()).decode(),
            base64.b64decode(secret).decode(),
        ):
            assert shape not in printed
    assert house.keys_seen() == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 500},
        {"kind": "hang"},
        {"kind": "drop_before"},
    ],
    ids=lambda trouble: "-".join(map(str, trouble.values())),
)
def test_no_failure_prints_a_key(house, trouble):
    house.production.trouble(**trouble, times=-1)
    with house.inside(**of.HASTY) as here, pytest.raises(ConvexError) as caught:
        here.do("now")

    secret = house.production.key.partition("|")[2]
    assert secret not in repr(caught.value) + str(caught.value)
    assert secret not in repr(here.ctx)


def test_an_answer_that_repeats_the_key_does_not_bring_it_to_the_screen(house):
    """A proxy on the way may show the request's headers in its error page."""
    key = house.production.key
    house.production.trouble(
        kind="status", status=401, code="BadAdminKey", message=f"bad header: Convex {key}", times=-1
    )
    ended = house.run("now")

    assert ended.code == 1
    assert key.partition("|")[2] not in ended.err


@pytest.mark.parametrize(
    "key",
    [
        "sk-ant-no-bar-at-all-0123456789",
        "prod:happy-animal-123|",
        "project:team:app|eyJzZWNyZXQiOiJub3QtdG8tYmUtc2VlbiJ9",
        "prod:calm-otter-456|eyJzZWNyZXQiOiJub3QtdG8tYmUtc2VlbiJ9",
        "two\nlines|eyJzZWNyZXQiOiJub3QtdG8tYmUtc2VlbiJ9",
    ],
)
def test_a_key_that_is_none_is_refused_without_being_shown(house, key):
    house.give_key("production", key)
    for words in (("now",), ("doctor",), ("now", "--json")):
        ended = house.run(*words)

        assert ended.code in (1, 2)
        assert "eyJzZWNyZXQ" not in ended.out + ended.err
        assert "sk-ant" not in ended.out + ended.err


def test_the_values_of_environment_variables_are_nowhere(house):
    told = wire.ask(house.production, "_system/cli/queryEnvironmentVariables")
    values = [row["value"].encode() for row in told if len(row["value"]) > 4]
    for words in VERBS:
        house.run(*words)
    texts = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file()]
    printed = "".join(house.kept).encode()

    assert len(values) > 1
    assert not [value for value in values if value in printed]
    assert not [value for value in values for text in texts if value in text]
