"""The real SDK client against the workspace's Web API."""

from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.server import SlackServer


async def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    response = cast(Any, caught.value).response
    return response.data


async def test_auth_test_names_the_app_and_its_scopes(client: Any) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == "UAGENTOPS"
    assert answer["bot_id"] == "BAGENTOPS"
    assert answer["team_id"] == "TSANDBOX"
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_post_update_and_delete_a_message(client: Any) -> None:
    posted = await client.chat_postMessage(channel="#ml-incidents", text="hello")
    assert posted["channel"] == "CINCIDENTS"
    updated = await client.chat_update(channel="CINCIDENTS", ts=posted["ts"], text="hello again")
    assert updated["message"]["edited"]["user"] == "UAGENTOPS"
    history = await client.conversations_history(channel="CINCIDENTS")
    assert [message["text"] for message in history["messages"]] == ["hello again"]
    await client.chat_delete(channel="CINCIDENTS", ts=posted["ts"])
    assert (await client.conversations_history(channel="CINCIDENTS"))["messages"] == []


async def test_update_keeps_blocks_it_is_not_given(client: Any) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    posted = await client.chat_postMessage(channel="CINCIDENTS", text="hi", blocks=blocks)
    updated = await client.chat_update(channel="CINCIDENTS", ts=posted["ts"], text="other")
    assert updated["message"]["blocks"][0]["text"]["text"] == "*hi*"
    cleared = await client.chat_update(channel="CINCIDENTS", ts=posted["ts"], text="other", blocks=[])
    assert "blocks" not in cleared["message"]


async def test_threads_count_their_replies(client: Any) -> None:
    parent = await client.chat_postMessage(channel="CINCIDENTS", text="parent")
    reply = await client.chat_postMessage(channel="CINCIDENTS", text="reply", thread_ts=parent["ts"])
    thread = await client.conversations_replies(channel="CINCIDENTS", ts=parent["ts"])
    assert [message["text"] for message in thread["messages"]] == ["parent", "reply"]
    assert thread["messages"][0]["reply_count"] == 1
    assert thread["messages"][0]["latest_reply"] == reply["ts"]
    link = await client.chat_getPermalink(channel="CINCIDENTS", message_ts=reply["ts"])
    assert f"thread_ts={parent['ts']}" in link["permalink"]


