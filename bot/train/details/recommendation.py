"""Of a recommender: how it does for people it never saw, and who gets what is popular."""

from __future__ import annotations

from bot.language import listed, tr, trn
from bot.train import metrics
from bot.train.details import Details
from trainer.spec import RecommendationScores, TrainSummary


def describe(summary: TrainSummary) -> Details:
    scores = summary.scores
    if not isinstance(scores, RecommendationScores):
        raise TypeError("these are a recommender's details")
    parts = [_say_measured(scores), _say_new(scores), _say_cold(scores)]
    return Details([part for part in parts if part])


def _say_measured(scores: RecommendationScores) -> str:
    """Say what stood to be chosen, without which no hit rate says much."""
    return trn(
        "*Measured*  On later choices of {count:,} person, each ranked among all {items:,} items "
        "that they hadn't chosen yet; AUC among what they were shown.",
        "*Measured*  On later choices of {count:,} people, each ranked among all {items:,} items "
        "that they hadn't chosen yet; AUC among what they were shown.",
        scores.users,
        items=scores.items,
    )


def _say_new(scores: RecommendationScores) -> str:
    if not scores.new_users:
        return ""
    found = listed(metrics.say(name, value) for name, value in scores.new_users.items())
    return tr(
        "*New people*  For those whom training never saw, by what they chose since: {figures}.",
        figures=found,
    )


def _say_cold(scores: RecommendationScores) -> str:
    if not scores.cold_users:
        return ""
    return trn(
        "*Without a history*  {count:,} person had chosen nothing yet: they get what is popular, "
        "and are counted so.",
        "*Without a history*  {count:,} people had chosen nothing yet: they get what is popular, "
        "and are counted so.",
        scores.cold_users,
    )
