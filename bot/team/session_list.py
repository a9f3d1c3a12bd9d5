"""Sessions as they are read: when, where, who hosts, who comes, and the buttons of a date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Block, Office, Reply
from bot.language import listed, mark, tr, trn
from bot.team import said
from bot.team.signals.sessions import HOSTED
from storage import members, resources, sessions
from storage.talent import Occurrence, Resource

AHEAD = timedelta(days=30)
SHOWN, SHOWN_AT_HOME = 8, 4
LATER = 4  # dates that follow the next one
KINDS = {
    "lecture": mark("lecture"),
    "exchange": mark("tech exchange"),
    "cross-talk": mark("cross-discipline talk"),
    "competition": mark("competition"),
    "privacy-review": mark("privacy review"),
    "innovation-fund": mark("innovation fund"),
    "study-leave": mark("study leave"),
    "equity": mark("equity"),
}
ANSWERS = {"yes": mark("Yes"), "maybe": mark("Maybe"), "no": mark("No")}
COUNTED = {"yes": mark("yes {count}"), "maybe": mark("maybe {count}")}


@dataclass(frozen=True)
class Dates:
    """Dates to come, with what people answered and what to read before."""

    dates: Sequence[Occurrence]
    answers: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # by occurrence
    resources: Mapping[int, Resource] = field(default_factory=dict)
    links: Mapping[int, str | None] = field(default_factory=dict)  # by session
    later: Mapping[int, Sequence[Occurrence]] = field(default_factory=dict)  # by session


def gather(db: Database, start: datetime, end: datetime) -> Dates:
    """Read the next date of each session, and which follow it."""
    by_session: dict[int, list[Occurrence]] = {}
    for one in sessions.between(db, start, end):
        by_session.setdefault(one.session, []).append(one)
    found = collect(db, [dates[0] for dates in by_session.values()])
    return replace(found, later={number: dates[1:] for number, dates in by_session.items()})


def collect(db: Database, dates: Sequence[Occurrence]) -> Dates:
    return Dates(
        dates,
        {one.id: sessions.attendance(db, one.id) for one in dates},
        {one.id: one for one in resources.all_open(db)},
        {one.id: one.link for one in sessions.all_open(db)},
    )


def say(found: Dates, *, viewer: str, lead: bool) -> Reply:
    """List the dates to come, each with its buttons."""
    if not found.dates:
        return Reply(
            tr("No session is planned for the next 30 days. `/team session add` plans one.")
        )
    shown = found.dates[:SHOWN]
    text = trn("{count} session to come:", "{count} sessions to come:", len(found.dates))
    titles = [_say_line(found, one) for one in shown]
    made: list[Block] = [blocks.section(f"*{text}*")]
    for one in shown:
        may_change = lead or one.organiser == viewer
        made += row(found, one, viewer=viewer, place="list", may_change=may_change)
    more = len(found.dates) - len(shown)
    hint = tr("`/team session calendar` gives them as a file for your calendar.")
    rest = [tr("and {count} more", count=more)] if more > 0 else []
    made.append(blocks.context(" · ".join([*rest, hint])))
    return Reply("\n".join([text, *titles]), made)


def _say_line(found: Dates, one: Occurrence) -> str:
    line = tr("{title}, {when}", title=said.title(one.title), when=figures.when(one.starts_at))
    coming = say_coming(found.answers.get(one.id, {}))
    return f"{line} ({coming})" if coming else line


def home(db: Database, office: Office, user: str) -> list[Block]:
    """Show the next sessions on the Home tab."""
    now, member = office.clock(), members.get(db, user)
    found = gather(db, now, now + AHEAD)
    if member is None or not found.dates:
        return []
    rows = [
        block
        for one in found.dates[:SHOWN_AT_HOME]
        for block in row(found, one, viewer=user, place="home", may_change=False)
    ]
    return [blocks.section(tr("*Next sessions*")), *rows]


def row(
    found: Dates, one: Occurrence, *, viewer: str = "", place: str, may_change: bool = False
) -> list[Block]:
    """Show one date; `place` says where its buttons stand: list, home or channel."""
    return [
        blocks.section(describe(found, one)),
        buttons(found, one, viewer=viewer, place=place, may_change=may_change),
    ]


def describe(found: Dates, one: Occurrence) -> str:
    """Say a date in a few lines."""
    head = tr(
        "{title}, {kind} · {number}",
        title=said.title(one.title),
        kind=tr(KINDS[one.kind]),
        number=one.session,
    )
    where = tr(
        "{when} · {minutes} min · <#{channel}>",
        when=figures.when(one.starts_at),
        minutes=one.minutes,
        channel=one.channel,
    )
    return "\n".join([head, where, *_say_later(found, one), *_say_details(found, one)])


def _say_later(found: Dates, one: Occurrence) -> list[str]:
    later = [said.day(date.fromisoformat(then.day)) for then in found.later.get(one.session, ())]
    return [tr("Then: {days}", days=listed(later[:LATER]))] if later else []


def _say_details(found: Dates, one: Occurrence) -> list[str]:
    lines = [say_host(one)] if one.host or one.kind in HOSTED else []
    if link := found.links.get(one.session):
        lines.append(said.link(link, tr("All about it")))
    if (pre_read := found.resources.get(one.pre_read or 0)) is not None:
        title, minutes = said.resource(pre_read), pre_read.minutes
        lines.append(tr("Read before: {title} ({minutes} min)", title=title, minutes=minutes))
    if coming := say_coming(found.answers.get(one.id, {})):
        lines.append(coming)
    return lines


def say_host(one: Occurrence) -> str:
    return tr("Host: <@{host}>", host=one.host) if one.host else tr("*A host is wanted.*")


def say_coming(answers: Mapping[str, str]) -> str:
    """Count the answers, `yes 3, maybe 1`; nothing for none."""
    counts = Counter(answers.values())
    return listed(
        tr(words, count=counts[answer]) for answer, words in COUNTED.items() if counts[answer]
    )


def buttons(
    found: Dates, one: Occurrence, *, viewer: str, place: str, may_change: bool = False
) -> Block:
    mine = found.answers.get(one.id, {}).get(viewer)
    made = [
        blocks.button(
            tr(words) + (" ✓" if answer == mine else ""),
            f"session_answer:{answer}",
            f"{one.id} {answer} {place}",
            style="primary" if answer == mine else None,
        )
        for answer, words in ANSWERS.items()
    ]
    if one.host is None and one.kind in HOSTED:
        made.append(blocks.button(tr("I'll host"), "session_host", f"{one.id} {place}"))
    if may_change:
        made.append(blocks.button(tr("Change…"), "session_change", str(one.id)))
    return blocks.actions(*made)


def say_local(at: datetime, zone: str) -> str:
    """Write a time as it stands in a session's own zone: `Tue, Nov 24, 15:00 (Asia/Shanghai)`."""
    local = at.astimezone(ZoneInfo(zone))
    return tr(
        "{day}, {time} ({zone})", day=said.day(local.date()), time=f"{local:%H:%M}", zone=zone
    )
