"""A long text in parts: its sentences, none longer than the model reads, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sentencex import segment

from bot.sentiment import poles
from trainer.predict import ModelCard, Prediction, answer

READ = 100_000  # characters of one text: some thousand sentences take a second or two
PARTED = 3  # sentences, from which on the parts are told too
RULES = "en"  # of abbreviations; marks of Chinese, Arabic and others end sentences all the same


class Predicted(Protocol):
    """What has an answer: a sentence of a text, a message of a channel."""

    @property
    def prediction(self) -> Prediction: ...


P = TypeVar("P", bound=Predicted)


@dataclass(frozen=True)
class Part:
    """A sentence, or a piece of one that is too long, with its answer."""

    text: str
    prediction: Prediction


def sentences(text: str) -> list[str]:
    """Split a text in any language into its sentences, without blank ones."""
    return [stripped for sentence in segment(RULES, text) if (stripped := sentence.strip())]


def pieces(sentence: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """Give a sentence whole where it fits, else halved until its pieces do."""
    if len(sentence) < 2 or fits(sentence):  # noqa: PLR2004 - one character can't be halved
        yield sentence
        return
    middle = _middle(sentence)
    for half in (sentence[:middle], sentence[middle:]):
        if half.strip():
            yield from pieces(half.strip(), fits)


def sum_up(parts: Sequence[Part], card: ModelCard) -> Prediction:
    """Answer the whole by its parts: of several labels it has those that any part has.

    A single label is that of the average, in which each part weighs by its length in characters.
    """
    if card.thresholds is not None:
        each = [part.prediction.probabilities for part in parts]
        return answer(card, [max(chances[label] for chances in each) for label in card.labels])
    chances: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        for label, chance in part.prediction.probabilities.items():
            chances[label] += chance * len(part.text)
    total = sum(len(part.text) for part in parts)
    return answer(card, [chances[label] / total for label in card.labels])


def telling(parts: Sequence[P]) -> list[tuple[str, P]]:
    """Choose the two that tell most, each with the label that it is chosen for.

    The most negative and the most positive, where they are more so than by chance; of other
    labels the two that are surest.
    """
    labels = parts[0].prediction.probabilities
    ends = [label for label in (poles.negative(labels), poles.positive(labels)) if label]
    if len(ends) < 2:  # noqa: PLR2004 - of the two poles
        surest = sorted(parts, key=lambda part: -part.prediction.confidence)
        return [(part.prediction.label, part) for part in surest[:2]]
    most = [(end, max(parts, key=lambda part: part.prediction.probabilities[end])) for end in ends]
    return [
        (end, part) for end, part in most if part.prediction.probabilities[end] * len(labels) >= 1
    ]


def _middle(sentence: str) -> int:
    """Find the space nearest to the middle, or else the middle itself."""
    half = len(sentence) // 2
    before, after = sentence.rfind(" ", 1, half), sentence.find(" ", half)
    spaces = [place for place in (before, after) if place > 0]
    return min(spaces, key=lambda place: abs(place - half), default=half)
