"""The bot's listeners: acknowledge, hand over to the feature that knows, answer."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot import connect, language, payloads, usage
from bot.answers import Say, answer, overhear, say, spoken_by, trace
from bot.asking import Asker, Feature, FieldErrors, Listener, Office, RefusalError, Reply
from bot.commands.words import Usage
from bot.home import Home
from bot.language import tr
from bot.parsing import parse
from bot.rights import objection, refuse_guest, roles_of
from bot.wording import plain

log = logging.getLogger(__name__)

K = TypeVar("K")
T = TypeVar("T")
Body = dict[str, Any]
Ack = Callable[..., Awaitable[Any]]
ANYTHING = re.compile("")
HTTP_PATH = "/slack/events"
HANDS = 16  # requests in work at once; more would hold up the acks of those that arrive
EARS = 8  # messages heard at once; more of them would stand in the way of who asks
GRACE_S = 5  # for requests in work when the bot is stopped


def _nothing() -> None:
    """Wait for the next tick."""


class Desk:
    """Takes what Slack sends to the feature that registered for it."""

    def __init__(
        self, office: Office, features: Sequence[Feature], after: Callable[[], None] = _nothing
    ) -> None:
        """`after` is called when a request is done: what it queued need not wait for a tick."""
        self._office = office
        self._after = after
        mention = Listener(self._obey_mention, lambda event: not event.get("files"))
        opened = Listener(self._open_home, lambda event: event.get("tab") == "home")
        mine = Feature(events={"app_mention": mention, "app_home_opened": opened})
        self._features = [*features, mine]
        self._guests = frozenset[str]().union(*(feature.guests for feature in features))
        self._home = Home(office, features)
        self._hands, self._ears = asyncio.Semaphore(HANDS), asyncio.Semaphore(EARS)
        self._in_work: set[asyncio.Task[None]] = set()

    async def on_command(self, ack: Ack, body: Body) -> None:
        await ack()
        asker, text = payloads.command(body), body.get("text") or ""
        await self._answer(asker, partial(self._obey, asker, body["command"], text))

    async def on_action(self, ack: Ack, body: Body) -> None:
        await ack()
        asker, action = payloads.interaction(body), body["actions"][0]
        at_home = (body.get("view") or {}).get("type") == "home"
        how = self._home.say if at_home else say
        await self._answer(asker, partial(self._press, asker, action), how)

    async def on_shortcut(self, ack: Ack, body: Body) -> None:
        await ack()
        asker = payloads.interaction(body)
        await self._answer(asker, partial(self._take_shortcut, asker, body["callback_id"]))

    async def on_view(self, ack: Ack, body: Body) -> None:
        """Handle a submitted modal; what is wrong in it goes back with the ack."""
        view = body["view"]
        asker = payloads.submission(body)
        if problems := await asyncio.to_thread(self._check, asker, view):
            await ack(response_action="errors", errors=problems.errors)
            return
        await ack()
        await self._answer(asker, partial(self._take_form, asker, view))
        if not asker.channel:  # it may have been opened on the Home tab
            await self._home.show(asker.user)

    async def on_event(self, body: Body) -> None:
        """Hear an event, which Bolt has acknowledged."""
        event = body["event"]
        heard = [f.events[event["type"]] for f in self._features if event["type"] in f.events]
        wanted = [listener for listener in heard if listener.wants(event)]
        for number, listener in enumerate(wanted):
            asker = payloads.event(body, number)
            work = partial(listener.handle, self._office, asker, event)
            await (self._overhear(work) if listener.overhears else self._answer(asker, work))

    async def finish(self) -> None:
        """Let what is in work end, for a few seconds."""
        if self._in_work:
            await asyncio.wait(self._in_work, timeout=GRACE_S)

    async def _overhear(self, work: Callable[[], Awaitable[Reply | None]]) -> None:
        """Hear what was said to others: nobody waits for it, so it takes no hand of who asks."""
        async with self._ears:
            task = asyncio.create_task(overhear(work))
            self._in_work.add(task)
            task.add_done_callback(self._in_work.discard)
            await task

    async def _answer(
        self, asker: Asker, work: Callable[[], Awaitable[Reply | None]], how: Say = say
    ) -> None:
        async with self._hands:
            task = asyncio.create_task(answer(self._office, asker, work, how))
            self._in_work.add(task)
            task.add_done_callback(self._in_work.discard)
            await task
        self._after()

    def _check(self, asker: Asker, view: Body) -> FieldErrors | None:
        """Say in the asker's language what is wrong in a modal, where its feature can tell."""
        try:
            check = _find([f.modals for f in self._features], view["callback_id"]).check
            with language.use(spoken_by(self._office, asker.user)):
                return check and check(view["state"]["values"], view.get("private_metadata", ""))
        except RefusalError:
            return None  # said once the submission is handled
        except Exception as error:  # noqa: BLE001 - nothing may leave a listener before its ack
            log.error("a modal's check failed\n%s", trace(error))  # noqa: TRY400 - without its text
            return None

    async def _obey(self, asker: Asker, command: str, text: str) -> Reply | None:
        record = parse(command, text)
        await asyncio.to_thread(self._admit, asker, usage.of(type(record)))
        handle = _find([f.commands for f in self._features], type(record))
        return await handle(self._office, asker, record)

    async def _obey_mention(
        self, office: Office, asker: Asker, event: Mapping[str, Any]
    ) -> Reply | None:
        """Do in a thread, where slash commands can't be typed, what `@coach train list` says."""
        said = re.sub(rf"<@{re.escape(office.bot_user)}(\|[^>]*)?>", "", event["text"]).strip()
        word, _, rest = said.partition(" ")
        command = f"/{plain(word or 'coach').lstrip('/').lower()}"
        if command not in usage.COMMANDS and await self._talk(asker, event):
            return None
        return await self._obey(asker, command, rest)

    async def _talk(self, asker: Asker, event: Mapping[str, Any]) -> bool:
        """Offer a mention that is no command to the features that talk; tell whether one took it."""
        for feature in self._features:
            if feature.talk and await feature.talk(self._office, asker, event):
                return True
        return False

    async def _open_home(self, _: Office, asker: Asker, __: Mapping[str, Any]) -> None:
        await self._home.show(asker.user)

    def _admit(self, asker: Asker, asked: Usage) -> None:
        """Raise RefusalError where a command is not the asker's."""
        if error := objection(roles_of(self._office, asker.user), asked):
            raise error

    async def _refuse_guest(self, asker: Asker, *names: str) -> None:
        if self._guests.isdisjoint(names):
            await asyncio.to_thread(refuse_guest, self._office, asker)

    async def _press(self, asker: Asker, action: Mapping[str, Any]) -> Reply | None:
        if action.get("url"):
            return None  # a link; Slack tells of the click all the same
        names = action["action_id"], action["action_id"].partition(":")[0]
        handle = _find([f.buttons for f in self._features], *names)
        await self._refuse_guest(asker, *names)
        return await handle(self._office, asker, payloads.value(action))

    async def _take_shortcut(self, asker: Asker, name: str) -> Reply | None:
        handle = _find([f.shortcuts for f in self._features], name)
        await self._refuse_guest(asker, name)
        return await handle(self._office, asker)

    async def _take_form(self, asker: Asker, view: Body) -> Reply | None:
        modal = _find([f.modals for f in self._features], view["callback_id"])
        metadata = view.get("private_metadata", "")
        await self._refuse_guest(asker, view["callback_id"])
        return await modal.handle(self._office, asker, view["state"]["values"], metadata)


