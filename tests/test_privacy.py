"""Tests of what is kept about a person: shown to them, given to them, forgotten, and gone in time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from sqlite_utils import Database

from bot.privacy import export, retention
from bot.privacy.show import PURPOSES
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, corrections, datasets, jobs, kept, members, monitors, skills
from storage.answering import Monitored
from storage.database import FILENAME
from trainer.spec import text_hash

MINE, OTHERS = "zirconium is what i wrote", "tungsten is what another wrote"


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def correct(db: Database, model: int, by: str, text: str, **changes: Any) -> int:
    values: dict[str, Any] = {
        "alias": "sentiment",
        "dataset": "reviews",
        "told": "good",
        "label": "bad",
    }
    values |= {"now": NOON, "keep_until": NOON + timedelta(days=365)} | changes
    return corrections.add(db, key=text, model=model, redacted=text, by=by, **values).id


def watch(
    db: Database, author: str, text: str, keep_until: datetime = NOON + timedelta(90)
) -> None:
    watched: dict[str, Any] = {
        "kind": "channel",
        "source": "C1",
        "alias": "sentiment",
        "channel": "C1",
    }
    monitor = monitors.add(db, key="m", by="U9", now=NOON, alarms_a_month=1, **watched)
    read = Monitored(monitor.id, text, NOON, "all", "bad", 0.9, text, keep_until, author=author)
    monitors.note_texts(db, monitor.id, [read])


def fill(desk: Desktop) -> int:
    """Keep something of bo's and of ana's; gives the model that learnt from a correction of bo's."""
    desk.add_dataset()
    model = desk.add_model().id
    with desk.database() as db:
        used = correct(db, model, desk.user("bo"), MINE)
        correct(db, model, desk.user("ana"), OTHERS)
        watch(db, desk.user("bo"), f"{MINE} too")
        watch(db, desk.user("ana"), f"{OTHERS} too")
        dataset = datasets.find(db, "reviews")
        assert dataset is not None
        corrections.mark_used(db, [used], dataset.hash)
    return model


async def ask(desk: Desktop, text: str, who: str = "bo") -> Message:
    return await desk.say(who, text, "/coach")


def on_disk(desk: Desktop) -> str:
    folder = desk.office.settings.data_dir
    files = [*folder.glob(f"{FILENAME}*"), *(folder / export.FOLDER).glob("*")]
    return b"".join(path.read_bytes() for path in files).decode(errors="replace")


def test_every_table_is_somebodys_or_nobodys(db: Database) -> None:
    tables = {table.name for table in db.tables} - {"_sqlite_migrations", "sqlite_sequence"}
    assert tables == set(kept.WHOSE) | kept.NOBODYS
    assert not set(kept.WHOSE) & kept.NOBODYS
    told = [table for purpose in PURPOSES for table in purpose.tables]
    assert sorted(told) == sorted(kept.WHOSE)


def test_later_versions_build_on_the_one_that_a_correction_went_into(desk: Desktop) -> None:
    first, second, third = (desk.add_dataset(hash=f"{n}" * 64) for n in range(1, 4))
    with desk.database() as db:
        assert [one.hash for one in kept.holding(db, [second.hash])] == [second.hash, third.hash]
        assert kept.holding(db, []) == []
    assert first.version == 1


async def test_the_asker_alone_sees_what_is_kept_and_why(desk: Desktop) -> None:
    fill(desk)
    shown = await ask(desk, "privacy")
    assert shown.ephemeral_to == desk.user("bo")
    assert "Answers that you corrected, redacted: *1*" in shown.text
    assert "Each is deleted after 365 days." in shown.text
    assert "watched channels, redacted: *1*" in shown.text
    assert "Interviews" not in shown.text
    assert "zirconium" not in shown.text


async def test_the_file_comes_as_a_direct_message_and_leaves_the_disk(desk: Desktop) -> None:
    fill(desk)
    folder = desk.office.settings.data_dir / export.FOLDER
    await desk.press("bo", await ask(desk, "privacy"), "privacy_export")
    await export.sweep(desk.office)
    (written,) = folder.glob("*")  # it is still on its way
    found = json.loads(written.read_text())
    await desk.outbox.drain()
    sent = await desk.workspace.wait_for(
        lambda m: m.channel == desk.workspace.dm("bo").id and m.files
    )
    assert "zirconium" not in f"{sent.text} {sent.blocks}"
    await export.sweep(desk.office)
    assert list(folder.glob("*")) == []
    assert [row["text"] for row in found["corrections"]] == [MINE]
    assert [row["text"] for row in found["monitored"]] == [f"{MINE} too"]
    assert found["members"][0]["user"] == desk.user("bo")
    assert "tungsten" not in json.dumps(found)


async def test_what_was_said_is_forgotten_and_models_that_learnt_from_it_are_told(
    desk: Desktop,
) -> None:
    model = fill(desk)
    assert "zirconium" in on_disk(desk)
    asked = await ask(desk, "privacy forget")
    for words in (
        "1 correction, 1 monitored text",
        "name, in `reviews`",
        f"them: {model}",
        "The rest stays",
    ):
        assert words in asked.text
    said = await desk.press("bo", asked, "privacy_forget_now")
    assert said.text.startswith("Forgotten: 1 correction, 1 monitored text")
    assert f"them: {model}" in said.text
    assert "zirconium" not in on_disk(desk) + desk.workspace.transcript()
    assert "tungsten" in on_disk(desk)
    assert (await ask(desk, "privacy forget")).text.startswith("Nothing that you said is kept.")
    with desk.database() as db:
        (version,) = [job for job in jobs.queued(db) if job.kind == "intake"]
        assert version.requested_by == version.channel == desk.user("ana")  # who owns the data set
        assert version.work["corrects"]["forgotten"] == [text_hash(MINE)]
        told = [change.before for change in audit.find(db, "privacy forget")]
    assert sorted(map(str, told)) == ["1 corrections", "1 monitored texts"]


async def test_of_who_left_skills_and_wishes_go_too(desk: Desktop) -> None:
    await ask(desk, "who")
    bo = desk.user("bo")
    with desk.database() as db:
        skill = skills.add(db, "Rust", by="U0", now=NOON)
        assert skill is not None
        skills.set_level(db, bo, skill.id, 3, by=bo, now=NOON)
        members.deactivate(db, bo, by="U0", now=NOON)
    asked = await ask(desk, "privacy forget")
    await desk.press("bo", asked, "privacy_forget_now")
    with desk.database() as db:
        assert skills.of(db, bo) == {}


async def test_texts_go_when_their_time_is_over(desk: Desktop) -> None:
    desk.add_dataset()
    model = desk.add_model().id
    now = datetime.now(UTC)
    with desk.database() as db:
        correct(db, model, "U1", MINE, keep_until=now - timedelta(seconds=1))
        correct(db, model, "U1", OTHERS, keep_until=now + timedelta(days=1))
        watch(db, "U1", f"{MINE} too", now - timedelta(seconds=1))
        watch(db, "U1", f"{OTHERS} too", now + timedelta(days=1))
    await retention.keep_to_times(desk.office)
    assert "zirconium" not in on_disk(desk)
    with desk.database() as db:
        assert [one.text for one in corrections.of_person(db, "U1")] == [OTHERS]
        assert [one.text for one in monitors.of_person(db, "U1")] == [f"{OTHERS} too"]
        assert monitors.series(db, 1, since=NOON - timedelta(1), until=now) != []
