"""A watched channel, feed or CSV stream: what is said there is counted once, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from keyword_models import write_keyword_model
from office import Desktop, open_desktop

from bot.monitor import audience, channel, fetch, poll
from bot.monitor.fetch import FetchError
from bot.report import sentiment
from bot.report.kinds import Scope
from bot.workspace.server import Workspace
from storage import models, monitors
from storage.answering import Monitor, Monitored

DAY = timedelta(days=1)


@dataclass
class Time:
    """A clock that a test can push forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path, clock: Time) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path, clock=clock, feeds_allow_private=True) as desktop:
        desktop.add_dataset()
        let_serve(desktop, "sentiment")
        yield desktop


def let_serve(desk: Desktop, alias: str) -> None:
    model = desk.add_model()
    with desk.database() as db:
        models.promote(
            db, alias=alias, model=model.id, expected=None, by="U1", now=desk.office.clock()
        )


async def watch(desk: Desktop, what: str = "#general", who: str = "bo") -> Monitor:
    said = await desk.say(who, f"watch {what}", "/sentiment")
    with desk.database() as db:
        found = monitors.all_open(db)
    assert found, said.text
    await desk.outbox.drain()
    return found[-1]


def texts(desk: Desktop, monitor: Monitor) -> list[Monitored]:
    with desk.database() as db:
        return monitors.newest(db, monitor.id, since=monitor.created_at - 40 * DAY, limit=1_000)[
            ::-1
        ]


def counts(desk: Desktop, monitor: Monitor) -> dict[tuple[str, str], int]:
    with desk.database() as db:
        found = monitors.between(db, monitor.created_at - 40 * DAY, monitor.created_at + DAY)
    return {(one.topic, one.label): one.n for one in found if one.monitor == monitor.id}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells what is noted
            await asyncio.sleep(0.01)


async def direct(desk: Desktop, who: str) -> list[str]:
    await desk.outbox.drain()
    workspace = desk.workspace
    return [message.text for message in workspace.messages(workspace.dm(who).id)]


# --- channels -------------------------------------------------------------------------------


async def test_the_channel_reads_that_it_is_watched_by_whom_and_how_it_ends(desk: Desktop) -> None:
    monitor = await watch(desk)
    note = desk.workspace.messages("general")[-1]
    assert note.ephemeral_to is None
    assert f"<@{desk.user('bo')}> has Coach watch the sentiment here" in note.text
    assert "redacted for 30 days" in note.text
    assert f"/sentiment monitor stop {monitor.id}" in note.text


async def test_what_people_say_is_counted_redacted_and_kept_for_its_time(desk: Desktop) -> None:
    monitor = await watch(desk)
    first = await desk.workspace.say("ana", "general", "so bad, mail me: a.b@example.com")
    await desk.workspace.say("bo", "general", "good", thread_ts=first.ts)
    await desk.workspace.say("ana", "general", "@coach help")
    await desk.workspace.say("ana", "random", "bad")  # which is not watched
    await until(lambda: len(texts(desk, monitor)) == 2)
    one, other = texts(desk, monitor)
    assert (one.text, one.label, one.author) == (
        "so bad, mail me: [e-mail]",
        "negative",
        desk.user("ana"),
    )
    assert (one.topic, one.key, one.keep_until) == ("all", first.ts, one.at + 30 * DAY)
    assert other.label == "positive"
    assert counts(desk, monitor) == {("all", "negative"): 1, ("all", "positive"): 1}


async def test_an_event_that_comes_twice_counts_once_and_nobody_is_answered(desk: Desktop) -> None:
    monitor = await watch(desk)
    before = len(desk.workspace.messages("general"))
    await desk.workspace.join("cy")
    desk.workspace.faults.duplicate(2)
    await desk.workspace.say("cy", "general", "bad")
    await until(lambda: texts(desk, monitor))
    await desk.workspace.say("ana", "general", "good")
    await until(lambda: len(texts(desk, monitor)) == 2)
    assert counts(desk, monitor) == {("all", "negative"): 1, ("all", "positive"): 1}
    assert len(desk.workspace.messages("general")) == before + 2


