"""The workspace's page in a real browser, with a real Bolt app behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import Workspace

Json = dict[str, Any]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MANIFEST: Json = {
    "features": {
        "slash_commands": [
            {"command": "/train", "description": "Train a model", "usage_hint": "<dataset>"},
            {"command": "/sentiment", "description": "Ask", "usage_hint": "<text>"},
        ],
        "shortcuts": [{"name": "Use as data set", "type": "message", "callback_id": "use"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "files:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # one browser for all
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def question(label: str, element: Json, **more: Any) -> Json:
    about = {"type": "input", "block_id": element["action_id"], "label": plain(label)}
    return about | {"element": element} | more


MODAL: Json = {
    "type": "modal",
    "callback_id": "change",
    "title": plain("Change the job"),
    "submit": plain("Queue it"),
    "blocks": [
        question("Name", {"type": "plain_text_input", "action_id": "name"}),
        question("Epochs", {"type": "plain_text_input", "action_id": "epochs"}),
        question("File", {"type": "file_input", "action_id": "file"}, optional=True),
    ],
}
OPTIONS = [{"text": plain(said), "value": said.lower()} for said in ("Pytorch", "Audio")]
EVERYTHING: Json = MODAL | {
    "callback_id": "all",
    "title": plain("Plan a session"),
    "blocks": [
        question("Day", {"type": "datepicker", "action_id": "day"}),
        question("Time", {"type": "timepicker", "action_id": "time", "initial_time": "09:00"}),
        question("Host", {"type": "users_select", "action_id": "host"}),
        question("Where", {"type": "conversations_select", "action_id": "where"}),
        question("Seats", {"type": "number_input", "action_id": "n", "is_decimal_allowed": False}),
        question("Ask", {"type": "checkboxes", "action_id": "ask", "options": OPTIONS}),
        question("One", {"type": "radio_buttons", "action_id": "one", "options": OPTIONS}),
        question(
            "Skills", {"type": "multi_static_select", "action_id": "skills", "options": OPTIONS}
        ),
    ],
}
PROMOTE: Json = {
    "type": "button",
    "text": plain("Promote"),
    "action_id": "promote",
    "value": "3",
    "confirm": {
        "title": plain("Promote model 3?"),
        "text": plain("It will answer from now on."),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    },
}


@pytest_asyncio.fixture(loop_scope="module")
async def ws() -> AsyncIterator[Workspace]:
    async with Workspace(MANIFEST) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def heard(ws: Workspace) -> AsyncIterator[list[Json]]:
    """Run a small app and keep what it receives."""
    received: list[Json] = []
    handler = AsyncSocketModeHandler(small_bot(ws, received), app_token=ws.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await ws.connected()
    yield received
    await handler.close_async()  # type: ignore[no-untyped-call]


def small_bot(ws: Workspace, heard: list[Json]) -> AsyncApp:
    app = AsyncApp(client=AsyncWebClient(token=ws.bot_token, base_url=ws.api_url))

    async def train(ack: Any, body: Json, respond: Any, client: AsyncWebClient) -> None:
        await ack()
        heard.append(body)
        if form := {"change": MODAL, "plan": EVERYTHING}.get(body["text"]):
            await client.views_open(trigger_id=body["trigger_id"], view=form)
        else:
            await respond(f"There is no data set {body['text']}.")

    async def keep(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body)

    async def change(ack: Any, view: Json) -> None:
        heard.append(view)
        if view["state"]["values"]["epochs"]["epochs"]["value"] == "99":
            await ack(response_action="errors", errors={"epochs": "Type 1 to 20."})
        else:
            await ack()

    async def home(event: Json, client: AsyncWebClient) -> None:
        heading = {"type": "header", "text": plain("Two jobs are queued")}
        menu = {"type": "overflow", "action_id": "more", "options": OPTIONS}
        line = {"type": "section", "text": plain("Evaluation, 45 minutes"), "accessory": menu}
        note = question("Note", {"type": "plain_text_input", "action_id": "note"})
        view = {"type": "home", "blocks": [heading, line, note]}
        await client.views_publish(user_id=event["user"], view=view)

    app.command("/train")(train)
    app.action("promote")(keep)
    app.action("more")(keep)
    app.view("change")(change)
    app.view("all")(keep)
    app.shortcut("use")(keep)
    app.event("app_home_opened")(home)
    return app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(ws: Workspace, browser: Browser) -> AsyncIterator[Page]:
    """Open the page as Ana; any error in its console fails the test."""
    opened = await browser.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    await opened.goto(f"{ws.url}/#general")
    await expect(opened.get_by_role("heading", name="general")).to_be_visible()
    yield opened
    await opened.close()
    assert not errors


async def type_in(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message #general")
    await box.fill(text)
    await box.press("Enter")


async def post(ws: Workspace, **message: Any) -> str:
    client = AsyncWebClient(token=ws.bot_token, base_url=ws.api_url)
    sent = await client.chat_postMessage(channel=ws.state.channel("general").id, **message)
    return str(sent["ts"])


async def test_a_command_completes_runs_and_answers_its_asker_alone(
    page: Page, heard: list[Json]
) -> None:
    box = page.get_by_role("textbox", name="Message #general")
    await box.press_sequentially("/tr")
    await expect(page.get_by_role("option")).to_contain_text("Train a model")
    await box.press("Tab")
    await box.press_sequentially("reviews")
    await box.press("Enter")
    answer = page.locator(".message.ephemeral")
    await expect(answer).to_contain_text("There is no data set reviews.")
    await expect(answer).to_contain_text("Only visible to you")
    await page.get_by_role("button", name="Bo Chen").click()
    await expect(page.get_by_role("button", name="Bo Chen", pressed=True)).to_be_visible()
    await expect(answer).to_have_count(0)
    assert heard[0]["text"] == "reviews"


async def test_what_people_type_never_becomes_markup(page: Page, ws: Workspace) -> None:
    await type_in(page, "*bold* <img src=x onerror=alert(1)> & <!channel>")
    message = page.locator(".message").last
    await expect(message.locator("strong").last).to_have_text("bold")
    await expect(message.locator(".text")).to_contain_text(
        "<img src=x onerror=alert(1)> & <!channel>"
    )
    await expect(message.locator(".text img, .mention")).to_have_count(0)
    link = {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:alert(1)|press me>"}}
    await post(ws, text="link", blocks=[link])
    await expect(page.get_by_text("press me")).to_be_visible()
    await expect(page.get_by_role("link", name="press me")).to_have_count(0)


async def test_a_message_moves_in_place_while_it_is_edited(page: Page, ws: Workspace) -> None:
    client = AsyncWebClient(token=ws.bot_token, base_url=ws.api_url)
    stop = {"type": "button", "text": plain("Stop"), "action_id": "stop"}
    actions: Json = {"type": "actions", "elements": [stop]}
    ts = await post(ws, text="epoch 1", blocks=[{"type": "header", "text": plain("1")}, actions])
    await page.get_by_role("button", name="Stop").focus()
    channel, header = ws.state.channel("general").id, {"type": "header", "text": plain("epoch 2")}
    await client.chat_update(channel=channel, ts=ts, text="epoch 2", blocks=[header, actions])
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator(".message")).to_contain_text("epoch 2")
    await expect(page.get_by_role("button", name="Stop")).to_be_focused()


async def test_a_button_asks_before_it_acts(page: Page, ws: Workspace, heard: list[Json]) -> None:
    await post(ws, text="done", blocks=[{"type": "actions", "elements": [PROMOTE]}])
    await page.get_by_role("button", name="Promote").click()
    await page.get_by_role("button", name="No").click()
    await page.get_by_role("button", name="Promote").click()
    async with page.expect_response(re.compile("/page/do/click")):
        await page.get_by_role("button", name="Yes").click()
    assert [body["actions"][0]["value"] for body in heard] == ["3"]


async def test_a_modal_takes_text_and_files_and_shows_errors_at_the_field(
    page: Page, heard: list[Json]
) -> None:
    await type_in(page, "/train change")
    dialog = page.get_by_role("dialog", name="Change the job")
    await expect(dialog).to_be_visible()
    await page.get_by_label("Epochs").fill("99")
    await page.get_by_role("button", name="Queue it").click()
    await expect(dialog).to_contain_text("Please complete this required field.")
    await page.get_by_label("Name").fill("reviews")
    file: Any = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b"}
    await dialog.locator("input[type=file]").set_input_files(files=[file])
    await expect(dialog.locator("[data-ids]")).to_be_visible()
    await page.get_by_role("button", name="Queue it").click()
    await expect(dialog).to_contain_text("Type 1 to 20.")
    await page.get_by_label("Epochs").fill("3")
    await page.get_by_role("button", name="Queue it").click()
    await expect(dialog).to_have_count(0)
    values = heard[-1]["state"]["values"]
    assert values["name"]["name"]["value"] == "reviews"
    assert values["file"]["file"]["files"][0]["name"] == "a.csv"


async def test_escape_closes_a_modal(page: Page, ws: Workspace, heard: list[Json]) -> None:
    await type_in(page, "/train change")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (ws.views("ana"), len(heard)) == ([], 1)


async def test_a_file_is_attached_and_a_shortcut_used_on_it(
    page: Page, ws: Workspace, heard: list[Json]
) -> None:
    file: Any = {"name": "reviews.csv", "mimeType": "text/csv", "buffer": b"text,label"}
    await page.locator("#composer input[type=file]").set_input_files(files=[file])
    await type_in(page, "please @coach")
    message = page.locator(".message").last
    await expect(message.get_by_role("link")).to_contain_text("reviews.csv")
    await expect(message.locator(".mention")).to_have_text("@Coach")
    await message.hover()
    await message.locator("summary").click()
    async with page.expect_response(re.compile("/page/do/shortcut")):
        await page.get_by_role("menuitem", name="Use as data set").click()
    assert heard[0]["message"]["files"][0]["name"] == "reviews.csv"
    assert ws.messages("general")[0].files[0].content == b"text,label"


async def test_a_file_is_dropped_on_the_channel(page: Page, ws: Workspace) -> None:
    dropped = await page.evaluate_handle(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["text,label"], "dropped.csv", { type: "text/csv" }));
            return carried;
        }"""
    )
    await page.dispatch_event("#main", "dragover", {"dataTransfer": dropped})
    await expect(page.get_by_text("Drop to add to")).to_be_visible()
    await page.dispatch_event("#main", "drop", {"dataTransfer": dropped})
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".message").get_by_role("link")).to_contain_text("dropped.csv")
    assert ws.messages("general")[0].files[0].content == b"text,label"


