"""What a file holds and which columns are which: the question to its owner."""

from __future__ import annotations

from collections.abc import Mapping

from bot import blocks
from bot.asking import RefusalError
from bot.language import tr, trn
from bot.train import shape_words
from bot.wording import escape
from storage.records import Job, Json
from trainer.spec import Column, ColumnQuestion, IntakeWork

COLUMNS_SHOWN = 12
MENUS = ("data_shape", "text_column", "label_column", "person_column")
# Shape -> menu -> what its column is.
ROLES: Mapping[str, Mapping[str, str]] = {
    "labels": {"text_column": "text_column", "label_column": "label_column"},
    "tags": {"text_column": "text_column", "label_column": "label_column"},
    "pairs": {"text_column": "question", "label_column": "answer"},
    "clicks": {"text_column": "item", "label_column": "clicked", "person_column": "user"},
}
EXAMPLE = 60  # characters of a value, of a column's name


def ask(job: Job, question: ColumnQuestion) -> Json:
    """Show three real rows, and menus for what the file holds and for its columns."""
    filename = escape(blocks.cut(str(job.work["filename"]), EXAMPLE))
    title = tr("Which columns of {file} are the text and the label?", file=filename)
    names = {str(number): column.name for number, column in enumerate(question.columns)}
    shown = show(question)
    text, label = (
        next((number for number, name in names.items() if name == guess), None)
        for guess in (question.text_guess, question.label_guess)
    )
    shapes = {str(shape): tr(words) for shape, words in shape_words.NAMES.items()}
    menus = [
        blocks.select("data_shape", tr("What it holds"), shapes, chosen=question.shape_guess),
        blocks.select("text_column", tr("The text, question or item"), names, chosen=text),
        blocks.select("label_column", tr("The label, answer or choice"), names, chosen=label),
        blocks.select("person_column", tr("Who chose, for choices"), names),
        blocks.button(tr("Use these"), "use_columns", str(job.id), style="primary"),
    ]
    said = [blocks.section(f"*{title}*"), *map(blocks.section, shown), blocks.actions(*menus)]
    return {"text": title, "blocks": said}


def answer(job: Job, question: ColumnQuestion, chosen: Mapping[str, str]) -> IntakeWork:
    """Read the file once more as what was chosen, with the columns by their numbers."""
    shape = chosen.get("data_shape") or None
    roles = ROLES.get(shape or "", ROLES["labels"])
    picked = {role: chosen.get(menu, "") for menu, role in roles.items()}
    if not all(picked.values()):
        if shape == "clicks":
            raise RefusalError(tr("Choose three columns: the item, the choice, and who chose."))
        raise RefusalError(tr("Choose both columns first: the one of the texts, and the labels'."))
    if len(set(picked.values())) < len(picked):
        raise RefusalError(tr("One column can't be both the text and the label: choose two."))
    named = {role: question.columns[int(number)].name for role, number in picked.items()}
    work = IntakeWork.model_validate(job.work)
    if shape in {"pairs", "clicks"}:
        return work.model_copy(update={"shape": shape, "columns": named})
    return work.model_copy(update={"shape": shape, **named})


def show(question: ColumnQuestion) -> list[str]:
    """Show three real rows, a part a column."""
    shown = [_show(column) for column in question.columns[:COLUMNS_SHOWN]]
    more = len(question.columns) - COLUMNS_SHOWN
    return [*shown, tr("and {count} more columns", count=more)] if more > 0 else shown


def _show(column: Column) -> str:
    examples = "\n".join(f"> {_line(example)}" for example in column.examples)
    about = trn(
        "*{column}*, {count:,} different value",
        "*{column}*, {count:,} different values",
        column.distinct,
        column=_line(column.name),
    )
    return f"{about}\n{examples}"


def _line(text: str) -> str:
    return escape(blocks.cut(" ".join(text.split()) or tr("(empty)"), EXAMPLE))