async def test_an_edited_text_counts_as_it_is_now_and_a_deleted_one_not(desk: Desktop) -> None:
    monitor = await watch(desk)
    message = await desk.workspace.say("ana", "general", "bad")
    await until(lambda: counts(desk, monitor) == {("all", "negative"): 1})
    await desk.workspace.edit(message, "good after all")
    await until(lambda: counts(desk, monitor) == {("all", "positive"): 1})
    assert [one.text for one in texts(desk, monitor)] == ["good after all"]
    await desk.workspace.delete(message)
    await until(lambda: not counts(desk, monitor))
    assert not texts(desk, monitor)


async def test_each_text_has_a_topic_where_a_model_tells_it(desk: Desktop) -> None:
    refused = await desk.say("bo", "watch #general topics=topic", "/sentiment")
    assert "No model serves `topic`" in refused.text
    folder = desk.office.settings.data_dir / "topics"
    write_keyword_model(folder, {"app": "product", "price": "billing"})
    let_serve(desk, "topic")
    with desk.database() as db:
        db.execute("UPDATE models SET path = 'topics' WHERE id = (SELECT max(id) FROM models)")
    monitor = await watch(desk, "#general topics=topic")
    for said in ("the app is bad", "price good", "bad weather"):
        await desk.workspace.say("ana", "general", said)
    await until(lambda: len(texts(desk, monitor)) == 3)
    assert counts(desk, monitor) == {
        ("product", "negative"): 1,
        ("billing", "positive"): 1,
        ("other", "negative"): 1,
    }
    refused = await desk.say("bo", "watch #general model=topic", "/sentiment")
    assert "none of them means negative" in refused.text


async def test_what_was_said_while_coach_was_down_is_caught_up_with(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path) as desk:
        desk.add_dataset()
        let_serve(desk, "sentiment")
        monitor = await watch(desk)
        parent = await workspace.say("ana", "general", "good")
        changed = await workspace.say("ana", "general", "good one")
        await until(lambda: len(texts(desk, monitor)) == 2)
        await channel.sweep(desk.office)
    for number in range(3):
        await workspace.say("bo", "general", f"bad {number}")
    await workspace.say("bo", "general", "bad below", thread_ts=parent.ts)
    await workspace.edit(changed, "bad one")
    async with open_desktop(workspace, tmp_path) as desk:
        for _ in range(2):
            await channel.sweep(desk.office)
        assert counts(desk, monitor) == {("all", "positive"): 1, ("all", "negative"): 5}


async def test_that_coach_was_removed_is_told_once_and_so_is_its_return(desk: Desktop) -> None:
    monitor = await watch(desk)
    await desk.workspace.remove("general", desk.office.bot_user)
    await until(lambda: trouble_of(desk, monitor))
    await channel.sweep(desk.office)
    (told,) = await direct(desk, "bo")
    assert f"Monitor {monitor.id} hears nothing" in told
    assert "/invite @Coach" in told
    await desk.workspace.say("ana", "general", "bad")
    await desk.workspace.invite("general", desk.office.bot_user)
    for _ in range(2):
        await channel.sweep(desk.office)
    assert (await direct(desk, "bo"))[1:] == [
        f"Monitor {monitor.id} hears <#{desk.channel}> again."
    ]
    assert counts(desk, monitor) == {("all", "negative"): 1}


async def test_without_a_model_texts_wait_until_one_serves(desk: Desktop) -> None:
    monitor = await watch(desk)
    with desk.database() as db:
        promotions = list(db.query("SELECT * FROM promotions"))
        db.execute("DELETE FROM promotions")
    await desk.workspace.say("ana", "general", "bad")
    await until(lambda: trouble_of(desk, monitor) == "no-model")
    listed = await desk.say("ana", "monitor list", "/sentiment")
    assert "No model answers for `sentiment`" in listed.text
    with desk.database() as db:
        db.table("promotions").insert_all(promotions)
    await channel.sweep(desk.office)
    assert counts(desk, monitor) == {("all", "negative"): 1}
    assert len(await direct(desk, "bo")) == 2


