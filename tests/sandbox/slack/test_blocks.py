"""Block Kit's limits, as Slack tells them: invalid_blocks with its words and JSON pointers."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.models import blocks as kit

from sandbox import slack_blocks
from sandbox.slack_people import BACKUPS
from tests.sandbox.slack.bots import Json, plain, refused


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def press(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def option(value: str = "1", text: str = "One", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def select(count: int = 1, **more: Any) -> Json:
    options = [option(str(n)) for n in range(count)]
    return {"type": "static_select", "action_id": "s", "options": options, **more}


def overflow(count: int) -> Json:
    options = [option(str(n)) for n in range(count)]
    return {"type": "overflow", "action_id": "o", "options": options}


def ask(**more: Any) -> Json:
    dialog = {"title": plain("Sure?"), "text": plain("Really?")}
    return dialog | {"confirm": plain("Yes"), "deny": plain("No")} | more


def task(**more: Any) -> Json:
    told = {"type": "task_card", "task_id": "1", "title": "Pause", "status": "pending"}
    return told | more


def table(rows: int, cells: int = 1, text: str = "x") -> Json:
    row = [{"type": "raw_text", "text": text}] * cells
    return {"type": "table", "rows": [row] * rows}


LESS, MORE, ITEMS = (
    "must be less than {} characters",
    "must be more than 0",
    "no more than {} items",
)
TOO_MUCH: list[tuple[Json, str, str]] = [
    (section("a" * 3001), LESS.format(3001), "/blocks/0/text/text"),
    (section(""), MORE, "/blocks/0/text/text"),
    ({"type": "section"}, "must define either `text` or `fields`", "/blocks/0/type"),
    ({"type": "section", "fields": [plain("a")] * 11}, ITEMS.format(10), "/blocks/0/fields"),
    (
        {"type": "section", "fields": [plain("a" * 2001)]},
        LESS.format(2001),
        "/blocks/0/fields/0/text",
    ),
    ({"type": "header", "text": plain("a" * 151)}, LESS.format(151), "/blocks/0/text/text"),
    ({"type": "header", "text": mrkdwn("a")}, "unsupported type: mrkdwn", "/blocks/0/text/type"),
    ({"type": "context", "elements": [plain("a")] * 11}, ITEMS.format(10), "/blocks/0/elements"),
    (
        actions(*[press(action_id=str(n)) for n in range(26)]),
        ITEMS.format(25),
        "/blocks/0/elements",
    ),
    (actions(press(text=plain("a" * 76))), LESS.format(76), "/blocks/0/elements/0/text/text"),
    (actions(press(value="a" * 2001)), LESS.format(2001), "/blocks/0/elements/0/value"),
    (actions(press(url="a" * 3001)), LESS.format(3001), "/blocks/0/elements/0/url"),
    (actions(press(action_id="a" * 256)), LESS.format(256), "/blocks/0/elements/0/action_id"),
    (
        actions(press(accessibility_label="a" * 76)),
        LESS.format(76),
        "/blocks/0/elements/0/accessibility_label",
    ),
    (actions(press(style="green")), "must be one of", "/blocks/0/elements/0/style"),
    (actions(press(), press()), '`action_id` "a" already exists', "/blocks/0/elements/1/action_id"),
    (
        actions(press(confirm=ask(title=plain("a" * 101)))),
        LESS.format(101),
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        actions(press(confirm=ask(text=plain("a" * 301)))),
        LESS.format(301),
        "/blocks/0/elements/0/confirm/text/text",
    ),
    (
        actions(press(confirm=ask(confirm=plain("a" * 31)))),
        LESS.format(31),
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    (actions(select(101)), ITEMS.format(100), "/blocks/0/elements/0/options"),
    (actions(select(0)), "no fewer than 1 items", "/blocks/0/elements/0/options"),
    (
        actions(select(options=[option("a" * 151)])),
        LESS.format(151),
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        actions(select(options=[option(text="a" * 76)])),
        LESS.format(76),
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        actions(select(initial_option=option("other"))),
        "must be one of the options",
        "/blocks/0/elements/0/initial_option",
    ),
    (
        actions(select(placeholder=plain("a" * 151))),
        LESS.format(151),
        "/blocks/0/elements/0/placeholder/text",
    ),
    (actions(overflow(6)), ITEMS.format(5), "/blocks/0/elements/0/options"),
    (
        section(accessory={"type": "plain_text_input", "action_id": "a"}),
        "unsupported type: plain_text_input",
        "/blocks/0/accessory/type",
    ),
    ({"type": "marquee"}, "unsupported type: marquee", "/blocks/0/type"),
    ({"type": "alert", "text": plain("a")}, "unsupported type: alert", "/blocks/0/type"),
    (section(colour="red"), "invalid additional property: colour", "/blocks/0"),
    (section(block_id="a" * 256), LESS.format(256), "/blocks/0/block_id"),
    (
        {"type": "image", "image_url": "https://x.example"},
        "missing required field: alt_text",
        "/blocks/0",
    ),
    ({"type": "markdown", "text": "a" * 12_001}, LESS.format(12_001), "/blocks/0/text"),
    (table(101), ITEMS.format(100), "/blocks/0/rows"),
    (table(1, 21), ITEMS.format(20), "/blocks/0/rows/0"),
    (table(100, 2, "a" * 51), LESS.format(10_001), "/blocks/0/rows"),
    (task(status="completed"), "must be one of", "/blocks/0/status"),
    (
        {"type": "plan", "title": "p", "tasks": [task(status="done")]},
        "must be one of",
        "/blocks/0/tasks/0/status",
    ),
    (
        {
            "type": "input",
            "label": plain("a" * 2001),
            "element": {"type": "plain_text_input", "action_id": "a"},
        },
        LESS.format(2001),
        "/blocks/0/label/text",
    ),
]


@pytest.mark.parametrize(("block", "problem", "at"), TOO_MUCH)
def test_slack_says_what_is_wrong_and_where(block: Json, problem: str, at: str) -> None:
    (told,) = slack_blocks.problems([block], slack_blocks.MESSAGE)

    assert told.startswith(problem)
    assert told.endswith(f"[json-pointer:{at}]")


JUST_FITS = [
    section("a" * 3000),
    {"type": "section", "fields": [plain("a" * 2000)] * 10},
    {"type": "header", "text": plain("a" * 150), "level": 2},
    {"type": "context", "elements": [mrkdwn("a")] * 10},
    actions(*[press(action_id=str(n), text=plain("a" * 75)) for n in range(25)]),
    actions(press(value="a" * 2000, url="a" * 3000, action_id="a" * 255)),
    actions(select(100, placeholder=plain("a" * 150)), overflow(5)),
    actions(press(confirm=ask(text=plain("a" * 300), title=plain("a" * 100)))),
    {"type": "markdown", "text": "a" * 12_000},
    table(100, 2, "a" * 50),
    {"type": "plan", "title": "p", "tasks": [task(status="in_progress")]},
]


@pytest.mark.parametrize("block", JUST_FITS)
def test_at_the_limit_all_is_well(block: Json) -> None:
    assert slack_blocks.problems([block], slack_blocks.MESSAGE) == []


def test_what_the_sdk_builds_is_accepted() -> None:
    built: list[kit.Block] = [
        kit.HeaderBlock(text="Restore"),
        kit.SectionBlock(
            text=kit.MarkdownTextObject(text="*now*"),
            accessory=kit.OverflowMenuElement(
                action_id="more", options=[kit.Option(text="Show", value="show")]
            ),
        ),
        kit.ContextBlock(elements=[kit.PlainTextObject(text="at noon")]),
        kit.DividerBlock(),
        kit.ActionsBlock(
            elements=[
                kit.ButtonElement(
                    text="Approve",
                    action_id="approve",
                    value="1",
                    style="primary",
                    confirm=kit.ConfirmObject(title="Sure?", text="Really?"),
                ),
                kit.StaticSelectElement(
                    action_id="mode",
                    placeholder="Mode",
                    options=[kit.Option(text="Replace", value="replace")],
                ),
            ]
        ),
        kit.InputBlock(
            label="Name", element=kit.PlainTextInputElement(action_id="n", max_length=10)
        ),
        kit.RichTextBlock(
            elements=[
                kit.RichTextSectionElement(elements=[kit.RichTextElementParts.Text(text="hello")])
            ]
        ),
        kit.PlanBlock(
            title="Restoring",
            tasks=[kit.TaskCardBlock(task_id="1", title="Pause", status="complete")],
        ),
        kit.TableBlock(rows=[[kit.RawTextObject(text="npd").to_dict()]]),
        kit.ContainerBlock(title="More", child_blocks=[kit.DividerBlock()]),
    ]
    told = [block.to_dict() for block in built]

    assert slack_blocks.problems(told, slack_blocks.MESSAGE) == []


def test_a_message_has_fifty_blocks_at_most(web: WebClient) -> None:
    blocks = [section()] * 51
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", blocks=blocks)

    assert told["error"] == "invalid_blocks"
    assert told["errors"] == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert web.chat_postMessage(channel=BACKUPS, text="a", blocks=blocks[:50])["ok"]


def test_the_problems_are_in_the_metadata_too(web: WebClient) -> None:
    blocks = [section("a" * 3001)]
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", blocks=blocks)

    at = "[json-pointer:/blocks/0/text/text]"
    assert told["response_metadata"]["messages"] == [
        f"[ERROR] must be less than 3001 characters {at}"
    ]


def test_an_update_is_held_against_the_same_limits(web: WebClient) -> None:
    ts = web.chat_postMessage(channel=BACKUPS, text="a")["ts"]
    blocks = [section("a" * 3001)]
    told = refused(web.chat_update, channel=BACKUPS, ts=ts, text="a", blocks=blocks)

    assert told["error"] == "invalid_blocks"


def test_a_block_id_is_used_once_and_given_where_there_is_none(web: WebClient) -> None:
    twice = [section(block_id="one"), section(block_id="one")]
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", blocks=twice)
    without = actions({"type": "button", "text": plain("Go")})
    made = web.chat_postMessage(channel=BACKUPS, text="a", blocks=[without])["message"]["blocks"][0]

    assert told["errors"][0].startswith('`block_id` "one" already exists')
    assert made["block_id"]
    assert made["elements"][0]["action_id"]


def test_all_markdown_together_has_a_limit(web: WebClient) -> None:
    blocks = [{"type": "markdown", "text": "a" * 7_000}] * 2
    told = refused(web.chat_postMessage, channel=BACKUPS, text="a", blocks=blocks)

    assert told["error"] == "msg_blocks_too_long"


def test_a_plan_stands_without_loose_tasks() -> None:
    blocks = [{"type": "plan", "title": "p", "tasks": []}, task()]

    assert "mutually exclusive" in slack_blocks.problems(blocks, slack_blocks.MESSAGE)[0]
