"""All that people read is said in English and in Chinese, to each in their own language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot import language

BOT = Path(__file__).parent.parent / "bot"

# --- what is said ---------------------------------------------------------------------------

# What is said to whoever runs Coach at a terminal, or to Slack itself, stays English.
ENGLISH = {"__main__", "connect", "doctor", "logs", "manifest", "manual", "running", "settings"}
ENGLISH |= {"supervise", "tour", "trial", "workspace"}
TYPED = {
    "when.py",
    "chinese.py",
    "topics.py",
    "fonts.py",
    "spoken.py",
    "period.py",
}  # what is read or looked for, unsaid
MARKED = {"tr", "trn", "mark"}
# Patterns, log lines, SQL, names of fields, and what only a programmer reads.
UNSAID = {"compile", "debug", "info", "warning", "error", "exception", "execute", "query", "get"}
UNSAID |= {"TypeError", "ValueError", "KeyError", "LookupError", "Column", "Field"}
LABELS: dict[str, set[int | str]] = {
    "Act": {0},
    "Argument": {0},
    "Chart": {0, 1},
    "Kind": {1, "title"},
    "Obligation": {"text", "why"},
    "Option": {0, 1},
    "Picture": {1},
    "RefusalError": {0},
    "Reply": {0, "text"},
    "Usage": {3},
    "_usage": {2},
    "button": {0},
    "confirm": {0, 1, "yes", "no"},
    "context": {0},
    "field": {1, "hint"},
    "header": {0},
    "modal": {1, "submit"},
    "section": {0},
    "select": {1},
    "set_xlabel": {0},
    "set_ylabel": {0},
    "text_input": {"placeholder"},
}
ALLOWED = {
    # Kept with a delivery, for the log.
    *("left the team", "the pair was dissolved", "they have answered", "turned off", "not at work"),
    *("not on the team", "it was called off", "called off", "cancelled or taken over"),
    *("its file is gone", "too early", "the channel can't be seen"),
    "not everybody there is in the watched channel",
    "there is no such alert",
    "there is no such monitor",
    *("it hung", "it died"),
    # Columns and rows of a CSV file.
    *("data set", "personal data", "reviewed by", "reviewed at", "base model", "accuracy low"),
    *("accuracy high", "beside model", "promoted as", "people with a skill", "hours finished"),
    *("levels older than 180 days", "pairs that met", "reminders acted on", "created at"),
    # Typed, for Coach to read.
    *("every other {weekday}", "monthly day {number}", "https://"),
    "`/team balance target engineer 4, designer 2`",
    # Typed at a terminal, to see a job's curves.
    "wandb sync {folder}/wandb/offline-run-*",
    "mlflow ui --backend-store-uri sqlite:///{folder}/mlflow.db",
    "TRACKIO_DIR={folder} trackio show",
    *("algorithm engineer", "data set ", "data learning"),  # keys of the database
    *("axes fraction", "offset points", "upper center"),  # matplotlib's names
}
PROSE = re.compile(r"[A-Za-z’']{2,},? [A-Za-z’']{2,}")
WORD = re.compile(r"[A-Za-z]{2,}")
EMOJI = re.compile(r":\w+:")


def _modules() -> list[Path]:
    paths = [path for path in sorted(BOT.rglob("*.py")) if path.name != "__init__.py"]
    return [p for p in paths if p.relative_to(BOT).parts[0].removesuffix(".py") not in ENGLISH]


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _literals(node: ast.AST) -> Iterator[str]:
    """Give the texts in a node that nothing marks."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in _said_parts(node):
        yield from _literals(child)


def _said_parts(node: ast.AST) -> list[ast.AST]:
    """Leave out docstrings, keys, what is marked and what nobody reads."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return []
        case ast.Call() if _name(node) in MARKED:
            return [keyword.value for keyword in node.keywords]
        case ast.Call() if _name(node) in UNSAID:
            return []
        case ast.Dict():
            return list(node.values)
        case ast.Subscript():
            return [node.value]
        case _:
            return list(ast.iter_child_nodes(node))


def _labels(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (places := LABELS.get(_name(call))):
            said = [argument for place, argument in enumerate(call.args) if place in places]
            said += [keyword.value for keyword in call.keywords if keyword.arg in places]
            for argument in said:
                yield from _literals(argument)


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(BOT)))
def test_no_words_reach_people_unmarked(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unsaid = path.parent.name == "commands" or path.name in TYPED
    found = [] if unsaid else [text for text in _literals(tree) if PROSE.search(text)]
    found += [text for text in _labels(tree) if WORD.search(EMOJI.sub("", text))]
    assert [text for text in found if text not in ALLOWED] == []


# --- the catalogue --------------------------------------------------------------------------


def _extracted() -> set[str | tuple[str, ...]]:
    keywords = {"tr": None, "trn": (1, 2), "mark": None}
    found = extract_from_dir(BOT, method_map=[("**.py", "python")], keywords=keywords)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, *_ in found}


def _marked() -> Iterator[str]:
    for path in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name("tr" | "trn" | "mark"), args=[ast.Constant(str(said)), *_]
                ):
                    yield said


def _translated() -> Catalog:
    with (language.CATALOGUES / "zh" / "LC_MESSAGES" / "coach.po").open("rb") as source:
        return read_po(source, locale="zh")


def _values(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def _is_amiss(message: Message) -> bool:
    wanted = message.id if isinstance(message.id, str) else message.id[-1]
    said = message.string if isinstance(message.string, str) else "".join(message.string or ())
    return not said or message.fuzzy or _values(said) != _values(wanted)


def test_the_catalogue_holds_what_is_said_and_nothing_else() -> None:
    catalogue = _translated()
    assert {message.id for message in catalogue if message.id} == _extracted(), "run: make words"
    assert not catalogue.obsolete


def test_no_marked_words_hide_from_extraction_in_another_call_or_string() -> None:
    known = {ids if isinstance(ids, str) else ids[0] for ids in _extracted()}
    assert set(_marked()) - known - {""} == set()


def test_every_message_is_there_in_chinese_with_the_same_values() -> None:
    assert [message.id for message in _translated() if message.id and _is_amiss(message)] == []
