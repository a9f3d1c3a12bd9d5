"""Which column is the text and which the label: the question to a file's owner."""

from __future__ import annotations

from bot import blocks
from bot.asking import RefusalError
from bot.language import tr, trn
from bot.wording import escape
from storage.records import Job, Json
from trainer.spec import Column, ColumnQuestion, IntakeWork

COLUMNS_SHOWN = 12
EXAMPLE = 60  # characters of a value, of a column's name


def ask(job: Job, question: ColumnQuestion) -> Json:
    """Show three real rows and a menu for each of the two columns."""
    filename = escape(blocks.cut(str(job.work["filename"]), EXAMPLE))
    title = tr("Which columns of {file} are the text and the label?", file=filename)
    names = {str(number): column.name for number, column in enumerate(question.columns)}
    shown = show(question)
    text, label = (
        next((number for number, name in names.items() if name == guess), None)
        for guess in (question.text_guess, question.label_guess)
    )
    menus = [
        blocks.select("text_column", tr("The text"), names, chosen=text),
        blocks.select("label_column", tr("The label"), names, chosen=label),
        blocks.button(tr("Use these"), "use_columns", str(job.id), style="primary"),
    ]
    said = [blocks.section(f"*{title}*"), *map(blocks.section, shown), blocks.actions(*menus)]
    return {"text": title, "blocks": said}


def answer(job: Job, question: ColumnQuestion, *, text: str, label: str) -> IntakeWork:
    """Read the file once more with the columns that were chosen, by their numbers."""
    if not text or not label:
        raise RefusalError(tr("Choose both columns first: the one of the texts, and the labels'."))
    if text == label:
        raise RefusalError(tr("One column can't be both the text and the label: choose two."))
    names = [column.name for column in question.columns]
    work = IntakeWork.model_validate(job.work)
    chosen = {"text_column": names[int(text)], "label_column": names[int(label)]}
    return work.model_copy(update=chosen)


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