def trouble_of(desk: Desktop, monitor: Monitor) -> str | None:
    with desk.database() as db:
        found = monitors.get(db, monitor.id)
    assert found is not None
    return found.trouble


async def test_the_list_tells_what_is_watched_and_its_creator_ends_it(desk: Desktop) -> None:
    monitor = await watch(desk)
    again = await desk.say("ana", "watch #general", "/sentiment")
    assert f"Monitor {monitor.id} watches <#{desk.channel}> already" in again.text
    await desk.workspace.say("ana", "general", "bad")
    await until(lambda: texts(desk, monitor))
    listed = await desk.say("ana", "monitor list", "/sentiment")
    assert f"<#{desk.channel}> by <@{desk.user('bo')}>" in listed.text
    assert "1 text today" in listed.text
    await desk.workspace.join("cy")
    refused = await desk.say("cy", f"monitor stop {monitor.id}", "/sentiment")
    assert "only they or an admin" in refused.text
    assert "has ended" in (await desk.say("bo", f"monitor stop {monitor.id}", "/sentiment")).text
    await desk.outbox.drain()
    assert "watches the sentiment here no more" in desk.workspace.messages("general")[-1].text


async def test_a_channel_is_watched_only_for_those_who_are_in_it_with_coach(desk: Desktop) -> None:
    refused = await desk.say("bo", "watch #random", "/sentiment")
    assert "/invite @Coach" in refused.text
    await desk.workspace.invite("random", desk.office.bot_user)
    await desk.workspace.remove("random", "bo")
    refused = await desk.say("bo", "watch #random", "/sentiment")
    assert "You are not in" in refused.text
    hidden = (await desk.workspace.make_private("hidden", "ana", "coach")).id
    refused = await desk.say("ana", "watch #hidden", "/sentiment")
    assert "not everybody in" in refused.text  # where alerts would come to
    monitor = await watch(desk, "#hidden to=#hidden", "ana")
    assert monitor.channel == hidden
    assert await audience.why_not(desk.office, monitor) is None


async def test_the_report_on_sentiment_tells_of_what_is_told_in_its_channel(
    desk: Desktop,
) -> None:
    monitor = await watch(desk)
    for said in ("bad", "bad", "good"):
        await desk.workspace.say("ana", "general", said)
    await until(lambda: len(texts(desk, monitor)) == 3)
    now = desk.office.clock() + timedelta(hours=1)
    with desk.database() as db:
        scopes = [
            Scope(one, now - DAY, now, "UTC", desk.office.settings) for one in (desk.channel, "C9")
        ]
        here, elsewhere = (sentiment.compose(db, scope) for scope in scopes)
    assert here is not None
    assert f"<#{desk.channel}>: 3 texts, 66.7% negative" in here.text
    assert elsewhere is None


# --- addresses ------------------------------------------------------------------------------


