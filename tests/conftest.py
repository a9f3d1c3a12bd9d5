"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.workspace.server import Workspace


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """Run a local Slack on a free port, with every scope, command and event allowed."""
    async with Workspace() as running:
        yield running
