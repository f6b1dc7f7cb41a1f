"""What a person has typed and chosen in a view or a message: state.values, as Slack keeps it.

Every input has its entry from the start, null where nobody touched it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.slack_people import Json

# What an element's entry holds besides its type, and where its first value comes from.
_TYPED = ("value", "initial_value", None)
_ONE = ("selected_option", "initial_option", None)
_MANY: tuple[str, str, list[Any]] = ("selected_options", "initial_options", [])
_HOLDS: dict[str, tuple[str, str, Any]] = {
    "plain_text_input": _TYPED,
    "email_text_input": _TYPED,
    "url_text_input": _TYPED,
    "number_input": _TYPED,
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "static_select": _ONE,
    "external_select": _ONE,
    "radio_buttons": _ONE,
    "checkboxes": _MANY,
    "multi_static_select": _MANY,
    "multi_external_select": _MANY,
    "users_select": ("selected_user", "initial_user", None),
    "multi_users_select": ("selected_users", "initial_users", []),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", []),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_channels_select": ("selected_channels", "initial_channels", []),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "file_input": ("files", "", []),
}
Values = dict[str, dict[str, Json]]


def elements(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block, those inside other blocks too."""
    for block in blocks:
        inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for one in [*inside, *block.get("actions", [])]:
            if isinstance(one, dict) and "action_id" in one:
                yield block, one
        yield from elements(block.get("child_blocks", []))
        if block.get("type") == "carousel":
            yield from elements(block.get("elements", []))


def find(blocks: Sequence[Json], action_id: str, block_id: str = "") -> tuple[Json, Json] | None:
    """The element with this action_id, in the block or in any."""
    for block, one in elements(blocks):
        if one["action_id"] == action_id and block_id in ("", block.get("block_id")):
            return block, one
    return None


def first(blocks: Sequence[Json], kept: Mapping[str, Mapping[str, Json]] | None = None) -> Values:
    """The state of fresh blocks; what was typed before under the same ids stays."""
    values: Values = {}
    for block, one in elements(blocks):
        if one["type"] in _HOLDS:
            name, source, empty = _HOLDS[one["type"]]
            entry = {"type": one["type"], name: one.get(source, empty)}
            old = (kept or {}).get(block["block_id"], {}).get(one["action_id"])
            if old is not None and old.get("type") == one["type"]:
                entry = dict(old)
            values.setdefault(block["block_id"], {})[one["action_id"]] = entry
    return values


def entered(one: Json, told: Mapping[str, Any]) -> Json | None:
    """The entry that an element would hold after this; None for what holds nothing.

    Chosen options are the element's own, whatever else was claimed of them.
    """
    if one["type"] == "overflow":
        return {"selected_option": _own(one, told.get("selected_option"))}
    if one["type"] not in _HOLDS:
        return None
    name, _, empty = _HOLDS[one["type"]]
    value = told.get(name)
    if name == "selected_options":
        value = [_own(one, option) for option in value or []]
    elif name == "selected_option":
        value = _own(one, value)
    return {"type": one["type"], name: empty if value in (None, "") else value}


def keeps(one: Json) -> bool:
    """Whether an element has an entry in state.values at all."""
    return one["type"] in _HOLDS


def _offered(one: Json) -> list[Json]:
    groups = one.get("option_groups", [])
    inside = [option for group in groups for option in group.get("options", [])]
    return [*one.get("options", []), *inside]


def _own(one: Json, option: Any) -> Any:
    """The element's own option of this value."""
    value = option.get("value") if isinstance(option, dict) else None
    return next((own for own in _offered(one) if own["value"] == value), option)


def allowed(one: Json, told: Mapping[str, Any]) -> bool:
    """Whether a person could have chosen this: only options that the element offers."""
    offered = _offered(one)
    many = one["type"].startswith("multi_") or one["type"] == "checkboxes"
    chosen = told.get("selected_options") or [] if many else [told.get("selected_option")]
    if not offered or not isinstance(chosen, list):
        return not offered
    values = [option["value"] for option in offered]
    return all(option is None or option.get("value") in values for option in chosen)


def unfilled(blocks: Sequence[Json], values: Values) -> dict[str, str]:
    """What Slack itself complains of before a form is sent, by block."""
    wrong: dict[str, str] = {}
    for block, one in elements(blocks):
        if block.get("type") != "input":
            continue
        entry = values.get(block["block_id"], {}).get(one["action_id"], {})
        value = next((held for name, held in entry.items() if name != "type"), None)
        if value in (None, "", []):
            if not block.get("optional"):
                wrong[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str) and len(value) < one.get("min_length", 0):
            wrong[block["block_id"]] = f"Please enter at least {one['min_length']} characters."
        elif isinstance(value, str) and len(value) > one.get("max_length", 3000):
            wrong[block["block_id"]] = f"Please enter at most {one.get('max_length')} characters."
    return wrong
