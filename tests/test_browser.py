"""The main job as a person does it on the page: by typing and clicking, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, async_playwright, expect
from running import running_coach
from test_end_to_end import FILE, QUICK_RECIPE
from test_workspace_page import CHROMIUM, FLAGS

from bot.manifest import manifest
from bot.workspace.server import Workspace

SOON, TRAINED = 30_000, 120_000  # milliseconds


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
async def test_a_person_goes_from_a_file_to_an_answer_on_the_page(tmp_path: Path) -> None:
    async with (
        Workspace(manifest()) as workspace,
        running_coach(workspace, tmp_path, "bot", "worker"),
        async_playwright() as playwright,
    ):
        await workspace.connected(30)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"{workspace.url}/#general")
        await drop_a_file(page)
        await train(page)
        await promote(page)
        await ask(page)
        await browser.close()


async def drop_a_file(page: Page) -> None:
    await page.locator("#composer input[type=file]").set_input_files(
        files=[FilePayload(name="chat.csv", mimeType="text/csv", buffer=FILE)]
    )
    await page.get_by_role("textbox", name="Message #general").press("Enter")
    await page.get_by_role("button", name="Use as data set").click(timeout=SOON)
    await page.get_by_role("button", name="1 reply").click(timeout=SOON)
    card = page.get_by_label("Replies")
    await expect(card.get_by_role("button", name="Train on it")).to_be_visible()
    await page.get_by_role("button", name="Close thread").click()


async def train(page: Page) -> None:
    await type_in(page, f"/train chat {QUICK_RECIPE}")
    await page.get_by_role("button", name="Change…").click(timeout=SOON)
    dialog = page.get_by_role("dialog", name="Change the plan")
    await dialog.get_by_label("Seed").fill("7")
    await dialog.get_by_role("button", name="Change").click()
    await expect(page.locator(".message.ephemeral").last).to_contain_text("seed=7", timeout=SOON)
    await page.get_by_role("button", name="Queue it").last.click()
    await page.get_by_role("button", name="Promote").wait_for(timeout=TRAINED)


async def promote(page: Page) -> None:
    await page.get_by_role("button", name="Promote").first.click()
    await page.get_by_text("sentiment v1").first.wait_for(timeout=SOON)


async def ask(page: Page) -> None:
    await page.get_by_role("button", name="Bo Chen").click()
    await page.get_by_role("button", name="Bo Chen", pressed=True).wait_for()
    await type_in(page, "/sentiment I love how quick this was")
    answer = page.locator(".message.ephemeral").last
    await expect(answer).to_contain_text("model 2", timeout=SOON)
    await expect(answer).to_contain_text("Only visible to you")


async def type_in(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message #general")
    await box.fill(text)
    await box.press("Enter")
