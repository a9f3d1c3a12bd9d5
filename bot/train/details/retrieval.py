"""Of a retriever: when it answers, what that costs, what it searches, and where it is at its worst."""

from __future__ import annotations

from bot import figures
from bot.language import listed, tr, trn
from bot.train.details import Details
from trainer.spec import RetrievalScores, TrainSummary


def describe(summary: TrainSummary) -> Details:
    """Tell without quoting a question: what people asked is theirs, so rows are named instead."""
    scores = summary.scores
    if not isinstance(scores, RetrievalScores):
        raise TypeError("these are a retriever's details")
    parts = [
        _say_threshold(scores, summary.threshold or 0.0),
        _say_beyond(scores),
        _say_searched(scores),
        _say_hardest(scores),
    ]
    return Details([part for part in parts if part])


def _say_threshold(scores: RetrievalScores, threshold: float) -> str:
    """Say from which score on it answers, and what of the questions in the docs that leaves."""
    said = [
        tr(
            "*When it answers*  From a score of {threshold:.2f} on; below it says “not in the "
            "docs”. So it answers {answered} of the questions that have an answer.",
            threshold=threshold,
            answered=figures.interval(scores.answered),
        )
    ]
    if scores.right_if_answered is not None:
        right = figures.interval(scores.right_if_answered)
        said.append(tr("Of those, {right} get the right answer first.", right=right))
    return " ".join(said)


def _say_beyond(scores: RetrievalScores) -> str:
    """Say how many questions outside the docs get an answer, and where these questions are from."""
    if scores.answered_out_of_scope is None:
        return ""
    said = [
        tr(
            "*Outside the docs*  {share} of {count:,} test questions without an answer get one all "
            "the same; of new questions like these at most {bound} should.",
            share=figures.interval(scores.answered_out_of_scope),
            count=scores.out_of_scope,
            bound=figures.percent(scores.bound),
        )
    ]
    if scores.made_out_of_scope:
        said.append(
            trn(
                "{count:,} of them is made: its own answer was left out of the search. Rows with "
                "an empty answer, for what the docs don't answer, would say it better.",
                "{count:,} of them are made: their own answers were left out of the search. Rows "
                "with an empty answer, for what the docs don't answer, would say it better.",
                scores.made_out_of_scope,
            )
        )
    return " ".join(said)


def _say_searched(scores: RetrievalScores) -> str:
    if not scores.questions_searched:
        return trn(
            "*Searched*  {count:,} answer by its own text; going by the training questions too did "
            "not help.",
            "*Searched*  {count:,} answers by their own texts; going by the training questions too "
            "did not help.",
            scores.answers,
        )
    return trn(
        "*Searched*  {answers:,} answers, by their own texts and by {count:,} training question "
        "that leads to them.",
        "*Searched*  {answers:,} answers, by their own texts and by {count:,} training questions "
        "that lead to them.",
        scores.questions_searched,
        answers=scores.answers,
    )


def _say_hardest(scores: RetrievalScores) -> str:
    if not scores.hardest:
        return ""
    rows = listed(f"{row:,}" for row in scores.hardest)
    return trn(
        "*Hardest*  The test question in row {rows} of the file ranks its answer lowest: is it the "
        "right one?",
        "*Hardest*  The test questions in rows {rows} of the file rank their answers lowest: are "
        "they the right ones?",
        len(scores.hardest),
        rows=rows,
    )
