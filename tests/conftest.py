"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from sqlite_utils import Database

from bot.workspace.server import Workspace
from storage.database import migrate, opened

# No test is about time: a busy machine must not fail one.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Give a data directory with an empty database."""
    folder = tmp_path / "data"
    migrate(folder)
    return folder


@pytest.fixture
def db(data_dir: Path) -> Iterator[Database]:
    """Open that database."""
    with opened(data_dir) as database:
        yield database


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """Run a local Slack on a free port, with every scope, command and event allowed."""
    async with Workspace() as running:
        yield running
