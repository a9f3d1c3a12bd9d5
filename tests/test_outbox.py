"""Every message reaches Slack exactly once, whatever fails on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from slack_sdk.web.async_client import AsyncWebClient

from bot.outbox import Outbox
from bot.pacing import POSTS_A_MINUTE, spread
from bot.workspace.rate_limits import Rate
from bot.workspace.server import Workspace
from storage import deliveries
from storage.database import migrate, opened
from storage.records import Delivery


class Desk:
    """An outbox on a fresh database, whose clock a test can put forward."""

    def __init__(self, data_dir: Path, workspace: Workspace) -> None:
        self.data_dir, self.workspace = data_dir, workspace
        self.ahead = timedelta()
        migrate(data_dir)
        self.outbox = self.sender()

    def sender(self, **options: Any) -> Outbox:
        ws = self.workspace
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
        return Outbox(data_dir=self.data_dir, client=client, clock=self.clock, **options)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, key: str, channel: str = "general", **more: Any) -> None:
        self.put_to(self.workspace.state.channel(channel).id, key, **more)

    def put_to(self, where: str, key: str, **more: Any) -> None:
        body = more.pop("body", {"text": f"message {key}"})
        with opened(self.data_dir) as db:
            deliveries.put(db, key=key, channel=where, body=body, now=self.clock(), **more)

    def get(self, key: str) -> Delivery:
        with opened(self.data_dir) as db:
            found = deliveries.get(db, key)
        assert found is not None
        return found

    def waiting(self) -> int:
        with opened(self.data_dir) as db:
            return deliveries.waiting(db)

    def texts(self, channel: str = "general") -> list[str]:
        return [message.text for message in self.workspace.messages(channel)]


@pytest_asyncio.fixture
async def desk(tmp_path: Path, workspace: Workspace) -> AsyncIterator[Desk]:
    scopes = workspace.state.scopes
    workspace.state.scopes = [s for s in scopes if s != "chat:write.public"]  # as the manifest
    made = Desk(tmp_path, workspace)
    yield made
    await made.outbox.close()


async def test_messages_of_a_channel_arrive_once_and_in_order(desk: Desk) -> None:
    for number in range(8):
        desk.put(f"k{number}")
    await desk.outbox.drain()
    await desk.outbox.drain()
    assert desk.texts() == [f"message k{number}" for number in range(8)]
    assert desk.get("k0").state == "sent"
    assert desk.get("k0").ts == desk.workspace.messages("general")[0].ts


async def test_replies_and_messages_keep_their_order(desk: Desk) -> None:
    """Finding a reply's thread takes a look into the database, which must not set it back."""
    desk.put("root")
    await desk.outbox.drain()
    for number in range(8):
        desk.put(f"k{number}", parent="root" if number % 2 == 0 else None)
    await desk.outbox.drain()
    sent = sorted(desk.workspace.messages("general"), key=lambda message: float(message.ts))
    assert [m.text for m in sent[1:]] == [f"message k{number}" for number in range(8)]


async def test_a_lost_reply_does_not_post_twice(desk: Desk) -> None:
    desk.workspace.faults.lose_reply("chat.postMessage")
    desk.put("once")
    await desk.outbox.drain()
    assert desk.get("once").state == "due"
    desk.ahead = timedelta(minutes=2)
    await desk.outbox.drain()
    assert desk.texts() == ["message once"]
    assert desk.get("once").state == "sent"
    assert desk.get("once").ts == desk.workspace.messages("general")[0].ts


async def test_what_a_dead_sender_posted_is_found_and_what_it_did_not_is_sent(desk: Desk) -> None:
    desk.put("posted")
    await desk.outbox.drain()
    desk.put("unposted")
    with opened(desk.data_dir) as db:  # as a crash between the post and its note leaves it
        db.execute("UPDATE deliveries SET state = 'claimed', ts = NULL, claimed_by = 'dead'")
        db.execute(
            "UPDATE deliveries SET claimed_at = first_claimed_at, tries = 1 WHERE ts IS NULL"
        )
        db.execute("UPDATE deliveries SET claimed_at = due_at, first_claimed_at = due_at")
    successor = desk.sender()
    await successor.drain()
    assert sorted(desk.texts()) == ["message posted", "message unposted"]
    assert {desk.get(key).state for key in ("posted", "unposted")} == {"sent"}


async def test_a_reply_goes_into_its_parents_thread(desk: Desk) -> None:
    desk.put("child", parent="parent")
    await desk.outbox.drain()
    assert desk.texts() == []
    desk.put("parent")
    await desk.outbox.drain()
    await desk.outbox.drain()
    parent, child = desk.workspace.messages("general")
    assert (parent.text, child.text) == ("message parent", "message child")
    assert child.thread_ts == parent.ts


