"""A digest is short, comes once a local day, and never nags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from colleagues import DAY, HOUR, MONDAY, make_assignment, make_facts, make_member, make_obligation
from hypothesis import given
from hypothesis import strategies as st
from results import assert_postable, button_values
from sqlite_utils import Database

from bot import language
from bot.calendar import WorkCalendar
from bot.team import digest, lines
from bot.team.digest import MOST, History, compose
from bot.team.facts import Facts
from bot.team.obligations import KINDS, Act, Obligation, Rank
from storage import audit, deliveries, members, nudges
from storage.nudges import Sent
from storage.talent import Leave, Response

TODAY = date(2026, 3, 2)
ANA = make_member()


def said(key: str, response: str, *, until: str | None = None, days_ago: int = 1) -> Response:
    return Response(
        id=1,
        member="U1",
        obligation=key,
        kind="assignment",
        response=response,  # type: ignore[arg-type]
        at=MONDAY - days_ago * DAY,
        until=until,
    )


# --- what comes -----------------------------------------------------------------------------

OBLIGATIONS = st.lists(
    st.builds(
        make_obligation,
        st.integers(0, 30).map(str),
        kind=st.sampled_from(sorted(KINDS)),
        rank=st.sampled_from(Rank),
        timely=st.booleans(),
    ),
    unique_by=lambda one: one.key,
    max_size=15,
)
SENT = st.dictionaries(
    st.integers(0, 30).map(str),
    st.builds(Sent, st.integers(1, 3), st.dates(date(2026, 2, 1), date(2026, 3, 1))),
)


@given(OBLIGATIONS, SENT, st.frozensets(st.sampled_from(sorted(KINDS)), max_size=4))
def test_a_digest_is_short_in_order_and_says_nothing_a_third_time(
    owed: list[Obligation], sent: dict[str, Sent], last: frozenset[str]
) -> None:
    told = compose(owed, History(sent=sent), ANA, today=TODAY, last=last)
    assert len(told) <= MOST
    assert sum(one.rank is Rank.SUGGESTION for one in told) <= 1
    assert [(one.kind in last, one.rank) for one in told] == sorted(
        (one.kind in last, one.rank) for one in told
    )
    assert all(one.key not in sent or sent[one.key].times < 2 for one in told)
    assert all(one.timely for one in told)


@pytest.mark.parametrize(
    ("sent", "response", "comes"),
    [
        (None, None, True),
        (Sent(1, TODAY - 7 * DAY), None, True),
        (Sent(1, TODAY - 6 * DAY), None, False),  # it rests for a week
        (Sent(2, TODAY - 30 * DAY), None, False),
        (Sent(1, TODAY - DAY), said("1", "snoozed", until="2026-03-02"), True),
        (Sent(1, TODAY - DAY), said("1", "snoozed", until="2026-03-03"), False),
        (Sent(1, TODAY - DAY), said("1", "snoozed", until="2026-02-27", days_ago=4), False),
        (Sent(1, TODAY - DAY), said("1", "snoozed", until="run:8"), False),
        (Sent(1, TODAY - DAY), said("1", "snoozed", until="run:7"), True),
        (Sent(2, TODAY - DAY), said("1", "snoozed", until="2026-03-02"), False),
        (Sent(1, TODAY - 9 * DAY), said("1", "done"), False),
        (Sent(1, TODAY - 9 * DAY), said("1", "declined"), False),
    ],
)
def test_a_line_rests_sleeps_and_is_done(
    sent: Sent | None, response: Response | None, comes: bool
) -> None:
    history = History(
        sent={"1": sent} if sent else {},
        responses={"1": response} if response else {},
        open_jobs=frozenset({8}),
    )
    assert bool(compose([make_obligation("1")], history, ANA, today=TODAY)) is comes


def test_muted_kinds_are_left_out() -> None:
    quiet = make_member(muted=["assignment"])
    assert compose([make_obligation()], History(), quiet, today=TODAY) == []


# --- when it comes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "at", "due"),
    [
        ({}, "2026-03-02T08:59", False),
        ({}, "2026-03-02T09:00", True),
        ({}, "2026-03-02T10:00", True),  # the bot was down at nine
        ({}, "2026-03-02T18:30", False),
        ({}, "2026-03-01T09:30", False),  # Sunday
        ({"digested_on": "2026-03-02"}, "2026-03-02T09:30", False),
        ({"digest_at": None}, "2026-03-02T09:30", False),
        ({"digest_at": "07:00"}, "2026-03-02T08:00", False),  # quiet hours
        ({"digest_at": "20:00"}, "2026-03-02T09:00", True),  # with their hours at the latest
        ({"paused_until": "2026-03-03"}, "2026-03-02T09:30", False),
        ({"paused_until": "2026-03-02"}, "2026-03-02T09:30", True),
        ({"user": "UAWAY"}, "2026-03-02T09:30", False),
        ({"zone": "Asia/Shanghai"}, "2026-03-02T01:00", True),
    ],
)
def test_a_digest_is_due_in_ones_own_morning(changes: dict[str, str], at: str, due: bool) -> None:
    days = WorkCalendar({}, [Leave(1, "UAWAY", "2026-02-27", "2026-03-02")])
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert digest.is_due(make_member(**changes), days, now) is due


@pytest.fixture
def people(db: Database) -> None:
    for user, name in (("U1", "Ana"), ("U2", "Bo")):
        members.ensure(
            db, user, name=name, kind="person", zone="UTC", language="en", now=MONDAY - 400 * DAY
        )


def owing(*due: date) -> Facts:
    """Give facts in which U1 has something due on each of these days."""
    given = [make_assignment(id=n, due_on=day.isoformat()) for n, day in enumerate(due, start=1)]
    return make_facts(assignments={"U1": given}, led={"U2": given})


def put(db: Database, facts: Facts, now: datetime) -> list[str]:
    """Decide on the digests that are due, as a tick does, and list the keys of all so far."""
    due = [m for m in members.all_active(db) if digest.is_due(m, facts.calendar, now)]
    digest.put_digests(db, due, facts, now=now)
    return [row["key"] for row in db.query("SELECT key FROM deliveries ORDER BY id")]


@pytest.mark.usefixtures("people")
def test_who_crosses_the_date_line_gets_one_digest_a_local_date(db: Database) -> None:
    """Tokyo on Tuesday morning, then Honolulu, where it is still Monday."""
    facts = owing(date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6))
    for zone, at in [
        ("Asia/Tokyo", "2026-03-02T00:30"),  # Monday 9:30
        ("Asia/Tokyo", "2026-03-03T00:30"),  # Tuesday 9:30
        ("Pacific/Honolulu", "2026-03-03T00:40"),  # Monday 14:40, again
        ("Pacific/Honolulu", "2026-03-03T19:30"),  # Tuesday 9:30, again
        ("Pacific/Honolulu", "2026-03-04T19:30"),  # Wednesday
        ("Asia/Tokyo", "2026-03-05T05:00"),  # Thursday 14:00
    ]:
        members.change(db, "U1", by="U1", now=MONDAY, zone=zone)
        keys = put(db, facts, datetime.fromisoformat(at).replace(tzinfo=UTC))
    days = [key.removeprefix("digest:U1:2026-03-0") for key in keys]
    assert days == sorted(set(days))
    assert days[:2] == ["2", "3"]


@pytest.mark.usefixtures("people")
def test_with_nothing_to_say_nothing_is_sent_that_day(db: Database) -> None:
    assert put(db, make_facts(), MONDAY) == []
    assert put(db, owing(TODAY), MONDAY + 2 * HOUR) == []
    assert put(db, owing(TODAY), MONDAY + DAY) == ["digest:U1:2026-03-03"]


@pytest.mark.usefixtures("people")
def test_a_digest_is_put_once_and_ends_with_the_working_day(db: Database) -> None:
    assert put(db, owing(TODAY), MONDAY) == put(db, owing(TODAY), MONDAY + timedelta(minutes=1))
    delivery = deliveries.get(db, "digest:U1:2026-03-02")
    assert delivery is not None
    assert delivery.expires_at == datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert MONDAY <= delivery.due_at < MONDAY + digest.SPREAD
    assert nudges.sent(db, "U1") == {"assignment:1": Sent(1, TODAY)}


@pytest.mark.usefixtures("people")
def test_a_digest_that_never_arrived_was_no_nudge(db: Database) -> None:
    put(db, owing(TODAY), MONDAY)
    deliveries.cancel(db, "digest:U1:", why="expired")
    assert nudges.sent(db, "U1") == {}


@pytest.mark.usefixtures("people")
def test_two_weeks_of_an_ignored_assignment_are_three_lines(db: Database) -> None:
    """Two before it is due, one when it is overdue; then silence."""
    for day in range(14):
        put(db, owing(date(2026, 3, 6)), MONDAY + day * DAY)
    days = [nudge.day for nudge in nudges.of(db, "U1")]
    assert days == ["2026-03-09", "2026-03-05", "2026-03-03"]
    owner = [nudge.obligation for nudge in nudges.of(db, "U2")]
    assert owner == ["assignment:1:owner"]


@pytest.mark.usefixtures("people")
def test_how_often_a_kind_is_acted_on_is_counted(db: Database) -> None:
    nudges.note_sent(
        db, "U1", [("a", "survey"), ("b", "survey"), ("c", "skill")], day=TODAY, now=MONDAY
    )
    for key, response in [("a", "opened"), ("b", "declined")]:
        nudges.respond(db, "U1", key, kind="survey", response=response, now=MONDAY)  # type: ignore[arg-type]
    rates = nudges.rates(db, since=MONDAY - DAY)
    assert (rates["survey"].share, rates["skill"].share) == (0.5, 0)
    assert nudges.responses(db, "U1").keys() == {"b"}


# --- how it looks ---------------------------------------------------------------------------


def five(text: str) -> Sequence[Obligation]:
    act = Act("Fill in", "interview_score", "7")
    return [make_obligation(f"score:{n}", text=text, act=act) for n in range(MOST)]


@pytest.mark.parametrize("text", ["评估" * 2_000, "&lt;" * 1_000, "a line"])
def test_five_lines_of_any_length_are_within_slacks_limits(text: str) -> None:
    with language.use("zh"):
        body = lines.message(five(text), running=12)
    assert_postable(body["text"], body["blocks"])
    settled = body["blocks"]
    for n in range(MOST):
        settled = lines.settle(settled, f"score:{n}", "Done.")
    assert_postable(lines.say(settled), settled)
    assert not button_values(settled)


def test_the_text_says_every_line_and_a_settled_one_is_struck() -> None:
    body = lines.message([make_obligation("a"), make_obligation("b")], running=None)
    assert "• The line of a." in body["text"]
    after = lines.settle(body["blocks"], "a", "Done.")
    assert "~The line of a.~" in lines.say(after)
    assert len([block for block in after if block["type"] == "actions"]) == 1


@pytest.mark.usefixtures("people")
def test_turning_reminders_off_is_audited(db: Database) -> None:
    members.change(db, "U1", by="U1", now=MONDAY, digest_at=None, name="Ana")
    (change,) = audit.find(db, "profile")
    assert (change.subject, change.before, change.after) == (
        "<@U1>", "digest_at=09:00", "digest_at=None",
    )  # fmt: skip
