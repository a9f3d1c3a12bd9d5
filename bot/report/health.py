"""The monthly report on the team's health: sums alone, never who is behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, figures, sheet
from bot.language import listed, mark, tr, trn
from bot.report import health_chart
from bot.report.kinds import Kind, Report, Scope
from bot.team import makeup
from bot.team.makeup import Makeup
from bot.team.obligations import KINDS
from bot.team.signals.skills import OLD, name
from storage import learning, members, nudges, pairs, resources, skills
from storage.nudges import Rate
from storage.talent import Assignment, MemberSkill, PairRecord, Track

TITLE = mark("Team health")
TRACKS: dict[Track, str] = {
    "technical": mark("technical"),
    "industry": mark("industry"),
    "soft": mark("soft skills"),
}
COLUMNS = ("figure", "of", "value", "against")


@dataclass(frozen=True)
class Health:
    """What a month of the team comes to."""

    makeup: Makeup
    minutes: Mapping[Track, int]  # of what was finished
    levels: int  # assessed, of everybody and every skill
    old: int  # of these, assessed too long ago
    met: Mapping[bool | None, int]  # pairs by their answer; None: they have not said
    rates: Mapping[str, Rate]  # of reminders, by kind


def compose(db: Database, scope: Scope) -> Report | None:
    """Tell of a team that has members; the text is complete without the picture."""
    if not members.all_active(db):
        return None
    return say(look(db, scope), scope)


def look(db: Database, scope: Scope) -> Health:
    done = [one for one in learning.everyone(db) if one.state == "done"]
    held = skills.held(db)
    return Health(
        makeup=makeup.look(db),
        minutes=count_minutes(done, _minutes_of(db, done), scope=scope),
        levels=len(_assessed(held)),
        old=sum(at < scope.now - OLD for at in _assessed(held)),
        met=count_met(pairs.history(db), scope=scope),
        rates=nudges.rates(db, since=scope.since),
    )


KIND = Kind(
    name="health",
    title=TITLE,
    compose=compose,
    covers=timedelta(days=31),
    readers=("lead", "admin"),
    private=True,
)


# --- pure -----------------------------------------------------------------------------------


def count_minutes(
    done: Iterable[Assignment], minutes: Mapping[int, int], *, scope: Scope
) -> dict[Track, int]:
    """Sum up by track what was finished in the time; `minutes` are those of each resource."""
    total: Counter[Track] = Counter()
    for one in done:
        if one.ended_at and scope.since < one.ended_at <= scope.now:
            total[one.track] += minutes.get(one.resource, 0)
    return dict(total)


def count_met(history: Iterable[PairRecord], *, scope: Scope) -> dict[bool | None, int]:
    """Count the pairs of the rounds in the time by whether they met; dissolved ones are none."""
    first, last = (at.astimezone(ZoneInfo(scope.zone)).date() for at in (scope.since, scope.now))
    days = (first.isoformat(), last.isoformat())
    return dict(
        Counter(p.met for p in history if p.dissolved_at is None and days[0] < p.day <= days[1])
    )


def say(found: Health, scope: Scope) -> Report:
    title = tr(
        "{report} from {start} to {end}",
        report=tr(TITLE),
        start=figures.when(scope.since),
        end=figures.when(scope.now),
    )
    mix, rest = makeup.say_shares(found.makeup), "\n".join(_say_rest(found))
    small = tr("These are sums: nobody is named, and nothing here says who is behind.")
    shown = [blocks.section(f"*{title}*\n{mix}"), blocks.section(rest), blocks.context(small)]
    picture = health_chart.draw(found.makeup.shares) if found.makeup.shares else None
    text = blocks.cut(f"{title}\n{mix}\n{rest}", blocks.SECTION)
    return Report(text, shown, picture, sheet.write(COLUMNS, _rows(found)))


def _say_rest(found: Health) -> Iterator[str]:
    yield from _say_skills(found.makeup)
    yield _say_learning(found.minutes)
    if found.levels:
        yield trn(
            "*Assessments* {old} of {count} level is older than 180 days.",
            "*Assessments* {old} of {count} levels are older than 180 days.",
            found.levels,
            old=found.old,
        )
    if pairs := sum(found.met.values()):
        yield trn(
            "*Pairs* {met} of {count} pair met, {silent} gave no answer.",
            "*Pairs* {met} of {count} pairs met, {silent} gave no answer.",
            pairs,
            met=found.met.get(True, 0),
            silent=found.met.get(None, 0),
        )
    if found.rates:
        yield tr("*Reminders acted on* {kinds}.", kinds=listed(_say_rates(found.rates)))


def _say_skills(found: Makeup) -> Iterator[str]:
    counts = [len(group) for group in (found.several, found.single, found.nobody)]
    if not any(counts):
        return
    yield tr(
        "*Skills* {several} that two people or more have, {single} that one alone has, {nobody} "
        "that nobody has.",
        several=counts[0],
        single=counts[1],
        nobody=counts[2],
    )
    critical = [name(skill) for skill in (*found.nobody, *found.single) if skill.critical]
    if critical:
        yield tr(
            "Critical ones that fewer than two people have: {skills}.", skills=listed(critical)
        )


def _say_learning(minutes: Mapping[Track, int]) -> str:
    if not minutes:
        return tr("*Learning* Nothing was finished.")
    tracks = [
        tr("{track} {hours}", track=tr(TRACKS[track]), hours=_hours(spent))
        for track, spent in sorted(minutes.items(), key=lambda item: -item[1])
    ]
    return tr(
        "*Learning* {hours} hours were finished: {tracks}.",
        hours=_hours(sum(minutes.values())),
        tracks=listed(tracks),
    )


def _say_rates(rates: Mapping[str, Rate]) -> list[str]:
    return [
        tr(
            "{kind} {share} of {count}",
            kind=tr(KINDS.get(kind, kind)),
            share=f"{rate.share:.0%}",
            count=rate.sent,
        )
        for kind, rate in sorted(rates.items(), key=lambda item: -item[1].share)
    ]


def _rows(found: Health) -> Iterator[Sequence[object]]:
    for share in found.makeup.shares:
        yield "people", share.discipline, share.people, share.target
    for count, group in (
        ("2+", found.makeup.several),
        ("1", found.makeup.single),
        ("0", found.makeup.nobody),
    ):
        for skill in group:
            yield "people with a skill", skill.name, count, None
    for track, spent in found.minutes.items():
        yield "hours finished", track, round(spent / 60, 2), None
    yield "levels older than 180 days", None, found.old, found.levels
    yield "pairs that met", None, found.met.get(True, 0), sum(found.met.values())
    for kind, rate in found.rates.items():
        yield "reminders acted on", kind, rate.acted, rate.sent


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}".removesuffix(".0")


def _assessed(held: Iterable[MemberSkill]) -> list[datetime]:
    return [one.assessed_at for one in held if one.have is not None and one.assessed_at]


def _minutes_of(db: Database, done: Iterable[Assignment]) -> dict[int, int]:
    found = (resources.get(db, number) for number in {one.resource for one in done})
    return {resource.id: resource.minutes for resource in found if resource}
