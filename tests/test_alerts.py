"""A surge is one message with what drives it, decided on by those in its channel, and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from results import assert_postable

from bot.monitor import alert_card, alerting, trend, trend_chart
from bot.monitor.surge import Hour
from bot.report import sentiment as report
from bot.report.kinds import Scope
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import alerts, audit, monitors
from storage.answering import Alert, Monitor, Monitored
from storage.records import text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
ALERT = Alert(1, 1, "all", NOON - 2 * HOUR, NOON, 18, 30, 3.2, {"keys": ["1"]}, "open")
MONITOR = Monitor(1, "k", "channel", "C1", "sentiment", 1, "C1", "U1", NOON)


@dataclass
class Time:
    """A clock that stands still until a test pushes it forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return BEGIN + timedelta(minutes=30) + self.ahead


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path, clock: Time) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path, clock=clock) as desktop:
        yield desktop


def watch(desk: Desktop, days: int = 28) -> Monitor:
    """Begin a monitor that has read ten texts an hour, of which one was negative."""
    with desk.database() as db:
        monitor = monitors.add(
            db,
            key="k",
            kind="channel",
            source=desk.channel,
            alias="sentiment",
            alarms_a_month=1,
            channel=desk.channel,
            by=desk.user("bo"),
            now=BEGIN,
        )
        past = [BEGIN - n * HOUR for n in range(1, 24 * days)]
        db.conn.executemany(
            "INSERT INTO series VALUES (?, ?, 'all', ?, ?)",
            [
                (monitor.id, text(at), label, n)
                for at in past
                for label, n in (("negative", 1), ("positive", 9))
            ],
        )
    return monitor


def read(desk: Desktop, monitor: Monitor, negatives: int, positives: int, *, hour: int = 0) -> None:
    """Note texts of an hour; a later negative is surer."""
    at = BEGIN + hour * HOUR
    found = [
        Monitored(
            monitor=monitor.id,
            key=f"{hour}.{n}",
            at=at,
            topic="all",
            label="negative" if n < negatives else "positive",
            confidence=0.5 + n / 100,
            text=f"<b> awful {hour}.{n}",
            keep_until=at + 90 * DAY,
            link=f"https://example.com/{hour}.{n}",
        )
        for n in range(negatives + positives)
    ]
    with desk.database() as db:
        monitors.note_texts(db, monitor.id, found)


async def look(desk: Desktop) -> list[Message]:
    """Judge, send what came of it, and judge once more, as the next ticks do."""
    for _ in range(2):
        await alerting.look(desk.office)
        await desk.outbox.drain()
    coach = desk.office.bot_user
    return [m for m in desk.workspace.messages("general") if m.user == coach and not m.ephemeral_to]


async def answered(desk: Desktop, who: str, message: Message, *press: str) -> str:
    since = desk.workspace.state.new_ts()
    await desk.workspace.click(who, message, *press)
    return (await desk.workspace.wait_for(lambda m: m.ts > since)).text


def find(desk: Desktop, number: int = 1) -> Alert:
    with desk.database() as db:
        alert = alerts.get(db, number)
    assert alert is not None
    return alert


async def surge(desk: Desktop) -> tuple[Monitor, Message]:
    monitor = watch(desk)
    read(desk, monitor, 12, 4)
    message, *_ = await look(desk)
    return monitor, message


async def test_a_surge_is_one_message_with_its_figures_its_texts_and_its_trend(
    desk: Desktop,
) -> None:
    _, message = await surge(desk)
    posted = await look(desk)
    assert [m.thread_ts for m in posted] == [None, message.ts]
    assert "12 of 16 texts" in message.text
    assert "(75%); 1.6 were to be expected" in message.text
    assert "awful" not in message.text  # notifications show it
    with desk.database() as db:  # where it would stay when its author has it forgotten
        assert "awful" not in str(list(db.query("SELECT body FROM deliveries")))
    quotes = [block["text"]["text"] for block in message.blocks if "awful" in str(block)]
    assert len(quotes) == 5
    assert "> &lt;b&gt; awful 0.11" in quotes[0]
    assert "<https://example.com/0.11|where it stands>" in quotes[0]
    assert_postable(message.text, message.blocks)
    (picture,) = posted[1].files
    assert picture.alt_text.startswith("11% of")
    assert "texts negative: all texts" in picture.alt_text


async def test_while_it_lasts_its_message_is_edited_and_its_end_is_told_in_the_thread(
    desk: Desktop, clock: Time
) -> None:
    monitor, message = await surge(desk)
    clock.ahead = HOUR
    read(desk, monitor, 8, 2, hour=1)
    assert len(await look(desk)) == 2
    assert "20 of 26 texts" in message.text
    clock.ahead = 5 * HOUR
    for hour in (2, 3, 4):
        read(desk, monitor, 0, 10, hour=hour)
    *_, over = await look(desk)
    assert over.thread_ts == message.ts
    assert over.text.startswith("The surge of negatives in")
    assert "Negatives surged" in message.text
    assert len(await look(desk)) == 3


async def test_calm_and_two_bad_texts_raise_nothing(desk: Desktop) -> None:
    monitor = watch(desk)
    read(desk, monitor, 2, 0)
    assert await look(desk) == []


