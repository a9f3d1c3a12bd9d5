"""Describe the rows that were kept, and say what a person should know before training on them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from lingua import LanguageDetectorBuilder

from trainer.spec import DataCard

LANGUAGE_SAMPLE = 2_000  # rows
SHORTEST, LONGEST = 4, 200  # characters of a text whose language is asked
CONFIDENT = 0.5
RARE_SHARE, RARE_ROWS = 0.05, 20  # a class below either is called rare
WIDE_POINTS = 5  # half of the 95% interval, from which it is mentioned
OFTEN = 0.1  # share of another language that is mentioned


def measure_lengths(texts: Sequence[str]) -> dict[str, int]:
    """Give the percentiles of the texts' lengths, in characters."""
    lengths = [len(text) for text in texts]
    p50, p95, p99 = np.percentile(lengths, [50, 95, 99], method="higher")
    return {"p50": int(p50), "p95": int(p95), "p99": int(p99), "max": max(lengths)}


def detect_languages(texts: Sequence[str]) -> dict[str, float]:
    """Give the share of each language (ISO 639-1) among the first texts, by lingua.

    Texts that are too short, or whose language is a guess, are left out. Rows in canonical order
    are a fair sample.
    """
    detector = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
    counts: Counter[str] = Counter()
    for text in texts[:LANGUAGE_SAMPLE]:
        if len(text) < SHORTEST:
            continue
        best = detector.compute_language_confidence_values(text[:LONGEST])[0]
        if best.value >= CONFIDENT:
            counts[best.language.iso_code_639_1.name.lower()] += 1
    total = counts.total()
    shares = {code: round(count / total, 3) for code, count in counts.most_common()}
    return {code: share for code, share in shares.items() if share >= 0.005}  # noqa: PLR2004


def find_warnings(card: DataCard, *, taken_from_train: Sequence[str] = ()) -> list[str]:
    """Say in whole sentences what may spoil a model trained on these rows, or its figures."""
    found = [
        _taken(taken_from_train),
        *(_of_shape(card)),
        _leaking(card.leaks),
        _personal(card.personal_data),
        _imprecise(card),
        _foreign(card.languages),
    ]
    return [sentence for sentence in found if sentence]


def _of_shape(card: DataCard) -> list[str]:
    counts = card.counts
    match card.shape:
        case "labels":
            labels = [_rare(card.labels, card.rows), _alike(card.labels), _absent(card.splits)]
            return [*labels, _conflicting(card.conflicts)]
        case "tags":
            said = [_rare(card.labels, card.rows), _alike(card.labels)]
            return [*said, _conflicting_tags(card.conflicts), _never_several(counts)]
        case "pairs":
            return [_conflicting_answers(card.conflicts), _always_answered(counts)]
        case "clicks":
            return [_timeless(card), _without_history(counts)]


def _taken(splits: Sequence[str]) -> str:
    if not splits:
        return ""
    return f"The file brings no {' and no '.join(splits)} rows: they were taken from training."


def _rare(labels: dict[str, int], total: int) -> str:
    # Of many classes each is small, which says nothing: a quarter of its even share is little.
    share = min(RARE_SHARE, 1 / len(labels) / 4)
    rare = [name for name, count in labels.items() if count < max(RARE_ROWS, share * total)]
    if not rare:
        return ""
    shown = ", ".join(f"{name!r} ({labels[name]:,} rows)" for name in rare[-5:])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""  # noqa: PLR2004
    return f"Rare labels are learnt badly: {shown}{more}. More rows of them would help most."


def _alike(labels: dict[str, int]) -> str:
    folded = Counter(label.casefold() for label in labels)
    twins = [label for label in labels if folded[label.casefold()] > 1]
    if not twins:
        return ""
    return f"The labels {', '.join(map(repr, twins))} differ only in case: are they one?"


def _absent(splits: dict[str, dict[str, int]]) -> str:
    absent = [label for label in splits["train"] if label not in splits["test"]]
    if not absent:
        return ""
    return f"The test split has no row labelled {', '.join(map(repr, absent[:5]))}."


def _conflicting(conflicts: int) -> str:
    if not conflicts:
        return ""
    return (
        f"{_texts(conflicts)} carried two labels or more; the one given most often was kept. "
        "Look at how these labels are told apart."
    )


def _conflicting_tags(conflicts: int) -> str:
    if not conflicts:
        return ""
    return (
        f"{_texts(conflicts)} carried two sets of labels or more; the set given most often was "
        "kept."
    )


def _never_several(counts: dict[str, int]) -> str:
    if counts["several_labels"]:
        return ""
    return "No row carries two labels: one column with a label a row would say the same."


def _conflicting_answers(conflicts: int) -> str:
    if not conflicts:
        return ""
    questions = "1 question" if conflicts == 1 else f"{conflicts:,} questions"
    return (
        f"{questions} had two answers or more; the one given most often was kept. Which one is "
        "right?"
    )


def _always_answered(counts: dict[str, int]) -> str:
    if counts["unanswered"]:
        return ""
    return (
        "Every question has an answer, so it can't be learnt when to say that there is none: add "
        "questions that your docs don't answer, with an empty answer."
    )


def _timeless(card: DataCard) -> str:
    untimed = card.counts["without_time"]
    if not untimed:
        return ""
    if untimed == card.rows:
        return "No row has a time, so the test split is drawn, not what came last."
    return f"{untimed:,} rows have no time: they are only trained on."


def _without_history(counts: dict[str, int]) -> str:
    if not counts["without_history"]:
        return ""
    return (
        f"{counts['without_history']:,} of {counts['users']:,} people chose nothing in the "
        "training rows: what is popular is all that can be recommended to them."
    )


def _leaking(leaks: int) -> str:
    if not leaks:
        return ""
    return (
        f"{leaks:,} validation or test rows stood, exactly or nearly, in an earlier split too and "
        "were left out, so figures may differ from those published for this split."
    )


def _personal(types: dict[str, int]) -> str:
    if not types:
        return ""
    counts = ", ".join(f"{kind} ({count:,} rows)" for kind, count in types.items())
    return f"The texts seem to hold personal data: {counts}. May they be used for training?"


def _imprecise(card: DataCard) -> str:
    test_rows = sum(card.splits["test"].values())
    points = round(196 * math.sqrt(0.8 * 0.2 / test_rows))  # at an accuracy of 80%
    if points < WIDE_POINTS:
        return ""
    if card.shape != "labels":
        return (
            f"The test split has {test_rows:,} rows: what is measured on it is known roughly only."
        )
    return (
        f"The test split has {test_rows:,} rows: an accuracy measured on it is only known to "
        f"about ±{points} points."
    )


def _foreign(languages: dict[str, float]) -> str:
    often = [code for code, share in languages.items() if share >= OFTEN]
    if not often or often == ["en"]:
        return ""
    shares = ", ".join(f"{languages[code]:.0%} {code}" for code in often)
    return f"The texts are {shares}: choose a base model that knows what isn't English."


def _texts(number: int) -> str:
    return "1 text" if number == 1 else f"{number:,} texts"
