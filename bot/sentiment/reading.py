"""Read one text whole and in parts, and note what an honest answer has to mention."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.asking import Office
from bot.language import tr
from bot.sentiment import answer, long_text, shadow, spoken
from bot.sentiment.answer import Source
from bot.sentiment.long_text import Part
from trainer.predict import Classifier, Prediction


@dataclass(frozen=True)
class Reading:
    """A text with its answer; `parts` are there where it has several."""

    text: str
    whole: Prediction
    parts: Sequence[Part] = ()
    notes: list[str] = field(default_factory=list)  # whole sentences, to take it with care


async def read(office: Office, source: Source, text: str) -> Reading:
    """Answer a text and, of a long one, its parts. Raise RefusalError where no model can."""
    start = text.strip()[: long_text.READ]
    model = await answer.load(office, source)
    fits, parts = await asyncio.to_thread(_split, model, start)
    found = await answer.classify(office, source, [*([start] if fits else []), *parts])
    told = [Part(*pair) for pair in zip(parts, found[len(found) - len(parts) :], strict=True)]
    whole = found[0] if fits else long_text.sum_up(told, model.card)
    await answer.count(office, source, [whole])
    if fits:
        shadow.observe(office, source.alias, [start], [whole])
    cut = 0 if fits else len(parts)
    notes = await asyncio.to_thread(
        _note, text, source, parts=cut, several=whole.labels is not None
    )
    return Reading(text, whole, told, notes)


def _split(model: Classifier, text: str) -> tuple[bool, list[str]]:
    """Tell whether the model reads a text to its end, and give its parts where they are told."""
    fits, found = model.fits(text), long_text.sentences(text)
    if fits and len(found) < long_text.PARTED:
        return True, []
    return fits, [piece for one in found for piece in long_text.pieces(one, model.fits)]


def _note(text: str, source: Source, *, parts: int, several: bool) -> list[str]:
    language = spoken.unseen(text, source.languages)
    notes = {
        tr(
            "Only the first {read:,} of its {all:,} characters were read. Drop the text as a file "
            "to have all of it answered.",
            read=long_text.READ,
            all=len(text),
        ): len(text) > long_text.READ,
        tr(
            "It is longer than the model reads at once, so this is the average of its {count:,} "
            "parts, weighted by their length.",
            count=parts,
        ): parts > 1 and not several,
        tr(
            "It is longer than the model reads at once, so these are the labels that any of its "
            "{count:,} parts has.",
            count=parts,
        ): parts > 1 and several,
        tr(
            "It seems to be in {language}. This model never saw {language} in training, so take "
            "the answer with care.",
            language=language,
        ): language,
        tr(
            "There are no words in it, and models learn little about signs: take the answer with "
            "care."
        ): not spoken.has_words(text[: long_text.READ]),
    }
    return [note for note, holds in notes.items() if holds]
