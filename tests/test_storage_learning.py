"""Skills, resources, plans and sessions: kept once, changed with an audit row, ended once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import audit, learning, resources, sessions, skills
from storage.database import migrate, opened
from storage.talent import Session

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)  # a Monday
TALK = NOW + timedelta(days=1)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    migrate(tmp_path)
    with opened(tmp_path) as database:
        for user in ("U1", "U2"):
            database.execute(
                "INSERT INTO members (user, name, joined_at) VALUES (?, ?, '')", (user, user)
            )
        yield database


def make_session(db: Database, **changes: str) -> Session:
    values = {"kind": "lecture", "title": "Attention", "zone": "Asia/Shanghai", "channel": "C1"}
    session = sessions.add(
        db,
        **values | changes,  # type: ignore[arg-type]
        starts_at=datetime(2026, 11, 24, 16),  # noqa: DTZ001 - local in its zone
        minutes=45,
        organiser="U1",
        now=NOW,
    )
    sessions.materialise(db, session, [TALK, TALK + timedelta(days=7)])
    return session


def test_a_skill_is_found_in_both_languages_and_added_once(db: Database) -> None:
    made = skills.add(db, "Evaluation", zh="模型评测", by="U1", now=NOW)
    assert made is not None
    assert skills.find(db, "evaluation") == made == skills.find(db, "模型评测")
    assert skills.add(db, "EVALUATION", by="U1", now=NOW) is None
    assert skills.add(db, "Judging", zh="模型评测", by="U1", now=NOW) is None


def test_a_level_says_who_saw_it_and_when_and_a_wish_stays_beside_it(db: Database) -> None:
    made = skills.add(db, "Evaluation", by="U1", now=NOW)
    assert made is not None
    assert skills.set_want(db, "U2", made.id, want=True, by="U2", now=NOW)
    assert not skills.set_want(db, "U2", made.id, want=True, by="U2", now=NOW)
    skills.set_level(db, "U2", made.id, 1, by="U2", now=NOW)
    own = skills.of(db, "U2")[made.id]
    assert (own.have, own.want, own.source, own.assessed_by) == (1, True, "self", "U2")
    skills.assess(db, "U2", made.id, 3, by="U1", now=TALK)
    (seen,) = skills.held(db)
    assert (seen.have, seen.want, seen.source) == (3, True, "lead")
    assert (seen.assessed_by, seen.assessed_at) == ("U1", TALK)
    assert (audit.find(db)[0].before, audit.find(db)[0].after) == ("1", "3")


def test_who_has_left_is_in_no_list(db: Database) -> None:
    made = skills.add(db, "Evaluation", by="U1", now=NOW)
    paper = add_paper(db)
    assert made is not None
    skills.set_level(db, "U2", made.id, 1, by="U2", now=NOW)
    learning.assign(db, "U2", paper, track="technical", by="U2", now=NOW)
    db.execute("UPDATE members SET active = 0 WHERE user = 'U2'")
    assert not skills.held(db)
    assert not learning.open_assignments(db)
    assert not learning.progress(db)


def add_paper(db: Database) -> int:
    made = resources.add(db, kind="paper", title="LoRA", minutes=60, by="U1", now=NOW)
    assert made is not None
    return made.id


def test_a_resource_is_found_by_number_or_title_and_serves_skills(db: Database) -> None:
    skill = skills.add(db, "LoRA tuning", by="U1", now=NOW)
    assert skill is not None
    paper = add_paper(db)
    found = resources.find(db, "lora")
    assert found is not None
    assert resources.find(db, f"#{paper}") == found
    assert resources.add(db, kind="talk", title="LoRA", minutes=9, by="U1", now=NOW) is None
    resources.change(db, found, skills=[skill.id], by="U1", now=NOW)
    assert resources.skills_of(db) == {paper: (skill.id,)}


def test_an_assignment_ends_once_and_counts_as_read(db: Database) -> None:
    paper = add_paper(db)
    due = date(2026, 12, 1)
    made = learning.assign(db, "U2", paper, track="soft", due_on=due, by="U1", now=NOW)
    assert made is not None
    assert (made.owner, made.due_on, made.title) == ("U1", "2026-12-01", "LoRA")
    assert learning.assign(db, "U2", paper, track="technical", by="U1", now=NOW) is None
    ended = learning.finish(db, made.id, by="U2", evidence="notes", now=NOW)
    assert ended is not None
    assert (ended.state, ended.evidence) == ("done", "notes")
    assert learning.drop(db, made.id, by="U2", now=NOW) is None
    assert resources.completions(db) == {paper: 1}
    assert learning.progress(db) == {"soft": (1, 1)}


def test_dates_are_made_once_and_a_cancelled_one_stays_cancelled(db: Database) -> None:
    session = make_session(db)
    first, second = sessions.between(db, NOW, NOW + timedelta(days=60))
    assert (first.day, first.title, first.starts_at) == ("2026-11-24", "Attention", TALK)
    assert sessions.call_off(db, first.id, by="U1", now=NOW) is not None
    assert sessions.call_off(db, first.id, by="U1", now=NOW) is None
    sessions.materialise(db, session, [TALK, TALK + timedelta(days=7)])
    assert sessions.between(db, NOW, NOW + timedelta(days=60)) == [second]
    assert sessions.cancel(db, session.id, by="U1", now=NOW) == [second]
    assert not sessions.all_open(db)


def test_a_moved_date_is_another_date_and_may_move_back(db: Database) -> None:
    session = make_session(db)
    first, second = sessions.dates_of(db, session.id)
    sessions.answer(db, first.id, "U2", "yes", now=NOW)
    later = sessions.move(db, first.id, TALK + timedelta(hours=2), by="U1", now=NOW)
    assert later is not None
    assert not sessions.attendance(db, later.id)
    assert sessions.move(db, later.id, second.starts_at, by="U1", now=NOW) is None
    back = sessions.move(db, later.id, TALK, by="U1", now=NOW)
    assert back is not None
    assert back.id not in {first.id, later.id}
    assert [one.starts_at for one in sessions.between(db, NOW, TALK + timedelta(1))] == [TALK]


def test_the_first_to_offer_hosts_until_they_leave(db: Database) -> None:
    session = make_session(db)
    first, _ = sessions.dates_of(db, session.id)
    assert sessions.set_host(db, first.id, "U2", by="U2", now=NOW)
    assert sessions.set_host(db, first.id, "U1", by="U1", now=NOW) is None
    (free,) = sessions.release(db, "U2", by="U1", now=NOW)
    assert (free.id, free.host) == (first.id, None)


def test_an_answer_may_change_until_the_date_is_over(db: Database) -> None:
    first, _ = sessions.dates_of(db, make_session(db).id)
    sessions.answer(db, first.id, "U2", "yes", now=NOW)
    sessions.answer(db, first.id, "U2", "maybe", now=NOW)
    assert sessions.attendance(db, first.id) == {"U2": "maybe"}
    sessions.end_past(db, now=TALK + timedelta(minutes=44))
    assert sessions.answer(db, first.id, "U2", "no", now=NOW)
    sessions.end_past(db, now=TALK + timedelta(minutes=45))
    assert not sessions.answer(db, first.id, "U2", "yes", now=NOW)
    ended = sessions.occurrence(db, first.id)
    assert ended is not None
    assert ended.status == "held"
