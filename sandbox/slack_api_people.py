"""Who is who: `auth.test`, `users.*`, `usergroups.*`, `team.info`, `bots.info`; and `api.test`."""

from sandbox.slack_data import shown
from sandbox.slack_people import TEAM, TEAM_DOMAIN, TEAM_NAME, Json
from sandbox.slack_rates import SPECIAL, TIER_2, TIER_3, TIER_4
from sandbox.slack_wire import Call, Refused, missing
from sandbox.slack_workspace import Workspace


def auth_test(workspace: Workspace, call: Call) -> Json:
    """auth.test, which Bolt asks at its start."""
    token = call.token
    about: Json = {"url": f"{workspace.origin}/", "team": TEAM_NAME, "team_id": TEAM}
    if token.kind == "app":
        return about | {"app_id": token.app, "app_name": "Lifeboat"}
    person = workspace.person(token.user) or {"name": ""}
    about |= {"user": person["name"], "user_id": token.user, "bot_id": token.bot}
    return about | {"is_enterprise_install": False}


def api_test(workspace: Workspace, call: Call) -> Json:
    """api.test: says the arguments back, or fails as it is told to."""
    if error := call.maybe("error"):
        raise Refused(error, args=call.args)
    return {"args": call.args}


def _seen(call: Call, person: Json) -> Json:
    """The person as this token may see them: an address needs a scope of its own."""
    about = shown(person)
    about["profile"] = dict(about["profile"])
    if "users:read.email" not in call.token.scopes:
        about["profile"].pop("email", None)
    return about


def user_info(workspace: Workspace, call: Call) -> Json:
    """users.info, with the flags that tell guests, strangers and the deactivated."""
    if trouble := workspace.troubles.strikes("fail_users_info"):
        workspace.calls.add("trouble", "fail_users_info", {"user": call.maybe("user")})
        raise Refused(trouble["error"])
    person = workspace.person(call.text("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _seen(call, person)}


def users(workspace: Workspace, call: Call) -> Json:
    """users.list."""
    rows = [_seen(call, one) for one in workspace.data.all("person")]
    part, cursor = call.page(rows)
    return {"members": part, "response_metadata": {"next_cursor": cursor}}


def by_email(workspace: Workspace, call: Call) -> Json:
    """users.lookupByEmail; the deactivated are not found."""
    email = call.text("email").lower()
    for person in workspace.data.all("person"):
        if person["profile"].get("email") == email and not person["deleted"]:
            return {"user": _seen(call, person)}
    raise Refused("users_not_found")


def groups(workspace: Workspace, call: Call) -> Json:
    """usergroups.list."""
    rows = []
    for row in workspace.data.all("group"):
        if row["date_delete"] and not call.flag("include_disabled"):
            continue
        about = shown(row)
        members = about.pop("users")
        about["user_count"] = len(members)
        rows.append(about | ({"users": members} if call.flag("include_users") else {}))
    return {"usergroups": rows}


def group_users(workspace: Workspace, call: Call) -> Json:
    """usergroups.users.list, the deactivated too if they were never taken out."""
    group = workspace.group(call.text("usergroup"))
    if group is None or (group["date_delete"] and not call.flag("include_disabled")):
        raise Refused("no_such_subteam")
    return {"users": list(group["users"])}


def team(workspace: Workspace, call: Call) -> Json:
    """team.info."""
    about = {"id": TEAM, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": ""}
    return {"team": about | {"url": f"{workspace.origin}/"}}


def bot(workspace: Workspace, call: Call) -> Json:
    """bots.info."""
    wanted = call.maybe("bot")
    if not wanted:
        raise missing("bot")
    for person in workspace.data.all("person"):
        if person["profile"].get("bot_id") == wanted:
            profile = person["profile"]
            about = {"id": wanted, "deleted": person["deleted"], "name": person["name"]}
            more = {"updated": person["updated"], "app_id": profile["api_app_id"]}
            return {"bot": about | more | {"user_id": person["id"]}}
    raise Refused("bot_not_found")


METHODS = {
    "auth.test": (auth_test, (), SPECIAL),
    "api.test": (api_test, (), TIER_4),
    "users.info": (user_info, ("users:read",), TIER_4),
    "users.list": (users, ("users:read",), TIER_2),
    "users.lookupByEmail": (by_email, ("users:read.email",), TIER_3),
    "usergroups.list": (groups, ("usergroups:read",), TIER_2),
    "usergroups.users.list": (group_users, ("usergroups:read",), TIER_2),
    "team.info": (team, ("team:read",), TIER_3),
    "bots.info": (bot, ("users:read",), TIER_3),
}
