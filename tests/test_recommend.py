"""What to learn next: chosen for its reader, said why, and held to popularity and search by words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from colleagues import DAY, MONDAY, make_facts, make_member, make_resource
from hypothesis import given
from hypothesis import strategies as st
from keyword_models import write_keyword_model
from office import Desktop, open_desktop
from records import enqueue
from results import assert_postable

from bot import language
from bot.asking import Asker, Office
from bot.team import index, learn, suggest
from bot.team.leave_one_out import is_proven, leave_one_out
from bot.team.lexical import WordIndex, split
from bot.team.recommend import Learner, Library, popular, recommend
from bot.team.signals import recommendations as signal
from bot.workspace.server import Workspace
from storage import encoders, jobs, learning, members, recommendations, resources, skills
from storage.talent import Ranking

ANA = Learner("U1", "engineer")
NOWHERE = np.zeros(6)


def make_library(**changes: Any) -> Library:
    """Give six resources, four of which are of engineering."""
    fields = ["engineer"] * 4 + ["designer", None]
    shelf = [
        make_resource(id=n, title=f"Title {n}", discipline=f, added_at=MONDAY)
        for n, f in enumerate(fields)
    ]
    values: dict[str, Any] = {
        "resources": shelf,
        "skills": {},
        "words": WordIndex([one.title for one in shelf]),
        "completions": {},
    }
    return Library(**values | changes)


def shown(library: Library, learner: Learner = ANA, close: Any = NOWHERE) -> list[int]:
    picks = recommend(library, learner, np.array(close, float), now=MONDAY)
    return [pick.resource.id for pick in picks]


# --- the order ------------------------------------------------------------------------------


@given(st.frozensets(st.integers(0, 5)), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_nothing_seen_is_shown_again_and_one_of_three_comes_from_elsewhere(
    over: frozenset[int], close: list[float]
) -> None:
    found = shown(make_library(), replace(ANA, over=over), close)
    assert len(found) == len(set(found)) == min(3, 6 - len(over))
    assert over.isdisjoint(found)
    assert 4 in found or 4 in over or len(found) < 3


def test_what_closes_a_gap_comes_before_what_is_as_close() -> None:
    library = make_library(skills={1: (7,), 2: (7, 8)})
    first, second, *_ = shown(library, replace(ANA, gaps={7: 0.25, 8: 1.0}))
    assert (first, second) == (2, 1)


def test_two_alike_are_not_shown_together() -> None:
    vectors = np.eye(6, dtype=np.float32)
    vectors[1] = vectors[0]
    assert shown(make_library(vectors=vectors), close=[1, 0.95, 0.6, 0, 0, 0]) == [0, 2, 4]


def test_the_popular_ones_are_those_finished_most() -> None:
    picks = popular(
        make_library(completions={3: 5, 1: 9, 5: 7, 0: 8}), replace(ANA, over=frozenset({1}))
    )
    assert [pick.resource.id for pick in picks] == [0, 5, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fine-tuning C++, v2.", ["fine-tuning", "c++", "v2"]),
        ("模型评测 by hand", ["模型", "型评", "评测", "by", "hand"]),
        ("库", ["库"]),
        ("…", []),
    ],
)
def test_words_are_compared_whole_and_chinese_by_pairs(text: str, words: list[str]) -> None:
    assert split(text) == words


def test_search_by_words_finds_chinese_and_nothing_for_nothing() -> None:
    found = WordIndex(["Evaluation 模型评测", "Serving 推理与部署", ""])
    assert found.score("评测").tolist() == [1, 0, 0]
    assert found.score("").tolist() == found.score("unheard").tolist() == [0, 0, 0]
    assert WordIndex([]).score("评测").tolist() == []


# --- does it help? --------------------------------------------------------------------------


def test_leave_one_out_takes_the_completion_itself_away() -> None:
    """Popularity must not know of what it is asked to guess."""
    library = make_library(completions={0: 1, 1: 1, 2: 1, 3: 1})
    learners = {"U1": replace(ANA, over=frozenset({3}), query="title 3")}
    close = np.array([0, 0, 0, 1.0, 0, 0])
    found = leave_one_out(
        library, learners, [("U1", 3), ("U9", 0)], close=lambda _: close, now=MONDAY
    )
    assert found == Ranking(MONDAY, completions=1, hits=1, popularity_hits=0, bm25_hits=1)


@pytest.mark.parametrize(
    ("figures", "proven"),
    [((19, 19, 0, 0), None), ((20, 9, 8, 8), True), ((20, 9, 9, 8), False), ((20, 9, 8, 9), False)],
)
def test_an_order_is_proven_where_it_beats_both(
    figures: tuple[int, int, int, int], proven: bool | None
) -> None:
    ranking = Ranking(MONDAY, *figures)
    assert is_proven(ranking) is proven
    said = learn.say_order(ranking, by_popularity=proven is False, by_words=False)
    assert said.startswith({None: "Too little", True: "Of 20 things", False: "The most"}[proven])


def test_a_digest_suggests_what_was_chosen_until_it_is_begun() -> None:
    facts = make_facts(resources={3: make_resource()}, recommended={"U1": 3})
    reader = make_member()
    with language.use("en"):
        (line,) = signal.signal(facts, reader, MONDAY)
        assert line.act is not None
        assert (line.act.action, line.act.value) == ("learn_start", "3")
        begun = replace(facts, marks={("U1", 3): frozenset({"started"})})
        assert not list(signal.signal(begun, reader, MONDAY))


# --- in the workspace -----------------------------------------------------------------------


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def fill(desk: Desktop) -> None:
    """Add one thing about attention and one about surveys; bo wants to learn surveys."""
    bo = desk.user("bo")
    with desk.database() as db:
        members.ensure(db, bo, name="Bo", kind="person", zone="UTC", language="en", now=MONDAY)
        skill = skills.add(db, "Surveys", zh="问卷", by=bo, now=MONDAY)
        assert skill is not None
        skills.set_want(db, bo, skill.id, want=True, by=bo, now=MONDAY)
        for title, served in (("About attention", ()), ("How to run a survey", (skill.id,))):
            resources.add(
                db, kind="article", title=title, minutes=5, skills=served, by=bo, now=MONDAY
            )


def add_encoder(desk: Desktop, name: str) -> None:
    """Register an encoder whose vectors count two words."""
    path = f"encoders/{name}"
    folder = write_keyword_model(
        desk.office.settings.data_dir / path, {"attention": "a", "survey": "b", "focus": "a"}
    )
    card = json.loads((folder / "model.json").read_text())
    known = {key: card[key] for key in ("inputs", "pad_token_id", "max_length")}
    (folder / "encoder.json").write_text(json.dumps(known | {"dimensions": 2}))
    made = {"id": name, "base_model": name, "path": path, "dimensions": 2}
    with desk.database() as db:
        encoders.register(db, job=enqueue(db), encoder=made, now=MONDAY)


def wanting(desk: Desktop, encoder: str) -> Office:
    settings = desk.office.settings.model_copy(update={"encoder": encoder})
    return replace(desk.office, settings=settings)


async def test_learning_goes_by_words_first_and_is_begun_finished_or_declined(
    desk: Desktop,
) -> None:
    assert "nothing to learn from yet" in (await desk.say("bo", "learn", "/team")).text
    fill(desk)
    found = await desk.say("bo", "learn", "/team")
    assert found.text.startswith("*How to run a survey* (article, 5 min)\nYou want to learn")
    assert "by words alone" in found.text
    assert_postable(found.text, found.blocks)
    survey = next(block["elements"] for block in found.blocks or [] if block["type"] == "actions")
    asker, number = Asker(key="k", user=desk.user("bo"), channel=""), survey[0]["value"]
    assert "is in your plan" in learn.press_start(desk.office, asker, number).text
    assert "is done" in learn.press_done(desk.office, asker, number).text
    with desk.database() as db:
        (assigned,) = learning.of(db, asker.user)
        assert assigned.state == "done"
    left = await desk.say("bo", "learn", "/team")
    assert "survey" not in left.text
    assert "won't be recommended" in (await desk.press("bo", left, "learn_decline")).text
    assert "seen everything" in (await desk.say("bo", "learn", "/team")).text


async def test_an_encoder_serves_once_its_index_is_whole_and_the_old_one_until_then(
    desk: Desktop,
) -> None:
    office = wanting(desk, "old")
    await index.refresh(office)
    with desk.database() as db:
        assert jobs.newest_encoder(db, "old") is None  # there is nothing to index
    fill(desk)
    await index.refresh(office)
    with desk.database() as db:
        job = jobs.newest_encoder(db, "old")
        assert job is not None
        assert job.work["texts"] == ["How to run a survey. Surveys 问卷", "About attention"]
    add_encoder(desk, "old")
    await index.refresh(office)
    found = await desk.say("bo", "learn focus", "/team")
    assert found.text.startswith("*About attention*")  # by meaning: no word is the same
    assert "Too little was finished" in found.text

    office = wanting(desk, "new")
    await index.refresh(office)  # queues
    with desk.database() as db:
        assert (serving := encoders.serving(db)) is not None
        assert serving.id == "old"
    add_encoder(desk, "new")
    await index.refresh(office)
    with desk.database() as db:
        assert (serving := encoders.serving(db)) is not None
        assert serving.id == "new"
        assert len(encoders.vectors(db, "new")) == 2
        assert encoders.vectors(db, "old") == {}

    await suggest.refresh(office)
    with desk.database() as db:
        survey = resources.find(db, "How to run a survey")
        assert survey is not None
        assert recommendations.current(db) == {desk.user("bo"): survey.id}


async def test_the_admins_hear_once_of_an_encoder_that_could_not_be_made(desk: Desktop) -> None:
    fill(desk)
    office = wanting(desk, "nowhere/at-all")
    await index.refresh(office)
    failure = {"cause": "model_not_found", "evidence": "no hub in reach has it"}
    with desk.database() as db:
        job = jobs.newest_encoder(db, "nowhere/at-all")
        assert job is not None
    desk.end_job(job, "failed", failure=failure)
    later = replace(office, clock=lambda: office.clock() + 2 * DAY)
    for again in (office, office, later, later):
        await index.refresh(again)
        await desk.outbox.drain()
    (told,) = desk.workspace.messages(desk.workspace.dm("ana").id)
    assert "The encoder nowhere/at-all could not be made: no hub in reach has it" in told.text
    with desk.database() as db:
        queued = jobs.newest_encoder(db, "nowhere/at-all")
        assert queued is not None
        assert queued.id > job.id