async def test_metadata_comes_back_only_when_asked_for(client: Any) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "p1"}}
    await client.chat_postMessage(channel="CINCIDENTS", text="x", metadata=metadata)
    plain = await client.conversations_history(channel="CINCIDENTS")
    asked = await client.conversations_history(channel="CINCIDENTS", include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert asked["messages"][0]["metadata"] == metadata


async def test_history_pages_with_a_cursor(client: Any) -> None:
    for text in ("a", "b", "c"):
        await client.chat_postMessage(channel="CINCIDENTS", text=text)
    first = await client.conversations_history(channel="CINCIDENTS", limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel="CINCIDENTS", limit=2, cursor=cursor)
    assert [m["text"] for m in [*first["messages"], *second["messages"]]] == ["c", "b", "a"]
    assert second["has_more"] is False


async def test_a_user_id_as_channel_opens_direct_messages(client: Any) -> None:
    posted = await client.chat_postMessage(channel="UONCALL", text="psst")
    assert posted["channel"] == "DONCALL"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "CNOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "CGENERAL", "text": "x"}, "not_in_channel"),
        ({"channel": "CINCIDENTS", "text": ""}, "no_text"),
        ({"channel": "CINCIDENTS", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "CINCIDENTS", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "CINCIDENTS", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "CINCIDENTS", "text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
    ],
)
async def test_bad_posts_get_slacks_errors(client: Any, arguments: dict[str, Any], error: str) -> None:
    assert (await refusal(client.api_call("chat.postMessage", json=arguments)))["error"] == error


async def test_a_person_s_message_cannot_be_updated(client: Any, server: SlackServer, hand: Any) -> None:
    said = await hand.post("slack/messages", persona="UONCALL", channel="CINCIDENTS", text="mine")
    update = client.chat_update(channel="CINCIDENTS", ts=said["ts"], text="yours")
    assert (await refusal(update))["error"] == "cant_update_message"
    missing = client.chat_update(channel="CINCIDENTS", ts="1.000001", text="x")
    assert (await refusal(missing))["error"] == "message_not_found"


async def test_tokens_are_checked(server: SlackServer) -> None:
    stranger: Any = AsyncWebClient(token="xoxb-wrong", base_url=server.slack_api_url)
    assert (await refusal(stranger.auth_test()))["error"] == "invalid_auth"
    nobody: Any = AsyncWebClient(base_url=server.slack_api_url)
    assert (await refusal(nobody.auth_test()))["error"] == "not_authed"
    app_token: Any = AsyncWebClient(token=server.workspace.credentials.app_token, base_url=server.slack_api_url)
    assert (await refusal(app_token.auth_test()))["error"] == "not_allowed_token_type"
    bot: Any = AsyncWebClient(base_url=server.slack_api_url)
    opened = bot.apps_connections_open(app_token=server.workspace.credentials.bot_token)
    assert (await refusal(opened))["error"] == "not_allowed_token_type"


async def test_a_scope_the_app_was_not_given_is_missing(client: Any) -> None:
    answer = await refusal(client.conversations_join(channel="CGENERAL"))
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "channels:join"
    assert "chat:write" in answer["provided"]


async def test_unknown_methods_are_refused(client: Any) -> None:
    assert (await refusal(client.api_call("agents.obey")))["error"] == "unknown_method"


async def test_the_directory_tells_roles_guests_and_strangers(client: Any) -> None:
    guest = (await client.users_info(user="UGUEST"))["user"]
    stranger = (await client.users_info(user="USTRANGER"))["user"]
    assert guest["is_restricted"] is True
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "TOTHER")
    assert (await client.users_info(user="UAGENTOPS"))["user"]["is_bot"] is True
    groups = await client.usergroups_list(include_users=True)
    assert {group["handle"]: group["users"] for group in groups["usergroups"]} == {
        "ml-oncall": ["UONCALL", "USECOND"],
        "ml-leads": ["ULEAD"],
    }
    assert (await client.usergroups_users_list(usergroup="SMLLEADS"))["users"] == ["ULEAD"]
    assert (await refusal(client.usergroups_users_list(usergroup="S0")))["error"] == "no_such_subteam"
    assert (await refusal(client.users_info(user="U0")))["error"] == "user_not_found"
    assert (await client.bots_info(bot="BAGENTOPS"))["bot"]["user_id"] == "UAGENTOPS"
    assert "USTRANGER" not in {user["id"] for user in (await client.users_list())["members"]}


async def test_channels_can_be_looked_up(client: Any) -> None:
    assert (await client.conversations_info(channel="CINCIDENTS"))["channel"]["is_ext_shared"] is True
    names = {channel["name"] for channel in (await client.conversations_list())["channels"]}
    assert names == {"ml-incidents", "general", "ml-platform"}
    assert "UGUEST" in (await client.conversations_members(channel="CINCIDENTS"))["members"]


async def test_ephemerals_are_seen_by_one_person_only(client: Any, hand: Any) -> None:
    await client.chat_postEphemeral(channel="CINCIDENTS", user="UVIEWER", text="only you")
    assert await hand.messages() == []
    assert [message["text"] for message in await hand.messages(persona="UVIEWER")] == ["only you"]
    assert await hand.messages(persona="UONCALL") == []
    assert (await client.conversations_history(channel="CINCIDENTS"))["messages"] == []
    outside = client.chat_postEphemeral(channel="CPLATFORM", user="USTRANGER", text="x")
    assert (await refusal(outside))["error"] == "user_not_in_channel"


async def test_reactions_add_up_once(client: Any, hand: Any) -> None:
    posted = await client.chat_postMessage(channel="CINCIDENTS", text="x")
    await client.reactions_add(channel="CINCIDENTS", name="eyes", timestamp=posted["ts"])
    again = client.reactions_add(channel="CINCIDENTS", name="eyes", timestamp=posted["ts"])
    assert (await refusal(again))["error"] == "already_reacted"
    assert (await hand.messages())[0]["reactions"] == [{"name": "eyes", "count": 1, "users": ["UAGENTOPS"]}]


