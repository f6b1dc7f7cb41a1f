"""What a message consists of, read from arguments and held against Slack's limits.

The same for `chat.*`, for answers by `response_url`, and for answers in an acknowledgement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import slack_blocks
from sandbox.slack_people import Json
from sandbox.slack_troubles import SlackTroubles
from sandbox.slack_wire import Refused, invalid

TEXT_MAX, UPDATE_TEXT_MAX, ATTACHMENTS_MAX = 40_000, 4_000, 100
_METADATA_MAX = 8_000


@dataclass(frozen=True)
class Content:
    """The parts of a message; None is what was not said, [] what was emptied."""

    text: str | None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    files: Sequence[Json] = ()


def read(args: Json, troubles: SlackTroubles, *, update: bool = False) -> Content:
    """The content that the arguments describe; raises Refused."""
    text = args.get("text")
    text = None if text is None else str(text)
    blocks, attachments = args.get("blocks"), args.get("attachments")
    if args.get("markdown_text") is not None:
        if text or blocks:
            raise Refused("markdown_text_conflict")
        text = str(args["markdown_text"])
        blocks = [{"type": "markdown", "text": text}]
    if update and text and len(text) > UPDATE_TEXT_MAX:
        raise Refused("msg_too_long")
    checked = None if blocks is None else _blocks(blocks, troubles)
    listed = None if attachments is None else _attachments(attachments)
    if not (text and text.strip()) and not checked and not listed:
        raise Refused("no_text")
    return Content(
        None if text is None else text[:TEXT_MAX], checked, listed, _metadata(args.get("metadata"))
    )


def _blocks(blocks: Any, troubles: SlackTroubles) -> list[Json]:
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if blocks and troubles.strikes("refuse_blocks"):
        kind = blocks[0].get("type") if isinstance(blocks[0], dict) else None
        raise invalid("invalid_blocks", [f"unsupported type: {kind} [json-pointer:/blocks/0/type]"])
    if problems := slack_blocks.problems(blocks, slack_blocks.MESSAGE):
        raise invalid("invalid_blocks", problems)
    if slack_blocks.markdown_length(blocks) > slack_blocks.MARKDOWN_MAX:
        raise Refused("msg_blocks_too_long")
    return slack_blocks.named(blocks)


def _attachments(attachments: Any) -> list[Json]:
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > ATTACHMENTS_MAX:
        raise Refused("too_many_attachments")
    for place, one in enumerate(attachments):
        if not isinstance(one, dict):
            raise Refused("invalid_attachments")
        if "blocks" in one:
            at = f"/attachments/{place}/blocks"
            if problems := slack_blocks.problems(one["blocks"], slack_blocks.MESSAGE, at):
                raise invalid("invalid_blocks", problems)
            one["blocks"] = slack_blocks.named(one["blocks"])
        one.setdefault("id", place + 1)
    return list(attachments)


def _metadata(metadata: Any) -> Json | None:
    if not metadata:
        return None
    fits = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not fits:
        raise Refused("invalid_metadata_format")
    if len(str(metadata)) > _METADATA_MAX:
        raise Refused("metadata_too_large")
    return dict(metadata)


def fallback(blocks: Sequence[Json]) -> str:
    """The text that stands for blocks which came without one."""
    if not blocks:
        return ""
    words = []
    for block in blocks:
        text = block.get("text") or block.get("title")
        words.append(text.get("text", "") if isinstance(text, dict) else str(text or ""))
    return "\n".join(word for word in words if word) or "This content can't be displayed."
