"""Recommending: no history knows the future, figures by hand, a real run, one that resumes, serving."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import keep_clicks, list_items, make_spec, write_tiny

from bot.train import curve
from bot.train.details import recommendation as details
from trainer import train
from trainer.compare import compare
from trainer.compare.contender import Contender
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation, Cancelled
from trainer.spec import SPLITS, Body, Checkpoint, RecommendationScores, RunSpec, TrainSummary
from trainer.taste import ranking
from trainer.taste.clicks import Choice, Click, World, load_choices, make_world
from trainer.taste.recommender import Recommender
from trainer.taste.score import ask, popularity, score

# torch's exporter copies its own objects in a way that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")

# --- clicks ---------------------------------------------------------------------------------

ENOUGH = [
    Click("someone", f"item {n}", clicked=True, at=f"2020-01-0{1 + n}", split=split)
    for n, split in enumerate(["train", "train", "validation", "test"])
]
CLICKS = st.builds(
    Click,
    user=st.sampled_from("ab"),
    item=st.sampled_from("uvwxyz"),
    clicked=st.booleans(),
    at=st.none() | st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
    split=st.sampled_from(SPLITS),
)


def find(world: World, text: str) -> Choice:
    number = world.items.index(text)
    (found,) = [one for same in world.choices.values() for one in same if one.item == number]
    return found


@given(st.lists(CLICKS, max_size=30, unique_by=lambda one: (one.user, one.item)))
def test_a_history_has_only_earlier_clicks_of_the_same_person_and_no_later_split(
    clicks: list[Click],
) -> None:
    world = make_world([*ENOUGH, *clicks])
    users = sorted({click.user for click in [*ENOUGH, *clicks]})
    by_pair = {(click.user, click.item): click for click in [*ENOUGH, *clicks]}
    for split, choices in world.choices.items():
        for choice in choices:
            user = users[choice.user]
            now = by_pair[user, world.items[choice.item]]
            assert now.clicked
            assert now.split == split
            for item in choice.history:
                before = by_pair[user, world.items[item]]
                assert before.clicked
                assert SPLITS.index(before.split) <= SPLITS.index(split)
                assert before.at is None or before.at < (now.at or "")
            assert not {*choice.history, choice.item} & set(choice.shown)


def test_what_was_shown_at_the_same_time_and_left_stands_against_a_choice() -> None:
    rows = [
        ("a", "left", False, "2026-01-01T08", "train"),
        ("a", "taken", True, "2026-01-01T08", "train"),
        ("a", "left another day", False, "2026-01-02T08", "train"),
        ("a", "alone", True, "2026-01-03T08", "train"),
    ]
    world = make_world([*ENOUGH, *(Click(*row) for row in rows)])
    assert [world.items[i] for i in find(world, "taken").shown] == ["left"]
    found = find(world, "alone")
    assert {world.items[i] for i in found.shown} == {"left", "left another day"}
    assert [world.items[i] for i in found.history] == ["taken"]


def test_clicks_without_a_history_teach_nothing() -> None:
    with pytest.raises(RunFailed, match="Nobody in the train split took an item after"):
        make_world(ENOUGH[1:])


# --- figures --------------------------------------------------------------------------------


def choose(
    user: int, item: int, history: tuple[int, ...] = (), left: tuple[int, ...] = ()
) -> Choice:
    return Choice("key", user, item, history, left)


def test_a_choice_is_ranked_among_what_was_not_taken_before_and_ties_share_the_middle() -> None:
    scores = np.array([9.0, 5.0, 5.0, 5.0, 1.0])
    found = ranking.rank(
        [choose(0, 1, (0,), (4, 2)), choose(0, 1), choose(1, 4, (0, 1, 2, 3))],
        lambda choices: np.tile(scores, (len(choices), 1)),
    )
    assert found.ranks.tolist() == [2.0, 3.0, 1.0]  # level with two others: in their middle
    assert found.auc.tolist() == [0.75, 0.5, 1.0]
    assert found.ndcg == pytest.approx(1 / np.log2([3, 4, 2]))
    assert found.cold.tolist() == [False, True, False]
    assert found.curve[:3] == pytest.approx([1 / 3, 2 / 3, 1])


def test_choices_of_one_person_are_no_independent_evidence() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 0.0], 50)
    by_few = ranking.by_user(values, np.repeat(np.arange(4), 50))
    by_many = ranking.by_user(values, np.arange(200))
    assert by_few.value == by_many.value == 0.5
    assert by_few.high - by_few.low > 3 * (by_many.high - by_many.low)


def test_who_has_no_history_gets_what_is_popular() -> None:
    vectors = np.eye(3, dtype=np.float32)
    popular = popularity([0, 7, 2])
    known, cold = score(ask([[0], []], vectors), vectors, popular, weight=0.0)
    assert known.argmax() == 0
    assert np.argsort(-cold).tolist() == [1, 2, 0]


# --- a real run -----------------------------------------------------------------------------


class StopAt(EventWriter):
    """Ask for a stop once a checkpoint of a step is kept."""

    def __init__(self, folder: Path, step: int, cancellation: Cancellation) -> None:
        super().__init__(folder)
        self._step, self._cancellation = step, cancellation

    def write(self, body: Body) -> None:
        super().write(body)
        if isinstance(body, Checkpoint) and body.step >= self._step:
            self._cancellation.requested = True


def learn(spec: RunSpec, *, stop_at: int = 10**9) -> TrainSummary:
    cancellation = Cancellation()
    with StopAt(spec.attempt_dir / "events", stop_at, cancellation) as events:
        found = train.train(spec, spec.work, events, cancellation)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def parts(data_dir: Path) -> tuple[str, str]:
    """Give the data set and the base model."""
    return keep_clicks(data_dir), write_tiny(data_dir / "tiny")


@pytest.fixture(scope="module")
def whole(data_dir: Path, parts: tuple[str, str]) -> tuple[RunSpec, TrainSummary]:
    spec = make_spec(data_dir, *parts, job=1)
    return spec, learn(spec)


def test_where_taste_is_in_the_words_a_model_beats_what_is_popular(
    whole: tuple[RunSpec, TrainSummary],
) -> None:
    _, summary = whole
    scores = summary.scores
    assert isinstance(scores, RecommendationScores)
    assert set(scores.new_users) == {"hit@10", "ndcg@10", "auc"}
    assert scores.cold_users > 0
    by_popularity, untuned = summary.baselines
    assert (by_popularity.name, untuned.name) == ("popularity", "untuned encoder")
    assert by_popularity.difference.verdict == "better"
    assert by_popularity.difference.n == scores.n
    told = "\n".join(details.describe(summary).said)
    assert f"among all {scores.items} items" in told
    assert "what is popular" in told
    assert curve.hit_by_k(summary).png.startswith(b"\x89PNG")


def test_a_run_stopped_in_the_middle_of_an_epoch_resumes_to_the_very_same_result(
    whole: tuple[RunSpec, TrainSummary], data_dir: Path, parts: tuple[str, str]
) -> None:
    spec, told = whole
    an_epoch = told.steps // 3
    with pytest.raises(Cancelled):
        learn(make_spec(data_dir, *parts, job=2, save_every_s=1e-6), stop_at=an_epoch + 2)
    second = make_spec(data_dir, *parts, job=2, attempt=2)
    resumed = learn(second)
    assert resumed.resumed_from_step is not None
    assert an_epoch < resumed.resumed_from_step < 2 * an_epoch
    for field in ("scores", "losses", "evaluations", "best_epoch", "steps", "baselines"):
        assert getattr(resumed, field) == getattr(told, field), field
    vectors = [np.load(one.attempt_dir / "model" / "vectors.npy") for one in (spec, second)]
    assert np.array_equal(*vectors)


def test_a_served_model_orders_texts_it_never_met_and_says_what_spoke(
    whole: tuple[RunSpec, TrainSummary],
) -> None:
    model = Recommender.load(whole[0].attempt_dir / "model", threads=1)
    about_stars = [text for subject, text in list_items() if subject == "stars"][:3]
    candidates = ["bread and soup and oven", "moon and comet and orbit"]
    found = model.rank(about_stars, candidates)
    assert found.by == "history"
    assert found.scores.argmax() == 1
    assert model.rank([], candidates).by == "popularity"
    assert model.rank(about_stars, []).scores.shape == (0,)
    np.testing.assert_array_equal(model.rank(about_stars, candidates).scores, found.scores)


def test_a_model_is_compared_on_choices_that_its_rival_never_saw(
    whole: tuple[RunSpec, TrainSummary], tmp_path: Path
) -> None:
    spec, summary = whole
    ours = Contender(1, spec.attempt_dir / "model", spec.dataset_dir)
    same = compare("recommendation", ours, ours, threads=1)
    assert (same.difference.points, same.difference.verdict) == (0, "none")
    assert (same.difference.n, same.left_out) == (summary.scores.n, 0)
    everything = tmp_path / "dataset"
    shutil.copytree(spec.dataset_dir, everything)
    keys = [choice.key for choice in load_choices(ours.folder / "test_choices.jsonl")]
    (everything / "seen.txt").write_text("\n".join(keys))
    other = compare("recommendation", ours, Contender(2, ours.folder, everything), threads=1)
    assert (other.difference.n, other.left_out) == (0, summary.scores.n)
