"""Who and what is in the pretend workspace on its first day: people, groups, channels, tokens.

Their ids never change, so that settings can name them. Whoever changes somebody later does it in
`slack_data.py`'s rows; this is only how the world begins.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

TEAM, PARTNER_TEAM = "T0LIFEBOAT", "T0PARTNERS"
TEAM_NAME, TEAM_DOMAIN = "Treasury", "treasury-stand-in"
APP, BOT, BOT_USER = "A0LIFEBOAT", "B0LIFEBOAT", "U0LIFEBOAT"
OTHER_APP, OTHER_BOT, OTHER_BOT_USER = "A0DEPLOYER", "B0DEPLOYER", "U0DEPLOYER"
SLACKBOT = "USLACKBOT"

RIZAL, AYU, BUDI, CITRA = "U0RIZAL001", "U0AYU00002", "U0BUDI0003", "U0CITRA004"
DEWI, EKO, FARAH, GITA = "U0DEWI0005", "U0EKO00006", "U0FARAH007", "U0GITA0008"

OPERATORS, APPROVERS = "S0OPERATOR", "S0APPROVER"

BACKUPS, GENERAL, RANDOM = "C0BACKUPS1", "C0GENERAL1", "C0RANDOM01"
SHARED, ARCHIVED, PRIVATE = "C0SHARED01", "C0ARCHIVED", "C0PRIVATE1"

BOT_TOKEN, APP_TOKEN = "xoxb-stand-in-lifeboat", "xapp-stand-in-lifeboat"
OTHER_BOT_TOKEN = "xoxb-stand-in-deployer"  # noqa: S105 - these open nothing but this sandbox.
SIGNING_SECRET = "stand-in-signing-secret"  # noqa: S105
VERIFICATION = "stand-in-verification"  # The deprecated `token` field of payloads.

SCOPES = (
    "commands",
    "chat:write",
    "users:read",
    "usergroups:read",
    "files:write",
    "channels:read",
    "groups:read",
)


@dataclass(frozen=True)
class Token:
    """What a token opens: whose it is and what it may."""

    kind: str  # bot or app
    app: str
    bot: str
    user: str
    scopes: tuple[str, ...]


def tokens(scopes: tuple[str, ...]) -> dict[str, Token]:
    """Every token that the workspace knows."""
    return {
        BOT_TOKEN: Token("bot", APP, BOT, BOT_USER, scopes),
        APP_TOKEN: Token("app", APP, BOT, BOT_USER, ("connections:write",)),
        OTHER_BOT_TOKEN: Token("bot", OTHER_APP, OTHER_BOT, OTHER_BOT_USER, ("chat:write",)),
    }


def people() -> list[Json]:
    """Everybody, as `users.info` tells them; `_kind`, `_title` and `_color` are for the page."""
    return [
        _person(RIZAL, "rizal", "Rizal Hakim", "Operator"),
        _person(AYU, "ayu", "Ayu Lestari", "Approver", is_admin=True),
        _person(BUDI, "budi", "Budi Santoso", "Approver"),
        _person(CITRA, "citra", "Citra Dewanti", "Viewer"),
        _person(DEWI, "dewi", "Dewi Anggraini", "Guest", is_restricted=True),
        _person(
            EKO,
            "eko",
            "Eko Prasetyo",
            "Guest of one channel",
            is_restricted=True,
            is_ultra_restricted=True,
        ),
        _person(
            FARAH,
            "farah",
            "Farah Nabila",
            "From Partner Audit",
            team=PARTNER_TEAM,
            is_stranger=True,
        ),
        _person(GITA, "gita", "Gita Pertiwi", "Left in spring", deleted=True),
        _person(OTHER_BOT_USER, "deployer", "Deployer", "Another app", is_bot=True, _bot=OTHER_BOT),
        _person(BOT_USER, "lifeboat", "Lifeboat", "Backups", is_bot=True, _bot=BOT),
        _person(SLACKBOT, "slackbot", "Slackbot", "Slack"),
    ]


def _person(id_: str, name: str, real_name: str, title: str, **flags: Any) -> Json:
    team = flags.pop("team", TEAM)
    bot = flags.pop("_bot", None)
    about: Json = {
        "id": id_,
        "team_id": team,
        "name": name,
        "deleted": False,
        "real_name": real_name,
        "tz": "Asia/Jakarta",
        "tz_label": "Western Indonesia Time",
        "tz_offset": 25200,
        "profile": {
            "real_name": real_name,
            "display_name": name,
            "real_name_normalized": real_name,
            "display_name_normalized": name,
            "title": title,
            "email": f"{name}@{'partner' if team == PARTNER_TEAM else 'treasury'}.example",
            "team": team,
        },
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": 1767225600,
    } | flags
    if bot:
        about["profile"] |= {"bot_id": bot, "api_app_id": APP if bot == BOT else OTHER_APP}
        about["profile"].pop("email")
    return about


def kind(person: Json) -> str:
    """What the page calls somebody like this."""
    for flag, word in (
        ("deleted", "deactivated"),
        ("is_bot", "bot"),
        ("is_stranger", "outsider"),
        ("is_ultra_restricted", "single_channel_guest"),
        ("is_restricted", "guest"),
    ):
        if person.get(flag):
            return word
    return "bot" if person["id"] == SLACKBOT else "member"


def groups() -> list[Json]:
    """User groups; the approvers' still holds somebody who left, as real ones do."""
    return [
        _group(OPERATORS, "backup-operators", "Backup operators", [RIZAL, AYU, BUDI]),
        _group(APPROVERS, "backup-approvers", "Backup approvers", [AYU, BUDI, GITA]),
    ]


