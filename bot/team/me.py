"""What Coach knows of one person, and what is due for them: /team me, and their part of Home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, Reply
from bot.commands.team import Me
from bot.language import listed, tr
from bot.team import digest, facts, lines, said
from bot.team.digest import History
from bot.team.membership import require_member
from bot.team.obligations import KINDS, Obligation
from bot.team.signals import obligations
from bot.team.signals.skills import name
from bot.wording import escape
from storage import learning, members, nudges, skills
from storage.database import opened
from storage.talent import Assignment, Member, MemberSkill, Nudge, Skill

SHOWN = 5  # of each list


def show(office: Office, asker: Asker, _: Me) -> Reply:
    with opened(office.settings.data_dir) as db:
        member = require_member(db, asker.user)
        shown = [
            blocks.section(say_profile(member)),
            _buttons(),
            blocks.section(_say_learning(db, member)),
            {"type": "divider"},
            *_due(db, office, member),
            blocks.context(say_nudges(nudges.of(db, member.user))),
        ]
    return Reply(lines.say(shown), shown)


def home_due(db: Database, office: Office, user: str) -> list[Block]:
    """Show on the Home tab what is due, with the buttons of a digest."""
    member = members.get(db, user)
    return _due(db, office, member) if member and member.active else []


def home_profile(db: Database, _: Office, user: str) -> list[Block]:
    member = members.get(db, user)
    if member is None or not member.active:
        return []
    return [blocks.section(say_profile(member)), _buttons()]


# --- words, pure ----------------------------------------------------------------------------


def say_profile(member: Member) -> str:
    """Say what is known of a member, in a few lines."""
    unknown = tr("not said")
    manager = f"<@{member.manager}>" if member.manager else unknown
    return "\n".join(
        [
            f"*{escape(member.name)}*",
            tr(
                "Discipline: {discipline}. Country, for its holidays: {country}. Manager: {manager}.",
                discipline=escape(member.discipline or unknown),
                country=member.country or unknown,
                manager=manager,
            ),
            tr(
                "You work {days} from {start} to {end} in {zone}.",
                days=say_days(member.work_days),
                start=member.works_from,
                end=member.works_to,
                zone=member.zone,
            ),
            _say_reminders(member),
            _say_company(member),
        ]
    )


def say_days(work_days: str) -> str:
    """Say the days of a week: `Mon, Tue`."""
    return listed(said.weekday(day) for day in work_days.split(","))


def say_nudges(sent: Sequence[Nudge]) -> str:
    """Say by day what somebody was reminded of, the newest first."""
    if not sent:
        return tr("Coach has not reminded you of anything yet.")
    days = list(dict.fromkeys(nudge.day for nudge in sent))[:SHOWN]
    told = [
        tr(
            "{day}: {kinds}",
            day=said.day(date.fromisoformat(day)),
            kinds=listed(dict.fromkeys(tr(KINDS.get(n.kind, "")) for n in sent if n.day == day)),
        )
        for day in days
    ]
    return tr("Reminded of: {told}.", told="; ".join(told))


def say_skill(skill: Skill, own: MemberSkill) -> str:
    if own.have is None:
        return tr("{skill} (wanted)", skill=name(skill))
    if own.want:
        return tr("{skill} {level} (wanted)", skill=name(skill), level=own.have)
    return f"{name(skill)} {own.have}"


def _say_reminders(member: Member) -> str:
    if member.digest_at is None:
        return tr("No morning message: it is turned off.")
    if member.paused_until:
        return tr(
            "Morning message at {time}, paused until {day}.",
            time=member.digest_at,
            day=said.date_of(date.fromisoformat(member.paused_until)),
        )
    return tr("Morning message at {time}.", time=member.digest_at)


def _say_company(member: Member) -> str:
    paired = tr("You are paired with others.") if member.matched else tr("You are not paired.")
    helps = (
        tr("You may be named to colleagues you could help.")
        if member.helps
        else tr("You are not named to colleagues as a help.")
    )
    return f"{paired} {helps}"


# --- parts ----------------------------------------------------------------------------------


def _buttons() -> Block:
    return blocks.actions(
        blocks.button(tr("Edit"), "me_edit", "me"),
        blocks.button(tr("Preferences"), "prefs_open", "me"),
    )


def _due(db: Database, office: Office, member: Member) -> list[Block]:
    """Show all that is owed and not answered, whether or not a digest carries it today."""
    now = office.clock()
    known = facts.gather(db, now, admins=office.settings.admins)
    owed = obligations(known, member, now)
    history = digest.read_history(db, member.user, known)
    left = [one for one in owed if is_open(one, history, known.calendar.local_day(member, now))]
    if not left:
        return [blocks.section(tr("Nothing is due for you."))]
    shown = lines.draw(left[:SHOWN], running=lines.newest(known, member))
    return [blocks.section(tr("*Due for you*")), *shown]


def is_open(one: Obligation, history: History, today: date) -> bool:
    """Tell whether somebody has still to answer a line; one that is snoozed is let alone."""
    response = history.responses.get(one.key)
    if response is None:
        return True
    return response.response == "snoozed" and not digest.sleeps(response, history, today)


def _say_learning(db: Database, member: Member) -> str:
    known = {skill.id: skill for skill in skills.all_skills(db)}
    own = [say_skill(known[number], one) for number, one in skills.of(db, member.user).items()]
    plan = [one for one in learning.of(db, member.user) if one.state == "open"]
    skills_ = listed(own) or tr("none noted yet; `/team skill have` notes one")
    return "\n".join(
        [
            tr("Skills: {skills}.", skills=skills_),
            tr("Plan: {plan}.", plan=listed(map(say_assignment, plan[:SHOWN])) or tr("nothing")),
        ]
    )


def say_assignment(assignment: Assignment) -> str:
    title = said.title(assignment.title)
    if assignment.due_on is None:
        return title
    return tr("{title} by {day}", title=title, day=said.day(date.fromisoformat(assignment.due_on)))