async def test_a_file_with_a_lost_reply_is_in_its_thread_once(desk: Desk) -> None:
    (desk.data_dir / "loss.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    body = {
        "file": "loss.png",
        "filename": "job-1-loss.png",
        "title": "Loss",
        "alt_txt": "It falls",
    }
    desk.put("parent")
    desk.put("picture", kind="file", parent="parent", body=body)
    await desk.outbox.drain()
    desk.workspace.faults.lose_reply("files.completeUploadExternal")
    await desk.outbox.drain()
    desk.ahead = timedelta(minutes=2)
    await desk.outbox.drain()
    files = [file for message in desk.workspace.messages("general") for file in message.files]
    assert [file.name for file in files] == ["job-1-loss.png"]
    assert files[0].alt_text == "It falls"
    assert desk.get("picture").state == "sent"


async def test_a_file_that_is_gone_is_given_up(desk: Desk) -> None:
    body = {"file": "gone.png", "filename": "gone.png", "title": "", "alt_txt": ""}
    desk.put("gone", kind="file", body=body)
    await desk.outbox.drain()
    assert desk.get("gone").state == "failed"


async def test_too_many_posts_wait_as_long_as_slack_says(desk: Desk) -> None:
    desk.workspace.faults.rate_limit("chat.postMessage")
    desk.put("late")
    await desk.outbox.drain()
    assert desk.texts() == ["message late"]
    assert desk.get("late").tries == 1


async def test_a_slow_channel_holds_up_no_other(tmp_path: Path) -> None:
    async with Workspace(posts=Rate(per_second=0.001, burst=1)) as workspace:
        desk = Desk(tmp_path, workspace)
        desk.put("first")
        desk.put("stuck")
        desk.put("free", channel=workspace.dm("ana").id)
        await desk.outbox.flush()
        # In any order: their lanes differ.
        await workspace.wait_for(lambda message: message.text == "message free")
        await workspace.wait_for(lambda message: message.text == "message first")
        assert desk.texts() == ["message first"]
        await desk.outbox.close()


async def test_a_closed_channel_sends_its_message_to_the_person(desk: Desk) -> None:
    ana = desk.workspace.state.user("ana").id
    blocks = [{"type": "divider"}]
    desk.put("away", channel="random", user=ana, body={"text": "Done.", "blocks": blocks})
    desk.put("below", channel="random", user=ana, parent="away")
    await desk.outbox.drain()
    await desk.outbox.drain()
    direct = desk.workspace.dm("ana")
    first, second = desk.workspace.messages(direct.id)
    assert first.text.endswith("Done.")
    assert "I can't write in <#" in first.text
    assert [block["type"] for block in first.blocks] == ["context", "divider"]
    assert second.thread_ts == first.ts
    assert desk.get("away").sent_to == direct.id


async def test_a_missing_method_fails_its_message_alone(desk: Desk) -> None:
    ana = desk.workspace.state.user("ana").id
    desk.workspace.faults.unavailable.add("chat.postMessage")
    desk.put("lost")
    desk.put("private", kind="ephemeral", user=ana)
    await desk.outbox.drain()
    assert desk.get("private").state == "sent"
    assert desk.get("lost").state == "failed"
    assert desk.get("lost").error


async def test_a_server_error_is_tried_again(desk: Desk) -> None:
    desk.workspace.faults.break_down("chat.postMessage")
    desk.put("again")
    await desk.outbox.drain()
    assert desk.get("again").state == "due"
    desk.ahead = timedelta(minutes=2)
    await desk.outbox.drain()
    assert desk.texts() == ["message again"]


async def test_where_nothing_can_be_looked_up_a_message_is_sent_all_the_same(desk: Desk) -> None:
    desk.workspace.faults.unavailable.add("conversations.history")
    desk.workspace.faults.break_down("chat.postMessage")
    desk.put("again")
    await desk.outbox.drain()
    desk.ahead = timedelta(minutes=2)
    await desk.outbox.drain()
    assert desk.texts() == ["message again"]


# --- direct messages ------------------------------------------------------------------------


async def test_a_message_to_people_goes_into_their_conversation(desk: Desk) -> None:
    ana, bo = (desk.workspace.state.user(name).id for name in ("ana", "bo"))
    desk.put_to(ana, "one")
    desk.put_to(ana, "below", parent="one")
    desk.put_to(f"{ana},{bo}", "both")
    await desk.outbox.drain()
    await desk.outbox.drain()
    direct, group = desk.workspace.dm("ana").id, desk.workspace.state.dm(ana, bo).id
    assert desk.texts(direct) == ["message one", "message below"]
    assert desk.get("below").ts != desk.get("one").ts
    assert desk.workspace.messages(direct)[1].thread_ts == desk.get("one").ts
    assert desk.texts(group) == ["message both"]
    assert [desk.get(key).sent_to for key in ("one", "both")] == [direct, group]


