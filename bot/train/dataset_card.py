"""The card of a data set: what is in it, what was left out, what to mind."""

from __future__ import annotations

from bot import blocks, figures
from bot.wording import escape
from storage.records import Dataset, Json
from trainer.spec import DataCard

LABELS = 15  # shown
BAR = 12  # characters
LANGUAGES = 5
RARE = 0.01  # below it a language is more likely a wrong guess


def card(dataset: Dataset, *, note: str = "") -> Json:
    """Write the card as `text` and `blocks`; `note` goes before it."""
    found = DataCard.model_validate(dataset.card)
    rows, labels = figures.count(found.rows, "row"), figures.count(len(found.labels), "label")
    title = f"Data set {escape(dataset.title)}: {rows}, {labels}, from {escape(found.filename)}"
    train = blocks.button("Train on it", "train_on", dataset.title, style="primary")
    lines = [
        f"*Splits*  {_say_splits(found)}",
        f"*Left out*  {_say_left_out(found)}",
        f"*Kept*  {_say_kept(found)}",
        f"*Texts*  {_say_lengths(found)}; {_say_languages(found)}",
        f"*Personal data*  {_say_personal(found)}",
    ]
    shown = [blocks.context(note)] if note else []
    shown += [
        blocks.section(f"*{title}*"),
        blocks.section(f"```{escape(draw_labels(found.labels))}```"),
        blocks.section("\n".join(lines)),
        *(blocks.context(f":warning: {escape(warning)}") for warning in found.warnings),
        blocks.context(_say_origin(found)),
        blocks.actions(train),
    ]
    said = [note, title, *lines, *map(escape, found.warnings), _say_origin(found)]
    text = "\n".join(filter(None, said))
    return {"text": blocks.cut(text, blocks.SECTION), "blocks": shown}


def draw_labels(labels: dict[str, int]) -> str:
    """Draw the balance of the labels, the most frequent first."""
    total, most = sum(labels.values()), max(labels.values())
    rows = [
        [label, figures.bar(rows / most, BAR), f"{rows:,}", figures.percent(rows / total)]
        for label, rows in list(labels.items())[:LABELS]
    ]
    more = f"\nand {len(labels) - LABELS} more labels" if len(labels) > LABELS else ""
    return figures.table(rows) + more


def _say_splits(found: DataCard) -> str:
    counts = [f"{split} {sum(rows.values()):,}" for split, rows in found.splits.items()]
    how = (
        "the file's own"
        if found.splits_from == "file"
        else "made here, every label in its share, near-duplicates on one side"
    )
    return f"{', '.join(counts)} ({how})"


def _say_left_out(found: DataCard) -> str:
    parts = [
        _some(found.empty_rows, "empty row"),
        _some(found.exact_duplicates, "exact duplicate"),
        _some(found.leaks, "row that stood in two splits", "rows that stood in two splits"),
    ]
    return ", ".join(filter(None, parts)) or "nothing"


def _say_kept(found: DataCard) -> str:
    parts = [
        _some(found.near_duplicates, "near-duplicate"),
        _some(found.conflicts, "text that carried two labels", "texts that carried two labels"),
    ]
    return ", ".join(filter(None, parts)) or "no near-duplicates, no text with two labels"


def _some(number: int, noun: str, plural: str | None = None) -> str:
    return figures.count(number, noun, plural) if number else ""


def _say_lengths(found: DataCard) -> str:
    at = found.characters
    return (
        f"half are up to {at['p50']:,} characters long, 95% up to {at['p95']:,}, "
        f"the longest {at['max']:,}"
    )


def _say_languages(found: DataCard) -> str:
    told = {code: share for code, share in found.languages.items() if share >= RARE}
    shares = [f"{escape(code)} {share:.0%}" for code, share in told.items()]
    return ", ".join(shares[:LANGUAGES]) or "the language is not clear"


def _say_personal(found: DataCard) -> str:
    kinds = [f"{escape(k)} in {figures.count(n, 'row')}" for k, n in found.personal_data.items()]
    return ", ".join(kinds) or "none was found"


def _say_origin(found: DataCard) -> str:
    return (
        f"text from the column “{escape(found.text_column)}”, label from "
        f"“{escape(found.label_column)}” · {figures.size(found.bytes)} · hash `{found.hash[:12]}`"
    )
