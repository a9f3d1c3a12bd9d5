"""/coach tells what can be typed, how Coach is doing, and who is who, as a person would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from slackblocks import Block
from sqlite_utils import Database

from bot import coach
from bot.asking import RefusalError
from bot.usage import USAGE
from storage import hosts, jobs
from storage.records import Host

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TRAIN: dict[str, Any] = {"kind": "train", "dataset": "reviews"}
INTAKE: dict[str, Any] = {"kind": "intake", "filename": "<b>.csv"}


def _enqueue(db: Database, key: str, work: dict[str, Any], user: str) -> int:
    return jobs.enqueue(db, key=key, work=work, requested_by=user, channel="C1", now=NOW).id


def _describe_host(db: Database, seen_at: datetime) -> None:
    slots: list[dict[str, Any]] = [
        {"id": "cpu:0", "kind": "cpu", "name": "CPU", "memory_bytes": 1},
        {"id": "reader:0", "kind": "reader", "name": "reader", "memory_bytes": 1},
    ]
    sizes = {"memory_bytes": 2**33, "memory_free_bytes": 2**32, "disk_free_bytes": 2**36}
    host = Host(name="gpu-host", pid=1, started_at=NOW, seen_at=seen_at, slots=slots, **sizes)
    hosts.describe(db, host)


def test_help_names_every_verb_by_a_valid_example() -> None:
    text = coach.help_text(None, admin=False)
    assert all(f"`{usage.example}`" in text for usage in USAGE)
    assert len(text) < 4000  # more than Slack shows in one text


def test_help_on_one_verb_explains_its_options() -> None:
    text = coach.help_text("retry", admin=False)
    assert text.startswith("`/train retry &lt;number&gt; [model=]")
    assert "`lr=`  the learning rate (above 0, up to 1)" in text


def test_help_shows_an_admins_option_to_admins_alone() -> None:
    assert "reason=" in coach.help_text("promote", admin=True)
    assert "reason=" not in coach.help_text("promote", admin=False)


def test_help_on_nothing_known_says_what_was_meant() -> None:
    with pytest.raises(RefusalError, match="Did you mean `cancel`"):
        coach.help_text("cancle", admin=False)


def test_status_names_what_runs_what_waits_and_the_machine(data_dir: Path, db: Database) -> None:
    first = _enqueue(db, "a", TRAIN, "U1")
    second = _enqueue(db, "b", INTAKE, "U2")
    jobs.claim(db, first, slot="cpu:0", now=NOW)
    _describe_host(db, NOW)
    progress = '{"step": 5, "max_steps": 10, "eta_seconds": 180}'
    db.execute("UPDATE runs SET progress = ?", (progress,))
    text = coach.status_text(coach.look(data_dir, NOW + timedelta(seconds=2)))
    assert "The worker on gpu-host is well: CPU; 4.0 GiB of 8.0 GiB memory" in text
    assert f"Running: job {first} (reviews, step 5 of 10, 3 minutes left)." in text
    assert f"Waiting: job {second} (reading &lt;b&gt;.csv)." in text
    assert "Serving: nothing yet" in text


def test_status_says_when_no_worker_is_alive(data_dir: Path, db: Database) -> None:
    _describe_host(db, NOW)
    text = coach.status_text(coach.look(data_dir, NOW + timedelta(minutes=5)))
    assert text.startswith("*No worker is alive*, so jobs wait.")


def test_who_tells_an_admin_from_others(data_dir: Path, db: Database) -> None:
    _enqueue(db, "a", TRAIN, "U1")
    seen = coach.look(data_dir, NOW)
    assert "<@U1>, an admin:" in coach.who_text(seen, user="U1", admins={"U1"})
    other = coach.who_text(seen, user="U2", admins={"U1"})
    assert "<@U2>, you run and stop your own jobs." in other
    assert "Waiting: job 1 of <@U1>." in other


def test_the_home_tab_is_valid_and_names_ones_own_jobs(data_dir: Path, db: Database) -> None:
    for number in range(30):
        _enqueue(db, f"k{number}", TRAIN, "U1")
    view = coach.home_view(coach.look(data_dir, NOW), user="U1")
    for block in view["blocks"]:
        Block.from_dict(block)
    yours = view["blocks"][2]["text"]["text"]
    assert yours.startswith("Yours: job 1 (queued, reviews), ")
    assert yours.endswith("and 20 more.")
