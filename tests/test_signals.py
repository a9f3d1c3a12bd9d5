"""Each signal says what is owed, to whom, from when on and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from colleagues import (
    DAY,
    HOUR,
    MONDAY,
    make_assignment,
    make_facts,
    make_failed,
    make_held,
    make_interview,
    make_member,
    make_occurrence,
    make_resource,
)
from results import make_dataset

from bot import language
from bot.calendar import WorkCalendar
from bot.team import FEATURE
from bot.team.facts import Facts
from bot.team.obligations import KINDS, Obligation, Rank
from bot.team.signals import ignored, obligations
from storage.firsts import Firsts
from storage.nudges import Rate
from storage.records import Model, Promotion
from storage.talent import Leave, Member, Skill, Survey, ThankYou

ANA, BO = make_member("U1"), make_member("U2")


def keys(facts: Facts, reader: Member = ANA, now: datetime = MONDAY) -> list[str]:
    return [one.key for one in obligations(facts, reader, now)]


def only(facts: Facts, reader: Member = ANA, now: datetime = MONDAY) -> Obligation:
    (one,) = obligations(facts, reader, now)
    return one


# --- runs -----------------------------------------------------------------------------------


def twice(**changes: Any) -> Facts:
    """Two runs of U1 that ran out of memory, and something that mends it."""
    values = {
        "failed": {"U1": [make_failed(3), make_failed(9)]},
        "resources": {3: make_resource(mends="out_of_memory")},
    }
    return make_facts(**values | changes)


def test_the_same_failure_twice_brings_what_mends_it_to_its_person_alone() -> None:
    one = only(twice())
    assert (one.key, one.rank, one.nudges) == ("failure:out_of_memory:9", Rank.SUGGESTION, 1)
    assert "*Smaller steps* (10 min) helps" in one.text
    assert "Jobs 3 and 9" in one.why
    lead = make_member("U2")
    assert keys(twice(leads=frozenset({"U2"}), committee=frozenset({"U2"})), lead) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"failed": {"U1": [make_failed(3), make_failed(9, "nan_loss")]}},
        {"failed": {"U1": [make_failed(3, "killed"), make_failed(9, "killed")]}},
        {"resources": {}},
        {"marks": {("U1", 3): frozenset({"done"})}},
    ],
)
def test_one_failure_a_machines_fault_or_no_help_is_no_line(changes: dict[str, Any]) -> None:
    assert keys(twice(**changes)) == []


def test_a_cause_that_was_spoken_of_keeps_its_line_for_thirty_days() -> None:
    told = {("U1", "out_of_memory"): "failure:out_of_memory:2"}
    assert keys(twice(told=told)) == ["failure:out_of_memory:2"]


@pytest.mark.parametrize(("helps", "named"), [(True, True), (False, False)])
def test_a_colleague_is_named_only_where_they_opted_in(helps: bool, named: bool) -> None:
    cy = make_member("U3", helps=helps)
    facts = twice(members={"U1": ANA, "U3": cy}, recovered={"out_of_memory": ("U1", "UGONE", "U3")})
    assert ("<@U3>" in only(facts).text) is named


def promoted(**changes: Any) -> Facts:
    """Bo promoted Ana's model, trained on Cy's data."""
    promotion = Promotion(
        id=4, alias="sentiment", version=2, model=12, previous=None, by="U2", at=MONDAY - DAY
    )
    model = Model(
        id=12, attempt=1, dataset_hash="d", base_model="b", method="full", path="p", summary={},
        created_by="U1", created_at=MONDAY - DAY,
    )  # fmt: skip
    data = make_dataset()
    cy = make_member("U3")
    values = {"promotions": [(promotion, model, data)], "members": {"U1": ANA, "U2": BO, "U3": cy}}
    return make_facts(**values | changes)


def test_a_promotion_suggests_thanks_and_a_talk() -> None:
    assert keys(promoted(), BO) == ["thanks:4:U1"]
    assert keys(promoted()) == ["talk:4"]
    thanked = ThankYou(id=1, sender="U2", receiver="U1", words="", channel="C1", at=MONDAY - HOUR)
    assert keys(promoted(thanks=[thanked]), BO) == []


# --- hiring ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "owed", "escalated"),
    [
        (MONDAY - HOUR / 2, False, False),
        (MONDAY - 2 * HOUR, True, False),
        (MONDAY - 3 * DAY, True, False),  # Friday: one working day ago
        (MONDAY - 4 * DAY, True, True),  # Thursday: two
        (MONDAY - 14 * DAY, True, True),  # ten
        (MONDAY - 17 * DAY, False, False),  # eleven
    ],
)
def test_a_scorecard_is_owed_to_the_tenth_day_and_its_owner_hears_after_the_second(
    ended: datetime, owed: bool, escalated: bool
) -> None:
    facts = make_facts(owed=[make_interview(ends_at=ended)], owners={"C-014": "U2"})
    assert (keys(facts) == ["score:7"]) is owed
    assert (keys(facts, BO) == ["score:7:owner"]) is escalated


def test_a_scorecard_comes_every_day_and_names_no_candidate() -> None:
    one = only(make_facts(owed=[make_interview()]))
    assert (one.nudges, one.pause, one.rank) == (10, 1, Rank.BLOCKS_OTHERS)
    assert "C-014" not in one.text + one.why


# --- learning -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "rank", "timely"),
    [
        (date(2026, 3, 6), None, False),  # Friday, four working days away
        (date(2026, 3, 5), Rank.DUE, True),
        (date(2026, 3, 4), Rank.DUE, False),
        (date(2026, 3, 3), Rank.DUE, True),
        (date(2026, 3, 2), Rank.DUE, True),
        (date(2026, 3, 1), Rank.OVERDUE, True),  # a Sunday: due on Friday, overdue on Monday
        (date(2026, 2, 26), Rank.OVERDUE, False),
    ],
)
def test_an_assignment_is_timely_three_days_and_one_day_before_and_once_after(
    due: date, rank: Rank | None, timely: bool
) -> None:
    facts = make_facts(assignments={"U1": [make_assignment(due_on=due.isoformat())]})
    found = obligations(facts, ANA, MONDAY)
    assert [(one.rank, one.timely) for one in found] == ([(rank, timely)] if rank else [])


def test_what_is_due_on_a_holiday_is_reminded_of_on_the_working_day_before() -> None:
    closed = {("CN", date(2026, 3, 5)): False, ("CN", date(2026, 3, 6)): False}
    facts = make_facts(
        calendar=WorkCalendar(closed),
        assignments={"U1": [make_assignment(due_on="2026-03-06")]},
    )
    chinese = make_member("U1", country="CN")
    wednesday = MONDAY + 2 * DAY
    one = only(facts, chinese, wednesday)
    assert (one.rank, one.timely) == (Rank.DUE, True)


def test_who_is_away_is_reminded_by_their_own_working_days() -> None:
    away = Leave(id=1, user="U1", starts_on="2026-03-03", ends_on="2026-03-05")
    facts = make_facts(
        calendar=WorkCalendar({}, [away]),
        assignments={"U1": [make_assignment(due_on="2026-03-05")]},
    )
    assert only(facts).timely


def test_the_plans_owner_hears_once_of_what_is_two_days_overdue() -> None:
    facts = make_facts(led={"U2": [make_assignment(due_on="2026-02-26")]})
    one = only(facts, BO)
    assert (one.key, one.nudges) == ("assignment:12:owner", 1)
    learns = make_assignment(user="U2", due_on="2026-02-26")
    own = make_facts(assignments={"U2": [learns]}, led={"U2": [learns]})
    assert keys(own, BO) == ["assignment:12"]


def test_titles_are_escaped() -> None:
    facts = make_facts(assignments={"U1": [make_assignment(due_on="2026-03-03")]})
    assert "*Deep learning &lt;at&gt; scale*" in only(facts).text


@pytest.mark.parametrize(("days", "asked"), [(179, False), (181, True)])
def test_an_assessment_older_than_180_days_is_asked_for(days: int, asked: bool) -> None:
    held = make_held(have=3, assessed_at=MONDAY - days * DAY)
    facts = make_facts(held={"U1": [held]}, skills={1: Skill(1, "pytorch", critical=False)})
    assert bool(keys(facts)) is asked


@pytest.mark.parametrize(
    ("levels", "critical", "said"),
    [((3,), True, True), ((3, 2), True, False), ((3, 1), True, True), ((3,), False, False)],
)
def test_leads_hear_of_a_critical_skill_that_one_person_alone_has(
    levels: tuple[int, ...], critical: bool, said: bool
) -> None:
    held = {f"U{n}": [make_held(f"U{n}", have=level)] for n, level in enumerate(levels, start=5)}
    facts = make_facts(
        held=held, skills={1: Skill(1, "evals", critical=critical)}, leads=frozenset({"U2"})
    )
    assert keys(facts, BO) == (["alone:1:U5"] if said else [])
    assert keys(facts) == []


# --- sessions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "answers", "shown"),
    [
        ({}, {}, True),
        ({}, {"U1": "no"}, False),
        ({"starts_at": MONDAY + 12 * HOUR}, {}, False),  # in the evening
        ({"starts_at": MONDAY + 12 * HOUR}, {"U1": "yes"}, True),
        ({"starts_at": MONDAY + 12 * HOUR, "host": "U1"}, {}, True),
        ({"starts_at": MONDAY - 2 * HOUR}, {"U1": "yes"}, False),  # over
        ({"starts_at": MONDAY + DAY}, {"U1": "yes"}, False),
    ],
)
def test_todays_session_is_shown_to_who_may_come(
    changes: dict[str, Any], answers: dict[str, str], shown: bool
) -> None:
    facts = make_facts(occurrences=[make_occurrence(**changes)], answers={5: answers})
    assert (keys(facts) == ["session:5"]) is shown


def test_a_session_after_the_weekend_on_a_wanted_skill_brings_its_pre_read() -> None:
    friday = MONDAY + 4 * DAY
    values: dict[str, Any] = {
        "occurrences": [make_occurrence(starts_at=friday + 3 * DAY, pre_read=3, host="U2")],
        "session_skills": {4: [1]},
        "resources": {3: make_resource()},
    }
    assert keys(make_facts(held={"U1": [make_held(want=True)]}, **values), now=friday) == [
        "pre-read:5"
    ]
    assert keys(make_facts(held={"U1": [make_held(have=2)]}, **values), now=friday) == []
    read = {"held": {"U1": [make_held(want=True)]}, "marks": {("U1", 3): frozenset({"done"})}}
    assert keys(make_facts(**read, **values), now=friday) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"starts_at": MONDAY + 7 * DAY}, True),  # five working days ahead
        ({"starts_at": MONDAY + 8 * DAY}, False),
        ({"starts_at": MONDAY + 7 * DAY, "host": "U1"}, False),
        ({"starts_at": MONDAY + 7 * DAY, "kind": "equity"}, False),
    ],
)
def test_the_organiser_hears_of_a_session_without_a_host(
    changes: dict[str, Any], said: bool
) -> None:
    facts = make_facts(occurrences=[make_occurrence(**changes)])
    assert keys(facts, BO) == (["host:5"] if said else [])
    assert keys(facts) == []


def test_leads_look_for_a_host_where_the_organiser_left() -> None:
    date_ = make_occurrence(starts_at=MONDAY + 7 * DAY, organiser="UGONE")
    assert keys(make_facts(occurrences=[date_], leads=frozenset({"U1"}))) == ["host:5"]


# --- the rest -------------------------------------------------------------------------------


def test_the_committee_hears_of_data_sets_that_nobody_signed_off() -> None:
    facts = make_facts(unreviewed=[make_dataset()], committee=frozenset({"U2"}))
    assert "`reviews`" in only(facts, BO).text
    assert keys(facts) == []


@pytest.mark.parametrize(
    ("opened", "closes", "timely"), [(0, 7, True), (4, 7, False), (9, 0.5, True), (9, 1, True)]
)
def test_a_survey_is_asked_on_its_first_and_last_day(
    opened: float, closes: float, timely: bool
) -> None:
    survey = Survey(
        id=2, title="How is it?", questions={}, channel="C1", asked_by="U2",
        opened_at=MONDAY - opened * DAY, closes_at=MONDAY + closes * DAY,
        invited={"users": ["U1", "U2"]},
    )  # fmt: skip
    facts = make_facts(surveys=[survey], took_part={2: frozenset({"U2"})})
    assert only(facts).timely is timely
    assert keys(facts, BO) == []


@pytest.mark.parametrize(
    ("day", "firsts", "said"),
    [
        (0, Firsts(), []),
        (1, Firsts(), ["first:dataset"]),
        (7, Firsts(), ["first:dataset"]),
        (8, Firsts(dataset=MONDAY - 20 * DAY), ["first:run"]),
        (8, Firsts(dataset=MONDAY - DAY), ["did:dataset", "first:run"]),
        (31, Firsts(dataset=MONDAY - 20 * DAY, run=MONDAY - 20 * DAY), ["first:promotion"]),
        (31, Firsts(dataset=MONDAY - 20 * DAY), []),  # the run was asked for in its time
        (91, Firsts(), ["first:talk"]),
        (60, Firsts(), []),
        (60, Firsts(talk=MONDAY - DAY), ["did:talk"]),
    ],
)
def test_a_newcomers_first_steps_are_congratulated_or_suggested(
    day: int, firsts: Firsts, said: list[str]
) -> None:
    new = make_member("U1", joined_at=MONDAY - day * DAY)
    assert sorted(keys(make_facts(firsts={"U1": firsts}), new)) == said


def test_leads_hear_of_a_kind_that_hardly_anyone_acts_on() -> None:
    rates = {"survey": Rate(10, 1), "skill": Rate(10, 2), "session": Rate(9, 0)}
    assert ignored.demoted(rates) == {"survey"}
    facts = make_facts(rates=rates, leads=frozenset({"U2"}))
    assert keys(facts, BO) == ["ignored:survey"]
    assert keys(facts) == []


def test_every_kind_can_be_muted_and_every_button_pressed() -> None:
    everything = make_facts(
        owed=[make_interview(interviewer="U2")],
        occurrences=[make_occurrence(starts_at=MONDAY + DAY)],
        assignments={"U2": [make_assignment(user="U2", due_on="2026-03-03")]},
        unreviewed=[make_dataset()],
        committee=frozenset({"U2"}),
        promotions=promoted().promotions,
    )
    found = obligations(everything, BO, MONDAY)
    assert len(found) == 5
    assert {one.kind for one in found} <= KINDS.keys()
    assert len(KINDS) <= 100  # options of a menu in Slack's forms
    assert all(one.act is None or one.act.action in FEATURE.buttons for one in found)
    assert not any(" " in one.key for one in found)
    assert [one.rank for one in found] == sorted(one.rank for one in found)


def test_days_and_skills_are_said_in_the_readers_language() -> None:
    held = make_held(have=3, assessed_at=datetime(2025, 1, 7, tzinfo=UTC))
    skills = {1: Skill(1, "evaluation", critical=False, zh="评测")}
    with language.use("zh"):
        one = only(make_facts(held={"U1": [held]}, skills=skills))
    assert "*评测*" in one.text
    assert "1月7日" in one.why
