"""api.*, auth.*, apps.*, users.*, usergroups.*, bots.*: who is here."""

from typing import Any

from sandbox.slack.errors import ApiError
from sandbox.slack.people import APP_ID, BOT_ID, BOT_NAME, BOT_REAL_NAME, BOT_USER_ID, TEAM_ID
from sandbox.slack.web_api.call import Call, Method, page_of


def api_test(call: Call) -> dict[str, Any]:
    """api.test, which can be told to fail."""
    error = call.text("error")
    if error:
        raise ApiError(error, fields={"args": call.arguments})
    return {"args": call.arguments} if call.arguments else {}


def auth_test(call: Call) -> dict[str, Any]:
    """auth.test."""
    return {
        "url": f"{call.workspace.base_url}/",
        "team": "Sandbox",
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> dict[str, Any]:
    """apps.connections.open: the address of a socket, good for one connection."""
    host = call.workspace.base_url.removeprefix("http://")
    return {"url": f"ws://{host}/link?ticket={call.workspace.sockets.issue_ticket()}&app_id={APP_ID}"}


def user_info(call: Call) -> dict[str, Any]:
    """users.info; it finds people of another company too, as Slack does where a channel is shared."""
    person = call.workspace.people.get(call.need("user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": person.as_user()}


def user_list(call: Call) -> dict[str, Any]:
    """users.list: people of this workspace."""
    own = [person for person in call.workspace.people.values() if not person.is_stranger]
    page, cursor = page_of(call, own, 200)
    return {
        "members": [person.as_user() for person in page],
        "cache_ts": call.workspace.now(),
        "response_metadata": {"next_cursor": cursor},
    }


def user_groups(call: Call) -> dict[str, Any]:
    """usergroups.list."""
    include_users = call.flag("include_users")
    groups = call.workspace.user_groups.values()
    return {"usergroups": [group.as_subteam(include_users=include_users) for group in groups]}


def user_group_users(call: Call) -> dict[str, Any]:
    """usergroups.users.list."""
    group = call.workspace.user_groups.get(call.need("usergroup"))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def bot_info(call: Call) -> dict[str, Any]:
    """bots.info."""
    if call.text("bot") not in (None, BOT_ID):
        raise ApiError("bot_not_found")
    bot = {"id": BOT_ID, "deleted": False, "name": BOT_REAL_NAME, "app_id": APP_ID, "user_id": BOT_USER_ID}
    return {"bot": bot | {"updated": 1700000000, "icons": {}}}


METHODS = {
    "api.test": Method(api_test, None, 4),
    "auth.test": Method(auth_test, None, 4),
    # Slack says tier 1; a bot that is restarted again and again while it is written should still get its socket.
    "apps.connections.open": Method(connections_open, None, 4, app_token=True),
    "users.info": Method(user_info, "users:read", 4),
    "users.list": Method(user_list, "users:read", 2),
    "usergroups.list": Method(user_groups, "usergroups:read", 2),
    "usergroups.users.list": Method(user_group_users, "usergroups:read", 2),
    "bots.info": Method(bot_info, "users:read", 3),
}
