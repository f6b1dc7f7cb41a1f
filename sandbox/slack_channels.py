"""Channels and who is in them: what a name stands for, and what a token may do there."""

from sandbox.slack_data import SlackData
from sandbox.slack_people import BOT_USER, Json, Token, dm_id, kind
from sandbox.slack_wire import Refused

_PEOPLE = ("U", "W")


class Channels:
    """The channels of a workspace, found by id or name."""

    def __init__(self, data: SlackData) -> None:
        self._data = data

    def get(self, id_: str) -> Json | None:
        return self._data.one("channel", id_)

    def named(self, given: str) -> Json | None:
        """By id, `#name` or name."""
        found = self.get(given)
        if found is not None:
            return found
        name = given.removeprefix("#")
        return next((one for one in self._data.all("channel") if one.get("name") == name), None)

    def of(self, person: str) -> list[Json]:
        """The channels that a person is in and that are not archived; then their messages to us."""
        rows = [one for one in self._data.all("channel") if self.has(one, person)]
        return sorted(
            (one for one in rows if not one["is_archived"]), key=lambda one: bool(one.get("is_im"))
        )

    def has(self, channel: Json, person: str) -> bool:
        return person in channel["_members"]

    def join(self, channel: Json, person: str) -> None:
        if person not in channel["_members"]:
            channel["_members"].append(person)
            self._data.keep("channel", channel["id"], channel)

    def dm(self, person: str, token: Token) -> Json:
        """The conversation between the token's bot and a person; raises Refused."""
        found = self._data.one("person", person)
        if found is None:
            raise Refused("user_not_found")
        if kind(found) == "bot":
            raise Refused("cannot_dm_bot")
        if found["deleted"]:
            raise Refused("user_disabled")
        channel = self.get(dm_id(person))
        if channel is None or token.user != BOT_USER:
            raise Refused("user_not_visible")
        return channel

    def to_post(self, token: Token, given: str) -> Json:
        """Where the token may post; a person's id is their conversation with the bot."""
        if given.startswith(_PEOPLE) and self._data.one("person", given):
            try:
                return self.dm(given, token)
            except Refused as refusal:
                raise Refused(
                    "cannot_dm_bot" if refusal.error == "cannot_dm_bot" else "channel_not_found"
                ) from None
        channel = self.to_read(token, given)
        if not self.has(channel, token.user) and "chat:write.public" not in token.scopes:
            raise Refused("not_in_channel")
        if channel["is_archived"]:
            raise Refused("is_archived")
        return channel

    def to_read(self, token: Token, given: str) -> Json:
        """A channel that the token can see at all; raises channel_not_found."""
        channel = self.named(given)
        hidden = channel is not None and (channel.get("is_private") or channel.get("is_im"))
        if channel is None or (hidden and not self.has(channel, token.user)):
            raise Refused("channel_not_found")
        return channel


def scope(channel: Json, what: str) -> str:
    """The scope that reads (`read`, `history`) a channel of this kind."""
    if channel.get("is_im"):
        return f"im:{what}"
    return f"groups:{what}" if channel.get("is_private") else f"channels:{what}"
