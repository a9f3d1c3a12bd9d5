"""Each way to ask for a sentiment in chat, through the real bot on the local workspace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from results import assert_postable
from test_sentiment import SOURCE, let_serve, predict

from bot.sentiment import judged, messages, mood_chart, one_text, thread
from bot.sentiment.judged import Judged
from bot.sentiment.messages import Said
from bot.workspace.records import Message
from bot.workspace.server import Workspace


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        let_serve(desktop)
        yield desktop


async def answer_to(desk: Desktop, since: str) -> Message:
    coach = desk.workspace.state.bot_user
    return await desk.workspace.wait_for(lambda m: m.ts > since and m.user == coach)


async def mention(desk: Desktop, text: str, thread_ts: str | None = None) -> Message:
    said = await desk.workspace.say("bo", "general", f"@coach {text}", thread_ts=thread_ts)
    return await answer_to(desk, said.ts)


async def discuss(desk: Desktop) -> Message:
    """Begin a thread of four messages."""
    first = await desk.workspace.say("ana", "general", "bad")
    for who, text in (("bo", "bad bad"), ("ana", "good"), ("bo", "<b> good good")):
        await desk.workspace.say(who, "general", text, thread_ts=first.ts)
    return first


# --- one text -------------------------------------------------------------------------------


async def test_a_long_text_is_told_whole_and_by_its_sentences(desk: Desktop) -> None:
    said = await desk.say("bo", "It is good. That was bad! Now it is good again.", "/sentiment")
    assert said.text.startswith("Probably positive")
    assert "3 parts, each by itself" in said.text
    assert "Most *negative* (88%)\n> That was bad!" in said.text


async def test_what_is_too_long_for_the_model_is_averaged_and_said_so(desk: Desktop) -> None:
    said = await desk.say("bo", "bad " * 100 + "good " * 300, "/sentiment")
    assert "longer than the model reads at once" in said.text
    assert "positive" in said.text.splitlines()[0]


async def test_of_a_huge_text_the_part_that_was_read_is_named(desk: Desktop) -> None:
    reply = await one_text.reply(desk.office, "good " * 1_000_000, alias="sentiment")
    assert "Only the first 100,000 of its 5,000,000 characters were read" in reply.text
    assert_postable(reply.text, reply.blocks)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("C'est très mauvais, je n'aime pas du tout", "It seems to be in French"),
        ("👍👍🎉", "There are no words in it"),
        ("I did not like it at all, it was so bad", None),
    ],
)
async def test_what_the_model_knows_little_of_is_said(
    desk: Desktop, text: str, note: str | None
) -> None:
    said = await desk.say("bo", text, "/sentiment")
    assert note in said.text if note else "care" not in said.text


async def test_a_chinese_member_is_answered_in_chinese(desk: Desktop) -> None:
    await desk.workspace.change("bo", locale="zh-CN")
    said = await desk.say("bo", "good", "/sentiment")
    assert "positive" in said.text
    assert "sure" not in said.text


async def test_the_shortcut_answers_a_message_to_its_asker_alone(desk: Desktop) -> None:
    said = await desk.workspace.say("ana", "general", "@bo good good")
    await desk.workspace.shortcut("bo", "check_sentiment", said)
    told = await answer_to(desk, said.ts)
    assert told.ephemeral_to == desk.user("bo")
    assert told.text.startswith("Almost certainly positive")


async def test_a_message_without_words_is_refused_with_words(desk: Desktop) -> None:
    said = await desk.workspace.upload("ana", "general", "cat.png", b"\x89PNG")
    await desk.workspace.shortcut("bo", "check_sentiment", said)
    told = await desk.workspace.wait_for(lambda m: "no words" in m.text)
    assert told.ephemeral_to == desk.user("bo")


# --- a thread -------------------------------------------------------------------------------


async def test_a_mention_answers_the_text_behind_it(desk: Desktop) -> None:
    assert "positive" in (await mention(desk, "sentiment good")).text
    assert "`@Coach sentiment I love it`" in (await mention(desk, "sentiment")).text


async def test_in_a_thread_a_mention_answers_it_message_by_message(desk: Desktop) -> None:
    first = await discuss(desk)
    told = await mention(desk, "sentiment", first.ts)
    assert (told.ephemeral_to, told.thread_ts) == (desk.user("bo"), first.ts)
    assert told.text.startswith("Sentiment of this thread, 4 messages")
    assert f"• <@{desk.user('ana')}>: *negative*, 88% — bad" in told.text
    assert "&lt;b&gt; good good" in told.text
    assert "100% of the first half are negative, 0% of the second" in told.text


async def test_in_public_nobody_is_called(desk: Desktop) -> None:
    first = await discuss(desk)
    told = await mention(desk, "sentiment public", first.ts)
    assert told.ephemeral_to is None
    assert "• ana: *negative*" in told.text
    assert "<@" not in told.text


def test_a_long_thread_makes_a_message_that_slack_takes() -> None:
    said = [Said(f"{n}.0", "U1", "<!channel> " + "很" * 3_000) for n in range(500)]
    reply = thread.card(
        [Judged(one, predict(0.97)) for one in said], SOURCE, names={}, notes=[], public=False
    )
    assert_postable(reply.text, reply.blocks)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"user": "U1", "text": "good"}, True),
        ({"user": "U1", "text": "look", "subtype": "file_share"}, True),
        ({"user": "U1", "text": "<@U1> has joined", "subtype": "channel_join"}, False),
        ({"user": "U2", "text": "a job", "bot_id": "B2"}, False),
        ({"user": "U1", "text": "<@UCOACH> sentiment"}, False),
        ({"user": "U1", "text": "<https://example.com>"}, False),
        ({"text": "nobody"}, False),
    ],
)
def test_only_what_people_say_to_each_other_counts(message: dict[str, str], said: bool) -> None:
    assert messages.is_said(message, coach="UCOACH") is said


# --- a channel ------------------------------------------------------------------------------


async def test_a_channel_is_told_to_someone_who_is_in_it(desk: Desktop) -> None:
    for text in ("good", "bad", "good good"):
        await desk.workspace.say("ana", "general", text)
    told = await desk.say("bo", "of #general today", "/sentiment")
    assert told.ephemeral_to == desk.user("bo")
    assert "3 messages" in told.text
    assert "Most *negative* (88%)" in told.text
    assert "/archives/" in told.text


async def test_days_of_a_channel_come_as_a_picture_to_the_asker_alone(desk: Desktop) -> None:
    place, ana = desk.workspace.state.channel("general"), desk.user("ana")
    for n in range(10):
        ts = f"{time.time() - 86_400 + n:.6f}"
        place.messages[ts] = Message(place.id, ts, ana, "bad")
    await desk.workspace.say("ana", "general", "good")
    await desk.workspace.slash("bo", "general", "/sentiment", "of #general 3 days")
    await desk.workspace.wait_for(lambda m: "A chart by day is in our direct messages." in m.text)
    (picture,) = desk.workspace.messages(desk.workspace.dm("bo").id)[-1].files
    assert picture.content.startswith(b"\x89PNG")
    assert picture.alt_text.startswith("91% of 11 messages: negative.")


async def test_a_channel_without_the_asker_or_without_coach_is_not_read(desk: Desktop) -> None:
    await desk.workspace.make_private("closed", "bo")
    state = desk.workspace.state
    state.add_channel("quiet", [state.user("ana").id, state.bot_user])
    told = await desk.say("bo", "of #quiet today", "/sentiment")
    assert told.text.startswith("You are not in")
    told = await desk.say("bo", "of #closed today", "/sentiment")
    assert told.text.startswith("I am not in")


async def test_a_time_without_messages_and_one_that_is_none_are_said_so(desk: Desktop) -> None:
    assert (
        "Nobody said anything" in (await desk.say("bo", "of #general last week", "/sentiment")).text
    )
    assert "`since Monday`" in (await desk.say("bo", "of #general some day", "/sentiment")).text


def test_days_are_the_readers_and_pages_are_drawn() -> None:
    at = datetime(2026, 11, 24, 20, tzinfo=UTC)
    said = [Said(f"{at.timestamp() + 3_600 * n:.6f}", "U1", "good") for n in range(12)]
    found = [Judged(one, predict(0.9, sure=n % 3 > 0)) for n, one in enumerate(said)]
    days = judged.by_day(found, "Asia/Shanghai")
    assert days == {date(2026, 11, 25): Counter(positive=8, **{"not sure": 4})}
    assert set(judged.by_day(found, "UTC")) == {date(2026, 11, 24), date(2026, 11, 25)}
    picture = mood_chart.draw(judged.by_day(found, "UTC"), "Nov 24 – 25")
    assert picture.png.startswith(b"\x89PNG")
    assert picture.alt.startswith("67% of 12 messages: positive. Nov 24 ")


def test_a_language_that_many_messages_are_in_is_mentioned() -> None:
    texts = ["C'est très mauvais, je n'aime pas du tout"] * 2 + ["I love how quick it was"] * 8
    found = [Judged(Said(f"{n}.0", "U1", text), predict(0.9)) for n, text in enumerate(texts)]
    (note,) = judged.note_languages(found, {"en"})
    assert note.startswith("2 messages seem to be in French")
    assert judged.note_languages(found, {"en", "fr"}) == []


def test_the_trend_is_a_line_of_shares() -> None:
    assert judged.spark([0, 0.5, 1]) == "▁▅█"
    assert len(judged.spark([0.2] * 1_000)) == judged.STEPS
