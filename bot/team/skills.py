"""Skills: say what one knows and wants, assess others, and keep the list."""

from __future__ import annotations

from sqlite_utils import Database

from bot import blocks, rights
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import AddSkill, AssessSkill, HaveSkill, ShowSkills, WantSkill
from bot.language import tr
from bot.team import skill_list, starter
from bot.team.membership import is_lead, require_lead_of, require_member
from bot.team.signals.skills import name
from bot.team.skill_list import LEVELS
from bot.wording import code, did_you_mean
from storage import skills
from storage.database import immediate, opened
from storage.talent import Skill


def show(office: Office, asker: Asker, _: ShowSkills) -> Reply:
    with opened(office.settings.data_dir) as db:
        return skill_list.say(skill_list.gather(db), lead=is_lead(office, asker.user))


def have(office: Office, asker: Asker, command: HaveSkill) -> Reply:
    """Note the asker's own level."""
    with opened(office.settings.data_dir) as db:
        skill = skills.find(db, command.skill)
        if skill is None:
            return _say_unknown(db, command.skill, lead=is_lead(office, asker.user))
        return _set_level(office, db, asker, skill, command.level)


def want(office: Office, asker: Asker, command: WantSkill) -> Reply:
    with opened(office.settings.data_dir) as db:
        skill = skills.find(db, command.skill)
        if skill is None:
            return _say_unknown(db, command.skill, lead=is_lead(office, asker.user))
        return _set_want(office, db, asker, skill, wanted=True)


def assess(office: Office, asker: Asker, command: AssessSkill) -> Reply:
    """Note the level that somebody's manager, or a lead, sees."""
    if command.who == asker.user:
        raise RefusalError(tr("Your own level is noted by `/team skill have`."))
    with opened(office.settings.data_dir) as db, immediate(db):
        member = require_member(db, command.who)
        require_lead_of(office, asker, member)
        skill = skills.find(db, command.skill)
        if skill is None:
            return _say_unknown(db, command.skill, lead=is_lead(office, asker.user))
        now = office.clock()
        skills.assess(db, member.user, skill.id, command.level, by=asker.user, now=now)
    return Reply(
        tr(
            "Noted: <@{user}> has {skill} at level {level}, assessed by you today.",
            user=member.user,
            skill=name(skill),
            level=tr(LEVELS[str(command.level)]),
        )
    )


def add(office: Office, asker: Asker, command: AddSkill) -> Reply:
    """Add a skill to the list, as a lead or an admin."""
    rights.require(office, asker, "lead", "admin")
    with opened(office.settings.data_dir) as db:
        made = skills.add(
            db,
            command.name,
            zh=command.zh,
            critical=command.critical,
            by=asker.user,
            now=office.clock(),
        )
    if made is None:
        raise RefusalError(
            tr("{skill} is on the list: `/team skill list` shows it.", skill=code(command.name))
        )
    hint = "" if made.zh else tr(" `/team skill add` with `zh=` gives one its Chinese name too.")
    return Reply(tr("{skill} is on the list.", skill=name(made)) + hint)


# --- what buttons and menus do --------------------------------------------------------------


def press_pick(office: Office, asker: Asker, value: str) -> Reply:
    """Ask which skill one knows, or wants."""
    del asker
    with opened(office.settings.data_dir) as db:
        known = skills.all_skills(db)
    if not known:
        raise RefusalError(tr("There is no list of skills yet."))
    return skill_list.ask_which(known, wish=value == "want")


def press_know(office: Office, asker: Asker, value: str) -> Reply:
    """Ask how well one knows what was chosen."""
    del asker
    with opened(office.settings.data_dir) as db:
        return skill_list.ask_level(_get(db, value))


def press_want(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db:
        return _set_want(office, db, asker, _get(db, value), wanted=True)


def press_level(office: Office, asker: Asker, value: str) -> Reply:
    """Do as was chosen for a skill: `12 3`, `12 want` or `12 unwant`."""
    number, _, chosen = value.partition(" ")
    with opened(office.settings.data_dir) as db:
        skill = _get(db, number)
        if chosen in LEVELS:
            return _set_level(office, db, asker, skill, int(chosen))
        return _set_want(office, db, asker, skill, wanted=chosen == "want")


def press_add(office: Office, asker: Asker, value: str) -> Reply:
    return add(office, asker, AddSkill(value))


def press_starter(office: Office, asker: Asker, _: str) -> Reply:
    """Add the starter list, as a lead or an admin, and show what there is now."""
    rights.require(office, asker, "lead", "admin")
    with opened(office.settings.data_dir) as db:
        starter.add(db, by=asker.user, now=office.clock())
        shown = skill_list.say(skill_list.gather(db), lead=True)
    return Reply(shown.text, shown.blocks, replace=True)


# --- steps ----------------------------------------------------------------------------------


def _set_level(office: Office, db: Database, asker: Asker, skill: Skill, level: int) -> Reply:
    require_member(db, asker.user)
    skills.set_level(db, asker.user, skill.id, level, by=asker.user, now=office.clock())
    words = tr(LEVELS[str(level)])
    return Reply(tr("Noted: you have {skill} at level {level}.", skill=name(skill), level=words))


def _set_want(office: Office, db: Database, asker: Asker, skill: Skill, *, wanted: bool) -> Reply:
    require_member(db, asker.user)
    skills.set_want(db, asker.user, skill.id, wanted, by=asker.user, now=office.clock())
    if not wanted:
        return Reply(tr("{skill} is off your list.", skill=name(skill)))
    return Reply(
        tr(
            "You want to learn {skill}: sessions and things to learn will be chosen by it. "
            "`/team learn` shows some now.",
            skill=name(skill),
        )
    )


def _get(db: Database, number: str) -> Skill:
    skill = skills.get(db, int(number))
    if skill is None:
        raise RefusalError(tr("That skill is gone. `/team skill list` shows those there are."))
    return skill


def _say_unknown(db: Database, typed: str, *, lead: bool) -> Reply:
    """Say which skill was probably meant; a lead may add it instead."""
    known = [one for skill in skills.all_skills(db) for one in (skill.name, skill.zh) if one]
    text = tr(
        "There is no skill {skill} on the list.{meant} `/team skill list` shows them.",
        skill=code(typed),
        meant=did_you_mean(typed, known),
    )
    if not lead:
        return Reply(text + tr(" A lead can add one."))
    button = blocks.button(tr("Add it"), "skill_add", typed)
    return Reply(text, [blocks.section(text), blocks.actions(button)])
