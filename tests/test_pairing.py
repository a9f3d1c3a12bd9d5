"""Pairs: everyone once, never whom they must not meet, seldom the same twice; and who drops out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
import pytest_asyncio
from colleagues import DAY, HOUR, MONDAY, make_member
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from results import assert_postable
from sqlite_utils import Database

from bot import language
from bot.calendar import WorkCalendar
from bot.report import pairing as report
from bot.report.kinds import Scope
from bot.settings import BotSettings
from bot.team import hours, introduce, rounds
from bot.team.pairing import Acquaintance, Mate, match, rounds_since
from bot.workspace.server import Workspace
from storage import audit, deliveries, members, pairs
from storage.talent import Leave, PairRecord

ALWAYS = (1 << hours.WEEK) - 1
TODAY = MONDAY.date()


def mate(user: str, discipline: str = "engineer", *, free: int = ALWAYS) -> Mate:
    return Mate(user, discipline, free)


def two(a: str, b: str) -> frozenset[str]:
    return frozenset((a, b))


# --- matching -------------------------------------------------------------------------------

USERS = [f"U{number}" for number in range(9)]
MATES = st.lists(
    st.builds(mate, st.sampled_from(USERS), free=st.sampled_from([ALWAYS, 0b1111, 0b1111 << 8, 1])),
    unique_by=lambda one: one.user,
)
COUPLES = st.sampled_from([two(a, b) for a, b in combinations(USERS, 2)])


@given(MATES, st.frozensets(COUPLES), st.dictionaries(COUPLES, st.integers(1, 20)), st.integers())
def test_everybody_who_may_meet_somebody_is_in_one_group_and_nobody_meets_whom_they_must_not(
    mates: list[Mate], blocks: frozenset[frozenset[str]], met: dict[frozenset[str], int], seed: int
) -> None:
    known = Acquaintance(met, blocks)
    groups = match(mates, known, seed=seed)
    by_user = {one.user: one for one in mates}
    seated = [user for group in groups for user in group]
    assert len(seated) == len(set(seated))
    for group in groups:
        assert 2 <= len(group) <= 3
        assert known.may_meet([by_user[user] for user in group])
    left = [one for one in mates if one.user not in seated]
    assert not any(known.may_meet(couple) for couple in combinations(left, 2))
    assert groups == match(list(reversed(mates)), known, seed=seed)


def test_nobody_is_left_out_where_all_may_meet() -> None:
    assert sorted(map(len, match([mate(user) for user in USERS], Acquaintance({}), seed=1))) == [
        2,
        2,
        2,
        3,
    ]


def test_whoever_is_odd_joins_those_they_have_met_the_least() -> None:
    known = Acquaintance({two("U0", "U1"): 1, two("U0", "U2"): 1, two("U1", "U2"): 2})
    assert match([mate(user) for user in USERS[:3]], known, seed=0) == [("U0", "U1", "U2")]


def test_people_of_different_disciplines_are_preferred_until_they_have_met() -> None:
    mates = [mate("U0"), mate("U1"), mate("U2", "designer"), mate("U3", "designer")]
    met: list[list[tuple[str, ...]]] = []
    crossed = []
    for number in range(3):
        groups = match(mates, Acquaintance(rounds_since(met)), seed=number)
        met.append(groups)
        crossed.append(all({"U0", "U1"} != set(group) != {"U2", "U3"} for group in groups))
    assert crossed == [True, True, False]


def test_two_hundred_people_are_paired() -> None:
    mates = [mate(f"U{n}", "abcd"[n % 4]) for n in range(200)]
    assert len(match(mates, Acquaintance({}), seed=0)) == 100


def test_rounds_are_counted_from_the_last() -> None:
    past = [[("a", "b"), ("c", "d")], [("a", "c")], [("a", "b")]]
    assert rounds_since(past) == {two("a", "b"): 1, two("c", "d"): 3, two("a", "c"): 2}


# --- hours ----------------------------------------------------------------------------------


def test_shared_hours_are_those_that_all_work_across_zones() -> None:
    berlin, shanghai = make_member(zone="Europe/Berlin"), make_member("U2", zone="Asia/Shanghai")
    calendar = WorkCalendar({}, [Leave(1, "U2", "2026-03-03", "2026-03-03")])
    week = hours.floor(MONDAY)
    shared = hours.shared(hours.of(one, week, calendar) for one in (berlin, shanghai))
    first, *_ = hours.windows(shared, week)
    assert first == (  # Monday's have passed in Shanghai, Tuesday is a leave
        datetime(2026, 3, 4, 8, tzinfo=UTC),
        datetime(2026, 3, 4, 10, tzinfo=UTC),
    )
    honolulu = hours.of(make_member(zone="Pacific/Honolulu"), week, calendar)
    assert not hours.share_an_hour(honolulu & hours.of(berlin, week, calendar))


@given(st.integers(0, ALWAYS))
def test_windows_hold_an_hour_at_least_and_what_is_set(bits: int) -> None:
    week = hours.floor(MONDAY)
    found = hours.windows(bits, week)
    assert bool(found) == hours.share_an_hour(bits)
    for start, end in found:
        first, last = (start - week) // hours.QUARTER, (end - week) // hours.QUARTER
        assert last - first >= 4
        assert all(bits >> number & 1 for number in range(first, last))
        assert not bits >> last & 1


@pytest.mark.parametrize(
    ("day", "friday"), [("2026-03-03", "2026-03-13"), ("2026-03-06", "2026-03-13")]
)
def test_the_question_comes_on_the_second_friday(day: str, friday: str) -> None:
    assert rounds.second_friday(date.fromisoformat(day)) == date.fromisoformat(friday)


# --- rounds in the records ------------------------------------------------------------------


def join(db: Database, *users: str, **changes: object) -> None:
    for user in users:
        members.ensure(
            db, user, name=user, kind="person", zone="UTC", language="en", now=MONDAY - DAY
        )
        members.change(db, user, by=user, now=MONDAY - DAY, **changes)


def together(db: Database) -> set[tuple[str, ...]]:
    return {pair.users for pair in pairs.open_pairs(db)}


def test_a_day_has_one_round_and_each_pair_two_messages(db: Database) -> None:
    join(db, "U1", "U2", "U3", "U4")
    made = rounds.make(db, day=TODAY, now=MONDAY)
    assert made is not None
    assert rounds.make(db, day=TODAY, now=MONDAY + HOUR) is None
    for pair in made:
        first = deliveries.get(db, f"pair:{pair.id}")
        question = deliveries.get(db, f"pair:{pair.id}:met")
        assert first is not None
        assert question is not None
        assert_postable(**first.body)
        assert_postable(**question.body)
        assert first.channel == ",".join(pair.users)
        assert (first.due_at, question.due_at) == (MONDAY, datetime(2026, 3, 13, 9, tzinfo=UTC))


def test_who_is_away_or_would_rather_not_is_never_paired(db: Database) -> None:
    join(db, "U1", "U2")
    join(db, "U3", matched=False)
    join(db, "U4", paused_until="2026-06-01")
    join(db, "U5")
    members.add_leave(
        db, "U5", starts_on=TODAY, ends_on=TODAY + timedelta(days=9), by="U5", now=MONDAY
    )
    rounds.make(db, day=TODAY, now=MONDAY)
    assert together(db) == {("U1", "U2")}


def test_who_asked_not_to_meet_is_not_paired_and_not_named_in_the_audit(db: Database) -> None:
    join(db, "U1", "U2")
    pairs.block(db, "U1", "U2", now=MONDAY)
    rounds.make(db, day=TODAY, now=MONDAY)
    assert together(db) == set()
    assert not [change for change in audit.find(db, "pair block") if "U2" in str(change)]


def test_whoever_is_left_alone_joins_another_pair(db: Database) -> None:
    join(db, "U1", "U2", "U3", "U4")
    rounds.make(db, day=TODAY, now=MONDAY)
    (broken,) = (pair for pair in pairs.open_pairs(db) if "U1" in pair.users)
    members.change(db, "U1", by="U1", now=MONDAY, matched=False)
    for _ in range(2):
        rounds.mend(db, now=MONDAY + HOUR)
        assert together(db) == {("U2", "U3", "U4")}
    (trio,) = pairs.open_pairs(db)
    assert pairs.get(db, broken.id) not in pairs.open_pairs(db)
    assert (moved := deliveries.get(db, f"pair:{trio.id}")) is not None
    assert "somebody can't take part" in moved.body["text"]
    rounds.make(db, day=TODAY + timedelta(days=14), now=MONDAY + 14 * DAY)
    known = rounds.gather(db).known(before=2).met
    assert two("U2", "U3") in known
    assert not any("U1" in couple for couple in known)


def test_a_trio_without_one_is_a_pair(db: Database) -> None:
    join(db, "U1", "U2", "U3")
    rounds.make(db, day=TODAY, now=MONDAY)
    members.deactivate(db, "U2", by="U2", now=MONDAY)
    rounds.mend(db, now=MONDAY)
    assert together(db) == {("U1", "U3")}


def test_a_schedule_makes_the_round_and_the_channel_hears_how_many(db: Database) -> None:
    join(db, "U1", "U2", "U3", "U4")
    settings = BotSettings(_env_file=None)
    scope = Scope("C1", MONDAY - DAY, MONDAY, "UTC", settings)
    assert report.KIND.compose(db, scope) is None  # as a preview asks it
    for _ in range(2):
        report.make_round(db, scope)
    told = report.KIND.compose(db, scope)
    assert told is not None
    assert told.text.startswith("2 pairs were made.")
    assert "U1" not in told.text


# --- words ----------------------------------------------------------------------------------


def introduced(users: tuple[str, ...], **changes: object) -> introduce.Together:
    usual = {
        "pair": PairRecord(1, 1, "2026-03-02", users, MONDAY),
        "people": [make_member(user) for user in users],
        "met": {},
        "topics": [],
        "hours": [(MONDAY, MONDAY + HOUR)],
    }
    return introduce.Together(**(usual | changes))  # type: ignore[arg-type]


def test_a_pair_is_told_why_and_its_hours_in_each_zone() -> None:
    people = [
        make_member(zone="Europe/Berlin", discipline="engineer"),
        make_member("U2", zone="Asia/Shanghai", discipline="<designer>"),
    ]
    with language.use("en"):
        said = introduce.message(introduced(("U1", "U2"), people=people, met={two("U1", "U2"): 5}))
    assert "You were last paired 5 rounds ago." in said["text"]
    assert "different disciplines: &lt;designer&gt;, engineer" in said["text"]
    assert "Mon, Mar 2 10:30–11:30 Berlin = Mon, Mar 2 17:30–18:30 Shanghai" in said["text"]
    assert_postable(**said)


def test_a_group_is_spoken_to_in_what_all_of_it_speak() -> None:
    zh = make_member(language="zh")
    assert introduce.language_of([zh, zh]) == "zh"
    assert introduce.language_of([zh, make_member("U2")]) == "en"


# --- in the workspace -----------------------------------------------------------------------


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


async def test_a_pair_talks_in_its_own_conversation_and_says_that_it_met(desk: Desktop) -> None:
    ana, bo = desk.user("ana"), desk.user("bo")
    with desk.database() as db:
        join(
            db,
            ana,
            bo,
            works_from="00:00",
            works_to="23:59",
            work_days="MO,TU,WE,TH,FR,SA,SU",
        )
    assert "not paired" in (await desk.say("bo", "pair", "/team")).text
    assert "Only" in (await desk.say("bo", "pair now", "/team")).text
    assert (await desk.say("ana", "pair now", "/team")).text.startswith("1 pair was made.")
    assert "made already" in (await desk.say("ana", "pair now", "/team")).text
    await desk.outbox.drain()
    (told,) = desk.workspace.messages(desk.workspace.dm("ana", "bo").id)
    assert "You have not been paired before." in told.text

    shown = await desk.say("bo", "pair", "/team")
    assert f"<@{ana}>" in shown.text
    position = 1 if ana < bo else 2
    await desk.workspace.click("bo", shown, f"pair_block:{position}")
    await desk.workspace.wait_for(lambda m: "Nobody else is told." in m.text)
    await desk.workspace.click("bo", shown, "pair_met")
    await desk.workspace.wait_for(lambda m: m.text.endswith("have met."))
    with desk.database() as db:
        (pair,) = pairs.open_pairs(db)
        assert pair.met is True
        assert pairs.blocks(db) == {two(ana, bo)}
