"""A sweep finds a better recipe, says whether it is one, and outlives a kill."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from records import TRAIN_WORK
from results import assert_postable, make_dataset, make_result
from short_runs import keep_dataset, make_spec, read_events, sample_rows, start, wait_for
from tagged_runs import make_tiny_model
from test_job_card import make_job, make_run

from bot.asking import RefusalError
from bot.commands.train import SweepTrain
from bot.parsing import parse
from bot.train import estimate, job_card, summary, sweep_chart, sweeping, trials
from bot.workspace.server import Workspace
from storage import jobs
from trainer import sweeping as sweeping_of_runs
from trainer import train
from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import (
    Event,
    OneOf,
    Range,
    RunSpec,
    Sweep,
    SweepResult,
    TrainWork,
    TrialEnded,
    TrialResult,
)
from trainer.sweeping import space, winner

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
LR = Range(low=1e-5, high=5e-4, log=True)
METHODS = OneOf(values=("full", "lora"))


def ask(options: str) -> TrainWork:
    """Draft the search that `/train sweep reviews …` asks for."""
    command = parse("/train", f"sweep reviews {options}")
    assert isinstance(command, SweepTrain)
    return sweeping.make_work(
        make_dataset(), command, usual_model="minilm", find_model=lambda typed: typed
    )


def searched(options: str) -> Sweep:
    sweep = ask(options).sweep
    assert sweep is not None
    return sweep


def tried(number: int, value: float | None, state: Any = "complete", **params: Any) -> TrialResult:
    return TrialResult(
        number=number,
        params=params or {"lr": 1e-4},
        state=state,
        value=value,
        epochs=2,
        seconds=30,
    )


# --- what is asked for ----------------------------------------------------------------------


def test_a_space_is_read_as_it_is_typed() -> None:
    sweep = searched("lr=1e-5..5e-4 method=full,lora epochs=2..4 batch=16,32 budget=90m")
    assert sweep.space == {
        "lr": LR,
        "method": METHODS,
        "epochs": Range(low=2, high=4, whole=True),
        "batch": OneOf(values=(16, 32)),
    }
    assert (sweep.trials, sweep.budget_s) == (20, 5_400)


def test_one_value_is_kept_by_every_trial() -> None:
    work = ask("method=lora epochs=2 lr=1e-4..1e-3")
    assert (work.recipe.method, work.recipe.epochs, work.recipe.lr) == ("lora", 2, 5e-4)


def test_without_a_space_the_rate_and_the_batch_are_searched() -> None:
    assert searched("").space == {
        "lr": Range(low=1e-5, high=2.5e-4, log=True),
        "batch": OneOf(values=(16, 32)),
    }


def test_there_are_no_more_trials_than_recipes() -> None:
    assert searched("method=full,lora batch=32").trials == 2
    assert searched("method=lora,head batch=64").trials == 2
    assert searched("lr=1e-4,2e-4").trials == 3  # the usual rate is none of them


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("method=full,lorra", "Did you mean `lora`?"),
        ("method=full,probe", "can't try `probe` here"),
        ("method=full..lora", "has no order"),
        ("lr=5e-4..1e-5", "write the smaller number first"),
        ("lr=0..1e-4", "is above 0, up to 1, not `0`"),
        ("lr=1e-5..", "is above 0, up to 1"),
        ("epochs=2,1000", "is 1 to 100, not `1000`"),
        ("epochs=2..2.5", "is 1 to 100, not `2.5`"),
        ("rank=4,8 method=full", "belongs to `lora`, `adalora`, or `adapters`"),
        ("method=full lr=1e-4", "nothing to choose"),
        ("lr=1e-5..1e-4 budget=0m", "a minute or more"),
    ],
)
def test_what_can_not_be_searched_is_said(options: str, said: str) -> None:
    with pytest.raises(RefusalError) as refused:
        ask(options)
    assert said in str(refused.value)


@given(st.floats(1e-6, 0.4), st.floats(1.01, 2), st.sampled_from(["lr", "warmup", "weight_decay"]))
def test_any_range_of_numbers_is_read_as_its_ends(low: float, times: float, name: str) -> None:
    found = sweeping.read_choice(name, f"{low!r}..{low * times!r}")
    assert found == Range(low=low, high=low * times, log=name == "lr")


def test_a_search_takes_its_trials_its_seeds_and_a_last_run_at_most() -> None:
    done = make_result(rows_per_second=10, train_seconds=50, total_seconds=60)
    work = TrainWork.model_validate(TRAIN_WORK)
    once = estimate.estimate_duration(work, 100, [done])
    assert once is not None
    sweep = Sweep(space={"lr": LR}, trials=10, budget_s=60, seeds=3)
    whole = estimate.estimate_duration(work.model_copy(update={"sweep": sweep}), 100, [done])
    assert whole is not None
    assert whole.high == pytest.approx(60 + 4 * once.high)
    assert whole.low == pytest.approx(60 + 4 * once.low)


# --- decisions ------------------------------------------------------------------------------


def test_a_trial_uses_its_own_methods_rate_unless_one_is_searched() -> None:
    work = ask("method=full,lora,head")
    lora, head = (
        space.work_of(work, {"method": method}, train_rows=300, p95_characters=160).recipe
        for method in ("lora", "head")
    )
    assert (lora.lr, head.epochs) == (5e-4, 3 * lora.epochs)
    both = space.work_of(
        ask("lr=1e-5..1e-3 method=full,lora"),
        {"method": "lora", "lr": 1e-4},
        train_rows=300,
        p95_characters=160,
    )
    assert (both.recipe.lr, both.sweep) == (1e-4, None)


def test_a_small_space_is_tried_whole_with_the_default_first() -> None:
    sweep = Sweep(space={"method": METHODS, "batch": OneOf(values=(16, 32))}, trials=5)
    default: space.Params = {"method": "full", "batch": 32}
    first = space.list_first(sweep, default, seed=0)
    assert first[0] == default
    assert len({tuple(params.values()) for params in first}) == len(first) == 4
    assert space.list_first(sweep, {"method": "full", "batch": 64}, seed=0)[0] == {}


def test_a_trial_goes_on_only_if_it_can_end_in_time() -> None:
    assert winner.can_finish(elapsed=10, epoch=1, epochs=3, left=20)
    assert not winner.can_finish(elapsed=10, epoch=1, epochs=3, left=19)


def test_the_winner_is_the_best_that_came_to_its_end() -> None:
    seen = [tried(0, 0.8), tried(1, 0.9, "pruned"), tried(2, 0.85), tried(3, None, "failed")]
    assert winner.choose_winner([*seen, tried(4, 0.85)], greater_is_better=True) == 2
    assert winner.choose_winner(seen, greater_is_better=False) == 0
    assert winner.choose_winner(seen[3:], greater_is_better=True) == 0


def test_a_gain_is_of_fresh_seeds_and_a_loss_gains_by_falling() -> None:
    assert winner.measure_gain(0.80, [0.81, 0.83], scale=100) == pytest.approx(2)
    assert winner.measure_gain(0.80, [0.70, 0.72], scale=-1) == pytest.approx(0.09)
    noise, margin = winner.measure_noise(0.82, [0.81, 0.83], scale=-100)
    assert noise == pytest.approx(1)
    assert margin == pytest.approx(2.92 * 1.2247, rel=1e-3)
    assert winner.measure_noise(0.82, [], scale=100) == (None, None)


# --- what is said ---------------------------------------------------------------------------


def make_sweep_result(**changes: Any) -> SweepResult:
    seen = [
        tried(0, 0.80, lr=5e-5, method="full"),
        tried(1, 0.84, lr=1e-4, method="full"),
        tried(2, 0.60, "pruned", lr=1e-5, method="lora"),
        tried(3, None, "failed", lr=4e-4, method="lora"),
    ]
    values: dict[str, Any] = {
        "trials": seen,
        "best": 1,
        "default": 0.8,
        "gain": 3.0,
        "noise": 0.5,
        "margin": 1.4,
        "seconds": 120,
    }
    return SweepResult(**values | changes)


SWEPT = TRAIN_WORK | {"sweep": Sweep(space={"lr": LR, "method": METHODS}, trials=4).model_dump()}


def test_a_gain_is_told_beside_the_noise_with_a_command_to_type() -> None:
    job = make_job("succeeded", work=SWEPT)
    told = summary.message(job, make_result(sweep=make_sweep_result()))
    assert_postable(told["text"], told["blocks"])
    assert "3.0 points over the default recipe" in told["text"]
    assert "varies by 0.5 points" in told["text"]
    assert "2 to the end, 1 pruned, 1 failed" in told["text"]
    typed = parse("/train", trials.command(job, make_sweep_result()).removeprefix("/train "))
    assert (typed.lr, typed.method) == (1e-4, "full")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": 1.4}, "but that is no gain"),
        ({"best": 0, "gain": 0.0}, "No recipe was better than the default one."),
        ({"default": None, "gain": None}, "Trial 1 won, with lr=1e-4 method=full. From seed"),
        ({"stopped": "budget"}, "The budget ended it."),
    ],
)
def test_no_gain_is_said_to_be_none(changes: dict[str, Any], said: str) -> None:
    job = make_job("succeeded", work=SWEPT)
    found = make_result(sweep=make_sweep_result(**changes))
    assert said in trials.describe(job, found)[0]


def test_the_jobs_one_message_shows_the_trials_best_first() -> None:
    ended = [TrialEnded(**trial.model_dump()).model_dump() for trial in make_sweep_result().trials]
    body = job_card.card(make_job("running", work=SWEPT), make_run(), tried=ended)
    assert_postable(body["text"], body["blocks"])
    assert "4 of 4 trials are over; trial 1 leads: 84.0% macro-F1" in body["text"]
    table = body["blocks"][1]["text"]["text"].splitlines()
    assert [line.split()[0] for line in table[1:]] == ["1", "0", "2", "3"]
    assert "pruned" in table[3]


def test_the_slices_say_which_trial_is_best() -> None:
    chart = sweep_chart.slices(make_result(sweep=make_sweep_result()))
    assert chart.alt_text.startswith("Trial 1 of 4 is best: 84.0% macro-F1")
    assert chart.png.startswith(b"\x89PNG")


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


async def test_a_search_is_planned_and_queued_as_one_job(desk: Desktop) -> None:
    desk.add_dataset()
    card = await desk.say("bo", "sweep reviews trials=8 lr=1e-5..5e-4 method=full,lora")
    assert "Search for a better recipe for minilm on reviews?" in card.text
    assert "`method=full,lora` `lr=1e-5..5e-4`" in card.text
    await desk.press("bo", card, "plan_queue")
    with desk.database() as db:
        (job,) = jobs.recent(db, limit=10)
    assert TrainWork.model_validate(job.work).sweep == Sweep(
        space={"method": METHODS, "lr": LR}, trials=8
    )


# --- a real sweep ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> RunSpec:
    """Describe a sweep of two trials of a tiny model."""
    data_dir = tmp_path_factory.mktemp("data")
    dataset = keep_dataset(data_dir, sample_rows(train=8, validation=6, test=6))
    base_model = make_tiny_model(data_dir / "tiny")
    spec = make_spec(data_dir, dataset, base_model=str(base_model), epochs=2, lr=1e-3)
    return with_sweep(spec, trials=2, seeds=1, budget_s=3_600)


def with_sweep(spec: RunSpec, **changes: Any) -> RunSpec:
    assert isinstance(spec.work, TrainWork)
    kept = {"epochs": 2, "batch": 8, "max_length": 32}
    choices: dict[str, Range | OneOf] = {n: OneOf(values=(value,)) for n, value in kept.items()}
    choices["lr"] = Range(low=1e-4, high=1e-1, log=True)
    sweep = Sweep.model_validate({"space": choices} | changes)
    return spec.model_copy(update={"work": spec.work.model_copy(update={"sweep": sweep})})


def search_here(spec: RunSpec) -> tuple[TrainWork, SweepResult]:
    """Search alone, without the winner's last run."""
    assert isinstance(spec.work, TrainWork)
    with EventWriter(spec.attempt_dir / "events") as events:
        return sweeping_of_runs.search(spec, spec.work, events, Cancellation())


