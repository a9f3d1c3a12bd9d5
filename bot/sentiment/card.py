"""The card of an answer: label, confidence, who said so, and a way to say that it is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot import blocks, figures
from bot.asking import Block, Reply
from bot.language import listed, mark, tr, trn
from bot.sentiment import long_text
from bot.sentiment.answer import Source
from bot.sentiment.long_text import Part
from bot.sentiment.pasted import Told
from bot.sentiment.reading import Reading
from bot.wording import escape
from trainer.predict import Prediction

CERTAIN, PROBABLE = 0.95, 0.8  # calibrated confidence
ECHO, QUOTED = 150, 300  # characters: of the text, shown back, and of a part
OTHERS = 5  # labels
LABELS, BAR = 8, 12  # drawn; characters
NO_LABEL = mark("none of its labels")


def card(reading: Reading, source: Source, *, key: str) -> Reply:
    """Say the label with its confidence; the text is shown back, to its asker alone.

    `key` is that of the kept text, for who says that the answer is wrong.
    """
    prediction = reading.whole
    said = verdict(prediction)
    told = Told(source.alias, source.model, prediction.told, key)
    parts = say_parts(reading.parts) if reading.parts else []
    small = " · ".join([*others(prediction), escape(source.name)])
    shown: list[Block] = [
        blocks.section(f"{said}\n> {quote(reading.text)}"),
        *(blocks.section(part) for part in parts),
        *(blocks.context(f":warning: {escape(note)}") for note in reading.notes),
        blocks.context(small),
        blocks.actions(blocks.button(tr("Wrong?"), "correct", told.write())),
    ]
    text = "\n".join([f"{said.replace('*', '')} ({small})", *map(escape, reading.notes), *parts])
    return Reply(blocks.cut(text, blocks.SECTION), shown)


def verdict(prediction: Prediction) -> str:
    told = {"label": escape(prediction.label), "share": prediction.confidence}
    if prediction.labels is not None:
        return _say_labels(prediction.labels, prediction)
    if not prediction.sure:
        return tr("*Not sure*; {label} is the most likely, at {share:.0%}", **told)
    if prediction.confidence >= CERTAIN:
        return tr("Almost certainly *{label}*, {share:.0%} sure", **told)
    if prediction.confidence >= PROBABLE:
        return tr("Probably *{label}*, {share:.0%} sure", **told)
    return tr("Rather *{label}*, {share:.0%} sure", **told)


def _say_labels(given: Sequence[str], prediction: Prediction) -> str:
    told = {"label": escape(prediction.label), "share": prediction.confidence}
    if not given:
        return tr("*None of its labels*; {label} is the likeliest, at {share:.0%}", **told)
    chances = prediction.probabilities
    shares = listed(f"*{escape(label)}* {chances[label]:.0%}" for label in given)
    return tr("It is about {labels}", labels=shares)


def others(prediction: Prediction) -> list[str]:
    """Write the other labels with their probabilities, the likeliest first."""
    likely = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    rest = [pair for pair in likely if pair[0] not in (prediction.labels or [prediction.label])]
    return [f"{escape(label)} {chance:.0%}" for label, chance in rest[:OTHERS]]


def say_parts(parts: Sequence[Part]) -> list[str]:
    """Draw what the parts of a text are labelled, and quote the two that tell most."""
    title = trn("*{count} part, by itself*", "*{count} parts, each by itself*", len(parts))
    drawn = draw_labels([label for part in parts for label in name_labels(part.prediction)])
    return [
        f"{title}\n```{escape(drawn)}```",
        *(_say_end(*end) for end in long_text.telling(parts)),
    ]


def name_labels(prediction: Prediction) -> Sequence[str]:
    """Name the one label of a text; of several labels those given, or that none is."""
    if prediction.labels is None:
        return [prediction.label]
    return prediction.labels or [tr(NO_LABEL)]


def draw_labels(labels: Sequence[str]) -> str:
    """Draw how often each label was told, the most frequent first."""
    counts = Counter(labels).most_common(LABELS)
    most = counts[0][1]
    return figures.table([[label, figures.bar(n / most, BAR), f"{n:,}"] for label, n in counts])


def quote(text: str, characters: int = ECHO) -> str:
    """Show a text back on one line, cut, and escaped."""
    return escape(blocks.cut(" ".join(text[: 10 * characters].split()), characters))


def _say_end(label: str, part: Part) -> str:
    return tr(
        "Most *{label}* ({share:.0%})\n> {text}",
        label=escape(label),
        share=part.prediction.probabilities[label],
        text=quote(part.text, QUOTED),
    )
