"""Who somebody is, asked of Slack at the moment it matters; nobody is let in on a guess.

A person is never remembered. The members of user groups are, for less than a minute, because
Slack lets them be asked twenty times a minute only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.courier import NotInChannel
from commands.roles import NotAllowed, Person

GROUP_SECONDS_MAX = 45.0
SLACKBOT = "USLACKBOT"
NOBODY = ("user_not_found", "users_not_found", "user_not_visible")
NOT_IN = "I am not in this channel, so nobody here would see what becomes of it."
INVITE = "Type: /invite @lifeboat"


class CannotTell(NotAllowed):
    """Slack can't be asked who somebody is, so nobody is let in."""


class People:
    """Slack's users and user groups, as far as roles need them."""

    def __init__(self, client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._there: dict[str, tuple[float, bool]] = {}
        self._guard = threading.Lock()

    def person(self, user: str, groups: Iterable[str]) -> Person:
        """Return who that is right now, and which of the groups they are in; CannotTell if not."""
        try:
            told = self._client.users_info(user=user).get("user")
        except (SlackClientError, OSError) as error:
            raise _cannot_tell(error) from error
        if not isinstance(told, dict) or told.get("id") != user:
            raise _cannot_tell(None)
        flag = told.get
        return Person(
            id=user,
            name=str(told.get("real_name") or told.get("name") or user),
            team=str(told.get("team_id") or ""),
            deactivated=bool(flag("deleted")),
            bot=bool(flag("is_bot")) or user == SLACKBOT,
            guest=bool(flag("is_restricted") or flag("is_ultra_restricted")),
            outsider=bool(flag("is_stranger") or flag("is_invited_user")),
            groups=frozenset(group for group in groups if user in self._in(group)),
        )

    def members(self, ids: Iterable[str], *, fresh: bool = False) -> frozenset[str]:
        """Return the people whom these ids of people and groups name, as far as they are there.

        Deactivated people, bots, guests and people of elsewhere may stand in a group and are left
        out; CannotTell when Slack can't be asked. `fresh` asks again what is remembered.
        """
        named = frozenset(ids)
        if fresh:
            with self._guard:
                self._members.clear()
                self._there.clear()
        groups = [each for each in named if each.startswith("S")]
        people = frozenset(named - set(groups)).union(*(self._in(group) for group in groups))
        return frozenset(user for user in people if self._is_there(user))

    def _is_there(self, user: str) -> bool:
        """Whether somebody may be counted on; remembered for as long as a group's members are."""
        with self._guard:
            at, there = self._there.get(user, (float("-inf"), False))
        if self._clock() - at < GROUP_SECONDS_MAX:
            return there
        try:
            person = self.person(user, ())
        except CannotTell as error:
            if not _unknown(error.__cause__):
                raise
            there = False  # Nobody of that id: a slip in the settings must not stop everybody.
        else:
            there = not (person.deactivated or person.bot or person.guest or person.outsider)
        with self._guard:
            self._there[user] = (self._clock(), there)
        return there

    def check_channel(self, channel: str) -> None:
        """Refuse a channel where the bot can't post, or where people of other companies read."""
        if channel.startswith("D"):
            raise NotInChannel(
                "A job is shown where the team sees it, not in a direct message.",
                hint="Type the same in a channel that Lifeboat is in.",
            )
        try:
            told = self._client.conversations_info(channel=channel).get("channel") or {}
        except SlackApiError as error:
            if error.response.get("error") == "channel_not_found":
                raise NotInChannel(NOT_IN, hint=INVITE) from error
            raise _cannot_tell(error, "about this channel") from error
        except (SlackClientError, OSError) as error:
            raise _cannot_tell(error, "about this channel") from error
        if told.get("is_archived") or not told.get("is_member"):
            raise NotInChannel(NOT_IN, hint=INVITE)
        if told.get("is_ext_shared") or told.get("is_pending_ext_shared"):
            raise NotInChannel(
                "This channel is shared with another company, and people there would read along.",
                hint="Ask in a channel of your own workspace.",
            )

    def _in(self, group: str) -> frozenset[str]:
        with self._guard:
            at, members = self._members.get(group, (float("-inf"), frozenset()))
        if self._clock() - at < GROUP_SECONDS_MAX:
            return members
        try:
            answer = self._client.usergroups_users_list(usergroup=group, include_disabled=False)
        except (SlackClientError, OSError) as error:
            raise _cannot_tell(error) from error
        members = frozenset(str(user) for user in answer.get("users") or ())
        with self._guard:
            self._members[group] = (self._clock(), members)
        return members


def _unknown(error: BaseException | None) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") in NOBODY


def _cannot_tell(error: BaseException | None, what: str = "who you are") -> CannotTell:
    code = str(error.response.get("error")) if isinstance(error, SlackApiError) else ""
    return CannotTell(
        f"Slack can't be asked {what}" + (f" ({code})." if code else "."),
        hint="Try again in a moment, or use `lifeboat` in a terminal.",
    )
