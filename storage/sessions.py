"""Sessions: talks and dates of the team, each date an occurrence with its host and its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import Occurrence, Session

Answer = Literal["yes", "no", "maybe"]
_OCCURRENCES = """
    SELECT occurrences.*, sessions.kind, sessions.title, sessions.zone, sessions.minutes,
           sessions.channel, sessions.organiser, sessions.pre_read
    FROM occurrences JOIN sessions ON sessions.id = occurrences.session
"""


# --- sessions -------------------------------------------------------------------------------


def all_open(db: Database) -> list[Session]:
    """List the sessions that weren't cancelled as a whole."""
    rows = db.query("SELECT * FROM sessions WHERE cancelled_at IS NULL ORDER BY id")
    return [read(Session, row) for row in rows]


def get(db: Database, number: int) -> Session | None:
    rows = db.query("SELECT * FROM sessions WHERE id = ?", (number,))
    return next((read(Session, row) for row in rows), None)


def skills_of(db: Database) -> dict[int, tuple[int, ...]]:
    """Give the skills that each session is about, by the session's number."""
    found: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
    for row in db.query("SELECT session, skill FROM session_skills ORDER BY session, skill"):
        found[row["session"]] += (row["skill"],)
    return dict(found)


def add(
    db: Database,
    *,
    kind: str,
    title: str,
    starts_at: datetime,
    zone: str,
    minutes: int,
    channel: str,
    organiser: str,
    now: datetime,
    about: str = "",
    link: str | None = None,
    rule: str | None = None,
    host: str | None = None,
    pre_read: int | None = None,
    skills: Iterable[int] = (),
) -> Session:
    """Keep a session; `starts_at` is naive, local in its zone. Its dates come by `materialise`."""
    local = starts_at.isoformat(timespec="minutes")
    with immediate(db):
        done = db.execute(
            """
            INSERT INTO sessions (kind, title, about, link, rule, starts_at, zone, minutes, channel,
                                  organiser, host, pre_read, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                *(kind, title, about, link, rule, local, zone, minutes, channel),
                *(organiser, host, pre_read, text(now)),
            ),
        )
        number = int(done.lastrowid or 0)
        for skill in skills:
            db.execute("INSERT INTO session_skills VALUES (?, ?)", (number, skill))
        subject = f"session {number}"
        audit.note(db, by=organiser, action="session add", subject=subject, after=title, now=now)
        (row,) = db.query("SELECT * FROM sessions WHERE id = ?", (number,))
        return read(Session, row)


def cancel(db: Database, number: int, *, by: str, now: datetime) -> list[Occurrence]:
    """Cancel a session with all its dates to come, and give those."""
    with immediate(db):
        db.execute(
            "UPDATE sessions SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL",
            (text(now), number),
        )
        condition = "session = ? AND status = 'planned' AND occurrences.starts_at > ?"
        lost = list(_where(db, condition, number, text(now)))
        for occurrence in lost:
            _set_status(db, occurrence.id, "cancelled")
        audit.note(db, by=by, action="session cancel", subject=f"session {number}", now=now)
        return lost


# --- dates ----------------------------------------------------------------------------------


def between(db: Database, start: datetime, end: datetime) -> list[Occurrence]:
    """List the planned dates that begin from `start` on and before `end`."""
    condition = """
        status = 'planned' AND occurrences.starts_at >= ? AND occurrences.starts_at < ?
        ORDER BY occurrences.starts_at, occurrences.id
    """
    return list(_where(db, condition, text(start), text(end)))


def dates_of(db: Database, number: int) -> list[Occurrence]:
    """List all dates of a session, those cancelled too."""
    return list(_where(db, "session = ? ORDER BY occurrences.starts_at", number))


def occurrence(db: Database, number: int) -> Occurrence | None:
    return next(_where(db, "occurrences.id = ?", number), None)


def materialise(db: Database, session: Session, starts: Iterable[datetime]) -> None:
    """Make the dates of a session that aren't there yet; one that was cancelled stays so."""
    with immediate(db):
        for starts_at in starts:
            _insert(db, session.id, starts_at, zone=session.zone, host=session.host)


def end_past(db: Database, *, now: datetime) -> None:
    """Note that the dates that are over were held."""
    db.execute(
        """
        UPDATE occurrences SET status = 'held' WHERE status = 'planned' AND (
            SELECT unixepoch(occurrences.starts_at) + 60 * minutes FROM sessions
            WHERE sessions.id = session) <= unixepoch(?)
        """,
        (text(now),),
    )


def call_off(db: Database, number: int, *, by: str, now: datetime) -> Occurrence | None:
    """Cancel one date; None where it isn't planned any more."""
    with immediate(db):
        known = occurrence(db, number)
        if known is None or known.status != "planned":
            return None
        _set_status(db, number, "cancelled")
        subject = f"session {known.session}"
        audit.note(db, by=by, action="session cancel", subject=subject, before=known.day, now=now)
        return known


def move(
    db: Database, number: int, starts_at: datetime, *, by: str, now: datetime
) -> Occurrence | None:
    """Cancel one date and plan another in its place, with its host.

    The new one is a date of its own: nobody has said yes to it, and it is announced anew. None
    where the date isn't planned, or the session has one at that time already.
    """
    with immediate(db):
        known = occurrence(db, number)
        if known is None or known.status != "planned":
            return None
        _forget_cancelled(db, known.session, starts_at)
        if any(one.starts_at == starts_at for one in dates_of(db, known.session)):
            return None
        _set_status(db, number, "cancelled")
        made = _insert(db, known.session, starts_at, zone=known.zone, host=known.host)
        subject, before = f"session {known.session}", text(known.starts_at)
        audit.note(
            db,
            by=by,
            action="session move",
            subject=subject,
            before=before,
            after=text(starts_at),
            now=now,
        )
        return occurrence(db, made)


def set_host(
    db: Database, number: int, host: str | None, *, by: str, now: datetime
) -> Occurrence | None:
    """Let somebody, or nobody, host one date; None where it isn't planned or has another host."""
    with immediate(db):
        known = occurrence(db, number)
        taken = known is not None and host is not None and known.host not in {None, host}
        if known is None or known.status != "planned" or taken:
            return None
        db.execute("UPDATE occurrences SET host = ? WHERE id = ?", (host, number))
        subject = f"session {known.session}"
        audit.note(
            db,
            by=by,
            action="session host",
            subject=subject,
            before=known.host,
            after=host,
            now=now,
        )
        return occurrence(db, number)


def release(db: Database, user: str, *, by: str, now: datetime) -> list[Occurrence]:
    """Let the dates to come that a person hosts want a host again, and give them."""
    with immediate(db):
        db.execute("UPDATE sessions SET host = NULL WHERE host = ?", (user,))
        condition = "occurrences.host = ? AND status = 'planned' AND occurrences.starts_at > ?"
        hosted = list(_where(db, condition, user, text(now)))
        return [
            free
            for one in hosted
            if (free := set_host(db, one.id, None, by=by, now=now)) is not None
        ]


# --- answers --------------------------------------------------------------------------------


def answer(db: Database, number: int, user: str, answer: Answer, *, now: datetime) -> bool:
    """Note whether a person comes; False where the date isn't planned any more."""
    done = db.execute(
        """
        INSERT INTO attendance SELECT id, ?, ?, ? FROM occurrences
        WHERE id = ? AND status = 'planned'
        ON CONFLICT (occurrence, user) DO UPDATE SET answer = excluded.answer, at = excluded.at
        """,
        (user, answer, text(now), number),
    )
    return bool(done.rowcount)


def attendance(db: Database, number: int) -> dict[str, str]:
    """Give who answered what of one date, in the order of their answers."""
    sql = "SELECT user, answer FROM attendance WHERE occurrence = ? ORDER BY at, user"
    return {row["user"]: row["answer"] for row in db.query(sql, (number,))}


# --- rows -----------------------------------------------------------------------------------


def _insert(db: Database, session: int, starts_at: datetime, *, zone: str, host: str | None) -> int:
    day = starts_at.astimezone(ZoneInfo(zone)).date().isoformat()
    done = db.execute(
        """
        INSERT INTO occurrences (session, day, starts_at, host) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """,
        (session, day, text(starts_at), host),
    )
    return int(done.lastrowid or 0)


def _forget_cancelled(db: Database, session: int, starts_at: datetime) -> None:
    """Make room where a cancelled date stands: what comes there is another one."""
    cancelled = "session = ? AND starts_at = ? AND status = 'cancelled'"
    values = (session, text(starts_at))
    among = f"occurrence IN (SELECT id FROM occurrences WHERE {cancelled})"  # noqa: S608 - ours
    db.execute(f"DELETE FROM attendance WHERE {among}", values)  # noqa: S608 - ours
    db.execute(f"DELETE FROM occurrences WHERE {cancelled}", values)  # noqa: S608 - ours


def _set_status(db: Database, number: int, status: str) -> None:
    db.execute("UPDATE occurrences SET status = ? WHERE id = ?", (status, number))


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Occurrence]:
    rows = db.query(f"{_OCCURRENCES} WHERE {condition}", values)
    return (read(Occurrence, row) for row in rows)
