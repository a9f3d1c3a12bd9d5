"""Tests of the outbox's records: each message is claimed by one sender at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from records import MINUTE, NOON
from sqlite_utils import Database

from storage import deliveries
from storage.records import Delivery, Json


def put(db: Database, key: str, **changes: Any) -> bool:
    values: Json = {"channel": "C1", "body": {"text": key}, "now": NOON} | changes
    return deliveries.put(db, key=key, **values)


def claim(db: Database, by: str, now: datetime = NOON, **options: Any) -> list[Delivery]:
    return deliveries.claim_due(db, by=by, now=now, **options)


def keys(found: list[Delivery]) -> list[str]:
    return [delivery.key for delivery in found]


def test_a_key_is_added_once(db: Database) -> None:
    assert put(db, "a")
    assert not put(db, "a", body={"text": "another"})
    kept = deliveries.get(db, "a")
    assert kept is not None
    assert (kept.body, kept.state, kept.tries) == ({"text": "a"}, "due", 0)


def test_messages_that_are_due_are_claimed_oldest_first_and_by_one_sender(db: Database) -> None:
    put(db, "later", due_at=NOON + MINUTE)
    put(db, "second")
    put(db, "first", due_at=NOON - MINUTE)
    assert keys(claim(db, "bot-1")) == ["first", "second"]
    assert claim(db, "bot-1") == []
    assert keys(claim(db, "bot-1", now=NOON + MINUTE)) == ["later"]
    assert deliveries.waiting(db) == 3


def test_a_claim_takes_no_more_than_asked(db: Database) -> None:
    for key in "abc":
        put(db, key)
    assert keys(claim(db, "bot-1", limit=2)) == ["a", "b"]


def test_a_dead_senders_claim_is_taken_over_and_it_can_no_longer_confirm(db: Database) -> None:
    put(db, "a")
    claim(db, "bot-1")
    later = NOON + 2 * MINUTE
    taken = claim(db, "bot-2", now=later)
    assert [(d.key, d.tries, d.claimed_by) for d in taken] == [("a", 2, "bot-2")]
    assert not deliveries.confirm(db, "a", by="bot-1", ts="1.0", sent_to="C1")
    assert deliveries.confirm(db, "a", by="bot-2", ts="1.1", sent_to="C1")
    sent = deliveries.get(db, "a")
    assert sent is not None
    assert (sent.state, sent.ts, sent.sent_to) == ("sent", "1.1", "C1")
    assert claim(db, "bot-3", now=later + 5 * MINUTE) == []


def test_a_reply_waits_until_its_parent_is_sent(db: Database) -> None:
    put(db, "reply", parent="message", due_at=NOON - MINUTE)
    assert claim(db, "bot-1") == []
    put(db, "message")
    assert keys(claim(db, "bot-1")) == ["message"]
    deliveries.confirm(db, "message", by="bot-1", ts="1.0", sent_to="C1")
    assert keys(claim(db, "bot-1")) == ["reply"]


def test_a_postponed_message_comes_back_at_its_time(db: Database) -> None:
    put(db, "a")
    claim(db, "bot-1")
    deliveries.postpone(db, "a", by="bot-2", until=NOON, error="not its claim")
    assert claim(db, "bot-1") == []
    deliveries.postpone(db, "a", by="bot-1", until=NOON + MINUTE, error="ratelimited")
    assert claim(db, "bot-1") == []
    again = claim(db, "bot-1", now=NOON + MINUTE)
    assert [(d.key, d.tries, d.error) for d in again] == [("a", 2, "ratelimited")]


def test_an_expired_message_is_never_sent(db: Database) -> None:
    put(db, "a", expires_at=NOON)
    assert claim(db, "bot-1") == []
    kept = deliveries.get(db, "a")
    assert kept is not None
    assert (kept.state, kept.error) == ("cancelled", "expired")


def test_a_failed_message_keeps_why(db: Database) -> None:
    put(db, "a")
    claim(db, "bot-1")
    deliveries.fail(db, "a", by="bot-1", error="channel_not_found")
    kept = deliveries.get(db, "a")
    assert kept is not None
    assert (kept.state, kept.error) == ("failed", "channel_not_found")
    assert deliveries.waiting(db) == 0


def test_what_a_message_shows_is_kept_with_its_time(db: Database) -> None:
    put(db, "a", shown="digest-1")
    deliveries.mark_shown(db, "a", shown="digest-2", now=NOON + MINUTE)
    kept = deliveries.get(db, "a")
    assert kept is not None
    assert (kept.shown, kept.edited_at) == ("digest-2", NOON + MINUTE)


def test_what_stands_below_a_message_that_never_goes_is_let_go(db: Database) -> None:
    put(db, "message", expires_at=NOON)
    put(db, "picture", parent="message")
    assert claim(db, "bot-1") == []
    assert claim(db, "bot-1") == []
    assert state(db, "picture") == "cancelled"
    assert deliveries.waiting(db) == 0


def test_what_is_not_sent_yet_can_be_cancelled_by_the_beginning_of_its_key(db: Database) -> None:
    for key in ("digest:U1:2026-03-01", "digest:U1:2026-03-02", "digest:U12:2026-03-01", "sent"):
        put(db, key)
    claim(db, "bot-1", limit=1)
    assert deliveries.is_claimed(db, "digest:U1:2026-03-01", by="bot-1")
    assert deliveries.cancel(db, "digest:U1:", why="left") == 2
    assert not deliveries.is_claimed(db, "digest:U1:2026-03-01", by="bot-1")
    assert keys(claim(db, "bot-1")) == ["digest:U12:2026-03-01", "sent"]
    deliveries.confirm(db, "sent", by="bot-1", ts="1.0", sent_to="C1")
    assert deliveries.cancel(db, "sent", why="too late") == 0


def test_a_message_cancelled_while_it_is_posted_is_in_slack_all_the_same(db: Database) -> None:
    put(db, "a")
    claim(db, "bot-1")
    deliveries.cancel(db, "a", why="left")
    assert deliveries.confirm(db, "a", by="bot-1", ts="1.0", sent_to="C1")
    assert state(db, "a") == "sent"


def test_claiming_reads_only_what_is_open_however_much_was_sent(db: Database) -> None:
    """Each statement of a claim goes through the index of open messages or of keys."""
    statements: list[str] = []
    db.conn.set_trace_callback(statements.append)
    claim(db, "bot-1")
    deliveries.cancel(db, "digest:U1:", why="left")
    deliveries.waiting(db)
    db.conn.set_trace_callback(None)
    of_ours = [one for one in statements if "deliveries" in one]
    plans = [row["detail"] for one in of_ours for row in db.query(f"EXPLAIN QUERY PLAN {one}")]
    assert len(of_ours) == 5
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []


def state(db: Database, key: str) -> str:
    found = deliveries.get(db, key)
    assert found is not None
    return found.state
