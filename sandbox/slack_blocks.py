"""What Slack says of a message's or a view's blocks, and the ids that it gives them.

Limits are those of Slack's documents; the words and JSON pointers are those of its answers. A
block it does not know here is refused as Slack refuses one: `unsupported type`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.slack_ids import element_id
from sandbox.slack_kit import ID_MAX, IN_ACTIONS, IN_INPUT, IN_SECTION, Findings, element, image

MESSAGE, MODAL, HOME = "message", "modal", "home"
_BLOCKS_MAX = {MESSAGE: 50, MODAL: 100, HOME: 100}
_MARKDOWN_MAX = 12_000
_TABLE_CHARACTERS_MAX = 10_000
_STATUSES = ("pending", "in_progress", "complete", "error")
_LEVELS = ("default", "info", "warning", "error", "success")
_RICH = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
_Told = Mapping[str, Any]


def problems(blocks: Any, surface: str, at: str = "/blocks") -> list[str]:
    """Everything that is wrong, as Slack would list it; nothing wrong is an empty list."""
    found = Findings()
    listed = found.items(blocks, at, 0 if surface == MESSAGE else 1, _BLOCKS_MAX[surface])
    kinds = {one.get("type") for one in listed if isinstance(one, dict)}
    if {"plan", "task_card"} <= kinds:
        found.say("`plan` and `task_card` are mutually exclusive", at)
    seen: set[str] = set()
    for place, block in enumerate(listed):
        _block(found, block, f"{at}/{place}", surface)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str):
            if block_id in seen:
                told = f'`block_id` "{block_id}" already exists for another block'
                found.say(told, f"{at}/{place}/block_id")
            seen.add(block_id)
    return found.problems


def markdown_length(blocks: Sequence[_Told]) -> int:
    """All characters of all markdown blocks, which together have a limit too."""
    return sum(len(one.get("text") or "") for one in blocks if one.get("type") == "markdown")


MARKDOWN_MAX = _MARKDOWN_MAX


def _block(found: Findings, block: Any, at: str, surface: str) -> None:
    if not found.thing(block, at):
        return
    kind = block.get("type")
    look, surfaces, known = _BLOCKS.get(str(kind), (_divider, (), ()))
    if surface not in surfaces:
        found.say(f"unsupported type: {kind}", f"{at}/type")
        return
    found.action_ids = set()
    if known is not _UNKNOWN:
        found.keys(block, at, ("type", "block_id", *known))
    found.string(block, "block_id", at, ID_MAX)
    look(found, block, at)


def _divider(found: Findings, block: _Told, at: str) -> None:
    """Nothing can be wrong with it."""


def _section(found: Findings, block: _Told, at: str) -> None:
    if "text" not in block and "fields" not in block:
        found.say("must define either `text` or `fields`", f"{at}/type")
    if "text" in block:
        found.text(block["text"], f"{at}/text", 3000)
    if "fields" in block:
        for place, one in enumerate(found.items(block["fields"], f"{at}/fields", 1, 10)):
            found.text(one, f"{at}/fields/{place}", 2000)
    if "accessory" in block:
        element(found, block["accessory"], f"{at}/accessory", IN_SECTION)


def _header(found: Findings, block: _Told, at: str) -> None:
    found.text(block.get("text"), f"{at}/text", 150, ("plain_text",))
    found.one_of(block, "level", at, (1, 2, 3, 4))


def _context(found: Findings, block: _Told, at: str) -> None:
    for place, one in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, 10)):
        here = f"{at}/elements/{place}"
        if isinstance(one, dict) and one.get("type") == "image":
            element(found, one, here, ("image",))
        else:
            found.text(one, here, 3000)


def _actions(found: Findings, block: _Told, at: str) -> None:
    for place, one in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, 25)):
        element(found, one, f"{at}/elements/{place}", IN_ACTIONS)


def _input(found: Findings, block: _Told, at: str) -> None:
    found.text(block.get("label"), f"{at}/label", 2000, ("plain_text",))
    found.plain(block, "hint", at, 2000)
    element(found, block.get("element"), f"{at}/element", IN_INPUT)


def _image(found: Findings, block: _Told, at: str) -> None:
    image(found, block, at)
    found.plain(block, "title", at, 2000)


def _rich_text(found: Findings, block: _Told, at: str) -> None:
    for place, one in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, 1000)):
        if found.thing(one, f"{at}/elements/{place}"):
            found.one_of(one, "type", f"{at}/elements/{place}", _RICH)
            found.items(one.get("elements"), f"{at}/elements/{place}/elements", 0, 1000)


def _markdown(found: Findings, block: _Told, at: str) -> None:
    found.string(block, "text", at, _MARKDOWN_MAX, need=True)


def _rows(found: Findings, block: _Told, at: str, least: int, most: int) -> list[list[Any]]:
    rows = found.items(block.get("rows"), f"{at}/rows", least, most)
    listed = [found.items(row, f"{at}/rows/{n}", 1, 20) for n, row in enumerate(rows)]
    for row, cells in enumerate(listed):
        for column, cell in enumerate(cells):
            here = f"{at}/rows/{row}/{column}"
            if found.thing(cell, here):
                found.one_of(cell, "type", here, ("raw_text", "raw_number", "rich_text"))
                if cell.get("type") == "raw_text":
                    found.string(cell, "text", here, 3000, need=True)
    return listed


def _table(found: Findings, block: _Told, at: str) -> None:
    rows = _rows(found, block, at, 1, 100)
    cells = [cell for row in rows for cell in row if isinstance(cell, dict)]
    if sum(len(str(cell.get("text", ""))) for cell in cells) > _TABLE_CHARACTERS_MAX:
        found.say(f"must be less than {_TABLE_CHARACTERS_MAX + 1} characters", f"{at}/rows")
    if "column_settings" in block:
        found.items(block["column_settings"], f"{at}/column_settings", 0, 20)


def _data_table(found: Findings, block: _Told, at: str) -> None:
    rows = _rows(found, block, at, 2, 101)
    if len({len(row) for row in rows}) > 1:
        found.say("every row must have the same number of cells", f"{at}/rows")
    found.string(block, "caption", at, 3000, need=True)
    found.one_of(block, "page_size", at, range(1, 101))


def _task_card(found: Findings, block: _Told, at: str) -> None:
    found.string(block, "task_id", at, ID_MAX, need=True)
    found.string(block, "title", at, 3000, need=True)
    found.one_of(block | {"status": block.get("status")}, "status", at, _STATUSES)  # type: ignore[operator]
    for name in ("details", "output"):
        if name in block:
            _block(found, block[name], f"{at}/{name}", "rich")


def _plan(found: Findings, block: _Told, at: str) -> None:
    found.string(block, "title", at, 3000, need=True)
    for place, task in enumerate(found.items(block.get("tasks", []), f"{at}/tasks", 0, 100)):
        _block(found, task, f"{at}/tasks/{place}", "plan")


def _alert(found: Findings, block: _Told, at: str) -> None:
    found.text(block.get("text"), f"{at}/text", 3000)
    found.one_of(block, "level", at, _LEVELS)


def _card(found: Findings, block: _Told, at: str) -> None:
    if not {"hero_image", "title", "actions", "body"} & block.keys():
        found.say("must define `hero_image`, `title`, `actions` or `body`", f"{at}/type")
    for name, most in (("title", 150), ("subtitle", 150), ("body", 200)):
        if name in block:
            found.text(block[name], f"{at}/{name}", most)
    for place, one in enumerate(found.items(block.get("actions", []), f"{at}/actions", 0, 25)):
        element(found, one, f"{at}/actions/{place}", ("button",))


def _carousel(found: Findings, block: _Told, at: str) -> None:
    for place, one in enumerate(found.items(block.get("elements"), f"{at}/elements", 1, 10)):
        _block(found, one, f"{at}/elements/{place}", "carousel")


def _container(found: Findings, block: _Told, at: str) -> None:
    if "title" not in block and "rich_text_title" not in block:
        found.say("missing required field: title", at)
    found.plain(block, "title", at, 150)
    if "subtitle" in block:
        found.text(block["subtitle"], f"{at}/subtitle", 150)
    found.one_of(block, "width", at, ("narrow", "standard", "wide", "full"))
    children = found.items(block.get("child_blocks"), f"{at}/child_blocks", 1, 10)
    for place, one in enumerate(children):
        _block(found, one, f"{at}/child_blocks/{place}", MESSAGE)


def _chart(found: Findings, block: _Told, at: str) -> None:
    found.string(block, "title", at, 50)


_Look = Callable[[Findings, _Told, str], None]
_EVERYWHERE = (MESSAGE, MODAL, HOME)
_UNKNOWN: Sequence[str] = ("*",)  # Its properties are written down nowhere that we could read.
# How a block is looked at, where it may stand, and its properties besides `type` and `block_id`.
_BLOCKS: dict[str, tuple[_Look, Sequence[str], Sequence[str]]] = {
    "section": (_section, _EVERYWHERE, ("text", "fields", "accessory", "expand")),
    "divider": (_divider, _EVERYWHERE, ()),
    "header": (_header, _EVERYWHERE, ("text", "level")),
    "context": (_context, _EVERYWHERE, ("elements",)),
    "actions": (_actions, _EVERYWHERE, ("elements",)),
    "input": (
        _input,
        _EVERYWHERE,
        ("label", "element", "hint", "optional", "dispatch_action"),
    ),
    "image": (_image, _EVERYWHERE, ("image_url", "alt_text", "title", "slack_file")),
    "rich_text": (_rich_text, (*_EVERYWHERE, "rich"), ("elements",)),
    "markdown": (_markdown, (MESSAGE,), ("text",)),
    "table": (_table, (MESSAGE,), ("rows", "column_settings")),
    "data_table": (
        _data_table,
        (MESSAGE,),
        ("rows", "caption", "page_size", "row_header_column_index"),
    ),
    "data_visualization": (_chart, (MESSAGE,), _UNKNOWN),
    "task_card": (
        _task_card,
        (MESSAGE, "plan"),
        ("task_id", "title", "details", "output", "sources", "status"),
    ),
    "plan": (_plan, (MESSAGE,), ("title", "tasks")),
    "alert": (_alert, (MODAL,), ("text", "level")),
    "card": (
        _card,
        (MESSAGE, "carousel"),
        ("hero_image", "icon", "title", "subtitle", "body", "actions"),
    ),
    "carousel": (_carousel, (MESSAGE,), ("elements",)),
    "container": (
        _container,
        (MESSAGE,),
        (
            *("title", "rich_text_title", "subtitle", "child_blocks", "width", "icon"),
            *("is_collapsible", "default_collapsed", "has_header_divider"),
        ),
    ),
}


def named(blocks: Sequence[_Told]) -> list[dict[str, Any]]:
    """The blocks with what Slack adds: ids where none were given, and the texts' small print."""
    made = [_filled(block) for block in blocks]
    _identify(made)
    return made


def _identify(blocks: Sequence[dict[str, Any]]) -> None:
    for block in blocks:
        block.setdefault("block_id", element_id())
        _identify(block.get("child_blocks", []))
        if block["type"] == "carousel":
            _identify(block["elements"])


_NO_ACTION = ("image", "plain_text", "mrkdwn")


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _filled(one) for name, one in value.items()}
    if made.get("type") == "plain_text":
        made.setdefault("emoji", True)
    elif made.get("type") == "mrkdwn":
        made.setdefault("verbatim", False)
    for name in ("elements", "accessory", "element", "actions"):
        inside = made.get(name, [])
        for one in inside if isinstance(inside, list) else [inside]:
            if isinstance(one, dict) and _acts(one):
                one.setdefault("action_id", element_id())
    return made


def _acts(one: _Told) -> bool:
    return one.get("type") in (*IN_ACTIONS, *IN_INPUT) and one.get("type") not in _NO_ACTION
