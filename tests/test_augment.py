"""Varied rows keep their labels, are drawn by the seed alone, and never come near what is held out."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results import BETTER, NONE, make_result
from short_runs import keep_dataset, make_spec, sample_rows
from tiny_models import write_classifier

from bot.train import forms
from trainer import augment, learning, synonyms, tasks
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.intake.duplicates import group_near_duplicates
from trainer.process import Cancellation, Cancelled
from trainer.spec import (
    AUGMENTATIONS,
    Augmented,
    Body,
    Phase,
    Progress,
    RunSpec,
    TrainWork,
    fold_text,
)
from trainer.tasks.classification import Classification

WORDS = [
    "the",
    "parcel",
    "came",
    "late",
    "again",
    "and",
    "nobody",
    "at",
    "the",
    "desk",
    "could",
    "say",
    "why",
    "it",
    "took",
    "so",
    "long",
]
CHARACTERS = list("外卖送得很慢餐都凉了味道一般下次不会再点这家店服务态度也不好")
english = st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join)
chinese = st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=30).map("".join)
texts = st.lists(st.one_of(english, chinese), min_size=1, max_size=12)


def known(word: str) -> list[str]:
    """Know two words' synonyms."""
    return {"late": ["tardy"], "nobody": ["none"]}.get(word, [])


def vary(rows: list[str], held_out: list[str], seed: int = 0) -> list[augment.Varied]:
    return augment.vary(rows, AUGMENTATIONS, seed=seed, held_out=held_out, synonyms=known)


