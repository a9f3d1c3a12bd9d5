"""The page's own routes: what it shows, live, and what people do on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.workspace.server import Workspace


class Page:
    """Serves page.html and speaks with it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def table(self) -> list[web.RouteDef]:
        return []

    def close(self) -> None:
        """End the live streams."""
