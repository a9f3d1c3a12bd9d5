"""The local Slack, driven by Slack's own SDK and by a real Bolt app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import slackblocks
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.limits import check_blocks
from bot.workspace.rate_limits import Rate
from bot.workspace.server import Workspace

Json = dict[str, Any]
MANIFEST: Json = {
    "features": {
        "bot_user": {"display_name": "Coach"},
        "slash_commands": [
            {"command": "/train", "description": "Train", "should_escape": False},
        ],
        "shortcuts": [{"name": "Use", "type": "message", "callback_id": "use"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "channels:history"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str, value: str = "1") -> Json:
    pressed = {"type": "button", "text": plain("Go"), "action_id": action_id, "value": value}
    return {"type": "actions", "elements": [pressed]}


def modal(**more: Any) -> Json:
    text = {"type": "plain_text_input", "action_id": "text"}
    block = {"type": "input", "block_id": "ask", "label": plain("Text"), "element": text}
    return {"type": "modal", "title": plain("Ask"), "submit": plain("Go"), "blocks": [block]} | more


def client_of(ws: Workspace, token: str | None = None) -> AsyncWebClient:
    client = AsyncWebClient(token=token or ws.bot_token, base_url=ws.api_url)
    client.retry_handlers.clear()
    return client


async def refused(call: Awaitable[Any]) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    answer: Json = caught.value.response.data
    return answer


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (nothing tells what an app has heard)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def socket_bot(ws: Workspace, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, app_token=ws.app_token, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await ws.connected()
    yield handler
    await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def http_bot(ws: Workspace, app: AsyncApp) -> AsyncIterator[None]:
    runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ws.use_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield
    await runner.cleanup()


def bolt(ws: Workspace, **more: Any) -> AsyncApp:
    return AsyncApp(client=client_of(ws), **more)


class Clock:
    """Wall time that a test can push forward."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


# --- Web API --------------------------------------------------------------------------------


async def test_a_call_is_refused_without_the_right_token(workspace: Workspace) -> None:
    async with aiohttp.ClientSession() as http:
        answers = {}
        for token in ("", "xoxb-wrong", workspace.app_token):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with http.post(f"{workspace.api_url}auth.test", headers=headers) as answer:
                answers[token] = (await answer.json())["error"]
    assert list(answers.values()) == ["not_authed", "invalid_auth", "not_allowed_token_type"]


