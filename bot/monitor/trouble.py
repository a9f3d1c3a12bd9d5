"""Why a monitor hears nothing: told once to who began it, with what to do, and once when it is over."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from sqlite_utils import Database

from bot import language, readers
from bot.asking import Office
from bot.language import mark, tr
from bot.wording import code, escape
from storage import deliveries, monitors
from storage.answering import Monitor, MonitoredCount
from storage.database import immediate, opened

REMOVED, NO_MODEL = "removed", "no-model"
WORDS = {
    REMOVED: mark("Coach is not in {source} any more: type `/invite @Coach` there."),
    NO_MODEL: mark(
        "No model answers for {models}: `/train models` shows what there is, and `/train promote` "
        "lets one serve."
    ),
    "http": mark("{source} answers with the error {detail}: see whether its address has changed."),
    "unreachable": mark("{source} can't be reached: see whether its address has changed."),
    "private": mark(
        "{source} leads into a private network, where Coach reads nothing. An admin can allow "
        "that by the setting `FEEDS_ALLOW_PRIVATE`."
    ),
    "too-big": mark("{source} has more than 20 MB: name an address with less."),
    "no-feed": mark("{source} has neither a feed (RSS or Atom) nor CSV under a header line."),
    "no-text": mark(
        "{source} is CSV without a column of texts: call one `text`, and what tells the time and "
        "the number of a row `time` and `id`."
    ),
}


def name_source(monitor: Monitor | MonitoredCount) -> str:
    """Name what is watched; the end of an address may hold a secret, so it isn't shown."""
    if monitor.kind == "channel":
        return f"<#{monitor.source}>"
    return name_address(monitor.source)


def name_address(url: str) -> str:
    parts = urlsplit(url)
    return code(f"{parts.hostname}{parts.path}")


def describe(trouble: str, *, source: str, models: str = "") -> str:
    """Say a trouble such as `removed` or `http 404` in a sentence."""
    name, _, detail = trouble.partition(" ")
    return tr(WORDS[name], source=source, models=models, detail=escape(detail))


def say(monitor: Monitor) -> str:
    """Say what keeps a monitor from hearing, and what to do."""
    models = " × ".join(code(alias) for alias in (monitor.topics, monitor.alias) if alias)
    return describe(monitor.trouble or "", source=name_source(monitor), models=models)


async def begin(office: Office, monitor: Monitor, trouble: str) -> None:
    """Note a trouble, and tell of it where it is new."""
    await asyncio.to_thread(_begin, office, monitor, trouble)


async def end(office: Office, monitor: Monitor) -> None:
    """Note that a monitor hears again, and tell of it where it did not."""
    if monitor.trouble:
        await asyncio.to_thread(_end, office, monitor)


def _begin(office: Office, monitor: Monitor, trouble: str) -> None:
    with opened(office.settings.data_dir) as db, immediate(db):
        if not monitors.set_trouble(db, monitor.id, trouble, now=office.clock()):
            return
        troubled = monitors.get(db, monitor.id)
        if troubled is not None:
            with language.use(_spoken(office, db, monitor)):
                said = tr(
                    "Monitor {number} hears nothing. {why} It goes on by itself after that; "
                    "`/sentiment monitor stop {number}` ends it.",
                    number=monitor.id,
                    why=say(troubled),
                )
            _tell(office, db, monitor, said)


def _end(office: Office, monitor: Monitor) -> None:
    with opened(office.settings.data_dir) as db, immediate(db):
        if not monitors.clear_trouble(db, monitor.id):
            return
        with language.use(_spoken(office, db, monitor)):
            said = tr(
                "Monitor {number} hears {source} again.",
                number=monitor.id,
                source=name_source(monitor),
            )
        _tell(office, db, monitor, said)


def _spoken(office: Office, db: Database, monitor: Monitor) -> str:
    return readers.person_speaks(db, monitor.created_by, default=office.settings.language)


def _tell(office: Office, db: Database, monitor: Monitor, said: str) -> None:
    now = office.clock()
    deliveries.put(
        db,
        key=f"monitor:{monitor.id}:trouble:{now:%Y%m%dT%H%M%S.%f}",
        channel=monitor.created_by,
        body={"text": said},
        now=now,
    )