@dataclass
class Site:
    """A web server whose one page a test writes."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    location: str = ""
    pause: float = 0  # seconds
    asked: list[web.Request] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        await asyncio.sleep(self.pause)
        if self.location:
            raise web.HTTPFound(self.location)
        if self.status != 200:
            return web.Response(status=self.status)
        etag = f'"{hash(self.body)}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        part = request.http_range
        body = self.body[part] if part.start else self.body
        return web.Response(status=206 if part.start else 200, body=body, headers={"ETag": etag})


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{tail:.*}", site.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/all"
    yield site
    await runner.cleanup()


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as running:
        yield running


def rss(*titles: str) -> bytes:
    entries = "".join(f"<item><guid>{t}</guid><title>{t}</title></item>" for t in titles)
    return f"<rss version='2.0'><channel>{entries}</channel></rss>".encode()


async def look(desk: Desktop, clock: Time, *, times: int = 1) -> None:
    for _ in range(times):
        clock.ahead += timedelta(hours=2)
        await poll.look(desk.office)


async def test_a_feed_is_read_for_what_is_new_and_asked_for_no_more(
    desk: Desktop, site: Site, clock: Time
) -> None:
    site.body = rss("bad old")
    monitor = await watch(desk, f"{site.url}?token=secret")
    assert monitor.kind == "feed"
    await poll.look(desk.office)
    site.body = rss("bad old", "bad new", "good new")
    await look(desk, clock, times=3)
    assert counts_of(desk, monitor) == {"negative": 1, "positive": 1}
    assert site.asked[-1].headers["If-None-Match"]
    listed = await desk.say("ana", "monitor list", "/sentiment")
    assert "`127.0.0.1/all`" in listed.text
    assert "secret" not in listed.text


async def test_a_csv_stream_is_read_as_it_grows(desk: Desktop, site: Site, clock: Time) -> None:
    site.body = b"id,text\n1,bad\n"
    monitor = await watch(desk, site.url)
    assert monitor.kind == "csv"
    await poll.look(desk.office)
    site.body += b"2,bad\n3,good\n4,half"
    await look(desk, clock, times=2)
    assert counts_of(desk, monitor) == {"negative": 1, "positive": 1}
    site.body += b" good\n"
    await look(desk, clock)
    assert counts_of(desk, monitor) == {"negative": 1, "positive": 2}
    assert site.asked[-1].headers["Range"].startswith("bytes=")
    site.body = b"id,text\n4,half good\n5,bad\n"  # begun anew
    await look(desk, clock)
    assert counts_of(desk, monitor) == {"negative": 2, "positive": 2}


def counts_of(desk: Desktop, monitor: Monitor) -> dict[str, int]:
    with desk.database() as db:
        found = monitors.between(db, monitor.created_at - DAY, monitor.created_at + 2 * DAY)
    return {one.label: one.n for one in found}


@pytest.mark.parametrize("fault", ["dead", "malformed"])
async def test_a_feed_in_trouble_is_told_of_once_and_recovers_by_itself(
    desk: Desktop, site: Site, clock: Time, fault: str
) -> None:
    site.body = rss()
    monitor = await watch(desk, site.url)
    await poll.look(desk.office)
    site.status = 404 if fault == "dead" else 200
    site.body = b"<html>moved</html>"
    await look(desk, clock, times=2)
    assert await direct(desk, "bo") == []
    await look(desk, clock, times=3)
    (told,) = await direct(desk, "bo")
    assert ("answers with the error 404" if fault == "dead" else "neither a feed") in told
    site.status, site.body = 200, rss("good")
    await look(desk, clock, times=2)
    assert (await direct(desk, "bo"))[1:] == [f"Monitor {monitor.id} hears `127.0.0.1/all` again."]
    assert counts_of(desk, monitor) == {"positive": 1}


async def test_what_is_neither_feed_nor_csv_is_refused_at_once(desk: Desktop, site: Site) -> None:
    site.body = b"<html><body>hello</body></html>"
    refused = await desk.say("bo", f"watch {site.url}", "/sentiment")
    assert "neither a feed (RSS or Atom) nor CSV" in refused.text
    site.status = 500
    refused = await desk.say("bo", f"watch {site.url}", "/sentiment")
    assert "answers with the error 500" in refused.text


async def test_what_is_huge_or_slow_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MOST", 1_000)
    site.body = b"x" * 1_001
    with pytest.raises(FetchError, match="too-big"):
        await fetch.fetch(site.url, allowed=fetch.anywhere)
    monkeypatch.setattr(fetch, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    site.pause = 1
    with pytest.raises(FetchError, match="unreachable"):
        await fetch.fetch(site.url, allowed=fetch.anywhere)


async def test_no_address_leads_into_a_private_network(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
        with pytest.raises(FetchError, match=r"private|unreachable"):
            await fetch.fetch(f"http://{host}:{port}")
    assert not site.asked
    site.location = site.url.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(FetchError, match="private"):
        await fetch.fetch(site.url, allowed=lambda address: str(address) == "127.0.0.1")
    assert len(site.asked) == 1
