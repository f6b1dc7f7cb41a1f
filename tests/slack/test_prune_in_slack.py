"""/backup prune, hold and release: the plan first, a button, and two clicks at once."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import AYU, BACKUPS, CITRA, RIZAL
from storage.vaults.local import LocalFolder
from tests.fakes import keep, make_manifest
from tests.slack.house import Card, wait_for

MORE, REMOVE = "prune.page", "prune.confirm"


def stock(house, *ages, deployment="production", kind="pre-deploy"):
    """Put a backup of each age in days into the vault; their ids."""
    vault, ids = LocalFolder(house.folder / "vault", name="local"), []
    for age in ages:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=age)
        manifest = make_manifest(deployment=deployment, taken_at=at, kind=kind)
        if manifest.id not in house.manifests():
            keep(vault, manifest)
        ids.append(manifest.id)
    return ids


@pytest.fixture
def full(house):
    """The house with twelve backups of staging, of which five would go."""
    everything = LocalFolder(house.folder / "vault", name="local")
    for stored in list(everything.list("backups/staging/")):
        everything.delete(stored.name)
    return house, stock(house, *range(1, 8), 40, 41, 42, 43, 44, deployment="staging")


def test_prune_shows_the_plan_and_removes_nothing(full):
    house, ids = full
    answer = house.ask(RIZAL, "prune staging yes")

    assert "7 backups stay, 5 backups would go" in answer.text
    assert answer.text.count("remove* `staging-") == 5
    assert "pre-deploy backups are kept 30 days; it is 44 days old" in answer.text
    assert set(ids) <= set(house.manifests())


def test_the_buttons_carry_a_deployment_and_a_few_letters(full):
    house, _ = full
    answer = house.ask(RIZAL, "prune staging")

    deployment, _, fingerprint = answer.buttons[REMOVE].partition(" ")
    assert deployment == "staging"
    assert len(fingerprint) == 16


def test_every_backup_is_on_some_page(full):
    house, _ = full
    ids = stock(house, *range(1, 8), *range(50, 90), deployment="staging")
    answer = house.ask(RIZAL, "prune staging")
    seen = answer.text
    while "Page 4 of 4" not in answer.text:
        before = answer.text
        house.press(RIZAL, answer, MORE, block_id=block_of(answer, "More"))
        wait_for(lambda before=before: answer.text != before)
        seen += answer.text

    assert all(id_ in seen for id_ in ids)


def block_of(answer, label):
    """The block in which the button of this label stands."""
    return next(
        block["block_id"]
        for block in answer.message["blocks"]
        for each in block.get("elements", ())
        if block["type"] == "actions" and each["text"]["text"] == label
    )


def test_the_button_has_exactly_the_plan_done_as_a_job(full):
    house, ids = full
    answer = house.ask(RIZAL, "prune staging")
    card = house.carded(BACKUPS, lambda: house.press(RIZAL, answer, REMOVE))

    assert card.ended() == "Done"
    assert "5 backups removed" in card.text
    assert set(ids[:7]) <= set(house.manifests())
    assert not set(ids[7:]) & set(house.manifests())
    assert all(id_ in " ".join(card.thread) for id_ in ids[7:])
    audit = house.ask(RIZAL, f"audit about {ids[7]}")
    assert "prune.removed" in audit.text


def test_two_clicks_at_once_are_one_job(full):
    house, ids = full
    answer = house.ask(RIZAL, "prune staging")
    before = house.job_messages()
    clicks = [threading.Thread(target=house.press, args=(RIZAL, answer, REMOVE)) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    wait_for(lambda: not set(ids[7:]) & set(house.manifests()), 30)
    house.idle()

    assert house.job_messages() == before + 1


def test_a_plan_that_changed_is_shown_anew_and_nothing_is_removed(full):
    house, ids = full
    answer = house.ask(RIZAL, "prune staging")
    house.do("hold", ids[8], "--reason", "the tax audit")
    told = house.pressed(RIZAL, answer, REMOVE)

    assert "is not what it was" in told.text
    assert "4 backups would go" in told.text
    assert set(ids) <= set(house.manifests())


def forged(house, value):
    """A message in the channel, of the bot's own token, with a button that the bot never made."""
    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    text = {"type": "plain_text", "text": "Remove"}
    button = {"type": "button", "action_id": REMOVE, "text": text, "value": value}
    blocks = [{"type": "actions", "elements": [button]}]
    ts = web.chat_postMessage(channel=BACKUPS, text="forged", blocks=blocks)["ts"]
    return Card(house, BACKUPS, str(ts))


@pytest.mark.parametrize(
    "value", ["staging 0000000000000000", "staging", "staging ", "nowhere 12", "* 1", "--yes x"]
)
def test_a_forged_button_removes_nothing(full, value):
    house, ids = full
    told = house.pressed(RIZAL, forged(house, value), REMOVE)

    assert "*Not done.*" in told.text
    assert set(ids) <= set(house.manifests())


def test_who_is_no_operator_is_refused_words_and_button(full):
    house, ids = full
    value = house.ask(RIZAL, "prune staging").buttons[REMOVE]

    assert "for operators" in house.ask(CITRA, "prune staging").text
    assert "for operators" in house.ask(CITRA, f"hold {ids[0]} reason whatever").text
    assert "for operators" in house.pressed(CITRA, forged(house, value), REMOVE).text
    assert set(ids) <= set(house.manifests())


def test_two_people_at_once_remove_once(full):
    """Two buttons with the same plan: the second job finds it done."""
    house, ids = full
    value = house.ask(RIZAL, "prune staging").buttons[REMOVE]
    before = removals(house)
    clicks = [
        threading.Thread(target=house.press, args=(person, forged(house, value), REMOVE))
        for person in (RIZAL, AYU)
    ]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    wait_for(lambda: not set(ids[7:]) & set(house.manifests()), 30)
    house.idle()
    assert removals(house) == before + 5


def removals(house):
    """How many removals the audit log tells of."""
    entries = map(Path.read_text, (house.folder / "vault" / "audit").glob("*.json"))
    return sum(json.loads(each)["what"] == "prune.removed" for each in entries)


def test_a_hold_is_placed_listed_and_released(full):
    house, ids = full
    held = house.ask(RIZAL, f'hold {ids[9]} reason "the tax audit"')
    shown = house.ask(RIZAL, f"show {ids[9]}")
    released = house.ask(AYU, f'release {ids[9]} reason "the audit is over"')

    assert "*Held:*" in held.text
    assert "the tax audit (Rizal" in shown.text
    assert "*Released:*" in released.text
