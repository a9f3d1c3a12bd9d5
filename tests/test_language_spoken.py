"""Each is answered in their own language, and a channel hears of things in its own."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON

from bot import figures, language
from bot.asking import RefusalError
from bot.language import tr, trn
from bot.parsing import parse
from bot.train import heard
from bot.usage import USAGE
from bot.workspace.server import Workspace
from storage import audit, channels, members
from trainer.intake.encoding import FOREIGN

NAMES = re.compile(r"`[^`]*`|<[^>]*>|https?://\S+")
ENGLISH = re.compile(r"[A-Za-z']+(?:,? [A-Za-z']+){2,}")  # three words in a row
HAN = re.compile(r"[\u4e00-\u9fff]")
TRAINER = Path(__file__).parent.parent / "trainer"


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as running:
        yield running


def _speak(desktop: Desktop, who: str, spoken: str) -> None:
    user = desktop.user(who)
    with desktop.database() as db:
        members.ensure(db, user, name=who, kind="person", zone="UTC", language=spoken, now=NOON)
        members.change(db, user, by=user, now=NOON, language=spoken)


# --- to whom --------------------------------------------------------------------------------


async def test_a_member_is_answered_in_their_language(desktop: Desktop) -> None:
    _speak(desktop, "bo", "zh")
    assert (await desktop.say("bo", "list")).text.startswith("还没有任务。")
    assert (await desktop.say("ana", "list")).text.startswith("There is no job yet.")


async def test_a_refusal_and_a_modal_speak_the_askers_language(desktop: Desktop) -> None:
    _speak(desktop, "bo", "zh")
    assert "没有任务 7" in (await desktop.say("bo", "show 7")).text
    assert "你是不是想输入 `cancel`" in (await desktop.say("bo", "cancle 7")).text
    await desktop.workspace.slash("bo", "general", "/train", "data add")
    view = await desktop.workspace.wait_for_view("bo")
    assert view["title"]["text"] == "添加数据集"


async def test_every_verb_that_needs_no_more_words_is_answered_in_chinese(desktop: Desktop) -> None:
    desktop.add_model()
    _speak(desktop, "ana", "zh")
    answers = {typed: await _answer(desktop, *typed) for typed in sorted(_verbs())}
    assert {
        typed: found for typed, said in answers.items() if (found := ENGLISH.findall(said))
    } == {}
    assert all(HAN.search(said) for said in answers.values())


def _verbs() -> Iterator[tuple[str, str]]:
    for usage in USAGE:
        with suppress(RefusalError):
            if isinstance(parse(usage.command, " ".join(usage.words)), usage.record):
                yield usage.command, " ".join(usage.words)


async def _answer(desktop: Desktop, command: str, text: str) -> str:
    """Type a command as ana; give what it shows, a message or a modal, without codes and names."""
    workspace, since = desktop.workspace, desktop.workspace.state.new_ts()
    workspace.state.views.clear()
    await workspace.slash("ana", "general", command, text)
    answers: list[asyncio.Task[Any]] = [
        asyncio.create_task(workspace.wait_for(lambda m: m.ts > since)),
        asyncio.create_task(workspace.wait_for_view("ana")),
    ]
    done, waiting = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    shown = [task.result() for task in done]
    said = [one if isinstance(one, dict) else [one.text, one.blocks] for one in shown]
    return NAMES.sub(" ", "\n".join(_texts(said)))


def _texts(shown: object) -> Iterator[str]:
    """Give all that people read in blocks: their ids, types and values are left out."""
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, list):
        for one in shown:
            yield from _texts(one)
    elif isinstance(shown, dict):
        for name, one in shown.items():
            if not isinstance(one, str) or name in {"text", "alt_text"}:
                yield from _texts(one)


async def test_requests_at_once_do_not_mix_their_languages(desktop: Desktop) -> None:
    _speak(desktop, "bo", "zh")
    _speak(desktop, "ana", "en")
    for number in range(100, 108):
        who = "bo" if number % 2 else "ana"
        await desktop.workspace.slash(who, "general", "/train", f"show {number}")
    said: dict[int, str] = {}
    for number in range(100, 108):
        found = await desktop.workspace.wait_for(lambda m, n=number: f" {n}" in m.text)  # type: ignore[misc]
        said[number] = found.text
    assert {n: "没有任务" in text for n, text in said.items()} == {n: n % 2 == 1 for n in said}


async def test_a_channel_hears_of_its_jobs_in_its_language(desktop: Desktop) -> None:
    with desktop.database() as db:
        channels.set_language(db, desktop.channel, "zh", by="U1", now=NOON)
    job = desktop.add_job("ana")
    await desktop.tick()
    shown = desktop.workspace.messages("general")[-1]
    assert shown.text.startswith(f"任务 {job.id}：排队中")
    desktop.end_job(job)
    await desktop.tick()
    texts = [message.text for message in desktop.workspace.messages("general")]
    assert any(text.startswith(f"任务 {job.id}：已完成") for text in texts)


async def test_leads_and_admins_choose_a_channels_language(desktop: Desktop) -> None:
    refused = await desktop.say("bo", "language zh", command="/team")
    assert "Only" in refused.text
    chosen = await desktop.say("ana", "language zh", command="/team")
    assert "中文" in chosen.text
    with desktop.database() as db:
        assert channels.speaks(db, desktop.channel, default="en") == "zh"
        assert [c.after for c in audit.find(db, f"<#{desktop.channel}>")] == ["zh"]


# --- how ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "1 second ago", "1秒钟前"),
        (190, "3 minutes ago", "3分钟前"),
        (90_000, "1 day ago", "1天前"),
    ],
)
def test_times_past_are_said_in_both_languages(seconds: int, english: str, chinese: str) -> None:
    since = timedelta(seconds=seconds)
    assert figures.ago(since) == english
    with language.use("zh"):
        assert figures.ago(since) == chinese


def test_counts_and_values_are_said_in_both_languages() -> None:
    assert trn("{count:,} row", "{count:,} rows", 1) == "1 row"
    assert trn("{count:,} row", "{count:,} rows", 2_000) == "2,000 rows"
    with language.use("zh"):
        assert trn("{count:,} row", "{count:,} rows", 2_000) == "2,000 行"
        assert tr("Job {number}", number=3) == "任务 3"
    assert tr("Job {number}", number=3) == "Job 3"


async def test_a_thread_begun_in_a_language_speaks_it() -> None:
    async def ask(spoken: str) -> str:
        with language.use(spoken):
            await asyncio.sleep(0)
            return await asyncio.to_thread(tr, "nothing")

    assert await asyncio.gather(*map(ask, ["zh", "en"] * 5)) == ["无", "nothing"] * 5


# --- what the trainer says ------------------------------------------------------------------


def _sentences() -> Iterator[str]:
    """Give what the trainer writes for people, with 7 for each value."""
    for path in sorted(TRAINER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("BadFile" | "RunFailed"), args=[*_, message]):
                    yield from _fill(message)
                case ast.keyword("evidence", message):
                    yield from _fill(message)
                case ast.Return(message) if path.name in {"profile.py", "placement.py"}:
                    yield from _fill(message)
    yield from (f"This is {what}." for _, what in FOREIGN)


def _fill(message: ast.AST | None) -> Iterator[str]:
    parts = message.values if isinstance(message, ast.JoinedStr) else [message]
    texts = [part.value if isinstance(part, ast.Constant) else "7" for part in parts]
    if len("".join(map(str, texts))) > len("This is 7."):  # what is put together elsewhere
        yield "".join(map(str, texts))


@pytest.mark.parametrize("said", sorted(set(_sentences())))
def test_what_the_trainer_says_of_files_and_failures_is_known(said: str) -> None:
    assert heard.again(said) == said
    with language.use("zh"):
        assert heard.again(said) != said
