"""What people type becomes a record, or a sentence that says what to type instead."""

from __future__ import annotations

import contextlib
import re
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from bot.asking import RefusalError
from bot.commands import coach, sentiment, train
from bot.commands.words import Command, Usage, hints
from bot.manual import manual
from bot.parsing import parse
from bot.usage import USAGE, about
from bot.wording import escape
from trainer.spec import Recipe

COMMANDS = sorted({usage.command for usage in USAGE})


@pytest.mark.parametrize(
    ("command", "text", "record"),
    [
        ("/train", "reviews", train.Train(dataset="reviews")),
        ("/train", "Reviews@2 lr=5e-5", train.Train(dataset="reviews@2", lr=5e-5)),
        ("/train", "reviews now=yes", train.Train(dataset="reviews", now=True)),
        ("/train", "reviews max-length=64", train.Train(dataset="reviews", max_length=64)),
        ("/train", "reviews\u3000epochs＝３", train.Train(dataset="reviews", epochs=3)),
        ("/train", "", coach.Help("train")),
        ("/train", "help cancel", coach.Help("train cancel")),
        ("/train", "LIST", train.ListJobs()),
        ("/train", "list@1", train.Train(dataset="list@1")),
        ("/train", "cancel #7", train.CancelJob(7)),
        ("/train", "retry 7 batch=8", train.RetryJob(number=7, batch=8)),
        ("/train", "promote 7 as=topic", train.Promote(7, as_="topic")),
        (
            "/train",
            "promote 7 reason=“R&amp;D asked &lt;today&gt;”",
            train.Promote(7, reason="R&D asked <today>"),
        ),
        ("/train", "data rename a b", train.RenameData("a", "b")),
        ("/sentiment", "I don't “like” it &lt;3", sentiment.Sentiment("I don't “like” it <3")),
        ("/sentiment", "ask <#C1|general> & co", sentiment.Sentiment("ask #general & co")),
        ("/sentiment", "  ", sentiment.Sentiment()),
        ("/coach", "", coach.Help()),
        ("/coach", "who", coach.Who()),
    ],
)
def test_commands_are_read_as_slack_sends_them(command: str, text: str, record: Command) -> None:
    assert parse(command, text) == record


@pytest.mark.parametrize(
    ("command", "text", "words"),
    [
        ("/trian", "reviews", "Did you mean `/train`?"),
        ("/train", "cancle 7", "Did you mean `cancel`?"),
        ("/train", "data lisst", "Did you mean `list`?"),
        ("/train", "data", "goes on with one of: list, show, add"),
        ("/train", "reviews epoch=3", "Did you mean `epochs`?"),
        ("/train", "reviews method=lorra", "Did you mean `lora`?"),
        ("/train", "reviews epochs=0", "is 1 to 100, not `0`"),
        ("/train", "reviews epochs=101", "is 1 to 100, not `101`"),
        ("/train", "reviews lr=nan", "is above 0, up to 1, not `nan`"),
        ("/train", "reviews batch=2000", "is 1 to 1024"),
        ("/train", "reviews max_length=9000", "is 8 to 8192"),
        ("/train", "reviews priority=11", "is -10 to 10"),
        ("/train", "reviews epochs = 3", "without spaces"),
        ("/train", "reviews epochs=", "has no value"),
        ("/train", "reviews seed=1 seed=2", "given twice"),
        ("/train", "list epochs=3", "takes no options"),
        ("/train", "show", "needs a job's number"),
        ("/train", "show twelve", "`twelve` isn't a job's number"),
        ("/train", "show 99999999999999999999", "isn't a job's number"),
        ("/train", "epochs=3", "needs a data set's name"),
        ("/train", 'promote 3 reason="open', "isn't closed"),
        ("/train", "&lt;!channel&gt;", "`&lt;!channel&gt;` isn't a data set's name"),
        ("/coach", "stats", "Did you mean `status`?"),
    ],
)
def test_a_refusal_says_what_to_type_instead(command: str, text: str, words: str) -> None:
    with pytest.raises(RefusalError, match=re.escape(words)):
        parse(command, text)


@given(command=st.sampled_from(COMMANDS), text=st.text())
def test_no_text_raises_anything_but_a_refusal(command: str, text: str) -> None:
    with contextlib.suppress(RefusalError):
        parse(command, text)


@given(
    verb=st.sampled_from([" ".join(usage.words) for usage in USAGE if usage.command == "/train"]),
    rest=st.text(alphabet=' ="“”\\aé=1#<>&＝３\n', max_size=30),
)
def test_no_ending_of_a_verb_raises_anything_but_a_refusal(verb: str, rest: str) -> None:
    with contextlib.suppress(RefusalError):
        parse("/train", f"{verb} {rest}")


# --- a command for every record -------------------------------------------------------------