def _group(id_: str, handle: str, name: str, users: list[str]) -> Json:
    return {
        "id": id_,
        "team_id": TEAM,
        "is_usergroup": True,
        "name": name,
        "description": f"{name} of the treasury",
        "handle": handle,
        "is_external": False,
        "date_create": 1767225600,
        "date_update": 1767225600,
        "date_delete": 0,
        "auto_type": None,
        "created_by": AYU,
        "updated_by": AYU,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "users": users,
    }


def channels() -> list[Json]:
    """The channels, as `conversations.info` tells them; `_members` and `_suggest` are ours."""
    team = [RIZAL, AYU, BUDI, CITRA]
    bots = [BOT_USER, OTHER_BOT_USER]
    made = [
        _channel(BACKUPS, "backups", "Backups of our deployments", [*team, DEWI, EKO, *bots]),
        _channel(GENERAL, "general", "Everybody", [*team, *bots], is_general=True),
        _channel(RANDOM, "random-without-the-bot", "Nobody invited Lifeboat here", [*team, DEWI]),
        _channel(
            SHARED,
            "shared-with-partner",
            "Shared with Partner Audit",
            [RIZAL, AYU, BUDI, FARAH, BOT_USER],
            is_shared=True,
            is_ext_shared=True,
            shared_team_ids=[TEAM, PARTNER_TEAM],
        ),
        _channel(ARCHIVED, "backups-of-old", "Closed", [*team, BOT_USER], is_archived=True),
        _channel(PRIVATE, "approvers-only", "Ayu and Budi", [AYU, BUDI], is_private=True),
    ]
    made[0]["_suggest"] = "/backup now production"
    return made + [_dm(person["id"]) for person in people() if kind(person) not in _NO_DM]


_NO_DM = ("bot", "outsider", "deactivated")


def _channel(id_: str, name: str, topic: str, members: list[str], **flags: Any) -> Json:
    about = {
        "id": id_,
        "name": name,
        "name_normalized": name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "shared_team_ids": [TEAM],
        "context_team_id": TEAM,
        "created": 1767225600,
        "creator": AYU,
        "unlinked": 0,
        "topic": {"value": topic, "creator": AYU, "last_set": 1767225600},
        "purpose": {"value": topic, "creator": AYU, "last_set": 1767225600},
        "previous_names": [],
    }
    return about | flags | {"_members": members, "_suggest": None}


def dm_id(person: str) -> str:
    """The id of a person's conversation with the bot."""
    return f"D{person[1:]}"


def _dm(person: str) -> Json:
    return {
        "id": dm_id(person),
        "created": 1767225600,
        "is_archived": False,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": TEAM,
        "user": person,
        "_members": [person, BOT_USER],
        "_suggest": None,
    }
