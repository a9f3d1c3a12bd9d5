"""What a pair is told: why these people, how to begin, which hours they share; then whether they met."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from zoneinfo import ZoneInfo

from bot import blocks, language
from bot.asking import Block
from bot.language import listed, mark, tr, trn
from bot.team.pairing import Met
from bot.team.said import day
from bot.wording import escape
from storage.records import Json
from storage.talent import Member, PairRecord, Skill

SHOWN_HOURS = 3
OPENERS = (
    mark("Show each other something you made this month, and what you would do differently."),
    mark("Which part of the other's work do you understand least? Ask about it."),
    mark("What did you believe a year ago about our models that turned out wrong?"),
    mark("Which decision of this month would you like a second opinion on?"),
    mark("Look at ten rows of data together and say what a model would get wrong."),
    mark("What takes you longest every week, and who else has that trouble?"),
    mark("Which failed attempt has taught you most?"),
    mark("If you swapped jobs for a day, what would you try first?"),
)


@dataclass(frozen=True)
class Together:
    """Who meets, and what is known of them."""

    pair: PairRecord
    people: Sequence[Member]
    met: Met  # before this round
    topics: Collection[Skill]  # that all of them have or want
    hours: Sequence[tuple[datetime, datetime]]  # that all of them work, in UTC
    moved: bool = False  # they were in other pairs of this round, from which somebody left


def say_all(together: Together) -> list[str]:
    """Say who meets, why, how to begin, and when, a paragraph each."""
    paragraphs = [
        _say_who(together),
        " ".join(say_why(together)),
        tr("*To begin* {opener}", opener=tr(OPENERS[together.pair.id % len(OPENERS)])),
        "\n".join(say_hours(together)),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def message(together: Together) -> Json:
    """Make what the pair reads in its own conversation."""
    said = say_all(together)
    hint = tr(
        "`/team pair` shows this again. There you can say, for nobody else to see, whom you would "
        "rather not be paired with."
    )
    return {
        "text": "\n".join([*said, hint]),
        "blocks": [*map(blocks.section, said), blocks.context(hint)],
    }


def ask_back(pair: PairRecord) -> Json:
    """Make the question whether they met."""
    asked = tr("Have you met, {people}?", people=say_people(pair.users))
    return {"text": asked, "blocks": [blocks.section(asked), blocks.actions(*met_buttons(pair))]}


def met_buttons(pair: PairRecord) -> list[Block]:
    number = str(pair.id)
    return [
        blocks.button(tr("We met"), "pair_met", number, style="primary"),
        blocks.button(tr("We didn't"), "pair_unmet", number),
    ]


def say_why(together: Together) -> list[str]:
    """Say what spoke for these people, a sentence each."""
    reasons = [_say_since(together)]
    fields = sorted({person.discipline for person in together.people if person.discipline})
    if len(fields) > 1:
        named = escape(listed(fields))
        reasons.append(tr("You work in different disciplines: {listed}.", listed=named))
    if together.topics:
        names = ", ".join(sorted(skill_name(skill) for skill in together.topics)[:SHOWN_HOURS])
        reasons.append(tr("You have topics in common: {names}.", names=escape(names)))
    return reasons


def say_hours(together: Together) -> list[str]:
    """Say the first hours they share, in the zone of each, a line a time."""
    zones = list(dict.fromkeys(person.zone for person in together.people))
    lines = [_say_window(start, end, zones) for start, end in together.hours[:SHOWN_HOURS]]
    return [tr("*Hours you share*"), *lines] if lines else []


def say_people(users: Iterable[str]) -> str:
    *first, last = (f"<@{user}>" for user in users)
    return tr("{people} and {last}", people=", ".join(first), last=last) if first else last


def skill_name(skill: Skill) -> str:
    """Name a skill in the language that is spoken."""
    return skill.zh if skill.zh and language.current() == "zh" else skill.name


def language_of(people: Sequence[Member]) -> str:
    """Choose what a group is spoken to in: the language of all, else the one they surely share."""
    spoken = {person.language for person in people}
    return spoken.pop() if len(spoken) == 1 else next(iter(language.LANGUAGES))


def _say_who(together: Together) -> str:
    people = say_people(together.pair.users)
    if together.moved:
        return tr("{people}: somebody can't take part, so you are a new group.", people=people)
    return tr("{people}, you are paired for these two weeks.", people=people)


def _say_since(together: Together) -> str:
    two = (frozenset(pair) for pair in combinations(together.pair.users, 2))
    rounds = min((together.met[pair] for pair in two if pair in together.met), default=None)
    if rounds is None:
        return tr("You have not been paired before.")
    return trn(
        "You were last paired {count} round ago.",
        "You were last paired {count} rounds ago.",
        rounds,
    )


def _say_window(start: datetime, end: datetime, zones: Iterable[str]) -> str:
    """Say a time as each clock shows it, the places with one clock together."""
    places: dict[str, list[str]] = {}
    for zone in map(ZoneInfo, zones):
        there, until = start.astimezone(zone), end.astimezone(zone)
        clock = f"{day(there.date())} {there:%H:%M}–{until:%H:%M}"
        places.setdefault(clock, []).append(zone.key.rpartition("/")[2].replace("_", " "))
    return " = ".join(f"{clock} {listed(names)}" for clock, names in places.items())


def common_topics(
    people: Iterable[str], topics: Mapping[str, frozenset[int]], skills: Iterable[Skill]
) -> list[Skill]:
    """Give the skills that everybody has or wants."""
    sets = [topics.get(user, frozenset()) for user in people]
    shared = frozenset.intersection(*sets) if sets else frozenset()
    return [skill for skill in skills if skill.id in shared]
