"""Tell the sentiment of a text to its asker alone, by the model that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.sentiment import Sentiment
from bot.commands.train import DEFAULT_ALIAS
from bot.language import mark, tr
from bot.wording import escape
from storage import answers, datasets, models
from storage.database import opened
from trainer.predict import Prediction

NO_MODEL = mark(
    "No model serves yet, so there is no answer. `/train data sample` brings a data set, "
    "`/train sample` trains on it, and `/train promote` with the job's number lets it serve."
)
CERTAIN, PROBABLE = 0.95, 0.8  # calibrated confidence
ECHO = 150  # characters of the text, shown back
OTHERS = 5  # labels


@dataclass(frozen=True)
class Source:
    """Which model answers, and how it is named."""

    path: str
    name: str
    alias: str
    model: int


async def warm(office: Office) -> None:
    """Load the model that serves, so that the first asker after a start needn't wait for it."""
    source = await asyncio.to_thread(_find_source, office)
    if source is not None:
        await office.serving.load(source.path)


async def tell(office: Office, asker: Asker, command: Sentiment) -> Reply | None:
    """Answer a text; without one open a form for it."""
    if command.text is None or not command.text.strip():
        view = form(asker.channel, response_url=asker.response_url)
        await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)
        return None
    return await _answer(office, command.text)


async def take_form(office: Office, _: Asker, values: Mapping[str, Any], __: str) -> Reply | None:
    return await _answer(office, blocks.typed(values, "text"))


async def _answer(office: Office, text: str) -> Reply:
    source = await asyncio.to_thread(_find_source, office)
    if source is None:
        raise RefusalError(tr(NO_MODEL))
    try:
        (prediction,) = await office.serving.classify(source.path, [text])
    except OSError:
        raise RefusalError(
            tr(
                "The files of {model} are gone. `/train rollback` goes back to the model before.",
                model=source.name,
            )
        ) from None
    await asyncio.to_thread(_count, office, source, prediction)
    return say(text, prediction, source.name)


def _count(office: Office, source: Source, prediction: Prediction) -> None:
    """Count the answer for the report, without its text."""
    with opened(office.settings.data_dir) as db:
        answers.count(
            db,
            alias=source.alias,
            model=source.model,
            label=prediction.label,
            sure=prediction.sure,
            now=office.clock(),
        )


def _find_source(office: Office) -> Source | None:
    with opened(office.settings.data_dir) as db:
        serving = models.serving(db, DEFAULT_ALIAS)
        if serving is None:
            return None
        promotion, model = serving
        dataset = datasets.get(db, model.dataset_hash)
    told = {"name": f"{promotion.alias} v{promotion.version}", "model": model.id}
    named = tr("{name}, model {model}, its data was deleted", **told)
    if dataset:
        named = tr("{name}, model {model}, trained on {data}", **told, data=dataset.title)
    return Source(model.path, named, promotion.alias, model.id)


# --- pure -----------------------------------------------------------------------------------


def say(text: str, prediction: Prediction, source: str) -> Reply:
    """Say the label with its confidence; the text is shown back, to its asker alone."""
    verdict = _say_verdict(prediction)
    likely = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    others = [
        f"{escape(label)} {chance:.0%}" for label, chance in likely if label != prediction.label
    ]
    echo = f"> {escape(blocks.cut(' '.join(text[: 10 * ECHO].split()), ECHO))}"
    small = " · ".join([*others[:OTHERS], escape(source)])
    shown: list[Block] = [blocks.section(f"{verdict}\n{echo}"), blocks.context(small)]
    return Reply(f"{verdict.replace('*', '')} ({small})", shown)


def _say_verdict(prediction: Prediction) -> str:
    told = {"label": escape(prediction.label), "share": prediction.confidence}
    if not prediction.sure:
        return tr("*Not sure*; {label} is the most likely, at {share:.0%}", **told)
    if prediction.confidence >= CERTAIN:
        return tr("Almost certainly *{label}*, {share:.0%} sure", **told)
    if prediction.confidence >= PROBABLE:
        return tr("Probably *{label}*, {share:.0%} sure", **told)
    return tr("Rather *{label}*, {share:.0%} sure", **told)


def form(channel: str, *, response_url: str | None) -> Block:
    """Make the form for long texts; the answer takes the way that the command opened."""
    typing = blocks.text_input("text", multiline=True)
    hint = tr("It is neither kept nor shown to others.")
    return blocks.modal(
        "sentiment",
        tr("Sentiment of a text"),
        [blocks.field("text", tr("Text"), typing, hint=hint)],
        submit=tr("Tell me"),
        metadata={"channel": channel, "response_url": response_url or ""},
    )
