"""What a data set holds, in the words of its shape: labels, answers, or people and items."""

from __future__ import annotations

from collections import Counter

from bot.language import mark, tr, trn
from trainer.spec import DataCard, DataShape

NAMES: dict[DataShape, str] = {
    "labels": mark("texts, each with a label"),
    "tags": mark("texts, each with any number of labels"),
    "pairs": mark("questions and answers"),
    "clicks": mark("who was shown what, and chose it"),
}
# What a row may be, as the trainer counts it.
KINDS = {
    "answered": mark("answered"),
    "unanswered": mark("not in the docs"),
    "clicked": mark("chosen"),
    "not clicked": mark("passed over"),
}
SPLIT_HOW: dict[DataShape, str] = {
    "labels": mark("{counts} (made here, every label in its share, near-duplicates on one side)"),
    "tags": mark("{counts} (made here, every label in its share, near-duplicates on one side)"),
    "pairs": mark("{counts} (made here, questions that nearly repeat one another on one side)"),
    "clicks": mark("{counts} (made here: the test is what came last, and people kept apart)"),
}


def say_kinds(found: DataCard) -> list[str]:
    """Say what there is in the data beside rows, a part a thing."""
    counts = found.counts
    match found.shape:
        case "pairs":
            return [trn("{count:,} answer", "{count:,} answers", counts["answers"])]
        case "clicks":
            people = trn("{count:,} person", "{count:,} people", counts["users"])
            return [people, trn("{count:,} item", "{count:,} items", counts["items"])]
        case _:
            return [trn("{count:,} label", "{count:,} labels", len(found.labels))]


def count_kinds(found: DataCard) -> dict[str, int]:
    """Count the rows by label, or where there are none by kind of row."""
    if found.labels:
        return found.labels
    counts: Counter[str] = Counter()
    for kinds in found.splits.values():
        counts.update(kinds)
    return {tr(KINDS[kind]): rows for kind, rows in counts.most_common()}


def say_conflicts(found: DataCard) -> str:
    """Say how many texts contradict themselves, which there are some of."""
    match found.shape:
        case "tags":
            return trn(
                "{count:,} text that carried two sets of labels",
                "{count:,} texts that carried two sets of labels",
                found.conflicts,
            )
        case "pairs":
            return trn(
                "{count:,} question that had two answers",
                "{count:,} questions that had two answers",
                found.conflicts,
            )
        case _:
            return trn(
                "{count:,} text that carried two labels",
                "{count:,} texts that carried two labels",
                found.conflicts,
            )


def say_counts(found: DataCard) -> list[str]:
    """Say what only this shape counts, a line each."""
    counts = found.counts
    match found.shape:
        case "tags":
            return [
                tr(
                    "*Labels of a text*  {several:,} rows carry several, {none:,} none",
                    several=counts["several_labels"],
                    none=counts["no_label"],
                )
            ]
        case "pairs":
            return [
                tr(
                    "*Answers*  {twice:,} of {answers:,} answer several questions; {unanswered:,} "
                    "questions have none",
                    twice=counts["answers_asked_twice"],
                    answers=counts["answers"],
                    unanswered=counts["unanswered"],
                )
            ]
        case "clicks":
            return [
                tr(
                    "*People*  {new:,} of {users:,} chose nothing in the training rows",
                    new=counts["without_history"],
                    users=counts["users"],
                )
            ]
        case _:
            return []


def say_columns(found: DataCard) -> str:
    """Say which columns the rows are from; names are the file's, unescaped."""
    told = {"text": found.text_column, "label": found.label_column}
    match found.shape:
        case "pairs":
            return tr("question from the column “{text}”, answer from “{label}”", **told)
        case "clicks":
            return tr("item from the column “{text}”, choice from “{label}”", **told)
        case _:
            return tr("text from the column “{text}”, label from “{label}”", **told)
