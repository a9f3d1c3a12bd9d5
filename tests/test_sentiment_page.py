"""Asking for a sentiment as a person does it on the page: by typing, and by a message's menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from office import open_desktop
from playwright.async_api import async_playwright, expect
from test_browser import type_in
from test_sentiment import let_serve
from test_workspace_page import CHROMIUM, FLAGS

from bot.manifest import manifest
from bot.workspace.server import Workspace


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
async def test_a_text_is_typed_and_a_message_is_checked_by_its_menu(tmp_path: Path) -> None:
    async with (
        Workspace(manifest()) as workspace,
        open_desktop(workspace, tmp_path) as desk,
        async_playwright() as playwright,
    ):
        let_serve(desk)
        await workspace.say("bo", "general", "bad bad")
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"{workspace.url}/#general")
        answer = page.locator(".message.ephemeral").last

        await type_in(page, "/sentiment It is good. That was bad! Now it is good again.")
        await expect(answer).to_contain_text("Probably positive")
        await expect(answer).to_contain_text("Most negative (88%)")
        await expect(answer.get_by_role("button", name="Wrong?")).to_be_visible()

        said = page.locator(".message", has_text="bad bad")
        await said.hover()
        await said.locator("summary").click()
        await said.get_by_role("menuitem", name="Check sentiment").click()
        await expect(answer).to_contain_text("Almost certainly negative")
        await browser.close()
