"""Who can do what, as it is read: by how many have a skill, critical ones first, and one's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot import blocks
from bot.asking import Block, Office, Reply
from bot.language import current, listed, mark, tr, trn
from bot.team.signals.skills import KNOWS, name
from storage import members, skills
from storage.talent import MemberSkill, Skill

PEOPLE = 6  # named for one skill
LINES = 9_000  # characters of the list; all blocks of a message have some 13,000
OWN = 8  # on the Home tab
LEVELS = {
    "0": mark("0, not at all"),
    "1": mark("1, the basics"),
    "2": mark("2, with some help"),
    "3": mark("3, alone"),
    "4": mark("4, teaches others"),
}
COVERAGE = {
    2: mark("*Two or more have it*"),
    1: mark("*One person alone has it*"),
    0: mark("*Nobody has it yet*"),
}


@dataclass(frozen=True)
class Skills:
    """What the team can do."""

    listed: Sequence[Skill]
    held: Mapping[int, Sequence[MemberSkill]]  # by skill, the highest level first

    def having(self, skill: Skill) -> list[MemberSkill]:
        held = self.held.get(skill.id, ())
        return [one for one in held if one.have is not None and one.have >= KNOWS]

    def coverage(self, skill: Skill) -> int:
        """Count who has a skill: 0, 1, and 2 for more."""
        return min(2, len(self.having(skill)))


def gather(db: Database) -> Skills:
    held = defaultdict(list)
    for one in skills.held(db):
        held[one.skill].append(one)
    return Skills(skills.all_skills(db), held)


# --- the list, pure -------------------------------------------------------------------------


def say(found: Skills, *, lead: bool) -> Reply:
    """Show the list; where there is none, offer to a lead the one to begin with."""
    if not found.listed:
        return say_empty(lead=lead)
    counts = [sum(found.coverage(s) == n for s in found.listed) for n in (2, 1, 0)]
    head = trn("{count} skill", "{count} skills", len(found.listed))
    text = tr(
        "{skills}: two or more people have {two}, one alone has {one}, nobody has {none}.",
        skills=head,
        two=counts[0],
        one=counts[1],
        none=counts[2],
    )
    lines = [line for n, title in COVERAGE.items() for line in _group(found, n, title)]
    kept = list(_within(LINES, lines))
    shown = [blocks.section(part) for part in [text, *_parts(kept)]]
    if len(kept) < len(lines):
        shown.append(blocks.context(tr("There are more: `/team export skills` has them all.")))
    hint = tr(
        "Someone has a skill from level {level} on (0 not at all, 4 teaches others). "
        "Two people should have what is critical.",
        level=KNOWS,
    )
    return Reply(text, [*shown, blocks.context(hint), choices()])


def say_empty(*, lead: bool) -> Reply:
    text = tr("There is no list of skills yet.")
    if not lead:
        return Reply(text + tr(" A lead can begin one with `/team skill add`."))
    offer = tr(" Coach has one to begin with: skills and well-known things to learn them from.")
    add = blocks.button(tr("Add the starter list"), "starter_add", "all", style="primary")
    return Reply(text + offer, [blocks.section(text + offer), blocks.actions(add)])


def choices() -> Block:
    """Make the buttons by which a reader says what they know and want."""
    return blocks.actions(
        blocks.button(tr("I know this…"), "skill_pick:know", "know"),
        blocks.button(tr("I want this…"), "skill_pick:want", "want"),
    )


def ask_which(known: Sequence[Skill], *, wish: bool) -> Reply:
    """Ask which skill is meant."""
    text = tr("What do you want to learn?") if wish else tr("What do you know?")
    offered = {str(skill.id): plain_name(skill) for skill in sorted(known, key=plain_name)}
    menu = blocks.select("skill_want" if wish else "skill_know", tr("Choose a skill"), offered)
    return Reply(text, [blocks.section(text), blocks.actions(menu)])


def ask_level(skill: Skill) -> Reply:
    text = tr("How well do you know {skill}?", skill=name(skill))
    buttons = [
        blocks.button(tr(words), f"skill_level:{level}", f"{skill.id} {level}")
        for level, words in LEVELS.items()
    ]
    return Reply(text, [blocks.section(text), blocks.actions(*buttons)])


def plain_name(skill: Skill) -> str:
    """Call a skill in the reader's language, where nothing can be marked."""
    return (skill.zh if current() == "zh" else None) or skill.name


def _group(found: Skills, coverage: int, title: str) -> list[str]:
    """Say the skills that so many have, under their title; of which nobody spoke, on one line."""
    group = [skill for skill in found.listed if found.coverage(skill) == coverage]
    told = [_say(found, skill) for skill in group if skill.critical or found.held.get(skill.id)]
    rest = [name(skill) for skill in group if not skill.critical and not found.held.get(skill.id)]
    lines = [*told, *(["• " + listed(rest)] if rest else [])]
    return [tr(title), *lines] if lines else []


def _say(found: Skills, skill: Skill) -> str:
    parts = [tr("{skill} (critical)", skill=name(skill)) if skill.critical else name(skill)]
    held = found.held.get(skill.id, ())
    if having := [f"<@{one.user}> {one.have}" for one in held if one.have]:
        parts.append(_named(having))
    if wanting := [f"<@{one.user}>" for one in held if one.want]:
        parts.append(tr("wanted by {people}", people=_named(wanting)))
    return "• " + " · ".join(parts)


def _named(people: Sequence[str]) -> str:
    more = len(people) - PEOPLE
    rest = [trn("{count} more", "{count} more", more)] if more > 0 else []
    return listed([*people[:PEOPLE], *rest])


def _within(most: int, lines: Sequence[str]) -> Iterator[str]:
    """Give lines as long as all of them have no more characters."""
    for line in lines:
        most -= len(line) + 1
        if most < 0:
            return
        yield line


def _parts(lines: Sequence[str]) -> list[str]:
    """Put lines together as far as one section holds them."""
    parts = [""]
    for line in lines:
        if len(parts[-1]) + len(line) >= blocks.SECTION:
            parts.append("")
        parts[-1] = f"{parts[-1]}\n{line}".strip()
    return parts


# --- on the Home tab ------------------------------------------------------------------------


def home(db: Database, _: Office, user: str) -> list[Block]:
    """Show one's own skills, each with a menu that changes it in place."""
    if members.get(db, user) is None or not (known := skills.all_skills(db)):
        return []
    return say_own(known, skills.of(db, user))


def say_own(known: Sequence[Skill], own: Mapping[int, MemberSkill]) -> list[Block]:
    mine = [skill for skill in known if (one := own.get(skill.id)) and (one.have or one.want)]
    more = len(mine) - OWN
    head = blocks.section(tr("*My skills*"))
    rows = [_own(skill, own[skill.id]) for skill in mine[:OWN]]
    tail = [blocks.context(tr("`/team skill list` shows all."))] if more > 0 else []
    return [head, *rows, *tail, choices()]


def _own(skill: Skill, own: MemberSkill) -> Block:
    said = [tr(LEVELS[str(own.have)])] if own.have is not None else []
    said += [tr("wanted")] if own.want else []
    options = {f"{skill.id} {level}": tr(words) for level, words in LEVELS.items()}
    wish = f"{skill.id} {'unwant' if own.want else 'want'}"
    options[wish] = tr("don't want it any more") if own.want else tr("want to learn it")
    menu = blocks.select(f"skill_level:{skill.id}", tr("Change"), options)
    row = tr("{skill}: {levels}", skill=name(skill), levels=listed(said))
    return blocks.section(row, accessory=menu)