VERBS = {word for usage in USAGE for word in usage.words}
PHRASES = st.text(min_size=1, max_size=60).filter(
    lambda text: text.strip() == text and text.lower() not in VERBS
)
TOPICS = ["train", "train data", "cancel"]
MENTIONS = {"^<@": "[UW][A-Z0-9]{1,9}", "^<#": "[CG][A-Z0-9]{1,9}"}  # pattern -> ids


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Make values of an annotated type, within the limits that its annotations set."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([_values(kind) for kind in get_args(hint)])
    if get_origin(hint) is not Annotated:
        return PHRASES if hint is str else st.from_type(hint)
    kind, *notes = get_args(hint)
    if kinds := get_args(kind) if get_origin(kind) in (Union, UnionType) else ():
        return st.one_of([_values(Annotated[kind, *notes]) for kind in kinds])
    if kind in (NoneType, bool, date):
        return st.from_type(kind)
    limits = [limit for note in notes if isinstance(note, FieldInfo) for limit in note.metadata]
    if kind is not str:
        return st.from_type(Annotated[kind, *limits] if limits else kind)
    pattern = next((limit.pattern for limit in limits if hasattr(limit, "pattern")), None)
    longest = next((limit.max_length for limit in limits if hasattr(limit, "max_length")), 60)
    return _words(pattern) if pattern else PHRASES.filter(lambda text: len(text) <= longest)


def _words(pattern: str) -> st.SearchStrategy[str]:
    if ids := MENTIONS.get(pattern[:3]):
        return st.from_regex(ids, fullmatch=True)
    words = st.from_regex(re.compile(pattern, re.ASCII))
    return words.filter(lambda word: word == word.strip() and word not in VERBS)


def _is_typeable(record: Command, usage: Usage) -> bool:
    """Tell whether the arguments that are left out stand after those that are given."""
    given = [getattr(record, name) is not None for name in usage.arguments]
    return given == sorted(given, reverse=True)


def _records(usage: Usage) -> st.SearchStrategy[Command]:
    types = hints(usage.record)
    values = {name: _values(types[name]) for name in (*usage.arguments, *usage.options)}
    limits = (
        Recipe.model_fields.keys() - {"augment"}
        if issubclass(usage.record, train.Choices)
        else set()
    )
    for name in values.keys() & limits:
        limited = Recipe.model_fields[name]
        values[name] = st.none() | _values(Annotated[limited.annotation, limited])
    if usage.record is coach.Help:
        values["topic"] = st.none() | st.sampled_from(TOPICS)
    return st.builds(usage.record, **values).filter(lambda record: _is_typeable(record, usage))


def _type(record: Command) -> str:
    """Write the command that makes a record, as Slack sends what a person types."""
    usage = next(usage for usage in USAGE if usage.record is type(record))
    words = [usage.command, *usage.words]
    given = [name for name in usage.arguments if getattr(record, name) is not None]
    words += [_write(record, usage, name) for name in given]
    for name in usage.options:
        value = getattr(record, name)
        if value != next(field.default for field in fields(usage.record) if field.name == name):
            words.append(f"{name.rstrip('_')}={_write(record, usage, name)}")
    return " ".join(words)


def _write(record: Command, usage: Usage, name: str) -> str:
    return _mention(record, name) or _quote(usage, getattr(record, name))


def _mention(record: Command, name: str) -> str | None:
    """Write an id as Slack does where the field takes a person or a channel."""
    if not any(pattern in str(hints(type(record))[name]) for pattern in MENTIONS):
        return None
    value = getattr(record, name)
    return f"<@{value}|bo>" if value[0] in "UW" else f"<#{value}|general>"


def _quote(usage: Usage, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    takes_all = not usage.words and any(argument.rest for argument in usage.arguments.values())
    if not takes_all and (re.search(r'[\s"“”=＝\\]', text) or normalize("NFKC", text) != text):
        text = '"' + re.sub(r'([\\"“”])', r"\\\1", text) + '"'
    return escape(text)


@given(record=st.sampled_from(USAGE).flatmap(_records))
def test_a_record_written_as_text_is_read_back_the_same(record: Command) -> None:
    command, _, text = _type(record).partition(" ")
    assert parse(command, text) == record


@pytest.mark.parametrize("usage", USAGE, ids=lambda usage: usage.line())
def test_every_example_is_valid_and_makes_its_verb(usage: Usage) -> None:
    command, _, text = (
        usage.example.replace("@bo", "<@U1|bo>").replace("#general", "<#C1|general>").partition(" ")
    )
    assert isinstance(parse(command, text), usage.record)


def test_help_finds_commands_verbs_and_groups() -> None:
    assert about(None) == USAGE
    assert {usage.command for usage in about("train")} == {"/train"}
    assert [usage.words for usage in about("cancel")] == [("cancel",)]
    assert all(usage.words[0] == "data" for usage in about("train data"))
    assert about("nothing like it") == ()


def test_only_typed_numbers_override_the_recipe() -> None:
    typed = train.Train(dataset="reviews", epochs=2, model="minilm", priority=3)
    assert typed.recipe_overrides() == {"epochs": 2}


def test_the_reference_in_the_docs_is_the_usage_table() -> None:
    written = (Path(__file__).parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == manual(), "run: coach commands > docs/commands.md"
