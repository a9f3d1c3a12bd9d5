"""Surveys: nothing joins an answer to its person, and below five nothing is shown, ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from records import NOON
from sqlite_utils import Database

from bot.asking import RefusalError
from bot.team import survey_results, surveys
from bot.team.survey_forms import read_questions
from bot.workspace.server import Workspace
from storage import audit, members, roles
from storage import surveys as kept
from storage.talent import Survey

DAY = timedelta(days=1)
QUESTIONS = [{"text": "Is the data good?", "kind": "scale"}, {"text": "Why?", "kind": "text"}]
CLOSES = NOON + 5 * DAY
SURVEY = Survey(
    1, "Data", {"questions": QUESTIONS}, "C1", "U9", NOON, CLOSES, {"users": ["U1", "U2"]}
)
ANSWERS = st.fixed_dictionaries(
    {}, optional={"0": st.sampled_from("12345"), "1": st.text(min_size=1, max_size=9)}
)


def start(db: Database, *, invited: Sequence[str] = ("U1", "U2")) -> Survey:
    more: dict[str, Any] = {"title": "Data", "questions": QUESTIONS, "channel": "C1"}
    return kept.start(db, **more, invited=invited, closes_at=CLOSES, by="U9", now=NOON)


# --- what is shown --------------------------------------------------------------------------


@given(st.lists(ANSWERS, max_size=12))
def test_below_five_nothing_is_shown_also_not_by_subtraction(answers: list[dict[str, str]]) -> None:
    """Look after every answer that arrives and at the end: all looks together show one result."""
    before = CLOSES - timedelta(seconds=1)
    looks = range(len(answers) + 1)
    seen = [survey_results.results(SURVEY, answers[:arrived], before) for arrived in looks]
    assert seen == [None] * len(seen)  # so there is nothing to subtract the end from
    found = survey_results.results(SURVEY, answers, CLOSES)
    assert (found is None) == (len(answers) < survey_results.LEAST)
    for number, one in enumerate(found or []):
        answered = [answer[str(number)] for answer in answers if str(number) in answer]
        shown = one.scores.total() if one.scores else len(one.texts or ())
        assert shown == (len(answered) if len(answered) >= survey_results.LEAST else 0)


def test_words_are_sorted_so_that_their_order_joins_no_answers() -> None:
    answers = [{"0": "3", "1": word} for word in ("e", "c", "a", "d", "b")]
    found = survey_results.results(SURVEY, answers, CLOSES)
    assert found is not None
    assert found[0].scores == Counter({3: 5})
    assert found[1].texts == ["a", "b", "c", "d", "e"]
    assert survey_results.say(found[1])[1].splitlines()[0] == "• a"


def test_a_question_too_few_answered_says_so_alone() -> None:
    found = survey_results.results(SURVEY, [{"0": "3"}] * 6 + [{"1": "secret"}], CLOSES)
    assert found is not None
    assert "secret" not in str(found)
    assert "Fewer than 5" in survey_results.say(found[1])[0]


def test_long_answers_fit_in_a_message() -> None:
    found = survey_results.results(SURVEY, [{"1": "字<" * 200}] * 40, CLOSES)
    assert found is not None
    paragraphs = survey_results.say(found[1])
    assert max(map(len, paragraphs)) <= 3_000
    assert paragraphs[-1].endswith("answers more")


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("How good?", ["scale"]),
        ("How good?\n\nWhat is missing? ?text", ["scale", "text"]),
        ("缺少什么？ ？text", ["text"]),
    ],
)
def test_questions_are_read_a_line_each(typed: str, kinds: list[str]) -> None:
    found = read_questions(typed)
    assert [one["kind"] for one in found] == kinds
    assert not any("text" in one["text"] for one in found)


@pytest.mark.parametrize("typed", ["", "a\n" * 6, "a" * 201])
def test_too_few_too_many_and_too_long_questions_are_refused(typed: str) -> None:
    with pytest.raises(RefusalError):
        read_questions(typed)


# --- what is kept ---------------------------------------------------------------------------


def test_participation_and_answers_share_nothing(db: Database) -> None:
    survey = start(db)
    assert kept.answer(db, survey.id, user="U1", answers={"0": "4"}, now=NOON)
    assert not kept.answer(db, survey.id, user="U1", answers={"0": "1"}, now=NOON)
    assert not kept.answer(db, survey.id, user="U2", answers={"0": "1"}, now=CLOSES)
    assert kept.participants(db, survey.id) == {"U1"}
    (row,) = db["survey_answers"].rows
    assert set(row) == {"survey", "nonce", "answers"}
    assert "WITHOUT ROWID" in db["survey_answers"].schema
    assert [change.action for change in audit.find(db)] == ["survey start"]


def test_answers_come_in_no_order_of_arrival(db: Database) -> None:
    """Of 12 answers a sorted random key gives the order of arrival once in 479 million times."""
    survey = start(db)
    arrived = [{"0": str(number)} for number in range(12)]
    for number, answers in enumerate(arrived):
        kept.answer(db, survey.id, user=f"U{number}", answers=answers, now=NOON)
    assert kept.answers(db, survey.id) != arrived
    assert sorted(map(str, kept.answers(db, survey.id))) == sorted(map(str, arrived))


# --- through the workspace ------------------------------------------------------------------


async def fill_in(desktop: Desktop, who: str, **values: Any) -> None:
    view = await desktop.workspace.wait_for_view(who)
    await desktop.workspace.submit_view(who, view["id"], values)


async def test_a_survey_from_its_start_to_its_results(workspace: Workspace, tmp_path: Path) -> None:
    team = ["ana", "bo", "cy", "di", "ed"]
    for name in team[2:]:
        await workspace.join(name)
    async with open_desktop(workspace, tmp_path) as desktop:
        office = desktop.office
        assert "a lead" in (await desktop.say("bo", "survey start", "/team")).text
        with desktop.database() as db:
            roles.give(db, desktop.user("ana"), "lead", by="U0", now=NOON)
            for name in team:
                more: dict[str, Any] = {"kind": "person", "zone": "UTC", "language": "en"}
                members.ensure(db, desktop.user(name), name=name, **more, now=NOON)
        await workspace.slash("ana", "general", "/team", "survey start")
        asked = "Is the data good?\nWhy? ?text"
        await fill_in(desktop, "ana", title="Data", questions=asked, channel="general", days="5")
        await workspace.wait_for(lambda m: "Survey 1 is open" in m.text)
        await desktop.outbox.drain()
        announced = await workspace.wait_for(lambda m: "asks the team" in m.text)
        for number, name in enumerate(team):
            await workspace.click(name, announced, "survey_answer")
            await fill_in(desktop, name, q0=str(number + 1), q1=f"because {number}")
        person = desktop.user("ed")
        await workspace.wait_for(lambda m: m.ephemeral_to == person and "Thank you" in m.text)
        again = await desktop.press("ed", announced, "survey_answer")
        assert "took part already" in again.text
        early = await desktop.say("ana", "survey results 1", "/team")
        assert "nothing before" in early.text
        with desktop.database() as db:
            db.execute("UPDATE surveys SET closes_at = opened_at")
        shown = await desktop.say("ana", "survey results 1", "/team")
        assert "3.0 of 5, by 5 people" in shown.text
        assert "because 4" in shown.text
        assert "a lead" in (await desktop.say("bo", "survey results 1", "/team")).text
        await surveys.mix(office)  # the file is rewritten in the order of keys
        with desktop.database() as db:
            assert len(kept.answers(db, 1)) == len(kept.participants(db, 1)) == len(team)
