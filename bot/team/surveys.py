"""Surveys: start one, answer it once, and see what it came to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot import blocks, figures, language
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import ListSurveys, StartSurvey, SurveyResults
from bot.language import tr, trn
from bot.rights import require
from bot.team import survey_results
from bot.team.survey_forms import answer_form, read_answers, read_questions, start_form
from bot.wording import escape
from storage import channels, deliveries, erasure, members, surveys
from storage.database import immediate, opened
from storage.records import Json
from storage.talent import Survey

SHOWN = 10
TITLE = 100  # characters
DAY = timedelta(days=1)


def list_surveys(office: Office, asker: Asker, _: ListSurveys) -> Reply:
    """Show the open surveys, with a button for those who are asked and haven't answered."""
    with opened(office.settings.data_dir) as db:
        found = surveys.open_surveys(db, office.clock())[:SHOWN]
        done = {one.id: surveys.participants(db, one.id) for one in found}
    if not found:
        return Reply(tr("No survey is open. `/team survey start` asks the team something."))
    lines = [_say(one, len(done[one.id])) for one in found]
    asked = [_is_asked(one, asker.user) and asker.user not in done[one.id] for one in found]
    shown = [
        blocks.section(line, accessory=_answer_button(one) if mine else None)
        for one, line, mine in zip(found, lines, asked, strict=True)
    ]
    return Reply("\n".join(lines), shown)


def _say(survey: Survey, took_part: int) -> str:
    return trn(
        "*{number}*  {title}, open until {when}; {part} of {count} person took part",
        "*{number}*  {title}, open until {when}; {part} of {count} people took part",
        len(survey.invited["users"]),
        number=survey.id,
        title=escape(survey.title),
        when=figures.when(survey.closes_at),
        part=took_part,
    )


def _is_asked(survey: Survey, user: str) -> bool:
    return user in survey.invited["users"]


def _answer_button(survey: Survey) -> Block:
    return blocks.button(tr("Answer"), "survey_answer", str(survey.id), style="primary")


# --- start ----------------------------------------------------------------------------------


async def open_start(office: Office, asker: Asker, _: StartSurvey) -> None:
    await asyncio.to_thread(require, office, asker, "lead", "committee")
    view = start_form(metadata=_metadata(asker))
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def take_start(office: Office, asker: Asker, values: Mapping[str, Any], _: str) -> Reply:
    """Open the survey to everybody on the team, and announce it."""
    require(office, asker, "lead", "committee")
    now, days = office.clock(), int(blocks.typed(values, "days"))
    with opened(office.settings.data_dir) as db, immediate(db):
        invited = [member.user for member in members.all_active(db)]
        if len(invited) < survey_results.LEAST:
            raise RefusalError(_too_few(len(invited)))
        survey = surveys.start(
            db,
            title=blocks.typed(values, "title")[:TITLE],
            questions=read_questions(blocks.typed(values, "questions")),
            channel=blocks.typed(values, "channel"),
            invited=invited,
            closes_at=now + days * DAY,
            by=asker.user,
            now=now,
        )
        _announce(office, db, survey)
    return Reply(
        tr(
            "Survey {number} is open until {when}. `/team survey results {number}` shows what it "
            "came to after that.",
            number=survey.id,
            when=figures.when(survey.closes_at),
        )
    )


def _too_few(people: int) -> str:
    return trn(
        "Coach knows {count} person on the team, and of fewer than {least} nobody is anonymous.",
        "Coach knows {count} people on the team, and of fewer than {least} nobody is anonymous.",
        people,
        least=survey_results.LEAST,
    )


def _announce(office: Office, db: Database, survey: Survey) -> None:
    with language.use(channels.speaks(db, survey.channel, default=office.settings.language)):
        body = announcement(survey)
    deliveries.put(
        db,
        key=f"survey:{survey.id}",
        channel=survey.channel,
        user=survey.asked_by,
        body=body,
        now=survey.opened_at,
        expires_at=survey.closes_at,
    )


def announcement(survey: Survey) -> Json:
    """Write what the channel reads of a new survey."""
    said = trn(
        "<@{by}> asks the team: *{title}*, {count} question, anonymous, until {when}.",
        "<@{by}> asks the team: *{title}*, {count} questions, anonymous, until {when}.",
        len(survey.questions["questions"]),
        by=survey.asked_by,
        title=escape(survey.title),
        when=figures.when(survey.closes_at),
    )
    shown = [blocks.section(said), blocks.actions(_answer_button(survey))]
    return {"text": said.replace("*", ""), "blocks": shown}


# --- answer ---------------------------------------------------------------------------------


async def open_answer(office: Office, asker: Asker, value: str) -> None:
    """Open a survey's form for who is asked and hasn't answered."""
    survey = await asyncio.to_thread(_find_to_answer, office, asker, int(value))
    view = answer_form(survey, metadata=_metadata(asker) | {"survey": survey.id})
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def take_answer(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    survey = _find_to_answer(office, asker, int(json.loads(metadata)["survey"]))
    answers = read_answers(survey, values)
    if not answers:
        return Reply(tr("Nothing was answered, so nothing was kept. You can still answer."))
    with opened(office.settings.data_dir) as db:
        kept = surveys.answer(db, survey.id, user=asker.user, answers=answers, now=office.clock())
    if not kept:
        return Reply(tr("You took part already, or it has closed: nothing was changed."))
    return Reply(tr("Thank you: your answers are in, and nothing tells that they are yours."))


def _find_to_answer(office: Office, asker: Asker, number: int) -> Survey:
    with opened(office.settings.data_dir) as db:
        survey = _find(db, number)
        took_part = asker.user in surveys.participants(db, number)
    if not _is_asked(survey, asker.user):
        raise RefusalError(
            tr("This survey asks those who were on the team when it began; guests are not asked.")
        )
    if survey.closes_at <= office.clock():
        raise RefusalError(tr("This survey has closed."))
    if took_part:
        raise RefusalError(
            tr("You took part already. Your answers can't be found again, so they can't change.")
        )
    return survey


def _find(db: Database, number: int) -> Survey:
    survey = surveys.get(db, number)
    if survey is None:
        raise RefusalError(
            tr(
                "There is no survey {number}. `/team survey list` shows the open ones.",
                number=number,
            )
        )
    return survey


# --- results --------------------------------------------------------------------------------


def show_results(office: Office, asker: Asker, command: SurveyResults) -> Reply:
    """Show a closed survey's results, to leads and the committee."""
    require(office, asker, "lead", "committee")
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        survey = _find(db, command.number)
        found = survey_results.results(survey, surveys.answers(db, survey.id), now)
    if found is None:
        return Reply(survey_results.say_none(survey, now))
    said = [
        f"*{escape(survey.title)}*",
        *(part for one in found for part in survey_results.say(one)),
    ]
    text = blocks.cut("\n".join(said), blocks.SECTION)
    return Reply(text, [blocks.section(part) for part in said])


async def mix(office: Office) -> None:
    """Rewrite the database's file once a survey has closed.

    Rows lie within a page in the order they were written, and who took part beside it: rewritten,
    both lie in the order of their keys.
    """
    await asyncio.to_thread(_mix, office)


def _mix(office: Office) -> None:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        newest = surveys.newest_closed(db, now)
        if newest is not None and newest.closes_at > now - 2 * DAY:
            erasure.compact(db)


def _metadata(asker: Asker) -> dict[str, Any]:
    return {"channel": asker.channel, "response_url": asker.response_url or ""}
