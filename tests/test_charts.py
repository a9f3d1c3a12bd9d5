"""Charts of a finished run: whole pictures, words that say the result, any label."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot import card, figures, fonts, language
from bot.train import charts
from bot.train.charts import Chart, confusion_matrix, loss_curve
from trainer import evaluate
from trainer.spec import Difference, Evaluated, Export, Recipe, Scores, TrainSummary

NOTHING = Difference(points=0, margin=1, n=1, verdict="none")
THREE = ["negative", "neutral", "positive"]


def evaluated(epoch: float, loss: float, macro_f1: float) -> Evaluated:
    return Evaluated(
        step=round(epoch * 50),
        epoch=epoch,
        loss=loss,
        figures={"accuracy": 0.9, "macro_f1": macro_f1},
    )


def summarise(
    labels: list[str], *, n: int = 300, right: float = 0.85, **fields: Any
) -> TrainSummary:
    """Make the summary of a run whose wrong answers are the next label."""
    random = np.random.default_rng(0)
    true = random.integers(0, len(labels), n)
    wrong = random.random(n) > right
    predicted = (true + wrong) % len(labels)
    usual: dict[str, Any] = {
        "dataset_hash": "0" * 64,
        "base_model": "minilm",
        "recipe": Recipe(method="full", epochs=3, lr=5e-5, batch=32, max_length=64),
        "device": "cpu",
        "scores": evaluate.score(true, predicted, labels),
        "baselines": [],
        "comparison": None,
        "export": Export(
            format="int8",
            why="",
            bytes_fp32=4,
            bytes_int8=1,
            agreement=1,
            accuracy_change=NOTHING,
            latency_ms_fp32=2,
            latency_ms_int8=1,
        ),
        "temperature": 1,
        "threshold": 0.6,
        "rows": {},
        "epochs_done": 3,
        "steps": 150,
        "best_epoch": 2,
        "train_seconds": 1,
        "total_seconds": 1,
        "rows_per_second": 1,
        "parameters": 1,
        "trainable_parameters": 1,
        "peak_memory_bytes": 1,
        "losses": [(step, 0.69 - 0.003 * step) for step in range(10, 151, 10)],
        "evaluations": [evaluated(1, 0.5, 0.8), evaluated(2, 0.4, 0.84), evaluated(3, 0.45, 0.83)],
    }
    return TrainSummary.model_validate(usual | fields)


def open_picture(chart: Chart) -> Image.Image:
    return Image.open(BytesIO(chart.png)).convert("RGB")


def test_the_loss_curve_says_what_came_of_training() -> None:
    chart = loss_curve(summarise(THREE))
    assert chart.alt_text == (
        "Loss fell from 0.66 to 0.24 over 3 epochs; at best 84.0% macro-F1 on the validation split, after epoch 2."
    )


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([(10, 0.5), (20, 0.9)], "Loss rose from 0.50 to 0.90 over 3 epochs."),
        ([(10, 0.69), (20, 0.689)], "Loss stayed at 0.69 over 3 epochs."),
        ([], "No training loss was recorded."),
    ],
)
def test_a_run_that_learned_nothing_is_said_to(losses: list[tuple[int, float]], said: str) -> None:
    chart = loss_curve(summarise(THREE, losses=losses, evaluations=[]))
    assert chart.alt_text == said


def test_the_confusions_say_the_accuracy_and_the_worst_pair() -> None:
    scores = summarise(["no", "yes"]).scores
    assert isinstance(scores, Scores)
    worst = charts.rank_confusions(scores)[0]
    chart = confusion_matrix(summarise(["no", "yes"]))
    assert f"({100 * scores.accuracy.low:.1f}–" in chart.alt_text
    assert f"was taken for “{worst.predicted}” ({worst.rows} of {worst.of})." in chart.alt_text


def test_a_faultless_model_has_no_confusion() -> None:
    for labels in (THREE, [str(n) for n in range(20)]):
        chart = confusion_matrix(summarise(labels, right=1))
        assert "no label was taken for another" in chart.alt_text


@pytest.mark.parametrize(
    "labels",
    [
        ["no", "yes"],
        ["好评", "差评", "物流问题", "价格太贵了而且完全不值得购买的商品"],
        ["costs $5 or $x_y$", "😀 \u0378", "عربي", "two\nlines"],
        ["a long label of which there are two " * 9 + end for end in "ab"],
        [f"label {n}" for n in range(12)],
        [f"intent_{n}_with_a_long_name" for n in range(77)],
        ["never predicted" * n for n in range(1, 13)],
    ],
    ids=["two", "chinese", "odd", "long", "twelve", "many", "growing"],
)
def test_any_labels_make_a_picture_without_a_warning(labels: list[str]) -> None:
    summary = summarise(labels)
    for chart in (loss_curve(summary), confusion_matrix(summary)):
        picture = open_picture(chart)
        assert picture.width == 1_280
        assert 600 < picture.height < 1_700  # a phone shows it whole
        assert len(chart.alt_text) <= 2_000  # Slack's limit
        assert len(chart.png) < 500_000


def test_the_card_is_opaque_and_light_to_its_edges_for_both_themes() -> None:
    chart = confusion_matrix(summarise(THREE))
    assert Image.open(BytesIO(chart.png)).convert("RGBA").getchannel("A").getextrema() == (255, 255)
    picture = open_picture(chart)
    edge = {
        picture.getpixel((x, y)) for x in (0, picture.width - 1) for y in (0, picture.height - 1)
    }
    assert edge == {(251, 250, 247)}


def test_the_same_run_gives_the_same_picture() -> None:
    assert loss_curve(summarise(THREE)) == loss_curve(summarise(THREE))


@pytest.mark.parametrize("label", ["short", "an ordinary label of some length", "很长的标签" * 9])
def test_a_shortened_label_keeps_its_beginning_and_its_end(label: str) -> None:
    short = fonts.shorten(label, 16)
    assert figures.width(short) <= 16
    assert (short[:3], short[-3:]) == (label[:3], label[-3:])


def test_a_picture_is_in_english_where_no_font_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_alternatives", list[str])  # as in a slim container
    with language.use("zh"):
        assert loss_curve(summarise(THREE)).title == "Loss curve"
        assert language.current() == "zh"


def test_lines_break_between_words_and_between_wide_characters() -> None:
    assert card.wrap("one two three", 8) == ["one two", "three"]
    assert card.wrap("训练损失下降，很好", 8) == ["训练损失", "下降，很", "好"]
    assert card.wrap("损失下降，很好", 8) == ["损失下", "降，很好"]
    assert card.wrap("", 8) == []