@given(texts, texts, st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_a_row_has_one_varied_text_at_most_and_none_that_is_known_or_nearly_held_out(
    rows: list[str], held_out: list[str], seed: int
) -> None:
    varied = vary(rows, held_out, seed)
    assert varied == vary(rows, held_out, seed)
    sources = [row.source for row in varied]
    assert sorted(set(sources)) == sources
    assert not {fold_text(row.text) for row in varied} & {fold_text(row) for row in rows + held_out}
    for row in varied:
        alone, new = group_near_duplicates([*held_out, row.text])[[0, -1]] if held_out else (0, 1)
        assert alone != new


@given(st.one_of(english, chinese), st.sampled_from(AUGMENTATIONS), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_a_varied_text_has_the_words_of_its_source(text: str, kind: str, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    new = augment.change(text, kind, draw, synonyms=known)  # type: ignore[arg-type]
    assert new.strip()
    before, after = augment.split_words(text)[0], augment.split_words(new)[0]
    if kind == "swap":
        assert sorted("".join(after)) == sorted("".join(before))
    if kind == "delete":
        assert len(new) <= len(text)
    if kind == "punctuation":
        assert set(new) - set(text) <= {*augment.WESTERN, *augment.CHINESE, " "}


def test_a_text_is_taken_apart_into_words_in_either_script() -> None:
    assert augment.split_words("so late again") == (["so", "late", "again"], " ")
    words, joint = augment.split_words("外卖送得很慢")
    assert joint.join(words) == "外卖送得很慢"
    assert 1 < len(words) < 6
    noisy = augment.change("外卖送得很慢", "punctuation", random.Random(0), synonyms=known)  # noqa: S311
    assert set(noisy) & set(augment.CHINESE)


def test_where_there_is_no_wordnet_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wn = pytest.importorskip("wn")
    monkeypatch.setattr(wn.config, "data_directory", tmp_path)
    with pytest.raises(RunFailed, match="pip install"):
        synonyms.require()


# --- with and without ------------------------------------------------------------------------


class Telling(EventWriter):
    """Remembers what is told, and asks for a stop in the middle of the second training."""

    def __init__(self, folder: Path, cancellation: Cancellation, *, stop: bool) -> None:
        super().__init__(folder)
        self.phases: list[str] = []
        self._cancellation, self._stop = cancellation, stop

    def write(self, body: Body) -> None:
        if isinstance(body, Phase):
            self.phases.append(body.name)
        is_late = isinstance(body, Progress) and body.step > 1 and "augmenting" in self.phases
        if self._stop and is_late:
            self._cancellation.requested = True
        super().write(body)


Learned = tuple[learning.Learnt, tasks.Task, list[str]]


def learn(spec: RunSpec, *, stop: bool = False) -> Learned:
    assert isinstance(spec.work, TrainWork)
    cancellation = Cancellation()
    with Telling(spec.attempt_dir / "events", cancellation, stop=stop) as events:
        task = tasks.load(spec, spec.work)
        learnt = learning.learn(
            task, spec=spec, work=spec.work, events=events, cancellation=cancellation
        )
    return learnt, task, events.phases


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunSpec:
    folder = tmp_path_factory.mktemp("varied")
    rows = sample_rows(train=12, validation=6, test=6)
    base = write_classifier(folder / "tiny")
    return make_spec(folder, keep_dataset(folder, rows), base_model=base, epochs=2)


def with_recipe(spec: RunSpec, job: int, attempt: int = 1, **changes: object) -> RunSpec:
    assert isinstance(spec.work, TrainWork)
    recipe = spec.work.recipe.model_copy(update=changes)
    work = spec.work.model_copy(update={"recipe": recipe})
    return spec.model_copy(update={"job": job, "attempt": attempt, "work": work})


@pytest.fixture(scope="module")
def both(made: RunSpec) -> Learned:
    return learn(with_recipe(made, 2, augment=("delete", "swap")))


def test_it_trains_without_and_with_varied_rows_and_a_tie_goes_to_without(
    made: RunSpec, both: Learned
) -> None:
    plain, task, _ = learn(with_recipe(made, 1))
    learnt, _, phases = both
    assert phases == ["training", "augmenting"]
    assert learnt.augmented is not None
    assert 0 < learnt.augmented.rows <= task.rows["train"]
    assert learnt.augmented.difference.verdict == "none"
    assert learnt.fitted.losses == plain.fitted.losses
    pairs = zip(learnt.model.parameters(), plain.model.parameters(), strict=True)
    assert all(bool((a == b).all()) for a, b in pairs)


def test_a_stop_in_the_second_training_changes_nothing(made: RunSpec, both: Learned) -> None:
    whole, _, _ = both
    often = made.model_copy(update={"save_every_s": 1e-6})
    with pytest.raises(Cancelled):
        learn(with_recipe(often, 4, augment=("delete", "swap")), stop=True)
    resumed, _, _ = learn(with_recipe(made, 4, attempt=2, augment=("delete", "swap")))
    assert resumed.augmented == whole.augmented
    assert resumed.fitted.losses == whole.fitted.losses


def test_added_rows_have_the_labels_of_their_sources(made: RunSpec) -> None:
    assert isinstance(made.work, TrainWork)
    task = tasks.load(made, made.work)
    assert isinstance(task, Classification)
    rows = [augment.Varied("one new text", 5), augment.Varied("another one", 0)]
    more = task.extend(rows, task.model)
    assert more.texts("train")[-2:] == ["one new text", "another one"]
    assert np.array_equal(more.true("train")[-2:], task.true("train")[[5, 0]])
    assert more.rows["train"] == task.rows["train"] + 2
    assert len(task.loaded.encoded["train"]) == task.rows["train"]


def test_what_takes_no_steps_is_refused(made: RunSpec) -> None:
    with pytest.raises(RunFailed, match="method=probe can't be joined"):
        learn(with_recipe(made, 5, method="probe", augment=("delete",)))


@pytest.mark.parametrize(
    ("difference", "words"), [(BETTER, "has learnt from them"), (NONE, "has learnt without them")]
)
def test_the_summary_says_which_of_both_serves(difference: object, words: str) -> None:
    result = make_result(augmented=Augmented(rows=90, difference=difference))
    assert words in forms.say_augmented(result)