async def test_a_decision_counts_once_and_shows_in_the_message(desk: Desktop) -> None:
    _, message = await surge(desk)
    stale = replace(message)
    assert "you have seen it" in await answered(desk, "ana", message, "alert_acknowledge")
    assert "has seen it" in message.text
    assert find(desk).decided_by == desk.user("ana")
    assert "has seen it" in await answered(desk, "bo", stale, "alert_acknowledge")
    assert find(desk).decided_by == desk.user("ana")
    with desk.database() as db:
        assert [change.action for change in audit.find(db, "alert")] == ["alert acknowledge"]


async def test_who_is_not_in_the_channel_decides_nothing(desk: Desktop) -> None:
    _, message = await surge(desk)
    await desk.workspace.join("cy")
    await desk.workspace.remove("general", "cy")
    await desk.workspace.click("cy", message, "alert_false")
    refused = await desk.workspace.wait_for(lambda m: "Only those who are in" in m.text)
    assert refused.ephemeral_to == desk.user("cy")
    assert find(desk).state == "open"


async def test_a_false_alarm_ends_it_and_asks_for_more_evidence(desk: Desktop, clock: Time) -> None:
    monitor, message = await surge(desk)
    assert "twice the evidence" in await answered(desk, "bo", message, "alert_false")
    assert find(desk).ended_at is not None
    clock.ahead = HOUR
    read(desk, monitor, 6, 10, hour=1)
    assert len(await look(desk)) == 2
    assert "called it a false alarm" in message.text


async def test_a_snoozed_topic_is_told_again_after_its_time(desk: Desktop, clock: Time) -> None:
    monitor, message = await surge(desk)
    assert "no alert until" in await answered(desk, "bo", message, "alert_snooze", "1 4")
    clock.ahead = HOUR
    read(desk, monitor, 12, 4, hour=1)
    assert len(await look(desk)) == 2
    clock.ahead = 5 * HOUR
    assert len(await look(desk)) == 4
    assert find(desk, 2).negatives == 24


async def test_an_alert_of_a_stopped_monitor_ends_without_a_word(desk: Desktop) -> None:
    monitor, _ = await surge(desk)
    with desk.database() as db:
        monitors.stop(db, monitor.id, by="U1", now=BEGIN)
    assert len(await look(desk)) == 2
    assert find(desk).ended_at is not None


async def test_a_trend_comes_in_words_and_as_pictures_to_its_asker(desk: Desktop) -> None:
    watch(desk)
    said = await desk.say("ana", "monitor trend 1", "/sentiment")
    assert said.ephemeral_to == desk.user("ana")
    assert "• all texts: 167 of 1,670 texts, 10.0% (8.6–11.5%); before 10.0%" in said.text
    await desk.outbox.drain()
    pictures = desk.workspace.messages(desk.workspace.dm("ana").id)
    assert [m.files[0].title for m in pictures] == ["Negatives by day", "Negatives by hour"]
    none = await desk.say("ana", "monitor trend 9", "/sentiment")
    assert "There is no monitor 9" in none.text


async def test_the_report_on_sentiment_counts_the_surges(desk: Desktop) -> None:
    await surge(desk)
    with desk.database() as db:
        alerts.decide(db, 1, "false", by="U1", now=BEGIN)
        now = BEGIN + HOUR
        scope = Scope(desk.channel, now - DAY, now, "UTC", desk.office.settings)
        told = report.compose(db, scope)
    assert told is not None
    assert "• 1 surge of negatives was told; false alarms among them: 1" in told.text


# --- pure -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({}, ["alert_acknowledge", "alert_snooze", "alert_false"]),
        ({"ended_at": NOON}, ["alert_acknowledge", "alert_false"]),
        ({"state": "acknowledged", "decided_by": "U1"}, ["alert_snooze", "alert_false"]),
        ({"state": "false", "decided_by": "U1", "ended_at": NOON}, []),
    ],
)
def test_an_alert_offers_what_can_still_be_decided(
    changes: dict[str, object], actions: list[str]
) -> None:
    body = alert_card.message(replace(ALERT, **changes), MONITOR, [])  # type: ignore[arg-type]
    found = [
        e["action_id"]
        for block in body["blocks"]
        for e in block.get("elements", [])
        if "action_id" in e
    ]
    assert found == actions


def test_hostile_topics_and_texts_make_a_message_that_slack_takes() -> None:
    nasty = "<!channel> & " + "很" * 4_000
    one = Monitored(1, "1", NOON, nasty, "negative", 0.9, nasty, NOON, "https://e.com/|<!here>")
    body = alert_card.message(replace(ALERT, topic=nasty[:200]), MONITOR, [one] * 5)
    assert_postable(body["text"], body["blocks"])
    said = trend.card(
        MONITOR, {nasty[:200] + str(n): [Hour(NOON, 9, 3)] for n in range(40)}, now=NOON + HOUR
    )
    assert_postable(said.text, said.blocks)


def test_steps_are_the_readers_hours_and_days() -> None:
    days = trend_chart.steps("day", 3, now=NOON, zone="Asia/Shanghai")
    assert [f"{at:%m-%d %H %z}" for at in days] == [
        "02-27 00 +0800",
        "02-28 00 +0800",
        "03-01 00 +0800",
    ]
    hours = [Hour(NOON - n * HOUR, 2, 1) for n in range(70)]
    (summed,) = trend_chart.sum_up({"all": hours}, days)
    assert summed.texts == [48, 48, 42]
    spring = trend_chart.steps(
        "hour", 4, now=datetime(2026, 3, 29, 2, tzinfo=UTC), zone="Europe/Berlin"
    )
    assert [at.hour for at in spring] == [0, 1, 3, 4]
