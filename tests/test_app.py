"""Requests are acknowledged at once, handled once, and answered in words whatever happens."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Desk, build, socket_client
from bot.asking import Asker, Feature, FieldErrors, Listener, Modal, Office, RefusalError, Reply
from bot.commands import coach
from bot.connect import DeafError, hold_socket
from bot.settings import BotSettings
from bot.workspace.server import Workspace
from storage.database import migrate

SECRET = "do not log me"  # noqa: S105 - what someone typed


class Recorder:
    """A feature that notes what it is asked, and answers or fails as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[Asker, Any]] = []
        self.reply: Reply | None = Reply("noted")
        self.error: Exception | None = None
        self.pause_s = 0.0

    async def take(self, _: Office, asker: Asker, what: Any = None) -> Reply | None:
        self.asked.append((asker, what))
        await asyncio.sleep(self.pause_s)
        if self.error is not None:
            raise self.error
        return self.reply

    async def ask(self, office: Office, asker: Asker, _: Any) -> None:
        """Post a message with a button and a menu, and open a modal."""
        button = {
            "type": "button",
            "action_id": "press:1",
            "value": "one",
            "text": {"type": "plain_text", "text": "Press"},
        }
        await office.client.chat_postMessage(
            channel=asker.channel,
            text="pressable",
            blocks=[{"type": "actions", "elements": [button]}],
        )
        field: dict[str, Any] = {
            "type": "input",
            "block_id": "text",
            "label": {"type": "plain_text", "text": "Text"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
        title = {"type": "plain_text", "text": "Say"}
        metadata = f'{{"channel": "{asker.channel}"}}'
        view: dict[str, Any] = {
            "type": "modal",
            "callback_id": "form",
            "title": title,
            "submit": title,
        }
        view |= {"private_metadata": metadata, "blocks": [field]}
        await office.client.views_open(trigger_id=asker.trigger_id, view=view)

    async def submitted(
        self, office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
    ) -> Reply | None:
        return await self.take(office, asker, (values, metadata))

    def feature(self) -> Feature:
        return Feature(
            commands={coach.Status: self.take, coach.Who: self.ask},
            buttons={"press": self.take},
            modals={"form": Modal(self.submitted, _no_shouting)},
            shortcuts={"use": self.take},
            events={"file_shared": Listener(self.take, lambda event: "file_id" in event)},
        )


def _no_shouting(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    loud = str(values["text"]["text"]["value"]).isupper()
    return FieldErrors({"text": "Please don't shout."}) if loud else None


@asynccontextmanager
async def bot(ws: Workspace, data_dir: Path, recorder: Recorder) -> AsyncIterator[Any]:
    """Build the real app on a workspace; gives it before it is connected."""
    migrate(data_dir)
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=ws.bot_token, base_url=ws.api_url, session=session, retry_handlers=[]
        )
        settings = BotSettings(
            _env_file=None, data_dir=data_dir, slack_signing_secret=SecretStr(ws.signing_secret)
        )
        team = cast("dict[str, Any]", (await client.auth_test()).data)
        office = Office(
            settings=settings,
            client=client,
            serving=cast("Any", None),  # nothing here asks for sentiments
            clock=lambda: datetime.now(UTC),
            bot_user=team["user_id"],
        )
        desk = Desk(office, [recorder.feature()])
        app = build(office, desk, signing_secret=ws.signing_secret, team=team)
        yield app, office, desk
        await desk.finish()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest_asyncio.fixture
async def connected(
    workspace: Workspace, tmp_path: Path, recorder: Recorder
) -> AsyncIterator[Workspace]:
    """Connect the bot to a workspace over Socket Mode."""
    async with bot(workspace, tmp_path, recorder) as (app, office, _):
        client = socket_client(app, office, app_token=workspace.app_token)
        holding = asyncio.create_task(hold_socket(client))
        await workspace.connected()
        yield workspace
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


async def test_a_command_is_answered_to_the_asker_alone(
    connected: Workspace, recorder: Recorder
) -> None:
    await connected.slash("ana", "general", "/coach", "status")
    answer = await connected.wait_for(lambda message: message.text == "noted")
    assert answer.ephemeral_to == connected.state.user("ana").id
    ((asker, record),) = recorder.asked
    assert record == coach.Status()
    assert asker.channel == connected.state.channel("general").id


async def test_the_ack_does_not_wait_for_the_work(connected: Workspace, recorder: Recorder) -> None:
    recorder.pause_s = 0.5
    delivered = await connected.slash("ana", "general", "/coach", "status")
    assert delivered.error is None
    assert not connected.messages("general")
    await connected.wait_for(lambda message: message.text == "noted")


async def test_the_same_request_five_times_is_done_once(
    connected: Workspace, recorder: Recorder
) -> None:
    connected.faults.duplicate(5)
    await connected.slash("ana", "general", "/coach", "status")
    await connected.wait_for(lambda message: message.text == "noted")
    await connected.slash("ana", "general", "/coach", "status")
    await connected.wait_for(lambda _: len(connected.messages("general")) == 2)
    assert len(recorder.asked) == 2


async def test_a_typo_is_answered_with_what_was_meant(connected: Workspace) -> None:
    await connected.slash("ana", "general", "/coach", "statos")
    answer = await connected.wait_for(lambda message: "statos" in message.text)
    assert "Did you mean `status`?" in answer.text


async def test_a_refusal_is_said_in_its_own_words(connected: Workspace, recorder: Recorder) -> None:
    recorder.error = RefusalError("There is no job 7. `/train list` shows the jobs.")
    await connected.slash("ana", "general", "/coach", "status")
    await connected.wait_for(lambda message: message.text == str(recorder.error))


async def test_an_unknown_error_becomes_a_reference_that_the_log_has_without_the_text(
    connected: Workspace, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    recorder.error = ValueError(SECRET)
    await connected.slash("ana", "general", "/coach", "status")
    answer = await connected.wait_for(lambda message: "went wrong" in message.text)
    reference = re.search(r"`([0-9a-f]{8})`", answer.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in answer.text


async def test_a_public_reply_is_seen_by_all(connected: Workspace, recorder: Recorder) -> None:
    recorder.reply = Reply("for all", public=True)
    await connected.slash("ana", "general", "/coach", "status")
    answer = await connected.wait_for(lambda message: message.text == "for all")
    assert answer.ephemeral_to is None


async def test_a_button_is_found_by_the_part_before_its_colon(
    connected: Workspace, recorder: Recorder
) -> None:
    recorder.reply = Reply("pressed", replace=True)
    await connected.slash("ana", "general", "/coach", "who")
    message = await connected.wait_for(lambda message: message.text == "pressable")
    await connected.click("bo", message, "press:1")
    replaced = await connected.wait_for(lambda message: message.text == "pressed")
    assert replaced.ts == message.ts
    assert [what for _, what in recorder.asked] == ["one"]


async def test_a_button_of_another_version_is_refused_politely(
    connected: Workspace, recorder: Recorder
) -> None:
    await connected.slash("ana", "general", "/coach", "who")
    message = await connected.wait_for(lambda message: message.text == "pressable")
    message.blocks[0]["elements"][0]["action_id"] = "unheard-of"
    await connected.click("bo", message, "unheard-of")
    await connected.wait_for(lambda message: "another version of Coach" in message.text)
    assert not recorder.asked


async def test_a_modal_stays_open_with_what_is_wrong_and_then_submits_once(
    connected: Workspace, recorder: Recorder
) -> None:
    await connected.slash("ana", "general", "/coach", "who")
    view = await connected.wait_for_view("ana")
    refused = await connected.submit_view("ana", view["id"], {"text": "LOUD"})
    assert refused.reply is not None
    assert refused.reply["errors"] == {"text": "Please don't shout."}
    assert connected.views("ana")
    await connected.submit_view("ana", view["id"], {"text": "calm"})
    await connected.wait_for(lambda message: message.text == "noted")
    assert not connected.views("ana")
    ((asker, (values, _)),) = recorder.asked
    assert values["text"]["text"]["value"] == "calm"
    assert asker.channel == connected.state.channel("general").id


async def test_a_message_shortcut_brings_its_message(
    connected: Workspace, recorder: Recorder
) -> None:
    message = await connected.say("bo", "general", "label this")
    await connected.shortcut("ana", "use", message)
    await connected.wait_for(lambda message: message.text == "noted")
    assert recorder.asked[0][0].message["text"] == "label this"


async def test_an_event_delivered_twice_is_heard_once(
    connected: Workspace, recorder: Recorder
) -> None:
    connected.faults.duplicate(2)
    await connected.upload("ana", "general", "reviews.csv", b"text,label\n")
    await connected.wait_for(lambda message: message.text == "noted")
    assert len(recorder.asked) == 1


async def test_a_mention_does_in_a_thread_what_a_command_does(
    connected: Workspace, recorder: Recorder
) -> None:
    root = await connected.say("bo", "general", "how is it?")
    await connected.say("ana", "general", "@coach coach status", thread_ts=root.ts)
    answer = await connected.wait_for(lambda message: message.text == "noted")
    assert answer.thread_ts == root.ts
    assert recorder.asked[0][1] == coach.Status()


async def test_a_used_up_response_url_falls_back_to_a_message(
    connected: Workspace, recorder: Recorder
) -> None:
    recorder.pause_s = 0.2
    await connected.slash("ana", "general", "/coach", "status")
    for url in connected.state.response_urls.values():
        url.uses_left = 0
    answer = await connected.wait_for(lambda message: message.text == "noted")
    assert answer.ephemeral_to == connected.state.user("ana").id


async def test_http_mode_answers_signed_requests_and_no_others(
    workspace: Workspace, tmp_path: Path, recorder: Recorder
) -> None:
    async with bot(workspace, tmp_path, recorder) as (app, _, _):
        runner = web.AppRunner(app.web_app(path="/slack/events"))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        workspace.http.request_url = url
        await workspace.slash("ana", "general", "/coach", "status")
        await workspace.wait_for(lambda message: message.text == "noted")
        async with aiohttp.ClientSession() as stranger, stranger.post(url, data="a=b") as answer:
            assert answer.status == 401
        await runner.cleanup()


async def test_a_dropped_connection_comes_back(connected: Workspace, recorder: Recorder) -> None:
    await connected.sockets.refresh()
    await connected.connected()
    await connected.slash("ana", "general", "/coach", "status")
    await connected.wait_for(lambda message: message.text == "noted")
    assert len(recorder.asked) == 1


async def test_a_silent_connection_is_renewed_and_given_up_when_nothing_comes_through(
    workspace: Workspace, tmp_path: Path, recorder: Recorder
) -> None:
    async with bot(workspace, tmp_path, recorder) as (app, office, _):
        client = socket_client(app, office, app_token=workspace.app_token)
        holding = asyncio.create_task(hold_socket(client, silence_s=0.2, proof_s=0.3))
        await workspace.connected()
        await asyncio.sleep(0.6)  # quiet, but each proof succeeds
        assert not holding.done()
        client.message_processor.cancel()  # the fault: the socket stays open, no message is read
        with pytest.raises(DeafError):
            await holding