def build(office: Office, desk: Desk, *, signing_secret: str, team: Mapping[str, Any]) -> AsyncApp:
    """Build the app; `team` is what `auth.test` said, so that no request has to ask it again."""
    token = office.client.token
    identity = AuthorizeResult.from_auth_test_response(bot_token=token, auth_test_response=team)

    async def authorize() -> AuthorizeResult:
        return identity

    app = AsyncApp(
        client=AsyncWebClient(base_url=office.client.base_url),
        logger=logging.getLogger("slack_bolt"),
        signing_secret=signing_secret,
        authorize=authorize,
    )
    app.command(ANYTHING)(desk.on_command)
    app.action(ANYTHING)(desk.on_action)
    app.shortcut(ANYTHING)(desk.on_shortcut)
    app.view(ANYTHING)(desk.on_view)
    app.event(ANYTHING)(desk.on_event)
    return app


def reach(app: AsyncApp, office: Office) -> Coroutine[Any, Any, None]:
    """Give what keeps the app reachable in the mode of the settings, until it is cancelled."""
    settings = office.settings
    if settings.slack_mode == "http":
        served = app.web_app(path=HTTP_PATH)
        return connect.serve_http(served, host=settings.http_host, port=settings.http_port)
    token = settings.slack_app_token.get_secret_value()
    return connect.hold_socket(socket_client(app, office, app_token=token))


def socket_client(app: AsyncApp, office: Office, *, app_token: str) -> SocketModeClient:
    """Make the Socket Mode client whose requests the app answers; it is not connected yet."""
    handler = AsyncSocketModeHandler(app, app_token=app_token, web_client=office.client)
    return handler.client


def _find(tables: Iterable[Mapping[K, T]], *keys: K) -> T:
    found = [table[key] for key in keys for table in tables if key in table]
    if not found:
        raise RefusalError(
            tr("This belongs to another version of Coach. `/coach help` shows what works now.")
        )
    return found[0]