async def test_a_thread_holds_charts_and_replies(page: Page, ws: Workspace) -> None:
    client = AsyncWebClient(token=ws.bot_token, base_url=ws.api_url)
    ts = await post(ws, text="Job 7")
    await client.files_upload_v2(
        channel=ws.state.channel("general").id,
        thread_ts=ts,
        content=PNG,
        filename="loss.png",
        alt_txt="Loss falls from 0.7 to 0.2",
    )
    await page.get_by_role("button", name="1 reply").click()
    chart = page.get_by_role("img", name="Loss falls from 0.7 to 0.2")
    await expect(chart).to_be_visible()
    assert await chart.evaluate("picture => picture.naturalWidth") == 1
    reply = page.get_by_role("textbox", name="Reply…")
    await reply.fill("good")
    await reply.press("Enter")
    await expect(page.locator("#replies .message")).to_have_count(3)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("complementary", name="Thread")).to_be_hidden()
    assert ws.messages("general")[-1].thread_ts == ts


async def test_the_home_tab_is_published_when_it_is_opened_and_can_be_pressed(
    page: Page, heard: list[Json]
) -> None:
    await page.get_by_role("link", name="Coach").click()
    await page.get_by_role("button", name="Home").click()
    await expect(page.get_by_role("heading", name="Two jobs are queued")).to_be_visible()
    await page.get_by_label("Note").fill("later")
    await page.get_by_label("More").click()
    async with page.expect_response(re.compile("/page/do/click")):
        await page.get_by_role("menuitem", name="Audio").click()
    assert heard[0]["actions"][0]["selected_option"]["value"] == "audio"
    assert heard[0]["view"]["state"]["values"]["note"]["note"]["value"] == "later"