async def test_a_direct_message_with_a_lost_reply_is_not_posted_twice(desk: Desk) -> None:
    desk.workspace.faults.lose_reply("chat.postMessage")
    desk.put_to(desk.workspace.state.user("ana").id, "once")
    await desk.outbox.drain()
    desk.ahead = timedelta(minutes=2)
    await desk.sender().drain()
    assert desk.texts(desk.workspace.dm("ana").id) == ["message once"]


async def test_two_hundred_digests_at_nine_reach_everyone_once_beside_a_dead_one(
    tmp_path: Path,
) -> None:
    """Under Slack's ceiling, made twenty times as high so that the test takes seconds."""
    async with Workspace(all_posts=Rate(per_second=100, burst=100)) as workspace:
        desk = Desk(tmp_path, workspace)
        people = [workspace.state.add_person(f"person{n}").id for n in range(200)]
        for user in ["U0GONE", *people]:
            desk.put_to(user, f"digest:{user}:2026-03-02")
        outbox = desk.sender(posts_a_minute=20 * POSTS_A_MINUTE)
        while desk.waiting():
            await outbox.drain()
        received = [desk.texts(workspace.dm(user).id) for user in people]
    assert received == [[f"message digest:{user}:2026-03-02"] for user in people]
    assert desk.get("digest:U0GONE:2026-03-02").state == "failed"


# --- what must not go after all -------------------------------------------------------------


async def test_a_guard_withdraws_its_messages_right_before_they_go(desk: Desk) -> None:
    async def forbid(delivery: Delivery) -> str | None:
        return "they left" if delivery.key.endswith("bo") else None

    desk.put("digest:ana")
    desk.put("digest:bo")
    desk.put("below", parent="digest:bo")
    desk.put("pair:bo")
    outbox = desk.sender(guards={"digest": forbid})
    await outbox.drain()
    await outbox.drain()
    assert desk.texts() == ["message digest:ana", "message pair:bo"]
    assert (desk.get("digest:bo").state, desk.get("digest:bo").error) == ("cancelled", "they left")
    assert desk.get("below").state == "cancelled"


async def test_opting_out_at_the_last_second_is_in_time(desk: Desk) -> None:
    """It is claimed, its guard has nothing against it, and then the person opts out."""

    async def opt_out_meanwhile(_: Delivery) -> None:
        with opened(desk.data_dir) as db:
            deliveries.cancel(db, "digest:ana", why="opted out")

    desk.put("digest:ana")
    await desk.sender(guards={"digest": opt_out_meanwhile}).drain()
    assert desk.texts() == []
    assert (desk.get("digest:ana").state, desk.get("digest:ana").error) == (
        "cancelled",
        "opted out",
    )


async def test_a_guard_can_let_a_message_wait_for_a_time(desk: Desk) -> None:
    until = desk.clock() + timedelta(hours=1)

    async def wait(_: Delivery) -> datetime | None:
        return until if desk.clock() < until else None

    desk.put("pair:1")
    outbox = desk.sender(guards={"pair": wait})
    await outbox.drain()
    assert (desk.texts(), desk.get("pair:1").due_at) == ([], until)
    desk.ahead = timedelta(hours=1)
    await outbox.drain()
    assert desk.texts() == ["message pair:1"]


async def test_a_guard_that_fails_holds_its_own_message_back(desk: Desk) -> None:
    async def fail(_: Delivery) -> None:
        raise LookupError

    desk.put("report:1")
    desk.put("digest:1")
    await desk.sender(guards={"report": fail}).drain()
    assert desk.texts() == ["message digest:1"]
    assert desk.get("report:1").state == "due"


async def test_what_a_lost_reply_left_in_slack_counts_as_sent_whatever_its_guard_says(
    desk: Desk,
) -> None:
    async def forbid(_: Delivery) -> str:
        return "they left"

    desk.workspace.faults.lose_reply("chat.postMessage")
    desk.put("digest:ana")
    await desk.outbox.drain()
    desk.ahead = timedelta(minutes=2)
    await desk.sender(guards={"digest": forbid}).drain()
    assert desk.get("digest:ana").state == "sent"
    assert desk.get("digest:ana").ts == desk.workspace.messages("general")[0].ts


def test_what_is_due_at_one_time_is_spread_alike_each_time_and_evenly() -> None:
    window = timedelta(minutes=4)
    delays = sorted(spread(f"digest:U{n}:2026-03-02", window) for n in range(400))
    assert delays[0] == min(delays) >= timedelta()
    assert max(delays) < window
    assert abs(delays[200] - window / 2) < window / 8
    assert spread("digest:U1:2026-03-02", window) == spread("digest:U1:2026-03-02", window)
