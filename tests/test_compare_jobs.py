"""Jobs side by side: sorted, best only where that is shown, refused in words where they can't be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from office import Desktop, open_desktop
from results import THREE, assert_postable, make_result

from bot.asking import RefusalError
from bot.train import beside, beside_chart, compare_jobs
from bot.train.beside import Entry
from bot.workspace.server import Workspace
from storage import deliveries
from trainer import evaluate
from trainer.spec import Chosen, Recipe, TrainSummary

N = 400


def result(wrong: int, *, method: str = "full", **changes: Any) -> TrainSummary:
    """Give a result whose first so many test rows are answered wrongly."""
    true = np.arange(N) % 3
    said = np.where(np.arange(N) < wrong, (true + 1) % 3, true)
    recipe = Recipe.model_validate(
        {"method": method, "epochs": 3, "lr": 5e-5, "batch": 32, "max_length": 64}
    )
    scores = evaluate.score(true, said, THREE)
    return make_result(n=N, **{"scores": scores, "recipe": recipe} | changes)


def entry(job: int, wrong: int, *, rows_known: bool = True, **changes: Any) -> Entry:
    right = np.arange(N) >= wrong if rows_known else None
    return Entry(job, result(wrong, **changes), right)


def verdict(*entries: Entry) -> str:
    ranked = beside.rank(entries)
    return compare_jobs.say_verdict(ranked[0], beside.compare(ranked))


# --- what can be told -------------------------------------------------------------------------


def test_a_job_is_best_only_where_all_others_are_shown_to_be_worse() -> None:
    assert "Job 2 (lora) is best" in verdict(entry(1, 80), entry(2, 20, method="lora"))
    said = verdict(entry(1, 80), entry(2, 21), entry(3, 20))
    assert "No job is shown to be best" in said
    assert "nothing tells it from job 2" in said


def test_jobs_measured_on_other_rows_are_told_apart_by_their_intervals_alone() -> None:
    near = [entry(1, 40), entry(2, 30, dataset_hash="e" * 64)]
    assert "No job is shown" in verdict(*near)
    found = beside.compare(beside.rank([entry(1, 200), entry(2, 10, dataset_hash="e" * 64)]))
    assert (found[0].difference, found[0].is_worse) == (None, True)


def test_of_equal_figures_the_job_that_trained_less_comes_first() -> None:
    small = entry(2, 20, method="lora", trainable_parameters=300_000)
    assert [one.job for one in beside.rank([entry(1, 20), small])] == [2, 1]


def test_what_auto_came_to_is_the_method_of_the_job() -> None:
    chosen = Chosen(method="probe", why="", tried=[])
    assert entry(1, 20, method="auto", chosen=chosen).method == "probe"


@settings(deadline=None, max_examples=20)  # each draws its intervals anew
@given(st.lists(st.integers(0, N), min_size=2, max_size=10))
def test_no_one_is_called_worse_than_itself_whatever_the_jobs(wrong: Sequence[int]) -> None:
    ranked = beside.rank([entry(job, count) for job, count in enumerate(wrong)])
    values = [one.figure.value for one in ranked]
    assert values == sorted(values, reverse=True)
    for one in beside.compare(ranked):
        assert one.difference is not None
        assert one.difference.points <= 0
        assert not (one.is_worse and one.entry.figure.value == values[0])


def test_the_message_can_be_posted_and_the_chart_says_its_result() -> None:
    ranked = beside.rank([entry(1, 80), entry(2, 20, rows={"train": 50}, export=None)])
    found = beside.compare(ranked)
    body = compare_jobs.say(ranked, found)
    assert_postable(body["text"], body["blocks"])
    assert "More than the method differs" in body["text"]
    chart = beside_chart.dots(ranked, compare_jobs.say_verdict(ranked[0], found))
    assert "Job 2 (full) is best" in chart.alt_text
    assert chart.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("typed", ["12 12", "#12, 12"])
def test_one_job_can_not_be_compared_with_itself(typed: str) -> None:
    with pytest.raises(RefusalError, match="two different jobs"):
        compare_jobs.read_numbers(typed)
    assert compare_jobs.read_numbers("#12, 14 15 12") == [12, 14, 15]


# --- by real dispatch -------------------------------------------------------------------------


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def end_jobs(desk: Desktop, *wrong: int) -> None:
    for count in wrong:
        model = desk.add_model(**result(count).model_dump())
        true = np.arange(N) % 3
        said = np.where(np.arange(N) < count, (true + 1) % 3, true)
        folder = desk.office.settings.data_dir / model.path
        np.savez(folder / "test_predictions.npz", logits=np.eye(3)[said], true=true)


def is_queued(desk: Desktop, key: str) -> bool:
    with desk.database() as db:
        return deliveries.newest(db, key) is not None


async def test_jobs_are_compared_in_the_channel_with_a_chart_below(desk: Desktop) -> None:
    end_jobs(desk, 80, 20)
    await desk.workspace.slash("bo", "general", "/train", "compare 1 2")
    while not is_queued(desk, "compare:"):
        await desk.tick()
    await desk.tick()
    said = await desk.workspace.wait_for(lambda m: "is best" in m.text)
    assert "Job 1 beside job 2: worse by 15.0" in said.text
    await desk.workspace.wait_for(lambda m: m.files and m.thread_ts == said.ts)


async def test_unknown_unfinished_and_unlike_jobs_are_refused_in_words(desk: Desktop) -> None:
    end_jobs(desk, 80)
    assert "There is no job 9" in (await desk.say("bo", "compare 1 9")).text
    desk.add_job()
    assert "Job 2 has no result" in (await desk.say("bo", "compare 1 2")).text
