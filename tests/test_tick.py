"""Ticks go on whatever happens in one, and never overlap."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.tick import Ticks, purge
from storage import requests
from storage.database import migrate, opened

TYPED = "what someone typed"
OFTEN, RARELY = timedelta(seconds=0.01), timedelta(hours=1)


async def test_a_tick_that_raises_is_logged_and_ticks_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticked, twice = 0, asyncio.Event()

    async def fail() -> None:
        nonlocal ticked
        ticked += 1
        if ticked == 2:
            twice.set()
        raise ValueError(TYPED)

    ticks = Ticks()
    ticks.every(OFTEN, "failing", fail)
    with caplog.at_level(logging.ERROR):
        async with ticks, asyncio.timeout(10):
            await twice.wait()
    assert "tick failing failed: ValueError" in caplog.text
    assert TYPED not in caplog.text


async def test_ticks_of_a_kind_never_overlap_while_others_go_on() -> None:
    at_once, most, others = 0, 0, asyncio.Event()

    async def slow() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await others.wait()
        await asyncio.sleep(0.05)
        at_once -= 1

    async def quick() -> None:
        others.set()

    ticks = Ticks()
    ticks.every(OFTEN, "slow", slow)
    ticks.every(OFTEN, "quick", quick)
    async with ticks:
        await asyncio.sleep(0.2)
    assert most == 1


async def test_a_tick_can_be_wanted_at_once() -> None:
    ticked: asyncio.Queue[None] = asyncio.Queue()

    async def note() -> None:
        await ticked.put(None)

    ticks = Ticks()
    ticks.every(RARELY, "rare", note)
    async with ticks, asyncio.timeout(10):
        await ticked.get()
        ticks.soon("rare")
        await ticked.get()


def test_old_request_keys_are_forgotten(tmp_path: Path) -> None:
    migrate(tmp_path)
    now = datetime(2025, 1, 3, tzinfo=UTC)
    with opened(tmp_path) as db:
        requests.is_first(db, "old", now=now - timedelta(days=2))
        requests.is_first(db, "new", now=now)
    purge(tmp_path, lambda: now)
    with opened(tmp_path) as db:
        assert requests.is_first(db, "old", now=now)
        assert not requests.is_first(db, "new", now=now)


async def test_a_tick_that_the_stop_interrupts_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = asyncio.Event()

    async def never_done() -> None:
        begun.set()
        await asyncio.Event().wait()

    ticks = Ticks()
    ticks.every(RARELY, "long", never_done)
    async with ticks, asyncio.timeout(10):
        await begun.wait()
    await asyncio.sleep(0.05)  # APScheduler tells of it a few turns of the loop later
    assert caplog.text == ""
