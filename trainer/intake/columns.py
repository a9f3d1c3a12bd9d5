"""Find the columns of the text, the label and the split, by their names, then by their looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from trainer.intake.table import BadFile, Table
from trainer.spec import Column, ColumnQuestion, DataShape, IntakeWork

# The plain names win over the others; among the others there must be only one.
PLAIN_TEXT = ("text", "文本")
PLAIN_LABEL = ("label", "labels", "标签")
# fmt: off
TEXT_NAMES = (
    "sentence", "review", "content", "comment", "message", "body", "tweet", "utterance", "query",
    "document", "review text", "comment text", "message text", "headline", "texts", "post",
    "内容", "评论", "评价", "句子", "正文", "留言", "消息",
)
LABEL_NAMES = (
    "sentiment", "category", "class", "intent", "target", "topic", "emotion", "polarity", "rating",
    "stars", "score", "tag", "label text", "label name", "情感", "类别", "分类", "类目", "意图", "情绪",
    "评分", "星级",
)
# fmt: on
SPLIT_NAMES = ("split", "set", "fold", "subset", "partition", "划分", "数据集")
SPLIT_VALUES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
NO_TEXTS = "The file has no column of plain text."
MAX_LABELS = 200
MAX_LABEL_LOOK = 50  # characters of a column that may be a label without being called one
EXAMPLES, EXAMPLE_LENGTH = 3, 80  # rows and characters shown with a question
SPACED = re.compile(r"\S\s+\S|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")


@dataclass(frozen=True)
class Chosen:
    """Names of the columns to read; no split column where the file brings no splits."""

    text: str
    label: str
    split: str | None


def find_columns(table: Table, work: IntakeWork) -> Chosen | ColumnQuestion:
    """Choose the columns, or ask; what the person gave wins.

    Raise BadFile for a name that isn't there, and where no column can be the label.
    """
    names = list(table.columns)
    require_columns(table, work.text_column, work.label_column, work.split_column)
    split = work.split_column or find_split(table, {work.text_column, work.label_column})
    free = [name for name in names if name not in {split, work.text_column, work.label_column}]
    text = work.text_column or one_named(free, PLAIN_TEXT, TEXT_NAMES)
    label = work.label_column or one_named(free, PLAIN_LABEL, LABEL_NAMES)
    text = text or only([n for n in free if n != label], lambda n: looks_like_text(table, n))
    rest = [name for name in free if name != text]
    label = label or only(rest, lambda n: looks_like_label(table, n))
    if text is not None and label is not None:
        return Chosen(text, label, split)
    if label is None and text is not None and not _could_be_labels(table, rest):
        raise BadFile(_no_label_column(text, rest))
    return ask(table, text_guess=text, label_guess=label)


def ask(
    table: Table,
    *,
    text_guess: str | None = None,
    label_guess: str | None = None,
    shape_guess: DataShape | None = None,
) -> ColumnQuestion:
    """Ask which columns are which; raise BadFile where there is none."""
    if not table.columns:
        raise BadFile(NO_TEXTS)
    return ColumnQuestion(
        columns=[_show(table, name) for name in table.columns],
        text_guess=text_guess,
        label_guess=label_guess,
        shape_guess=shape_guess,
    )


def require_columns(table: Table, *given: str | None) -> None:
    """Raise BadFile for a name that isn't there; None names nothing."""
    for name in given:
        if name is not None and name not in table.columns:
            raise BadFile(_no_such_column(name, list(table.columns)))


def find_text(table: Table, given: str | None) -> str | ColumnQuestion:
    """Choose the column of the texts, or ask; raise BadFile for a name that isn't there."""
    names = list(table.columns)
    if not names:
        raise BadFile(NO_TEXTS)
    require_columns(table, given)
    found = given or one_named(names, PLAIN_TEXT, TEXT_NAMES)
    found = found or only(names, lambda n: len(names) == 1 or looks_like_text(table, n))
    if found is not None:
        return found
    return ask(table)


def find_split(table: Table, taken: set[str | None]) -> str | None:
    """Take a column called split, set or fold if most of its values are names of splits."""
    for name, values in table.columns.items():
        if name not in taken and fold_name(name) in SPLIT_NAMES:
            known = sum(value.strip().lower() in SPLIT_VALUES for value in values)
            if known > len(values) / 2:
                return name
    return None


def one_named(names: Iterable[str], *wordings: tuple[str, ...]) -> str | None:
    """Find the one column that is called so; earlier wordings win over later ones."""
    for wanted in wordings:
        found = [name for name in names if fold_name(name) in wanted]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def only(names: Iterable[str], fits: Callable[[str], bool]) -> str | None:
    found = [name for name in names if fits(name)]
    return found[0] if len(found) == 1 else None


def fold_name(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())


def looks_like_text(table: Table, name: str) -> bool:
    """Most values are different, and have several words or Chinese, Japanese, Korean writing."""
    values = [value for value in table.columns[name] if value]
    spaced = sum(SPACED.search(value) is not None for value in values)
    return spaced > len(values) / 2 and len(set(values)) > len(values) / 2


def looks_like_label(table: Table, name: str) -> bool:
    """Few short values, each of which comes back ten times on average."""
    values = [value for value in table.columns[name] if value]
    distinct = set(values)
    few = 1 < len(distinct) <= min(MAX_LABELS, len(values) / 10)
    return few and max(map(len, distinct)) <= MAX_LABEL_LOOK


def _could_be_labels(table: Table, names: list[str]) -> bool:
    return any(1 < len(set(table.columns[name])) <= len(table) / 2 for name in names)


def _no_such_column(given: str, names: list[str]) -> str:
    near = get_close_matches(given, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no column {given!r}.{hint} The file has: {list_names(names)}."


def _no_label_column(text: str, rest: list[str]) -> str:
    others = (
        f"none of the others ({list_names(rest)}) repeats" if rest else "it has no other column"
    )
    return f"The file has texts ({text!r}) but no labels: {others}. Add a column called label."


def list_names(names: list[str]) -> str:
    shown = ", ".join(names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown  # noqa: PLR2004


def _show(table: Table, name: str) -> Column:
    values = table.columns[name]
    rows = sorted({len(values) * i // EXAMPLES for i in range(EXAMPLES)})  # spread over the file
    examples = [_cut(values[row]) for row in rows]
    return Column(name=name, examples=examples, distinct=len(set(values)))


def _cut(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= EXAMPLE_LENGTH else value[: EXAMPLE_LENGTH - 1] + "…"