async def test_auth_test_names_the_bot_and_its_scopes(workspace: Workspace) -> None:
    answer = await client_of(workspace).auth_test()
    assert answer["user_id"] == workspace.state.bot_user
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_an_unknown_method_and_a_missing_scope_are_named() -> None:
    async with Workspace(MANIFEST) as ws:
        client = client_of(ws)
        assert (await refused(client.api_call("chat.shout")))["error"] == "unknown_method"
        answer = await refused(client.files_info(file="F1"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "files:read")


async def test_metadata_comes_back_from_history_only_on_request(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    key = {"event_type": "delivery", "event_payload": {"key": "job-7"}}
    await client.chat_postMessage(channel=channel, text="done", metadata=key)
    bare = await client.conversations_history(channel=channel)
    full = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert "metadata" not in bare["messages"][0]
    assert full["messages"][0]["metadata"] == key


async def test_an_update_with_text_alone_removes_the_blocks(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    sent = await client.chat_postMessage(channel=channel, text="a", blocks=[section("a")])
    await client.chat_update(channel=channel, ts=sent["ts"], text="b")
    message = workspace.messages("general")[0]
    assert (message.text, message.blocks, bool(message.edited_ts)) == ("b", [], True)


async def test_long_text_is_cut_by_a_post_and_refused_by_an_update(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    sent = await client.chat_postMessage(channel=channel, text="x" * 40_001)
    update = client.chat_update(channel=channel, ts=sent["ts"], text="x" * 4_001)
    assert len(workspace.messages("general")[0].text) == 40_000
    assert (await refused(update))["error"] == "msg_too_long"


async def test_an_ephemeral_message_is_for_one_and_beyond_update(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    ana = workspace.state.user("ana").id
    sent = await client.chat_postEphemeral(channel=channel, user=ana, text="psst")
    update = client.chat_update(channel=channel, ts=sent["message_ts"], text="no")
    assert (await refused(update))["error"] == "message_not_found"
    assert workspace.messages("general", seen_by="ana")
    assert not workspace.messages("general", seen_by="bo")
    assert not (await client.conversations_history(channel=channel))["messages"]


@pytest.mark.parametrize(
    ("channel", "arguments", "error"),
    [
        ("C404", {"text": "hi"}, "channel_not_found"),
        ("general", {"text": ""}, "no_text"),
        ("general", {"text": "hi", "thread_ts": "1.0"}, "thread_not_found"),
        ("old", {"text": "hi"}, "is_archived"),
    ],
)
async def test_a_post_that_slack_refuses_is_refused(
    workspace: Workspace, channel: str, arguments: Json, error: str
) -> None:
    bot = workspace.state.bot_user
    workspace.state.add_channel("old", [bot]).is_archived = True
    ids = {one.name: one.id for one in workspace.state.channels.values()}
    post = client_of(workspace).api_call(
        "chat.postMessage", json={"channel": ids.get(channel, channel), **arguments}
    )
    assert (await refused(post))["error"] == error


async def test_history_needs_the_bot_in_the_channel(workspace: Workspace) -> None:
    client, random = client_of(workspace), workspace.state.channel("random").id
    assert (await refused(client.conversations_history(channel=random)))[
        "error"
    ] == "not_in_channel"
    await workspace.invite("random", "coach")
    assert (await client.conversations_history(channel=random))["ok"]


@pytest.mark.parametrize(
    ("block", "breach"),
    [
        (
            section("x" * 3001),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters"),
        ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
        ({"type": "poem"}, "unsupported type: poem [json-pointer:/blocks/0]"),
        (button("a") | {"colour": "red"}, "invalid additional property: colour"),
        (button("a" * 256), "[json-pointer:/blocks/0/elements/0/action_id]"),
        ({"type": "section"}, "missing required field: text|fields"),
        (modal()["blocks"][0], "unsupported type: input"),
    ],
)
async def test_a_block_that_slack_refuses_is_refused_with_its_path(
    workspace: Workspace, block: Json, breach: str
) -> None:
    channel = workspace.state.channel("general").id
    post = client_of(workspace).chat_postMessage(channel=channel, text="t", blocks=[block])
    answer = await refused(post)
    assert answer["error"] == "invalid_blocks"
    assert breach in answer["response_metadata"]["messages"][0]


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([section("x" * 2_700)] * 5, "msg_blocks_too_long"),
        ([section("a") | {"block_id": "twice"}] * 2, "invalid_blocks"),
    ],
)
async def test_a_message_that_is_too_much_is_refused(
    workspace: Workspace, blocks: list[Json], error: str
) -> None:
    channel = workspace.state.channel("general").id
    post = client_of(workspace).chat_postMessage(channel=channel, text="t", blocks=blocks)
    assert (await refused(post))["error"] == error


@given(text=st.text(min_size=1, max_size=3000).filter(str.strip), value=st.text(max_size=75))
def test_what_an_independent_builder_makes_is_accepted(text: str, value: str) -> None:
    one = slackblocks.Text("one", type_=slackblocks.TextType.PLAINTEXT)
    options = [slackblocks.Option(text=one, value=value or "1")]
    made = [
        slackblocks.SectionBlock(text, accessory=slackblocks.StaticSelectMenu("o", options)),
        slackblocks.HeaderBlock(text[:100].strip() or "head"),
        slackblocks.ActionsBlock([slackblocks.Button("Go", action_id="go", value="1")]),
        slackblocks.ContextBlock([slackblocks.Text(text)]),
    ]
    checked = check_blocks([block._resolve() for block in made])
    assert [block["type"] for block in checked] == ["section", "header", "actions", "context"]


async def test_cursors_lead_through_a_long_history(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    for number in range(7):
        await workspace.say("ana", "general", str(number))
    texts = []
    async for page in await client.conversations_history(channel=channel, limit=3):
        texts += [message["text"] for message in page["messages"]]
    assert texts == list("6543210")


async def test_a_channel_takes_a_burst_and_then_one_post_a_second() -> None:
    clock = Clock()
    async with Workspace(clock=clock) as ws:
        client, channel = client_of(ws), ws.state.channel("general").id
        for _ in range(20):
            await client.chat_postMessage(channel=channel, text="fast")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=channel, text="too fast")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "1"
        clock.seconds += 1
        assert (await client.chat_postMessage(channel=channel, text="after a second"))["ok"]


async def test_a_file_goes_up_in_three_steps_and_down_with_the_token(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    parent = await client.chat_postMessage(channel=channel, text="job 7")
    sent = await client.files_upload_v2(
        channel=channel,
        content=b"png",
        filename="loss.png",
        alt_txt="falls",
        thread_ts=parent["ts"],
    )
    message = workspace.messages("general")[-1]
    assert (message.thread_ts, message.files[0].alt_text) == (parent["ts"], "falls")
    url = (await client.files_info(file=sent["file"]["id"]))["file"]["url_private_download"]
    assert await fetch(url, workspace.bot_token) == b"png"
    assert b"Sign in" in await fetch(url, "xoxb-wrong")  # Slack answers 200 here, too
    assert (await refused(client.files_info(file="F404")))["error"] == "file_not_found"


async def fetch(url: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return await answer.read()


# --- people and conversations ---------------------------------------------------------------


async def test_people_are_told_with_what_a_bot_goes_by(workspace: Workspace) -> None:
    cy = await workspace.join("cy", tz="Asia/Kolkata", locale="zh-CN", is_restricted=True)
    client = client_of(workspace)
    told = (await client.users_info(user=cy.id, include_locale=True))["user"]
    assert (told["tz"], told["tz_offset"], told["locale"]) == ("Asia/Kolkata", 19_800, "zh-CN")
    assert (told["is_restricted"], told["is_bot"], told["deleted"]) == (True, False, False)
    names = [
        user["name"] async for page in await client.users_list(limit=2) for user in page["members"]
    ]
    assert names == ["slackbot", "coach", "ana", "bo", "cy"]
    assert (await refused(client.users_info(user="U404")))["error"] == "user_not_found"


async def test_a_private_channel_is_known_to_its_members_alone(workspace: Workspace) -> None:
    client = client_of(workspace)
    hiring = await workspace.make_private("hiring", "ana")
    for call in (client.conversations_info, client.conversations_members):
        assert (await refused(call(channel=hiring.id)))["error"] == "channel_not_found"
    post = client.chat_postMessage(channel=hiring.id, text="hi")
    assert (await refused(post))["error"] == "channel_not_found"
    await workspace.invite("hiring", "coach")
    told = (await client.conversations_info(channel=hiring.id))["channel"]
    assert (told["is_private"], told["is_member"]) == (True, True)
    members = (await client.conversations_members(channel=hiring.id))["members"]
    assert members == [workspace.state.user("ana").id, workspace.state.bot_user]


async def test_the_same_people_share_one_conversation(workspace: Workspace) -> None:
    client = client_of(workspace)
    ana, bo = (workspace.state.user(name).id for name in ("ana", "bo"))
    opened = [
        (await client.conversations_open(users=users))["channel"]["id"]
        for users in (f"{ana},{bo}", f"{bo},{ana}", ana)
    ]
    assert opened == [workspace.dm("ana", "bo").id] * 2 + [workspace.dm("ana").id]
    await client.files_upload_v2(channel=opened[2], content=b"a", filename="week.csv")
    assert workspace.messages(opened[2])[0].files[0].name == "week.csv"
    await workspace.change("bo", deleted=True)
    assert (await refused(client.conversations_open(users=bo)))["error"] == "user_disabled"
    assert (await refused(client.conversations_open(users="USLACKBOT")))["error"] == "cannot_dm_bot"


async def test_an_app_deletes_its_own_messages_alone(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    sent = await client.chat_postMessage(channel=channel, text="C-014")
    said = await workspace.say("ana", "general", "hi")
    await client.chat_delete(channel=channel, ts=sent["ts"])
    assert workspace.messages("general") == [said]
    assert (await refused(client.chat_delete(channel=channel, ts=sent["ts"])))["error"] == (
        "message_not_found"
    )
    assert (await refused(client.chat_delete(channel=channel, ts=said.ts)))["error"] == (
        "cant_delete_message"
    )


async def test_the_workspace_as_a_whole_takes_so_many_posts() -> None:
    async with Workspace(clock=Clock(), all_posts=Rate(per_second=1, burst=2)) as ws:
        client = client_of(ws)
        people = [(await ws.join(f"p{number}")).id for number in range(3)]
        for user in people[:2]:
            await client.chat_postMessage(channel=user, text="digest")
        late = await refused(client.chat_postMessage(channel=people[2], text="digest"))
    assert late["error"] == "ratelimited"


# --- modals, Home, response_url -------------------------------------------------------------


async def test_a_trigger_opens_one_modal_and_only_in_time() -> None:
    clock = Clock()
    async with Workspace(clock=clock) as ws:
        client, ana = client_of(ws), ws.state.user("ana").id
        used, stale = ws.state.new_trigger(ana), ws.state.new_trigger(ana)
        await client.views_open(trigger_id=used, view=modal())
        again = await refused(client.views_open(trigger_id=used, view=modal()))
        clock.seconds += 3.1
        late = await refused(client.views_open(trigger_id=stale, view=modal()))
    assert (again["error"], late["error"]) == ("exchanged_trigger_id", "expired_trigger_id")


async def test_views_stack_three_high_and_refuse_an_outdated_hash(workspace: Workspace) -> None:
    client, ana = client_of(workspace), workspace.state.user("ana").id
    opened = await client.views_open(trigger_id=workspace.state.new_trigger(ana), view=modal())
    for _ in range(2):
        await client.views_push(trigger_id=workspace.state.new_trigger(ana), view=modal())
    fourth = client.views_push(trigger_id=workspace.state.new_trigger(ana), view=modal())
    assert (await refused(fourth))["error"] == "push_limit_reached"
    view = opened["view"]
    await client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    again = client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert (await refused(again))["error"] == "hash_conflict"


async def test_a_view_that_slack_refuses_is_refused_with_its_path(workspace: Workspace) -> None:
    trigger = workspace.state.new_trigger(workspace.state.user("ana").id)
    open_it = client_of(workspace).views_open(trigger_id=trigger, view=modal(title=plain("x" * 25)))
    answer = await refused(open_it)
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in answer["response_metadata"]["messages"][0]


async def test_a_response_url_answers_five_times_within_half_an_hour() -> None:
    clock = Clock()
    async with Workspace(clock=clock) as ws:
        channel, ana = ws.state.channel("general").id, ws.state.user("ana").id
        worn, stale = (ws.state.new_response_url(channel, ana) for _ in range(2))
        assert [await respond(worn, text="hi") for _ in range(6)] == [200] * 5 + [404]
        clock.seconds += 30 * 60 + 1
        assert await respond(stale, text="hi") == 404
        assert len(ws.messages("general", seen_by="ana")) == 5
        assert not ws.messages("general", seen_by="bo")


async def test_a_response_url_replaces_the_message_clicked_in(
    workspace: Workspace,
) -> None:
    channel, ana = workspace.state.channel("general"), workspace.state.user("ana").id
    clicked = workspace.state.post(channel, workspace.state.bot_user, "sure?", ephemeral_to=ana)
    url = workspace.state.new_response_url(channel.id, ana, clicked)
    await respond(url, text="yes", replace_original=True, response_type="in_channel")
    assert [(m.text, m.ephemeral_to) for m in workspace.messages("general")] == [("yes", ana)]


async def respond(url: str, **body: Any) -> int:
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as answer:
        return answer.status


# --- the app, over Socket Mode and over HTTP ------------------------------------------------


def small_bot(ws: Workspace, heard: list[Json], **more: Any) -> AsyncApp:
    """Make a Bolt app that uses each kind of interaction once."""
    app = bolt(ws, **more)

    async def train(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        heard.append(body)
        blocks = [section("Plan"), button("queue")]
        await client.chat_postMessage(channel=body["channel_id"], text="Plan", blocks=blocks)

    async def queue(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        heard.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=modal(callback_id="ask"))

    async def asked(ack: Any, body: Json, view: Json) -> None:
        heard.append(body)
        if view["state"]["values"]["ask"]["text"]["value"] == "bad":
            await ack(response_action="errors", errors={"ask": "Not that."})
        else:
            await ack()

    async def use(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond("Used.")

    async def listen(event: Json) -> None:
        heard.append(event)

    async def home(event: Json, client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [section("Home")]}
        await client.views_publish(user_id=event["user"], view=view)

    app.command("/train")(train)
    app.action("queue")(queue)
    app.view("ask")(asked)
    app.shortcut("use")(use)
    app.event("app_home_opened")(home)
    for name in ("app_mention", "file_shared"):
        app.event(name)(listen)
    return app


Bot = Callable[[Workspace, AsyncApp], Any]


@pytest.mark.parametrize("mode", [socket_bot, http_bot])
async def test_an_app_is_served_all_its_interactions(workspace: Workspace, mode: Bot) -> None:
    heard: list[Json] = []
    app = small_bot(workspace, heard, signing_secret=workspace.signing_secret)
    async with mode(workspace, app):
        assert not (await workspace.slash("ana", "general", "/train", "a <b> & c")).error
        plan = await workspace.wait_for(lambda m: m.text == "Plan")
        assert not (await workspace.click("bo", plan, "queue")).error
        view = await workspace.wait_for_view("bo")
        empty = await workspace.submit_view("bo", view["id"], {})
        bad = await workspace.submit_view("bo", view["id"], {"text": "bad"})
        assert workspace.views("bo")
        await workspace.submit_view("bo", view["id"], {"text": "good"})
        said = await workspace.say("ana", "general", "good morning")
        await workspace.shortcut("ana", "use", said)
        await workspace.wait_for(lambda m: m.text == "Used." and m.ephemeral_to)
        await workspace.open_home("ana")
        await workspace.wait_for_home("ana")
    errors = [outcome.reply and outcome.reply["errors"]["ask"] for outcome in (empty, bad)]
    assert errors == ["Please complete this required field.", "Not that."]
    assert not workspace.views("bo")
    command, click = heard[0], heard[1]
    assert (command["text"], command["channel_name"]) == ("a &lt;b&gt; &amp; c", "general")
    assert click["actions"][0]["value"] == "1"
    assert click["message"]["ts"] == plan.ts == click["container"]["message_ts"]


async def test_the_app_hears_files_and_mentions(workspace: Workspace) -> None:
    heard: list[Json] = []
    async with socket_bot(workspace, small_bot(workspace, heard)):
        await workspace.upload("ana", "general", "a.csv", b"a,b", comment="@coach use it")
        await until(lambda: len(heard) == 2)
    by_type = {event["type"]: event for event in heard}
    assert by_type["file_shared"]["file_id"] == by_type["app_mention"]["files"][0]["id"]
    assert f"<@{workspace.state.bot_user}>" in by_type["app_mention"]["text"]


async def test_an_app_with_the_wrong_secret_is_not_reached(workspace: Workspace) -> None:
    app = small_bot(workspace, [], signing_secret="another")  # noqa: S106
    async with http_bot(workspace, app):
        delivered = await workspace.slash("ana", "general", "/train")
    assert delivered.error == "dispatch_failed"


async def test_a_command_nobody_acknowledges_fails_before_the_asker() -> None:
    async with Workspace(ack_seconds=0.05) as ws:
        alone = await ws.slash("ana", "general", "/train")
        async with raw_socket(ws, []) as client:
            client.socket_mode_request_listeners.clear()
            ignored = await ws.slash("ana", "general", "/train")
        told = [m.text for m in ws.messages("general", seen_by="ana")]
        assert not ws.messages("general", seen_by="bo")
    assert (alone.error, ignored.error) == ("dispatch_failed", "operation_timeout")
    assert told[1] == '/train failed with the error "operation_timeout"'


@asynccontextmanager
async def raw_socket(ws: Workspace, heard: list[SocketModeRequest]) -> AsyncIterator[Any]:
    """Connect with the SDK alone; every request is kept and acknowledged."""
    client = SocketModeClient(ws.app_token, web_client=client_of(ws), ping_interval=0.2)

    async def hear(client: Any, request: SocketModeRequest) -> None:
        heard.append(request)
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))

    client.socket_mode_request_listeners.append(hear)
    await client.connect()  # type: ignore[no-untyped-call]
    await ws.connected()
    yield client
    await client.close()  # type: ignore[no-untyped-call]


async def test_an_unacknowledged_event_comes_again_with_its_count() -> None:
    heard: list[SocketModeRequest] = []
    async with Workspace(MANIFEST, ack_seconds=0.05, retries_after=(0.05, 0.05)) as ws:
        ws.faults.ignore_acks(2)
        async with raw_socket(ws, heard):
            await ws.say("ana", "general", "@coach hello")
            await until(lambda: len(heard) == 3)
    assert [request.retry_attempt for request in heard] == [0, 1, 2]
    assert heard[1].retry_reason == "timeout"
    assert len({request.payload["event_id"] for request in heard}) == 1


async def test_two_connections_share_the_payloads(workspace: Workspace) -> None:
    one: list[SocketModeRequest] = []
    two: list[SocketModeRequest] = []
    async with raw_socket(workspace, one), raw_socket(workspace, two):
        await until(lambda: workspace.sockets.connections == 2)
        for _ in range(4):
            await workspace.slash("ana", "general", "/train")
    assert (len(one), len(two)) == (2, 2)


@pytest.mark.parametrize("break_off", ["drop", "refresh"])
async def test_an_app_that_lost_its_socket_comes_back(workspace: Workspace, break_off: str) -> None:
    heard: list[Json] = []
    async with socket_bot(workspace, small_bot(workspace, heard)):
        await getattr(workspace.sockets, break_off)()
        await workspace.connected()
        await workspace.slash("ana", "general", "/train")
        await until(lambda: heard)


ELEMENTS: list[tuple[Json, object, Json]] = [
    ({"type": "datepicker"}, "2026-12-01", {"selected_date": "2026-12-01"}),
    ({"type": "timepicker", "initial_time": "09:00"}, "09:30", {"selected_time": "09:30"}),
    ({"type": "users_select"}, "bo", {"selected_user": "bo"}),
    ({"type": "channels_select"}, "general", {"selected_channel": "general"}),
    ({"type": "conversations_select"}, "general", {"selected_conversation": "general"}),
    ({"type": "checkboxes"}, ["a", "b"], {"selected_options": ["a", "b"]}),
    ({"type": "multi_static_select"}, ["b"], {"selected_options": ["b"]}),
    ({"type": "radio_buttons"}, "b", {"selected_option": "b"}),
    ({"type": "overflow"}, "a", {"selected_option": "a"}),
]
LISTING = {"checkboxes", "multi_static_select", "radio_buttons", "overflow"}


def completed(element: Json) -> Json:
    options = [{"text": plain(value.upper()), "value": value} for value in "ab"]
    return (
        element | {"action_id": "it"} | ({"options": options} if element["type"] in LISTING else {})
    )


@pytest.mark.parametrize(("element", "value", "expected"), ELEMENTS)
async def test_what_is_chosen_arrives_in_slacks_shape(
    workspace: Workspace, element: Json, value: object, expected: Json
) -> None:
    heard: list[SocketModeRequest] = []
    beside = section("Which?") | {"block_id": "which", "accessory": completed(element)}
    home = {"type": "home", "blocks": [beside]}
    ana = workspace.state.user("ana").id
    async with raw_socket(workspace, heard):
        await client_of(workspace).views_publish(user_id=ana, view=home)
        await workspace.click("ana", workspace.home("ana") or {}, "it", value)
    payload = heard[0].payload
    assert named(workspace, payload["actions"][0]).items() >= expected.items()
    stands = payload["view"]["state"]["values"].get("which", {})
    assert bool(stands) is (element["type"] != "overflow")
    assert payload["container"]["type"] == "view"
    assert "response_url" not in payload
    assert "channel" not in payload


def named(ws: Workspace, action: Json) -> Json:
    """Say what was chosen by names: ids differ from run to run."""
    names = {id_: user.name for id_, user in ws.state.users.items()}
    names |= {id_: channel.name for id_, channel in ws.state.channels.items()}
    values = {
        key: [one["value"] for one in part] if isinstance(part, list) else part
        for key, part in action.items()
    }
    if isinstance(action.get("selected_option"), dict):
        values["selected_option"] = action["selected_option"]["value"]
    return {
        key: names.get(part, part) if isinstance(part, str) else part
        for key, part in values.items()
    }


async def test_a_form_keeps_what_stands_in_it_and_numbers_within_their_range(
    workspace: Workspace,
) -> None:
    number = {"type": "number_input", "action_id": "n", "is_decimal_allowed": False}
    number |= {"min_value": "1", "max_value": "5", "initial_value": "2"}
    asked = {"type": "input", "block_id": "n", "label": plain("Score"), "element": number}
    day = section("Day") | {"block_id": "day", "accessory": completed({"type": "datepicker"})}
    view = modal(blocks=[asked, day])
    heard: list[SocketModeRequest] = []
    async with raw_socket(workspace, heard):
        trigger = workspace.state.new_trigger(workspace.state.user("ana").id)
        await client_of(workspace).views_open(trigger_id=trigger, view=view)
        shown = workspace.views("ana")[0]
        await workspace.click("ana", shown, "it", "2026-12-01", typed={"n": 4})
        await client_of(workspace).views_update(view_id=shown["id"], view=view)
        assert (await workspace.submit_view("ana", shown["id"], {"n": "6"})).reply
        await workspace.submit_view("ana", shown["id"], {})
    values = heard[-1].payload["view"]["state"]["values"]
    assert values["n"]["n"]["value"] == "4"
    assert values["day"]["it"]["selected_date"] == "2026-12-01"


async def test_people_who_come_change_and_enter_a_channel_are_told(workspace: Workspace) -> None:
    heard: list[SocketModeRequest] = []
    async with raw_socket(workspace, heard):
        cy = await workspace.join("cy", "Cy Young")
        await workspace.change("cy", tz="Asia/Tokyo")
        await workspace.make_private("hiring", "coach")
        await workspace.invite("hiring", "cy")
        await until(lambda: len(heard) == 3)
    came, changed, entered = (request.payload["event"] for request in heard)
    assert (came["type"], came["user"]["id"]) == ("team_join", cy.id)
    assert (changed["type"], changed["user"]["tz"]) == ("user_change", "Asia/Tokyo")
    assert (entered["type"], entered["user"]) == ("member_joined_channel", cy.id)


@pytest.mark.parametrize(
    ("command", "text"), [("/team", "<@U|bo> in <#C|general> and <#C|>"), ("/train", None)]
)
async def test_names_in_commands_are_escaped_where_the_manifest_says_so(
    workspace: Workspace, command: str, text: str | None
) -> None:
    heard: list[SocketModeRequest] = []
    await workspace.make_private("hiring", "ana")
    await workspace.make_private("secret", "bo")
    typed = "@bo in #general and #hiring"
    async with raw_socket(workspace, heard):
        await workspace.slash("ana", "general", command, f"{typed} #secret")
    arrived = re.sub(r"<([@#][UC])\w+", r"<\1", heard[0].payload["text"])
    assert arrived == f"{text or typed} #secret"


# --- faults ---------------------------------------------------------------------------------


async def test_a_duplicated_command_carries_one_trigger(workspace: Workspace) -> None:
    heard: list[SocketModeRequest] = []
    workspace.faults.duplicate(5)
    async with raw_socket(workspace, heard):
        await workspace.slash("ana", "general", "/train", "list")
        await until(lambda: len(heard) == 5)
    assert len({request.payload["trigger_id"] for request in heard}) == 1


async def test_a_lost_reply_leaves_the_message_posted(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    workspace.faults.lose_reply("chat.postMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel=channel, text="posted")
    assert [message.text for message in workspace.messages("general")] == ["posted"]


@pytest.mark.parametrize(("fault", "status"), [("rate_limit", 429), ("break_down", 500)])
async def test_a_spoilt_method_does_nothing_once(
    workspace: Workspace, fault: str, status: int
) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    getattr(workspace.faults, fault)("chat.postMessage")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="no")
    assert caught.value.response.status_code == status
    await client.chat_postMessage(channel=channel, text="yes")
    assert [message.text for message in workspace.messages("general")] == ["yes"]


async def test_a_trigger_ages_while_its_command_is_late() -> None:
    refusals: list[str] = []
    async with Workspace(trigger_seconds=0.01) as ws:
        app = bolt(ws)

        async def train(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack()
            open_it = client.views_open(trigger_id=body["trigger_id"], view=modal())
            refusals.append((await refused(open_it))["error"])

        app.command("/train")(train)
        ws.faults.deliver_late(0.02)
        async with socket_bot(ws, app):
            await ws.slash("ana", "general", "/train")
            await until(lambda: refusals)
    assert refusals == ["expired_trigger_id"]


async def test_a_slow_method_is_overtaken(workspace: Workspace) -> None:
    client, channel = client_of(workspace), workspace.state.channel("general").id
    ana = workspace.state.user("ana").id
    workspace.faults.slow["chat.postMessage"] = 0.1
    slow = asyncio.create_task(client.chat_postMessage(channel=channel, text="slow"))
    await client.chat_postEphemeral(channel=channel, user=ana, text="fast")
    await slow
    assert [message.text for message in workspace.messages("general")] == ["fast", "slow"]


async def test_a_stand_in_may_lack_a_method(workspace: Workspace) -> None:
    workspace.faults.unavailable.add("views.publish")
    publish = client_of(workspace).views_publish(user_id="U1", view={"type": "home", "blocks": []})
    assert (await refused(publish))["error"] == "unknown_method"


async def test_the_app_hears_what_is_said_edited_and_deleted_until_it_is_removed() -> None:
    heard: list[SocketModeRequest] = []
    subscribed = {"bot_events": ["message.channels", "channel_left"]}
    manifest = MANIFEST | {"settings": {"event_subscriptions": subscribed}}
    async with Workspace(manifest) as ws, raw_socket(ws, heard):
        said = await ws.say("ana", "general", "first")
        await ws.say("ana", ws.dm("ana").id, "not subscribed")
        await ws.edit(said, "second")
        await ws.delete(said)
        await ws.remove("general", ws.state.bot_user)
        await ws.say("ana", "general", "unheard")
        await until(lambda: len(heard) == 4)
    events = sorted((request.payload["event"] for request in heard), key=lambda e: e["event_ts"])
    posted, changed, deleted, left = events
    assert (posted["text"], posted["channel_type"]) == ("first", "channel")
    assert changed["subtype"] == "message_changed"
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("first", "second")
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", said.ts)
    assert (left["type"], left["channel"]) == ("channel_left", said.channel)


# --- the manifest ---------------------------------------------------------------------------


async def test_the_manifest_decides_which_commands_and_events_there_are() -> None:
    heard: list[SocketModeRequest] = []
    async with Workspace(MANIFEST) as ws, raw_socket(ws, heard):
        assert (await ws.slash("ana", "general", "/poem")).error == "unknown_command"
        await ws.slash("ana", "general", "/train", "@bo")
        await ws.open_home("ana")  # not subscribed
        await ws.say("ana", "general", "@coach subscribed")
        await until(lambda: len(heard) == 2)
    assert heard[0].payload["text"] == "@bo"
    assert heard[1].payload["event"]["type"] == "app_mention"


# --- what it refuses to everyone else -------------------------------------------------------


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
async def test_another_site_is_turned_away(workspace: Workspace, headers: Json) -> None:
    async with aiohttp.ClientSession(headers=headers) as http, http.get(workspace.url) as answer:
        assert answer.status == 403


async def test_the_page_speaks_only_with_whom_it_was_given_to(workspace: Workspace) -> None:
    address = f"{workspace.url}/page/do/say"
    said = {"user": "ana", "channel": "general", "text": "hi"}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post(address, json=said) as answer:
            assert answer.status == 403
        async with http.get(workspace.url) as page:
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        async with http.post(address, json=said) as answer:
            assert answer.status == 200
    assert [message.text for message in workspace.messages("general")] == ["hi"]


async def test_a_stream_of_changes_starts_when_it_is_asked_for(workspace: Workspace) -> None:
    changes = workspace.watch()
    await workspace.say("ana", "general", "hi")
    change = await anext(changes)
    assert change.message
    assert workspace.line(change.message).endswith("#general Ana Ruiz: hi")
