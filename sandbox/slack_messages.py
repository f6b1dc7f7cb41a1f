"""Messages: posted, whispered, changed and deleted, with their threads, and shown on the pages.

Whoever may do so was asked before; nothing is refused here but what is not there.
"""

from dataclasses import dataclass
from typing import Any

from sandbox.slack_audience import Audience
from sandbox.slack_content import Content, fallback
from sandbox.slack_data import SlackData, shown
from sandbox.slack_people import APP, BOT, BOT_USER, SLACKBOT, TEAM, Json, Token
from sandbox.slack_wire import Refused

_VERSIONS_KEPT = 5


@dataclass(frozen=True)
class Author:
    """Who a message is from: a person or, with a bot id, an app."""

    user: str
    bot: str = ""
    app: str = ""

    @classmethod
    def of(cls, token: Token) -> "Author":
        return cls(token.user, token.bot, token.app)


LIFEBOAT = Author(BOT_USER, BOT, APP)


class Messages:
    """The messages of all channels."""

    def __init__(self, data: SlackData, audience: Audience) -> None:
        self._data, self._audience = data, audience

    def get(self, channel: str, ts: str) -> Json:
        """A message that everybody in the channel sees; raises message_not_found."""
        found = self._data.message(channel, ts)
        if found is None or "_to" in found or found.get("subtype") == "tombstone":
            raise Refused("message_not_found")
        return found

    def post(
        self, channel: Json, author: Author, content: Content, thread_ts: str = "", **more: Any
    ) -> Json:
        """A new message; one for a thread that is not there lands in the channel, as on Slack."""
        message = self._made(author, content) | more
        parent = self._parent(channel["id"], thread_ts)
        if parent is not None:
            message |= {"thread_ts": parent["ts"], "parent_user_id": parent["user"]}
        self._data.keep_message(channel["id"], message)
        self._show(channel, message)
        if parent is not None:
            self._count_reply(channel, parent, message)
        return message

    def whisper(
        self, channel: Json, person: str, author: Author, content: Content, thread_ts: str = ""
    ) -> Json:
        """An ephemeral message, which only this person sees."""
        message = self._made(author, content) | {"_to": person, "is_ephemeral": True}
        if thread_ts:
            message["thread_ts"] = thread_ts
        self._data.keep_message(channel["id"], message)
        self._show(channel, message)
        return message

    def change(self, channel: Json, message: Json, content: Content) -> Json:
        """Puts other content in the message's place; only text alone is marked as edited."""
        old = message.get("blocks", [])
        if content.blocks is not None or content.text:
            message["_versions"] = [*message.get("_versions", []), old][-_VERSIONS_KEPT:]
            message["blocks"] = content.blocks or []
            message["text"] = content.text or fallback(message["blocks"])
        if content.attachments is not None:
            message["attachments"] = content.attachments
        if content.metadata is not None:
            message["metadata"] = content.metadata
        if not message["blocks"]:
            message["edited"] = {"user": message["user"], "ts": self._data.stamp()}
        self.keep(channel, message)
        return message

    def keep(self, channel: Json, message: Json) -> None:
        """Writes a changed message down and shows it."""
        self._data.keep_message(channel["id"], message)
        self._show(channel, message)

    def remove(self, channel: Json, message: Json) -> None:
        """Deletes it; a message with replies leaves a tombstone that holds its thread."""
        if message.get("reply_count"):
            kept = ("type", "ts", "thread_ts", "reply_count", "reply_users", "reply_users_count")
            stone = {name: message[name] for name in (*kept, "latest_reply")}
            told = {"subtype": "tombstone", "user": SLACKBOT, "text": "This message was deleted."}
            self.keep(channel, stone | told)
            return
        self._data.drop_message(channel["id"], message["ts"])
        gone = {"it": "gone", "channel": channel["id"], "ts": message["ts"]}
        self._audience.tell(self._readers(channel, message), gone)
        self._uncount_reply(channel, message)

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The message and its replies, oldest first; raises thread_not_found."""
        found = self._data.message(channel, ts)
        if found is None or "_to" in found:
            raise Refused("thread_not_found")
        root = found.get("thread_ts", ts)
        return [one for one in self._data.messages(channel) if root in (one["ts"], _root(one))]

    def frame(self, channel: str, message: Json) -> Json:
        """The message as the page wants it."""
        person = self._data.one("person", message["user"])
        files = ("id", "name", "mimetype", "size")
        root = message.get("thread_ts")
        return {
            "it": "message",
            "channel": channel,
            "message": {
                "ts": message["ts"],
                "user": message["user"],
                "bot_id": message.get("bot_id"),
                "username": person["real_name"] if person else message["user"],
                "text": message["text"],
                "blocks": message.get("blocks") or None,
                "attachments": message.get("attachments") or None,
                "files": [
                    {name: one[name] for name in files} | {"url": one["_path"]}
                    for one in message.get("files", [])
                ],
                "thread_ts": None if root == message["ts"] else root,
                "reply_count": message.get("reply_count", 0),
                "latest_reply": message.get("latest_reply"),
                "edited": "edited" in message,
                "ephemeral": "_to" in message,
            },
        }

    def _made(self, author: Author, content: Content) -> Json:
        message: Json = {
            "type": "message",
            "user": author.user,
            "ts": self._data.stamp(),
            "text": content.text or fallback(content.blocks or []),
            "team": TEAM,
            "blocks": content.blocks or [],
        }
        if author.bot:
            person = self._data.one("person", author.user) or {"name": ""}
            profile = {"id": author.bot, "app_id": author.app, "name": person["name"]}
            message |= {"bot_id": author.bot, "app_id": author.app}
            message["bot_profile"] = profile | {"deleted": False, "team_id": TEAM}
        for name in ("attachments", "metadata", "files"):
            if value := getattr(content, name):
                message[name] = list(value) if name == "files" else value
        return message

    def _parent(self, channel: str, thread_ts: str) -> Json | None:
        found = self._data.message(channel, thread_ts) if thread_ts else None
        if found is None or "_to" in found:
            return None
        root = found.get("thread_ts", thread_ts)
        return found if root == thread_ts else self._data.message(channel, root)

    def _count_reply(self, channel: Json, parent: Json, reply: Json) -> None:
        users = parent.get("reply_users", [])
        users = users if reply["user"] in users else [*users, reply["user"]]
        parent |= {
            "thread_ts": parent["ts"],
            "reply_count": parent.get("reply_count", 0) + 1,
            "reply_users": users,
            "reply_users_count": len(users),
            "latest_reply": reply["ts"],
        }
        self.keep(channel, parent)

    def _uncount_reply(self, channel: Json, reply: Json) -> None:
        root = reply.get("thread_ts")
        parent = self._data.message(channel["id"], root) if root else None
        if parent is None or "_to" in reply:
            return
        left = [one for one in self._data.messages(channel["id"]) if root == _root(one)]
        parent["reply_count"] = len(left)
        if left:
            parent["latest_reply"] = left[-1]["ts"]
        else:
            parent.pop("latest_reply", None)
        self.keep(channel, parent)

    def _readers(self, channel: Json, message: Json) -> list[str]:
        return [message["_to"]] if "_to" in message else list(channel["_members"])

    def _show(self, channel: Json, message: Json) -> None:
        self._audience.tell(self._readers(channel, message), self.frame(channel["id"], message))


def _root(message: Json) -> str | None:
    """The thread that a reply is in; None for what is no reply."""
    root: str | None = message.get("thread_ts")
    return None if root == message["ts"] else root


def told(message: Json) -> Json:
    """The message as the Web API and payloads tell it."""
    made = shown(message)
    if "files" in made:
        made["files"] = [shown(one) for one in made["files"]]
    if not made.get("blocks"):
        made.pop("blocks", None)
    return made
