"""The small things that Block Kit's blocks are made of: texts, options, confirmations, elements.

Each check writes down what Slack would say, in its words and with its JSON pointers. Whole blocks
are `slack_blocks.py`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ID_MAX = 255
_URL_MAX, _ALT_MAX = 3000, 2000
_SELECTS = ("static", "external", "users", "conversations", "channels")
PICKS_ONE = tuple(f"{kind}_select" for kind in _SELECTS)
PICKS_MANY = tuple(f"multi_{kind}_select" for kind in _SELECTS)
_PICKERS = ("datepicker", "timepicker")
_TYPED = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
_CHOSEN = ("checkboxes", "radio_buttons")

IN_ACTIONS = (
    *("button", "overflow", "workflow_button", "datetimepicker"),
    *(*_CHOSEN, *_PICKERS, *PICKS_ONE, *PICKS_MANY),
)
IN_SECTION = (
    *("button", "overflow", "workflow_button", "image"),
    *(*_CHOSEN, *_PICKERS, *PICKS_ONE, *PICKS_MANY),
)
IN_INPUT = (
    *("datetimepicker", "rich_text_input", "file_input"),
    *(*_TYPED, *_CHOSEN, *_PICKERS, *PICKS_ONE, *PICKS_MANY),
)


@dataclass
class Findings:
    """What is wrong with a message or a view, in the order in which it was seen."""

    problems: list[str] = field(default_factory=list)
    action_ids: set[str] = field(default_factory=set)  # of the block that is looked at

    def say(self, problem: str, at: str) -> None:
        self.problems.append(f"{problem} [json-pointer:{at}]")

    def thing(self, value: Any, at: str) -> bool:
        """Whether it is an object; says so if not."""
        if isinstance(value, dict):
            return True
        self.say("must provide an object", at)
        return False

    def keys(self, told: Mapping[str, Any], at: str, known: Sequence[str]) -> None:
        for name in told:
            if name not in known:
                self.say(f"invalid additional property: {name}", at)

    def string(  # noqa: PLR0913 - each is a rule of the one string.
        self,
        told: Mapping[str, Any],
        name: str,
        at: str,
        most: int,
        *,
        need: bool = False,
        least: int = 1,
    ) -> None:
        """A plain string of the object, between its limits."""
        value = told.get(name)
        if name not in told:
            if need:
                self.say(f"missing required field: {name}", at)
        elif not isinstance(value, str):
            self.say("must provide a string", f"{at}/{name}")
        elif len(value) < least:
            self.say(f"must be more than {least - 1} characters", f"{at}/{name}")
        elif len(value) > most:
            self.say(f"must be less than {most + 1} characters", f"{at}/{name}")

    def items(self, value: Any, at: str, least: int, most: int) -> list[Any]:
        """The list, looked at for its length; empty where there is none to look into."""
        if not isinstance(value, list):
            self.say("must provide an array", at)
            return []
        if len(value) < least:
            self.say(f"no fewer than {least} items allowed", at)
        if len(value) > most:
            self.say(f"no more than {most} items allowed", at)
        return value[:most]

    def text(
        self, value: Any, at: str, most: int, kinds: Sequence[str] = ("plain_text", "mrkdwn")
    ) -> None:
        """A text object of one of these kinds."""
        if not self.thing(value, at):
            return
        if value.get("type") not in kinds:
            self.say(f"unsupported type: {value.get('type')}", f"{at}/type")
            return
        extra = "emoji" if value["type"] == "plain_text" else "verbatim"
        self.keys(value, at, ("type", "text", extra))
        self.string(value, "text", at, most, need=True)

    def plain(self, told: Mapping[str, Any], name: str, at: str, most: int) -> None:
        """A plain_text of the object, if it is there."""
        if name in told:
            self.text(told[name], f"{at}/{name}", most, ("plain_text",))

    def one_of(self, told: Mapping[str, Any], name: str, at: str, allowed: Sequence[Any]) -> None:
        if name in told and told[name] not in allowed:
            words = ", ".join(map(str, allowed))
            self.say(f"must be one of the allowed values: {words}", f"{at}/{name}")


def confirm(found: Findings, value: Any, at: str) -> None:
    """The dialog that asks before an action is sent."""
    if not found.thing(value, at):
        return
    found.keys(value, at, ("title", "text", "confirm", "deny", "style"))
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if name not in value:
            found.say(f"missing required field: {name}", at)
        elif name == "text":
            found.text(value[name], f"{at}/{name}", most)
        else:
            found.plain(value, name, at, most)
    found.one_of(value, "style", at, ("primary", "danger"))


def _option(found: Findings, value: Any, at: str, kinds: Sequence[str]) -> None:
    if not found.thing(value, at):
        return
    found.keys(value, at, ("text", "value", "description", "url"))
    found.text(value.get("text"), f"{at}/text", 75, kinds)
    found.string(value, "value", at, 150, need=True)
    found.string(value, "url", at, _URL_MAX)
    if "description" in value:
        found.text(value["description"], f"{at}/description", 75, kinds)


def _options(
    found: Findings, told: Mapping[str, Any], at: str, most: int, kinds: Sequence[str]
) -> None:
    """The options of an element, and that the first choice is one of them."""
    if "option_groups" in told:
        for place, group in enumerate(
            found.items(told["option_groups"], f"{at}/option_groups", 1, 100)
        ):
            here = f"{at}/option_groups/{place}"
            if found.thing(group, here):
                found.plain(group, "label", here, 75)
                _options(found, group, here, most, kinds)
        return
    options = found.items(told.get("options"), f"{at}/options", 1, most)
    for place, option in enumerate(options):
        _option(found, option, f"{at}/options/{place}", kinds)
    for name in ("initial_option", "initial_options"):
        if name in told:
            first = told[name] if name == "initial_options" else [told[name]]
            if not isinstance(first, list) or any(one not in options for one in first):
                found.say("must be one of the options", f"{at}/{name}")


def _button(found: Findings, told: Mapping[str, Any], at: str) -> None:
    found.text(told.get("text"), f"{at}/text", 75, ("plain_text",))
    found.string(told, "value", at, 2000, least=0)
    found.string(told, "url", at, _URL_MAX)
    found.string(told, "accessibility_label", at, 75)
    found.one_of(told, "style", at, ("primary", "danger"))


def _static(found: Findings, told: Mapping[str, Any], at: str) -> None:
    _options(found, told, at, 100, ("plain_text",))


def _overflow(found: Findings, told: Mapping[str, Any], at: str) -> None:
    _options(found, told, at, 5, ("plain_text",))


def _chosen(found: Findings, told: Mapping[str, Any], at: str) -> None:
    _options(found, told, at, 10, ("plain_text", "mrkdwn"))


def _typed(found: Findings, told: Mapping[str, Any], at: str) -> None:
    found.string(told, "initial_value", at, 3000, least=0)
    for name, least in (("min_length", 0), ("max_length", 1)):
        value = told.get(name, least)
        if not isinstance(value, int) or not least <= value <= 3000:
            found.say(f"must be between {least} and 3000", f"{at}/{name}")


def image(found: Findings, told: Mapping[str, Any], at: str) -> None:
    """An image, as a block or inside one."""
    found.string(told, "image_url", at, _URL_MAX, need="slack_file" not in told)
    found.string(told, "alt_text", at, _ALT_MAX, need=True)


def _anything(found: Findings, told: Mapping[str, Any], at: str) -> None:
    """Nothing more is known of it."""


_Look = Callable[[Findings, Mapping[str, Any], str], None]
_PICK = ("placeholder", "confirm", "focus_on_load")
_STATIC = ("options", "option_groups")
# How an element is looked at, and the properties it has besides `type` and `action_id`.
_ELEMENTS: dict[str, tuple[_Look, Sequence[str]]] = {
    "button": (
        _button,
        ("text", "value", "url", "style", "confirm", "accessibility_label", "agent_prompt"),
    ),
    "workflow_button": (_anything, ("text", "workflow", "style", "accessibility_label")),
    "overflow": (_overflow, ("options", "confirm")),
    "image": (image, ("image_url", "alt_text", "slack_file")),
    "static_select": (_static, (*_PICK, *_STATIC, "initial_option")),
    "multi_static_select": (
        _static,
        (*_PICK, *_STATIC, "initial_options", "max_selected_items"),
    ),
    "checkboxes": (_chosen, ("options", "initial_options", "confirm", "focus_on_load")),
    "radio_buttons": (_chosen, ("options", "initial_option", "confirm", "focus_on_load")),
    "datepicker": (_anything, (*_PICK, "initial_date")),
    "timepicker": (_anything, (*_PICK, "initial_time", "timezone")),
    "datetimepicker": (_anything, (*_PICK, "initial_date_time")),
    "plain_text_input": (
        _typed,
        (
            *("initial_value", "multiline", "min_length", "max_length"),
            *("dispatch_action_config", "focus_on_load", "placeholder"),
        ),
    ),
    "email_text_input": (
        _typed,
        ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    ),
    "url_text_input": (
        _typed,
        ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    ),
    "number_input": (
        _typed,
        (
            *("is_decimal_allowed", "initial_value", "min_value", "max_value"),
            *("dispatch_action_config", "focus_on_load", "placeholder"),
        ),
    ),
    "rich_text_input": (
        _anything,
        ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    ),
    "file_input": (_anything, ("filetypes", "max_files")),
}
_MORE_PICKS = (
    *("initial_user", "initial_users", "initial_conversation", "initial_conversations"),
    *("initial_channel", "initial_channels", "initial_option", "initial_options"),
    *("max_selected_items", "min_query_length", "filter", "response_url_enabled"),
    "default_to_current_conversation",
)
for _kind in (*PICKS_ONE, *PICKS_MANY):
    _ELEMENTS.setdefault(_kind, (_anything, (*_PICK, *_MORE_PICKS)))


def element(found: Findings, value: Any, at: str, allowed: Sequence[str]) -> None:
    """An element of one of the allowed kinds; an action_id only once in a block."""
    if not found.thing(value, at):
        return
    kind = value.get("type")
    if kind not in allowed or kind not in _ELEMENTS:
        found.say(f"unsupported type: {kind}", f"{at}/type")
        return
    look, known = _ELEMENTS[kind]
    found.keys(value, at, ("type", "action_id", *known))
    found.string(value, "action_id", at, ID_MAX)
    action_id = value.get("action_id")
    if isinstance(action_id, str):
        if action_id in found.action_ids:
            told = f'`action_id` "{action_id}" already exists for another element'
            found.say(told, f"{at}/action_id")
        found.action_ids.add(action_id)
    found.plain(value, "placeholder", at, 150)
    if "confirm" in value:
        confirm(found, value["confirm"], f"{at}/confirm")
    look(found, value, at)
