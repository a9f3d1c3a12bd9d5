"""Classifying the rows of a file: what is asked, how far it is, what came out."""

from __future__ import annotations

from bot.asking import Feature, Listener, threaded
from bot.bulk import ask, question
from bot.train import offer

FEATURE = Feature(
    buttons={
        "classify_file": ask.press,
        "classify_stop": threaded(ask.stop),
        "classify_column": threaded(question.answer),
        "classified_column": question.ignore_choice,
    },
    events={"app_mention": Listener(ask.hear_mention, offer.wants_classifying)},
)
