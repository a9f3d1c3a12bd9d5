"""The report on the week: sessions with their hosts, what is new to learn, how far plans are, thanks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlite_utils import Database

from bot import blocks, figures, sheet
from bot.asking import Block
from bot.language import mark, tr
from bot.report.kinds import Kind, Report, Scope
from bot.report.people import Naming, naming
from bot.team import said
from bot.team.plan_card import say_progress
from bot.team.session_list import KINDS, say_local
from bot.team.signals.sessions import HOSTED
from bot.wording import escape
from storage import learning, resources, sessions, thanks
from storage.talent import Occurrence, Resource, ThankYou, Track

TITLE = mark("This week")
AHEAD = timedelta(days=7)
SESSIONS_SHOWN, RESOURCES_SHOWN, THANKS_SHOWN = 10, 5, 8
WORDS = 200  # characters of one thank-you
COLUMNS = ("when", "title", "kind", "host", "channel", "minutes")


@dataclass(frozen=True)
class Facts:
    """What the week brings, and what the last one brought; nothing of it says who is late."""

    dates: Sequence[Occurrence] = ()
    resources: Sequence[Resource] = ()  # the newest first
    progress: Mapping[Track, tuple[int, int]] = field(default_factory=dict)
    thanks: Sequence[ThankYou] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing new: how far plans are is no news by itself."""
        return not (self.dates or self.resources or self.thanks)


def compose(db: Database, scope: Scope) -> Report | None:
    facts = gather(db, scope)
    return None if facts.is_empty else say(facts, naming(db))


def gather(db: Database, scope: Scope) -> Facts:
    return Facts(
        dates=sessions.between(db, scope.now, scope.now + AHEAD),
        resources=[one for one in resources.all_open(db) if one.added_at >= scope.since],
        progress=learning.progress(db),
        thanks=thanks.since(db, scope.since),
    )


KIND = Kind("week", TITLE, compose, covers=timedelta(days=7))

# --- pure -----------------------------------------------------------------------------------


def say(facts: Facts, name: Naming) -> Report:
    """Say it in parts, each of which may be missing; the text is all of them without marks."""
    shown: list[Block] = [blocks.section(f"*{tr(TITLE)}*"), *_show_dates(facts.dates, name)]
    parts = [_say_resources(facts.resources), _say_progress(facts), _say_thanks(facts, name)]
    shown += [blocks.section(part) for part in parts if part]
    text = "\n".join(block["text"]["text"] for block in shown if block["type"] == "section")
    table = _write_table(facts.dates, name) if facts.dates else None
    return Report(blocks.cut(text.replace("*", ""), blocks.SECTION), shown, table=table)


def _show_dates(dates: Sequence[Occurrence], name: Naming) -> list[Block]:
    """Show each date on a line of its own, so that its host can be found by a button beside it."""
    if not dates:
        return []
    shown = [blocks.section(tr("*Sessions*"))]
    for one in dates[:SESSIONS_SHOWN]:
        wanted = one.host is None and one.kind in HOSTED
        offer = blocks.button(tr("I'll host"), "session_host", f"{one.id} channel")
        shown.append(blocks.section(_say_date(one, name), accessory=offer if wanted else None))
    more = len(dates) - SESSIONS_SHOWN
    rest = tr("and {count} more", count=more) if more > 0 else ""
    return [*shown, *([blocks.context(rest)] if rest else [])]


def _say_date(one: Occurrence, name: Naming) -> str:
    values = {"title": said.title(one.title), "when": figures.when(one.starts_at)}
    if one.host:
        return tr("{when}: {title}, with {host}", host=name(one.host), **values)
    if one.kind in HOSTED:
        return tr("{when}: {title}, *a host is wanted*", **values)
    return tr("{when}: {title}, {kind}", kind=tr(KINDS[one.kind]), **values)


def _say_resources(new: Sequence[Resource]) -> str:
    if not new:
        return ""
    lines = [
        tr("• {title}, {minutes} min", title=said.resource(one), minutes=one.minutes)
        for one in new[:RESOURCES_SHOWN]
    ]
    more = len(new) - RESOURCES_SHOWN
    rest = [tr("and {count} more", count=more)] if more > 0 else []
    return "\n".join([tr("*New to learn from*"), *lines, *rest])


def _say_progress(facts: Facts) -> str:
    if not facts.progress:
        return ""
    return tr("*Learning plans*  done of all: {progress}", progress=say_progress(facts.progress))


def _say_thanks(facts: Facts, name: Naming) -> str:
    if not facts.thanks:
        return ""
    lines = [_say_thank_you(one, name) for one in facts.thanks[-THANKS_SHOWN:]]
    return "\n".join([tr("*Thanks*"), *lines])


def _say_thank_you(one: ThankYou, name: Naming) -> str:
    who = {"sender": name(one.sender), "receiver": name(one.receiver)}
    if not one.words:
        return tr("• {sender} thanks {receiver}", **who)
    words = escape(blocks.cut(" ".join(one.words.split()), WORDS))
    return tr("• {sender} thanks {receiver}: {words}", words=words, **who)


def _write_table(dates: Sequence[Occurrence], name: Naming) -> str:
    rows = [
        (
            say_local(one.starts_at, one.zone),
            one.title,
            one.kind,
            name(one.host) if one.host else None,
            one.channel,
            one.minutes,
        )
        for one in dates
    ]
    return sheet.write(COLUMNS, rows)
