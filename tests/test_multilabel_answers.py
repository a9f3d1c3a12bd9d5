"""Answers of any number of labels: said, classified in bulk, corrected, trained on again, summed up."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from keyword_models import write_keyword_model
from office import Desktop, open_desktop
from records import NOON, TRAIN_WORK
from results import NONE, assert_postable, make_result
from tagged_runs import make_rows
from test_bulk_run import found_in, read_csv
from test_bulk_run import make_spec as make_bulk

from bot.bulk import chart, summary
from bot.monitor.reading import name_topic
from bot.sentiment import corrections as wrong
from bot.sentiment.card import others, verdict
from bot.sentiment.judged import Judged
from bot.sentiment.messages import Said
from bot.train import label_bars
from bot.train import summary as result
from bot.workspace.server import Workspace
from storage import answers, corrections, models
from storage.records import Model
from trainer import data, label_sets
from trainer.bulk import __main__ as bulk
from trainer.compare.contender import read_rows
from trainer.predict import Classifier
from trainer.spec import Baseline, Corrects, IntakeWork, RunSpec, TrainSummary, dataset_dir

WORDS = {"invoice": "billing", "parcel": "delivery", "broken": "quality"}
THRESHOLDS = dict.fromkeys(sorted(WORDS.values()), 0.8)  # a word makes a probability of 0.88
BOTH = "the invoice and the parcel"


def make_topics(folder: Path) -> Path:
    return write_keyword_model(folder, WORDS, thresholds=THRESHOLDS)


def make_topics_result() -> TrainSummary:
    """Give the result of a run in which one label is never told, and one never tested."""
    labels = ["billing", "delivery", "quality", "rare"]
    true = [[n % 2 == 0, n % 3 == 0, n % 5 == 0, False] for n in range(60)]
    told = [[billing, delivery, False, False] for billing, delivery, _, _ in true]
    scores = label_sets.score(true, told, labels, [0.5, 0.4, 0.6, 0.5])
    figures = label_sets.figures(true, told)
    found = make_result(scores=scores, threshold=None, task="multilabel")
    baseline = Baseline(name="majority", figures=figures, difference=NONE)
    return found.model_copy(update={"baselines": [baseline], "kept_by": "micro_f1"})


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def let_serve(desk: Desktop) -> Model:
    """Let a model of topics serve beside none of sentiment."""
    dataset = desk.add_dataset()
    job = desk.add_job(work=TRAIN_WORK | {"dataset_hash": dataset.hash})
    make_topics(desk.office.settings.data_dir / f"runs/{job.id}/attempt-1/model")
    told = make_topics_result().model_dump()
    desk.end_job(job, **told | {"dataset_hash": dataset.hash})
    with desk.database() as db:
        models.promote(db, alias="topics", model=job.id, expected=None, by="U1", now=NOON)
        model = models.get(db, job.id)
    assert model is not None
    return model


# --- in chat --------------------------------------------------------------------------------


async def test_a_text_is_told_all_its_labels_or_that_none_fits(desk: Desktop) -> None:
    let_serve(desk)
    several = await desk.say("bo", f"model=topics {BOTH}", "/sentiment")
    assert "It is about billing 88%, delivery 88%" in several.text
    none = await desk.say("bo", "model=topics good morning", "/sentiment")
    assert "None of its labels; billing is the likeliest, at 50%" in none.text
    with desk.database() as db:
        counted = answers.between(db, NOON.replace(year=2000), NOON.replace(year=2100))
    assert {(one.label, one.sure, one.n) for one in counted} == {
        ("billing", True, 1),
        ("delivery", True, 1),
        ("billing", False, 1),
    }


async def test_several_labels_are_corrected_by_choosing_those_that_fit(desk: Desktop) -> None:
    let_serve(desk)
    answer = await desk.say("bo", f"model=topics {BOTH}", "/sentiment")
    for chosen in (["quality", "billing"], ["billing", "delivery"], []):
        await desk.workspace.click("bo", answer, "correct")
        view = await desk.workspace.wait_for_view("bo")
        assert "Told: *billing, delivery*" in str(view["blocks"])
        since = desk.workspace.state.new_ts()
        await desk.workspace.submit_view("bo", view["id"], {"label": chosen})
        said = await desk.workspace.wait_for(lambda m, since=since: m.ts > since)  # type: ignore[misc]
        if chosen == ["billing", "delivery"]:
            assert "what was told already" in said.text
    assert "labelled *no label*" in said.text
    with desk.database() as db:
        (kept,) = corrections.open_of(db, "reviews")
    assert (kept.told, kept.label) == ("billing|delivery", "")


def test_labels_are_named_without_the_sign_between_them() -> None:
    assert wrong.say_labels("billing|quality") == "billing, quality"
    assert wrong.say_labels("") == "no label"


def test_a_message_counts_for_each_of_its_labels_and_a_monitor_takes_the_likeliest(
    tmp_path: Path,
) -> None:
    model = Classifier.load(make_topics(tmp_path / "model"), threads=1)
    several, none = model.classify(["invoice invoice parcel", "hello"])
    said = Said("1.0", "U1", "…")
    assert Judged(said, several).labels == ("billing", "delivery")
    assert Judged(said, none).label == "none of its labels"
    assert (name_topic(several), name_topic(none)) == ("billing", "other")
    assert verdict(several) == "It is about *billing* 98%, *delivery* 88%"
    assert others(several) == ["quality 50%"]


# --- files ----------------------------------------------------------------------------------


def test_the_rows_of_a_file_get_their_labels_with_the_probability_of_each(tmp_path: Path) -> None:
    make_topics(tmp_path / "model")
    rows = f"id,text,at\n1,{BOTH},2026-11-02\n2,hello,2026-11-03\n3,,2026-11-03\n"
    ended = bulk.run(make_bulk(tmp_path, rows.encode()))
    found = found_in(ended)
    assert [(row["labels"], row["probabilities"]) for row in read_csv(tmp_path, ended)] == [
        ("billing|delivery", "0.8808|0.8808"),
        ("", ""),
        ("", ""),
    ]
    assert (found.labels, found.unlabelled) == ({"billing": 1, "delivery": 1}, 1)
    assert found.days == {"2026-11-02": {"billing": 1, "delivery": 1}, "2026-11-03": {"": 1}}
    assert "none of its labels" in str(chart.read_days(found))
    assert "50.0% of them have none" in summary.say_unlabelled(found)


def test_objects_get_lists_of_labels(tmp_path: Path) -> None:
    make_topics(tmp_path / "model")
    line = json.dumps({"text": BOTH}).encode()
    ended = bulk.run(make_bulk(tmp_path, line, "a.jsonl"))
    written = json.loads((tmp_path / found_in(ended).result).read_text(encoding="utf-8"))
    assert written["labels"] == ["billing", "delivery"]
    assert written["probabilities"] == [0.8808, 0.8808]


# --- trained on again -----------------------------------------------------------------------


def test_corrections_of_several_labels_become_rows_of_the_next_version(tmp_path: Path) -> None:
    upload = tmp_path / "uploads" / "tickets.csv"
    upload.parent.mkdir()
    with upload.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "labels", "split"))
        writer.writerows(
            (text, "|".join(labels), split) for text, labels, split in make_rows() if labels
        )
    about = {"filename": "tickets.csv", "name": "tickets"}
    first = make_version(tmp_path, IntakeWork(upload="uploads/tickets.csv", shape="tags", **about))
    rows = pq.read_table(dataset_dir(tmp_path, first) / "rows.parquet").to_pylist()
    known = next(row for row in rows if row["split"] == "train")
    made = [
        {"number": 1, "text": known["text"], "label": ""},
        {"number": 2, "text": "a wholly other question", "label": "billing|quality"},
        {"number": 3, "text": "yet another thing", "label": "billing|unheard"},
    ]
    upload.write_text("".join(f"{json.dumps(one)}\n" for one in made), encoding="utf-8")
    corrects = Corrects(dataset_hash=first, numbers=[1, 2, 3])
    work = IntakeWork(upload="uploads/tickets.csv", corrects=corrects, **about)
    second = dataset_dir(tmp_path, make_version(tmp_path, work))
    now = {row["text"]: row["labels"] for row in pq.read_table(second / "rows.parquet").to_pylist()}
    assert now[known["text"]] == []
    assert now["a wholly other question"] == ["billing", "quality"]
    assert "yet another thing" not in now
    assert read_rows(second / "corrections.jsonl") == []


def make_version(data_dir: Path, work: IntakeWork) -> str:
    spec = RunSpec(job=1, attempt=1, data_dir=data_dir, work=work, device="cpu")
    card = data.make_dataset(spec).card
    assert card is not None
    return card.hash


# --- the summary ----------------------------------------------------------------------------


async def test_the_summary_names_the_weakest_labels_and_every_threshold(desk: Desktop) -> None:
    job, found = desk.add_job(), make_topics_result()
    told = result.message(job, found)
    assert_postable(told["text"], told["blocks"])
    assert "micro-F1" in told["text"]
    assert "*Weakest labels*  “quality” (F1 0.0%, 12 rows)" in told["text"]
    assert "No test row carries “rare”" in told["text"]
    assert "60%" in str(told["blocks"])


def test_the_chart_says_what_it_shows() -> None:
    drawn = label_bars.f1_by_label(make_topics_result())
    assert "the weakest is “quality”: F1 0.0% on its 12 rows" in drawn.alt_text
    assert drawn.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("labels", [1, 200])
def test_any_number_of_labels_can_be_drawn_and_told(labels: int) -> None:
    names = [f"主题 {n}" for n in range(labels)]
    scores = label_sets.score([[True] * labels], [[True] * labels], names, [0.5] * labels)
    found = make_topics_result().model_copy(update={"scores": scores})
    assert label_bars.f1_by_label(found).png
