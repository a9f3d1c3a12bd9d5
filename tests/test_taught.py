"""A trained model orders /team learn where it is shown to do so better; the team's marks train the next."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from colleagues import MONDAY
from keyword_models import write_keyword_model
from office import Desktop, open_desktop
from test_recommend import add_encoder, wanting

from bot import language
from bot.team import clicks, index, suggest, taught
from bot.team.taught import Taught
from bot.workspace.server import Workspace
from storage import jobs, members, models, pseudonyms, recommendations, resources
from storage.talent import Marked, Ranking
from trainer import data
from trainer.spec import IntakeWork, RunSpec, text_hash
from trainer.taste.recommender import Item, Items

HOUR = timedelta(hours=1)
SUBJECTS, EACH = ("attention", "budget", "hiring", "survey", "travel"), 5
# Unlike one another: what nearly repeats another text is left out of a test split.
ABOUT = (
    *("beginners guide", "history", "questions", "mistakes", "advanced"),
    *("worldwide", "checklist", "by example", "myths", "economics"),
    *("interviews", "pocketbook", "from scratch", "in numbers", "tomorrow"),
    *("why bother", "ethics", "lessons", "for families", "quick wins"),
    *("psychology", "law", "workbook", "at scale", "deep dive"),
)
TEXTS = [f"{about} {SUBJECTS[n // EACH]}" for n, about in enumerate(ABOUT)]


def make_mark(user: str, resource: int, mark: str, hours: int) -> Marked:
    return Marked(user, resource, mark, MONDAY + hours * HOUR)  # type: ignore[arg-type]


def test_a_row_says_what_was_taken_and_when_and_what_was_left() -> None:
    marked = [
        make_mark("U1", 1, "shown", 0),
        make_mark("U1", 1, "started", 3),
        make_mark("U1", 1, "done", 9),
        make_mark("U1", 2, "shown", 1),
        make_mark("U2", 2, "declined", 2),
        make_mark("U2", 7, "done", 2),  # a resource that is retired
    ]
    rows = clicks.make_rows(marked, {1: "one", 2: "two"}, {"U1": "x", "U2": "y"})
    found = [(row.user, row.item, row.clicked, row.at[11:13]) for row in rows]
    assert found == [("x", "two", 0, "10"), ("y", "two", 0, "11"), ("x", "one", 1, "12")]
    assert taught.histories(marked) == {"U1": [1], "U2": [7]}


@pytest.mark.parametrize(
    ("changes", "spoke", "words"),
    [
        ({"model": 8}, False, "was not compared"),
        ({"model_tried": 19}, False, "waits: 19 things"),
        ({"model_better": True}, True, "Ordered by the trained model 9"),
        ({"model_better": True}, False, "orders for those who took up something"),
        ({}, False, "is not shown to be better"),
    ],
)
def test_the_message_says_which_of_the_two_spoke_and_why(
    changes: dict[str, Any], spoke: bool, words: str
) -> None:
    ranking = Ranking(MONDAY, 40, 1, 1, 1, model=9, model_tried=20, model_hits=8, order_hits=6)
    with language.use("en"):
        said = taught.say(Taught(9, 2, "m", "h"), replace(ranking, **changes), spoke=spoke)
    assert words in said


# --- in the workspace -----------------------------------------------------------------------


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def fill(desk: Desktop) -> None:
    """Let six people finish all about one subject; bo has one thing about attention to go."""
    bo = desk.user("bo")
    people = [bo, "U_A", "U_B", "U_C", "U_D", "U_E", "U_F"]
    with desk.database() as db:
        for user in people:
            members.ensure(
                db, user, name=user, kind="person", zone="UTC", language="en", now=MONDAY
            )
        for text in TEXTS:
            resources.add(db, kind="article", title=text, minutes=5, by=bo, now=MONDAY)
        known = {one.title: one.id for one in resources.all_open(db)}
        for number, user in enumerate(people):
            first = number % len(SUBJECTS) * EACH
            liked = TEXTS[first : first + EACH - (user == bo)]
            for n, text in enumerate(TEXTS):
                at = MONDAY + (number * 40 + n * 53) % 211 * HOUR
                resources.mark(db, user, known[text], "shown", now=at)
                if text in liked:
                    resources.mark(db, user, known[text], "done", now=at + HOUR)


def promote(desk: Desktop, seen: set[str]) -> int:
    """Let a model serve that knows the subjects, trained on these completions."""
    job, data_dir = desk.add_job(), desk.office.settings.data_dir
    folder = data_dir / f"runs/{job.id}/attempt-1/model"
    card = {"dimensions": len(SUBJECTS), "popularity_weight": 0.05}
    write_keyword_model(folder, {subject: subject for subject in SUBJECTS}, **card)
    vectors = np.repeat(np.eye(len(SUBJECTS), dtype=np.float32), EACH, axis=0)
    Items([Item(item=text, clicks=0) for text in TEXTS], vectors).save(folder)
    dataset = data_dir / "datasets" / ("c" * 64)
    dataset.mkdir(parents=True)
    (dataset / "seen.txt").write_text("\n".join(seen))
    desk.end_job(job, task="recommendation", dataset_hash=dataset.name)
    with desk.database() as db:
        models.promote(
            db, alias="learning", model=job.id, expected=None, by="U_A", now=desk.office.clock()
        )
    return job.id


async def test_a_trained_model_orders_where_it_beats_what_ordered_before(desk: Desktop) -> None:
    fill(desk)
    with desk.database() as db:
        names = pseudonyms.of(db, ["U_A"])
    number = promote(desk, {text_hash(f"{names['U_A']}\n{text}") for text in TEXTS})
    assert "was not compared" in (await desk.say("bo", "learn", "/team")).text
    office = wanting(desk, "an encoder")
    add_encoder(desk, "an encoder")
    await index.refresh(office)
    await suggest.refresh(office)
    with desk.database() as db:
        ranking = recommendations.last_ranking(db)
        rest = resources.find(db, "advanced attention")
        assert ranking is not None
        assert rest is not None
        assert (ranking.model, ranking.model_tried) == (number, 29)  # without what it was taught
        assert ranking.model_hits > ranking.order_hits
        assert ranking.model_better
        assert recommendations.current(db)[desk.user("bo")] == rest.id
    found = await desk.say("bo", "learn", "/team")
    assert found.text.startswith("*advanced attention*")
    assert f"Ordered by the trained model {number} (`learning` v1): of 29 things" in found.text
    cold = await desk.say("ana", "learn", "/team")
    assert "orders for those who took up something before" in cold.text
    asked = await desk.say("bo", "learn survey", "/team")
    assert "trained model" not in asked.text


async def test_what_the_team_took_up_becomes_a_data_set_without_a_name(desk: Desktop) -> None:
    refused = await desk.say("ana", "data learning")
    assert "took up 0 things" in refused.text
    fill(desk)
    assert "an admin or a lead" in (await desk.say("bo", "data learning")).text
    assert "what 7 people were shown" in (await desk.say("ana", "data learning")).text
    data_dir = desk.office.settings.data_dir
    with desk.database() as db:
        (job,) = jobs.queued(db)
    work = IntakeWork.model_validate(job.work)
    with (data_dir / work.upload).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 * len(TEXTS)
    assert sum(int(row["clicked"]) for row in rows) == 34
    assert "U_A" not in json.dumps(rows)
    card = data.make_dataset(
        RunSpec(job=job.id, attempt=1, data_dir=data_dir, work=work, device="cpu")
    ).card
    assert card is not None
    assert (card.shape, card.counts["users"], card.counts["items"]) == ("clicks", 7, len(TEXTS))
