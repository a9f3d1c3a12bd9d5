"""A model's card says what it was made of, how well it does, and what it doesn't know."""

from __future__ import annotations

from pathlib import Path

from results import NONE, make_result

from trainer import card
from trainer.spec import Augmented, Baseline, Compressed, DataCard, Interval, TrainWork

DATA = DataCard(
    hash="d" * 64,
    name="reviews",
    filename="re`views`.csv",
    bytes=10_000,
    rows=1_400,
    text_column="text",
    label_column="label",
    labels={"positive": 1_200, "negative": 200},
    splits={"train": {"positive": 900, "negative": 100}, "validation": {}, "test": {}},
    splits_from="made",
    empty_rows=0,
    exact_duplicates=0,
    near_duplicates=0,
    conflicts=0,
    leaks=0,
    characters={"p50": 20, "p95": 60, "p99": 80, "max": 90},
    languages={"en": 0.9, "zh": 0.1},
    personal_data={"e-mail": 3},
    suspects=12,
)
FORM = Compressed(
    form="fp32",
    bytes=90_000_000,
    parameters=22_700_000,
    latency_ms=6,
    figure=Interval(value=0.9, low=0.86, high=0.93),
    agreement=1,
)


def write(**changes: object) -> str:
    tie = Baseline(name="TF-IDF", figures={"accuracy": 0.89, "macro_f1": 0.89}, difference=NONE)
    known = {"n": 150, "baselines": [tie], "compressed": [FORM]}
    summary = make_result(**(known | changes))  # type: ignore[arg-type]
    work = TrainWork(
        dataset="reviews@2",
        dataset_hash="d" * 64,
        base_model="minilm",
        recipe=summary.recipe,
        recipe_why="a middling data set",
    )
    return card.write(summary, DATA, work, job=12, asked_by="U7", licence="Apache-2.0")


def test_it_says_what_the_model_is_made_of_and_how_well_it_does() -> None:
    said = write()
    assert said.startswith("# Model 12: classification on reviews@2\n")
    for words in (
        "licence: Apache-2.0",
        "asked for by: `U7`",
        f"`{'d' * 64}`",
        "train 1,000, validation 100, test 150",
        "method=full, epochs=3, lr=5e-05",
        "| this model | 90.0% (",
        "| TF-IDF | 89.0% | 89.0% | +0.4 ± 2.1 points of accuracy (no difference shown) |",
        "| fp32 | 90.0 | 22,700,000 | 6.0 | 90.0% (86.0%–93.0%) | 100.0% |",
        "from `re'views'.csv`",
    ):
        assert words in said


def test_it_says_what_the_model_does_not_know_and_is_not_for() -> None:
    limits = write().partition("## Limits")[2]
    for words in (
        "en 90%, zh 10%",
        "150 rows: its figures are known roughly only",
        "uneven: 1,200 rows of `positive`, 200 of `negative`",
        "Of 12 rows the label is suspected to be wrong",
        "e-mail (3 rows)",
        "not shown to be better than TF-IDF",
        "not for decisions about single people",
    ):
        assert words in limits


def test_it_says_what_varied_rows_came_to() -> None:
    assert "90 varied rows were tried and not kept" in write(
        augmented=Augmented(rows=90, difference=NONE)
    )


def test_a_licence_is_found_where_a_model_states_it(tmp_path: Path) -> None:
    assert card.find_licence(str(tmp_path)) == card.NOT_STATED
    assert card.find_licence("someone/of-the-hub") == card.NOT_STATED
    (tmp_path / "LICENSE").write_text("MIT License\n\nPermission is")
    assert card.find_licence(str(tmp_path)) == "MIT License"
    (tmp_path / "config.json").write_text('{"license": "apache-2.0"}')
    assert card.find_licence(str(tmp_path)) == "apache-2.0"
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: cc-by-4.0\n---\n")
    assert card.find_licence(str(tmp_path)) == "cc-by-4.0"
