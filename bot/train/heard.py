"""What the trainer says in English, said again in the reader's language."""

from __future__ import annotations

import re
from functools import cache
from string import Formatter

from bot.language import mark, tr

WAITS = (
    mark("there is no slot on this machine that could run it"),
    mark("it needs {number} slots at once, and this machine has {most}"),
    mark("its turn is after job {job}"),
    mark("waiting for {jobs}"),
    mark("job {job} on {slot} or {others}"),
    mark("job {job} on {slot}"),
)
RECIPES = (
    mark(
        "{size} ({rows} training rows): {epochs} epochs; lr {lr} is what {method} needs; 95% of "
        "the texts fit in {tokens} tokens"
    ),
    mark("few rows"),
    mark("a middling data set"),
    mark("many rows"),
)
EXPORTS = (
    mark("fp32 serves: int8 costs {points} points of accuracy."),
    mark("fp32 serves: int8 costs {points} points of {metric}."),
    mark("fp32 serves: int8 answers {share} of the test rows as fp32 does, fewer than {least}."),
    mark("int8 serves: int8 answers {share} of the test rows as fp32 does."),
)
CHOICES = (
    mark(
        "The probe serves: with {mistakes} mistakes on {rows} validation rows fine-tuning could "
        "not show that it is better."
    ),
    mark(
        "The probe serves: {steps} steps are too few for fine-tuning to learn {labels} labels "
        "better. More rows or epochs would help."
    ),
    mark(
        "The probe serves: fine-tuning would take about {hours} hours here. Type method=full if "
        "it is worth them."
    ),
    mark(
        "The probe serves: fine-tuning is not shown to be better, {points} ± {margin} points on "
        "{rows} validation rows."
    ),
    mark(
        "Fine-tuning serves: it is better than the probe, {points} ± {margin} points on {rows} "
        "validation rows."
    ),
)
WARNINGS = (
    mark("The file brings no {splits} rows: they were taken from training."),
    mark("Rare labels are learnt badly: {labels}. More rows of them would help most."),
    mark("The labels {labels} differ only in case: are they one?"),
    mark("The test split has no row labelled {labels}."),
    mark(
        "{texts} carried two labels or more; the one given most often was kept. Look at how these "
        "labels are told apart."
    ),
    mark("1 text"),
    mark("{number} texts"),
    mark(
        "{number} validation or test rows stood, exactly or nearly, in an earlier split too and "
        "were left out, so figures may differ from those published for this split."
    ),
    mark("The texts seem to hold personal data: {kinds}. May they be used for training?"),
    mark(
        "The test split has {number} rows: an accuracy measured on it is only known to about "
        "±{points} points."
    ),
    mark("The texts are {languages}: choose a base model that knows what isn't English."),
    mark("The test split has {number} rows: what is measured on it is known roughly only."),
    mark("{texts} carried two sets of labels or more; the set given most often was kept."),
    mark("No row carries two labels: one column with a label a row would say the same."),
    mark(
        "{questions} had two answers or more; the one given most often was kept. Which one is "
        "right?"
    ),
    mark("1 question"),
    mark("{number} questions"),
    mark(
        "Every question has an answer, so it can't be learnt when to say that there is none: add "
        "questions that your docs don't answer, with an empty answer."
    ),
    mark("No row has a time, so the test split is drawn, not what came last."),
    mark("{number} rows have no time: they are only trained on."),
    mark(
        "{number} of {whole} people chose nothing in the training rows: what is popular is all "
        "that can be recommended to them."
    ),
)
FAILURES = (
    mark("{model} is no model that writes: choose a causal language model, such as {example}."),
    mark("{model} has no token that ends a text: choose another base model."),
    mark("No answer of the {split} split fits in {limit} tokens."),
    mark("The {split} split has no question with an answer."),
    mark("{model} has no fast tokenizer (tokenizer.json): choose another base model."),
    mark("The {split} split has no rows."),
    mark("The training split has one label only: {label}."),
    mark("No training row carries a label."),
    mark("The {split} split has the label {label}, which no training row carries."),
    mark(
        "{model} has its weights as pickles only, which can run code: convert them to safetensors."
    ),
    mark("{model} needs code of its own, which is never run."),
    mark("{model} is gated on the hub: this host needs access to it."),
    mark(
        "{model} is no text encoder that can be loaded: it needs config.json, tokenizer.json and "
        "model.safetensors."
    ),
    mark("{model} is no folder here, and no hub in reach has it."),
    mark("The loss was {loss} at step {step}."),
    mark("{model} can't be trained by method={method}: it has {methods}."),
    mark("method={method} is for texts with one label each: choose another."),
    mark("Every question has the same answer: there is nothing to choose from."),
    mark(
        "Nobody in the {split} split took an item after an earlier one: without a history there is "
        "nothing to learn from. Add people with two choices or more."
    ),
    mark("Nobody in the test split took an item."),
    mark("augment= is for texts with labels: leave it out."),
    mark(
        "method={method} can't be joined with augment= or teacher=: choose a method that only "
        "takes steps."
    ),
    mark(
        "augment=synonym needs a wordnet on the machine that trains: pip install {extra} and "
        "{command} there, or leave synonym out."
    ),
    mark("The vocabulary of {tokenizer} can't be pruned: leave out prune=yes."),
    mark("The files of model {number} can't be read, so it can't teach: choose another teacher."),
    mark(
        "Model {number} can't teach this: it knows other labels than those of the training split."
    ),
    mark("The {split} split has no question with an answer."),
    mark("The training split has {number} questions with an answer; at least {least} are needed."),
    mark(
        "{tracker} is not installed on the machine that trains: pip install {extra} there, or "
        "leave out track={option}."
    ),
    mark("it was told to stop from outside Coach"),
    mark("its processes were killed from outside, or the machine went down"),
    mark("no sign of life for {number} minutes"),
    mark("killed by signal {signal}; it used up to {used} of {whole} GiB of memory"),
    mark("ended with status {status} and no result: {error}"),
    mark("ended with status {status} and no result"),
)
FILES = (
    mark(
        "Reading this file takes more memory or time than a good file of its size does: it is "
        "damaged, or unfolds to something huge. Send a part of its rows, as CSV."
    ),
    mark("The file has no rows."),
    mark("The file is empty."),
    mark("The file has a header and no rows."),
    mark("It has no rows."),
    mark("The file has {size} MB; at most {most} MB are read. Send a part of its rows."),
    mark(
        "Line {line} has {found} value(s) where the header has {wanted}: put a text that holds "
        "the separator into double quotes."
    ),
    mark(
        "Line {line} begins a value of more than {most} characters: is a double quote left open "
        "there?"
    ),
    mark(
        "Line {line} has a broken double quote: close each quote that is opened, and write a "
        "quote inside a quoted text twice."
    ),
    mark(
        "The first line says {name}, and so do rows of that column: begin the file with one "
        "header such as text,label, and don't repeat it."
    ),
    mark("Line {line} brings the columns to more than {most}."),
    mark("Line {line} holds half of a \\u surrogate pair."),
    mark("Line {line} is not valid JSON: {error} at character {column}. Write one object a line."),
    mark("Line {line} holds JSON that is too large to read."),
    mark('Line {line} is no JSON object such as {{"text": …, "label": …}}.'),
    mark("Line {line}"),
    mark("Row {row}"),
    mark("The label column {column}"),
    mark("The uploaded file is no longer there: send it again."),
    mark("The data set was deleted meanwhile."),
    mark("No row has a text in the column {column}."),
    mark("The files of model {number} are gone: let another one serve."),
    mark("No row has both a text ({text}) and a label ({label})."),
    mark("{place}, column {column} names no split: write train, validation or test in every row."),
    mark("The column {column} has no training rows: mark some with train."),
    mark("{place} says {label} in every row: two labels are needed."),
    mark(
        "{place} has {number} different numbers with fractions: that is a "
        "rating, not a label. Round them, or name classes such as positive and negative."
    ),
    mark("{place} looks like free text or an id: its values hardly repeat."),
    mark("{place} has {number} labels; at most {most} can be trained."),
    mark(
        "Each label needs at least {least} different texts; too few have {labels}. Add rows, or "
        "drop or merge these labels."
    ),
    mark("The label {label} has no training row, so it can't be learnt."),
    mark("The label {label} stands in every row: drop it."),
    mark("No row has both a text and a label."),
    mark("The label columns ({columns}) know fewer than two labels: two are needed."),
    mark("The label columns ({columns}) have {number} labels; at most {most} can be trained."),
    mark("The label columns ({columns}) look like free text, not labels."),
    mark("{place}, column {column} says {value}: write 0 or 1."),
    mark(
        "Only {number} different questions ({question}) have an answer ({answer}): at least {most} "
        "are needed."
    ),
    mark(
        "The answer column {column} says the same in every row: two different answers are needed."
    ),
    mark("The {split} split has no question with an answer: add questions that differ."),
    mark(
        "{place}, column {column} names {item}, which the column {shown} doesn't: write all that "
        "was shown there, separated by |."
    ),
    mark("{place}, column {column} says {value}: write times such as 2026-11-24 17:05."),
    mark("No row has both a person and an item."),
    mark(
        "The column {column} says that everything was clicked: add what people were shown and "
        "passed over, with 0."
    ),
    mark("The column {column} says that nothing was clicked: clicks are needed."),
    mark("The {split} split has nothing that was {what}: add rows of more people or times."),
    mark("clicked"),
    mark("passed over"),
    mark("The file needs columns called {names}; it has: {columns}."),
    mark(
        "The column {column} seems to hold personal data, which is not taken here: {kinds}, first "
        "in {rows}. Take it out and send the file again."
    ),
    mark(
        "{place}, column {column} holds a spreadsheet formula: save its value instead, or put an "
        "apostrophe before it if it is text."
    ),
    mark(
        "No {split} rows can be held apart: nearly all texts repeat one another. Add rows that "
        "differ."
    ),
    mark("There is no column {column}. Did you mean {near}? The file has: {columns}."),
    mark("There is no column {column}. The file has: {columns}."),
    mark(
        "The file has texts ({text}) but no labels: it has no other column. Add a column called "
        "label."
    ),
    mark(
        "The file has texts ({text}) but no labels: none of the others ({columns}) repeats. Add a "
        "column called label."
    ),
    mark("The file has no column of plain text."),
    mark("A text in this Parquet file is not UTF-8: write it anew."),
    mark("The Parquet file is damaged or encrypted: write it anew."),
    mark(
        "The Parquet file unfolds to more than {most} MB. Send a part of its rows, or only the "
        "text and label columns."
    ),
    mark("Its name ends in .parquet, but its content isn't Parquet."),
    mark("This is one JSON array: write one object a line (JSONL)."),
    mark("This is a Python pickle, which is never opened: save it as Parquet or CSV."),
    mark("This is an Excel workbook: save the sheet as CSV UTF-8."),
    mark("This is a zip archive: unpack it and send the file in it."),
    mark("This is a web page: send a table of texts and labels."),
    mark("This is an old Office document: save the sheet as CSV UTF-8."),
    mark("This is a PDF: save its table as CSV UTF-8."),
    mark("This is an SQLite database: export the table as CSV UTF-8."),
    mark("This is a picture: send a table of texts and labels."),
    mark("This is an Arrow file: save it as Parquet."),
    mark("This is an HDF5 file: save it as Parquet."),
    mark("This is {kind} archive: unpack it and send the file in it."),
    mark("Line {line} holds a NUL byte: this is no text file. Save it as CSV UTF-8."),
    mark("Line {line} holds a NUL character: save the file as CSV UTF-8."),
    mark("Line {line}, byte {byte} is not {encoding}: save the file as UTF-8."),
    mark(
        "Line {line}, byte {byte} is not {encoding}; the file looks like {guess}: save it as UTF-8."
    ),
    mark("{place}, column {column} has more than {most} characters."),
    mark("The file has more than {most} rows: send a part of them."),
    mark("Line 1 names no column: begin the file with a header such as text,label."),
    mark("The file has {number} columns; at most {most} are read."),
    mark("Two columns are called {column}: rename one of them."),
    mark("The first line is no header: begin the file with one such as text,label."),
)


def again(said: str) -> str:
    """Say it as the catalogue does where it is known, and as it came where it isn't."""
    for message, pattern in _patterns():
        if found := pattern.fullmatch(said):
            return tr(message, **{name: again(value) for name, value in found.groupdict().items()})
    return said


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Make a pattern of each message: a value stands where its name does."""
    known = (*WAITS, *RECIPES, *EXPORTS, *CHOICES, *WARNINGS, *FAILURES, *FILES)
    return [(message, re.compile(_pattern(message), re.DOTALL)) for message in known]


def _pattern(message: str) -> str:
    parts = Formatter().parse(message)
    return "".join(
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "") for text, name, *_ in parts
    )