def trials_of(spec: RunSpec) -> list[TrialEnded]:
    return [event.body for event in read_events(spec) if isinstance(event.body, TrialEnded)]


def timeless(found: SweepResult) -> SweepResult:
    undated = [trial.model_copy(update={"seconds": 0}) for trial in found.trials]
    return found.model_copy(update={"trials": undated, "seconds": 0})


def test_a_sweep_killed_in_the_middle_goes_on_to_the_same_result(spec: RunSpec) -> None:
    work, found = search_here(spec)
    assert len(found.trials) == len(trials_of(spec)) == 2
    assert found.trials[0].params == {"lr": 1e-3}  # the recipe that it began with
    assert found.noise is not None
    assert [path.name for path in (spec.run_dir / "checkpoints" / "sweep").iterdir()] == [
        "study.db"
    ]

    first = spec.model_copy(update={"job": 2})
    process = start(first)

    def is_in_the_second_trial(event: Event) -> bool:
        seen = read_events(first)
        first_end = next((e.seq for e in seen if isinstance(e.body, TrialEnded)), None)
        return first_end is not None and event.seq > first_end and event.body.type == "checkpoint"

    wait_for(first, is_in_the_second_trial)
    process.send_signal(signal.SIGKILL)
    process.wait()
    second = first.model_copy(update={"attempt": 2})
    resumed_work, resumed = search_here(second)
    assert trials_of(second)[:1] == trials_of(first)[:1]  # told again, with the seconds it took
    assert timeless(resumed) == timeless(found)
    assert resumed_work == work
    assert work.recipe.lr == found.trials[found.best].params["lr"]


def test_the_budget_ends_trials_at_an_epoch_and_the_default_is_trained(spec: RunSpec) -> None:
    short = with_sweep(spec, trials=4, seeds=1, budget_s=60).model_copy(update={"job": 3})
    work = short.work
    assert isinstance(work, TrainWork)
    assert work.sweep is not None
    hurried = work.sweep.model_copy(update={"budget_s": 1e-9})  # below what people may ask for
    short = short.model_copy(update={"work": work.model_copy(update={"sweep": hurried})})
    winner_work, found = search_here(short)
    assert found.stopped == "budget"
    assert [(trial.state, trial.epochs) for trial in found.trials] == [("stopped", 1)]
    assert (found.default, winner_work.recipe) == (None, work.recipe)


@pytest.mark.slow
def test_the_winner_is_trained_once_more_and_meets_the_test_split(spec: RunSpec) -> None:
    with EventWriter(spec.model_copy(update={"job": 4}).attempt_dir / "events") as events:
        ended = train.run(spec.model_copy(update={"job": 4}), events, Cancellation())
    assert ended.summary is not None, ended.failure
    found = ended.summary.sweep
    assert found is not None
    assert ended.summary.recipe.lr == found.trials[found.best].params["lr"]
    assert ended.summary.scores.n == 18