async def test_every_element_of_a_form_can_be_filled_in(page: Page, heard: list[Json]) -> None:
    await type_in(page, "/train plan")
    dialog = page.get_by_role("dialog", name="Plan a session")
    await dialog.get_by_label("Day").fill("2026-12-01")
    await dialog.get_by_label("Host").select_option("Bo Chen")
    await dialog.get_by_label("Where").select_option("#random")
    await dialog.get_by_label("Seats").fill("12")
    await dialog.get_by_label("Ask").get_by_label("Pytorch").check()
    await dialog.get_by_label("One").get_by_label("Audio").check()
    await dialog.get_by_label("Skills").select_option(["Pytorch", "Audio"])
    await dialog.get_by_role("button", name="Queue it").click()
    await expect(dialog).to_have_count(0)
    values = heard[-1]["view"]["state"]["values"]
    shown = {block: next(iter(inside.values())) for block, inside in values.items()}
    assert (shown["day"]["selected_date"], shown["time"]["selected_time"]) == (
        "2026-12-01",
        "09:00",
    )
    assert shown["host"]["selected_user"].startswith("U")
    assert shown["where"]["selected_conversation"].startswith("C")
    assert (shown["n"]["value"], shown["one"]["selected_option"]["value"]) == ("12", "audio")
    ticked = [
        [option["value"] for option in shown[name]["selected_options"]]
        for name in ("ask", "skills")
    ]
    assert ticked == [["pytorch"], ["pytorch", "audio"]]


async def test_the_page_fits_a_phone(page: Page, ws: Workspace) -> None:
    await post(ws, text=f"```\n{'x' * 300}\n```")
    await page.set_viewport_size({"width": 360, "height": 640})
    await expect(page.locator(".message")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_role("link", name="random").click()
    await expect(page.get_by_role("heading", name="random")).to_be_visible()
    assert width == 360
