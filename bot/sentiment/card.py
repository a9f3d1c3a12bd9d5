"""The card of an answer: label, confidence, who said so, and a way to say that it is wrong."""

from __future__ import annotations

from bot import blocks
from bot.asking import Block, Reply
from bot.language import tr
from bot.sentiment.answer import Source
from bot.sentiment.pasted import Told
from bot.wording import escape
from trainer.predict import Prediction

CERTAIN, PROBABLE = 0.95, 0.8  # calibrated confidence
ECHO = 150  # characters of the text, shown back
OTHERS = 5  # labels


def card(text: str, prediction: Prediction, source: Source, *, key: str) -> Reply:
    """Say the label with its confidence; the text is shown back, to its asker alone.

    `key` is that of the kept text, for who says that the answer is wrong.
    """
    said = verdict(prediction)
    likely = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    others = [
        f"{escape(label)} {chance:.0%}" for label, chance in likely if label != prediction.label
    ]
    small = " · ".join([*others[:OTHERS], escape(source.name)])
    told = Told(source.alias, source.model, prediction.label, key)
    shown: list[Block] = [
        blocks.section(f"{said}\n> {quote(text)}"),
        blocks.context(small),
        blocks.actions(blocks.button(tr("Wrong?"), "correct", told.write())),
    ]
    return Reply(f"{said.replace('*', '')} ({small})", shown)


def verdict(prediction: Prediction) -> str:
    told = {"label": escape(prediction.label), "share": prediction.confidence}
    if not prediction.sure:
        return tr("*Not sure*; {label} is the most likely, at {share:.0%}", **told)
    if prediction.confidence >= CERTAIN:
        return tr("Almost certainly *{label}*, {share:.0%} sure", **told)
    if prediction.confidence >= PROBABLE:
        return tr("Probably *{label}*, {share:.0%} sure", **told)
    return tr("Rather *{label}*, {share:.0%} sure", **told)


def quote(text: str, characters: int = ECHO) -> str:
    """Show a text back on one line, cut, and escaped."""
    return escape(blocks.cut(" ".join(text[: 10 * characters].split()), characters))