async def test_files_upload_v2_shares_a_file_in_a_thread(client: Any, hand: Any) -> None:
    parent = await client.chat_postMessage(channel="CINCIDENTS", text="parent")
    await client.files_upload_v2(
        content=b"\x89PNG chart",
        filename="psi.png",
        title="PSI",
        channel="CINCIDENTS",
        thread_ts=parent["ts"],
        initial_comment="the chart",
    )
    reply = (await hand.messages(thread_ts=parent["ts"]))[1]
    assert (reply["text"], reply["files"][0]["title"]) == ("the chart", "PSI")


async def test_an_uploaded_file_can_stand_in_an_image_block(
    client: Any, server: SlackServer, session: aiohttp.ClientSession
) -> None:
    uploaded = await client.files_upload_v2(content=b"\x89PNG chart", filename="psi.png")
    file_id = uploaded["file"]["id"]
    image = {"type": "image", "alt_text": "PSI by feature", "slack_file": {"id": file_id}}
    await client.chat_postMessage(channel="CINCIDENTS", text="chart", blocks=[image])
    headers = {"Authorization": f"Bearer {server.token}"}
    async with session.get(f"{server.url}/_sandbox/slack/files/{file_id}", headers=headers) as response:
        assert (response.content_type, await response.read()) == ("image/png", b"\x89PNG chart")
    missing = image | {"slack_file": {"id": "F0"}}
    refused = await refusal(client.chat_postMessage(channel="CINCIDENTS", text="chart", blocks=[missing]))
    assert refused["error"] == "invalid_blocks"


async def test_an_upload_of_another_length_is_refused(client: Any, session: aiohttp.ClientSession) -> None:
    announced = await client.files_getUploadURLExternal(filename="x.png", length=10)
    async with session.post(announced["upload_url"], data=b"short") as response:
        assert response.status == 400
    complete = client.files_completeUploadExternal(files=[{"id": announced["file_id"], "title": "x"}])
    assert (await refusal(complete))["error"] == "file_not_found"


async def test_arguments_are_taken_from_query_form_and_json(
    client: Any, server: SlackServer, session: aiohttp.ClientSession
) -> None:
    url = f"{server.slack_api_url}chat.postMessage"
    headers = {"Authorization": f"Bearer {server.workspace.credentials.bot_token}"}
    async with session.post(url, params={"channel": "CINCIDENTS"}, data={"text": "form"}, headers=headers) as response:
        assert (await response.json())["message"]["text"] == "form"
    async with session.post(url, params={"channel": "CINCIDENTS"}, json={"text": "json"}, headers=headers) as response:
        assert (await response.json())["message"]["text"] == "json"
    token = {"token": server.workspace.credentials.bot_token}
    async with session.get(url, params={"channel": "CINCIDENTS", "text": "query", **token}) as response:
        assert (await response.json())["message"]["text"] == "query"


async def test_calls_are_logged_without_the_token(client: Any, hand: Any) -> None:
    await client.chat_postMessage(channel="CINCIDENTS", text="x")
    await refusal(client.chat_postMessage(channel="CNOWHERE", text="x"))
    calls = (await hand.get("slack/calls", method="chat.postMessage"))["calls"]
    assert [(call["ok"], call["error"]) for call in calls] == [(True, None), (False, "channel_not_found")]
    assert calls[0]["args"] == {"channel": "CINCIDENTS", "text": "x"}
    assert calls[0]["at"] <= calls[1]["at"]


async def test_a_fourth_message_within_a_second_is_rate_limited(client: Any) -> None:
    for number in range(3):
        await client.chat_postMessage(channel="CINCIDENTS", text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="CINCIDENTS", text="too much")
    response = cast(Any, caught.value).response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    await client.chat_postMessage(channel="CPLATFORM", text="another channel has its own limit")
