"""What a schedule makes due is sent once, in time or not at all, by however many bots."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bot.schedules import GRACE, Part, send_due
from storage import audit, deliveries, schedules
from storage.database import opened
from storage.talent import Schedule

SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONDAY_9 = datetime(2026, 3, 2, 1, tzinfo=UTC)  # in Shanghai
KEY = "report:1:2026-03-02T09:00"
DAILY = "FREQ=DAILY"
TYPED = "what someone typed"
HOUR = timedelta(hours=1)


def add(db: Database, key: str = "request", **changes: Any) -> Schedule:
    values: dict[str, Any] = {"kind": "training", "channel": "C1", "rule": DAILY}
    values |= {"starts_at": "2026-03-02T09:00", "zone": "Asia/Shanghai", "by": "U1", "now": SUNDAY}
    return schedules.add(db, key=key, **values | changes)


def compose(_: Database, schedule: Schedule, at: datetime, now: datetime) -> Sequence[Part]:
    assert schedule.handled_until < at <= now
    return [Part({"text": "The report."}), Part({"file": "chart.png"}, kind="file")]


def sent(db: Database) -> list[str]:
    return [row["key"] for row in db.query("SELECT key FROM deliveries ORDER BY id")]


def test_the_same_request_makes_one_schedule(db: Database) -> None:
    assert add(db) == add(db, kind="sentiment")
    assert len(schedules.all_open(db)) == 1
    assert [change.subject for change in audit.find(db, "report schedule")] == ["schedule 1"]


def test_an_occurrence_is_sent_once_with_its_file_in_its_thread(
    db: Database, data_dir: Path
) -> None:
    add(db)
    send_due(data_dir, compose, now=MONDAY_9 - timedelta(seconds=1))
    assert sent(db) == []
    for late in (timedelta(), HOUR, 2 * HOUR):
        send_due(data_dir, compose, now=MONDAY_9 + late)
    assert sent(db) == [KEY, f"{KEY}:1"]
    message, picture = deliveries.get(db, KEY), deliveries.get(db, f"{KEY}:1")
    assert message is not None
    assert picture is not None
    assert (message.channel, message.expires_at) == ("C1", MONDAY_9 + GRACE)
    assert (picture.kind, picture.parent) == ("file", KEY)


def test_after_a_week_down_only_the_newest_is_sent_and_what_is_late_is_let_go(
    db: Database, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(db)
    week_later = MONDAY_9 + timedelta(days=7)
    send_due(data_dir, compose, now=week_later + HOUR)
    assert sent(db)[::2] == ["report:1:2026-03-09T09:00"]
    assert caplog.records[0].__dict__["times"] == 7
    send_due(data_dir, compose, now=week_later + timedelta(days=1) + GRACE)
    send_due(data_dir, compose, now=week_later + timedelta(days=2) - HOUR)
    assert len(sent(db)) == 2


def test_a_report_that_fails_holds_up_no_other_and_is_composed_again_within_its_grace(
    db: Database, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(db, "broken", kind="broken")
    add(db, "unknown zone", zone="Atlantis/Capital")
    add(db, "whole")
    broken = True

    def sometimes(db: Database, schedule: Schedule, at: datetime, now: datetime) -> Sequence[Part]:
        if broken and schedule.kind == "broken":
            raise ValueError(TYPED)
        return compose(db, schedule, at, now)

    send_due(data_dir, sometimes, now=MONDAY_9)
    assert sent(db)[::2] == ["report:3:2026-03-02T09:00"]
    assert "schedule 1 failed" in caplog.text
    assert TYPED not in caplog.text
    broken = False
    send_due(data_dir, sometimes, now=MONDAY_9 + HOUR)
    assert sent(db)[2] == KEY


def test_a_bot_that_dies_while_it_composes_sends_after_its_restart(
    db: Database, data_dir: Path
) -> None:
    add(db)

    def die(*_: object) -> Sequence[Part]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(data_dir, die, now=MONDAY_9)
    send_due(data_dir, compose, now=MONDAY_9 + HOUR)
    assert sent(db)[0] == KEY


def test_nothing_to_say_is_not_sent_and_not_asked_again(db: Database, data_dir: Path) -> None:
    add(db)
    send_due(data_dir, lambda *_: None, now=MONDAY_9)
    send_due(data_dir, compose, now=MONDAY_9 + HOUR)
    assert sent(db) == []


def test_what_comes_once_ends_with_it(db: Database, data_dir: Path) -> None:
    add(db, rule=None)
    send_due(data_dir, compose, now=MONDAY_9)
    assert sent(db)[0] == KEY
    assert schedules.all_open(db) == []


def test_a_schedule_stopped_at_the_last_second_sends_nothing(db: Database, data_dir: Path) -> None:
    number = add(db).id

    def stopped_meanwhile(
        db: Database, schedule: Schedule, at: datetime, now: datetime
    ) -> Sequence[Part]:
        with opened(data_dir) as other:
            schedules.stop(other, number, by="U1", now=now)
        return compose(db, schedule, at, now)

    send_due(data_dir, stopped_meanwhile, now=MONDAY_9)
    assert sent(db) == []
    assert not schedules.stop(db, number, by="U1", now=MONDAY_9)


def test_stopping_cancels_what_is_put_and_not_sent(db: Database, data_dir: Path) -> None:
    number = add(db).id
    send_due(data_dir, compose, now=MONDAY_9)
    assert schedules.stop(db, number, by="U1", now=MONDAY_9)
    assert deliveries.waiting(db) == 0


def _bot(data_dir: Path) -> None:
    for minute in range(0, 10 * 24 * 60, 120):
        send_due(data_dir, compose, now=SUNDAY + timedelta(minutes=minute))


def test_two_bots_on_one_database_send_each_occurrence_once(db: Database, data_dir: Path) -> None:
    for number in range(4):
        add(db, str(number))
    spawn = multiprocessing.get_context("spawn")
    bots = [spawn.Process(target=_bot, args=(data_dir,)) for _ in range(2)]
    for bot in bots:
        bot.start()
    for bot in bots:
        bot.join()
        assert bot.exitcode == 0
    expected = [f"report:{n}:2026-03-{2 + d:02}T09:00" for d in range(10) for n in range(1, 5)]
    assert sorted(key for key in sent(db) if not key.endswith(":1")) == sorted(expected)
