"""What came of classifying a file, in words: counts, how sure, what to take with care, examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel import Locale

from bot import blocks, figures
from bot.bulk.card import file_name
from bot.language import current, tr, trn
from bot.sentiment import poles
from bot.sentiment.answer import Source
from bot.sentiment.card import quote
from bot.wording import code, escape
from storage.records import Job, Json
from trainer.spec import BulkSummary, Example

LABELS, BAR, QUOTED = 12, 12, 150  # drawn; characters; characters of an example
OFTEN = 0.1  # share of another language that is mentioned

Examples = Mapping[str, Sequence[Example]]


def message(job: Job, found: BulkSummary, source: Source | None, examples: Examples) -> Json:
    """Sum a classified file up; `source` is the model, None where it was deleted.

    Its texts are quoted in the blocks alone: the text is shown in notifications.
    """
    title = _say_title(job, found)
    sure = _say_sure(found) if found.unlabelled is None else say_unlabelled(found)
    counts = [_say_label(label, n, found) for label, n in list(found.labels.items())[:LABELS]]
    notes = _say_notes(found, source)
    small = " ".join(filter(None, [_say_model(source), _say_file(found)]))
    text = "\n".join([title, *counts, sure, *notes, small])
    shown = [
        blocks.section(f"{title}\n```{escape(_draw(found))}```"),
        blocks.section(sure),
        *(blocks.context(f":warning: {note}") for note in notes),
        *map(blocks.section, _say_examples(found, examples)),
        blocks.context(small),
    ]
    return {"text": blocks.cut(text, blocks.SECTION), "blocks": shown}


def unseen(found: BulkSummary, source: Source | None) -> dict[str, float]:
    """Give the languages with their shares that are frequent and that the model never saw."""
    if source is None or not source.languages:
        return {}
    return {
        str(Locale(current()).languages.get(name, name)): share
        for name, share in found.languages.items()
        if share >= OFTEN and name not in source.languages
    }


def _say_title(job: Job, found: BulkSummary) -> str:
    return trn(
        "<@{user}> {file} is classified: {count:,} text",
        "<@{user}> {file} is classified: {count:,} texts",
        found.rows,
        user=job.requested_by,
        file=file_name(job),
    )


def _draw(found: BulkSummary) -> str:
    if not found.labels:
        return tr("none of its labels")
    most = max(found.labels.values())
    rows = [
        [label, figures.bar(n / most, BAR), f"{n:,}", figures.percent(n / found.rows)]
        for label, n in list(found.labels.items())[:LABELS]
    ]
    more = len(found.labels) - LABELS
    table = figures.table(rows)
    return "\n".join([table, tr("and {count} more", count=more)]) if more > 0 else table


def _say_label(label: str, n: int, found: BulkSummary) -> str:
    share = figures.percent(n / found.rows)
    return tr("• {label}: {count:,} ({share})", label=escape(label), count=n, share=share)


def _say_sure(found: BulkSummary) -> str:
    return tr(
        "The model is not sure of {share} of them; its mean confidence is {mean}.",
        share=figures.percent(sum(found.unsure.values()) / found.rows),
        mean=figures.percent(found.confidence),
    )


def say_unlabelled(found: BulkSummary) -> str:
    return tr(
        "A text may have several labels; {share} of them have none.",
        share=figures.percent((found.unlabelled or 0) / found.rows),
    )


def _say_notes(found: BulkSummary, source: Source | None) -> list[str]:
    notes = [
        tr(
            "About {share:.0%} of the texts seem to be in {language}, which this model never saw "
            "in training: take them with care.",
            share=share,
            language=name,
        )
        for name, share in unseen(found, source).items()
    ]
    if found.empty:
        notes.append(
            trn(
                "{count:,} row has no text, and so no label.",
                "{count:,} rows have no text, and so no label.",
                found.empty,
            )
        )
    return notes


def _say_examples(found: BulkSummary, examples: Examples) -> list[str]:
    """Quote the most negative and the most positive; else of the two most frequent labels."""
    ends = [poles.negative(examples), poles.positive(examples)]
    labels = [end for end in ends if end] or [label for label in found.labels if label in examples]
    return [_say_end(label, examples[label]) for label in labels[:2]]


def _say_end(label: str, texts: Sequence[Example]) -> str:
    title = tr("Most *{label}*", label=escape(label))
    lines = [f"> {one.confidence:.0%}  {quote(one.text, QUOTED)}" for one in texts]
    return "\n".join([title, *lines])


def _say_model(source: Source | None) -> str | None:
    if source is None:
        return None
    return tr("By {model}; confidences are calibrated.", model=escape(source.name))


def _say_file(found: BulkSummary) -> str:
    if found.unlabelled is not None:
        return tr(
            "The texts are those of the column {column}. The file beside this has all rows with "
            "their labels and the probability of each; Coach deletes its own copies within a day "
            "or so.",
            column=code(found.text_column),
        )
    return tr(
        "The texts are those of the column {column}. The file beside this has all rows with label, "
        "confidence and sure; Coach deletes its own copies within a day or so.",
        column=code(found.text_column),
    )
