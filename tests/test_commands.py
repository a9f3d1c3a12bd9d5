"""What people type becomes a record, or a sentence that says what to type instead."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.asking import RefusalError
from bot.commands import coach, sentiment, train
from bot.commands.words import Command, Usage
from bot.manual import manual
from bot.parsing import parse, write
from bot.usage import USAGE, about
from bot.wording import escape

COMMANDS = sorted({usage.command for usage in USAGE})
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


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


def _values(usage: Usage) -> dict[str, st.SearchStrategy[Any]]:
    phrase = st.text(min_size=1, max_size=80).filter(lambda text: text.strip() == text)
    known: dict[str, st.SearchStrategy[Any]] = {
        "number": st.integers(1, 2**31 - 1),
        "dataset": st.from_regex(re.compile(r"[a-z0-9][a-z0-9_-]{0,39}@[1-9]"), fullmatch=True),
        "name": st.from_regex(NAME, fullmatch=True),
        "new_name": st.from_regex(NAME, fullmatch=True),
        "as_": st.from_regex(NAME, fullmatch=True),
        "reason": st.none() | phrase,
        "text": st.none() | phrase,
        "topic": st.none() | st.sampled_from(["train", "train data", "cancel"]),
        "model": st.none() | phrase,
        "method": st.sampled_from([None, "full", "head", "lora"]),
        "epochs": st.none() | st.integers(1, 100),
        "lr": st.none() | st.floats(0, 1, exclude_min=True),
        "batch": st.none() | st.integers(1, 1024),
        "max_length": st.none() | st.integers(8, 8192),
        "seed": st.none() | st.integers(0, 2**31 - 1),
        "priority": st.none() | st.integers(-10, 10),
        "now": st.booleans(),
    }
    return {name: known[name] for name in (*usage.arguments, *usage.options)}


RECORDS = st.sampled_from(USAGE).flatmap(lambda usage: st.builds(usage.record, **_values(usage)))


@given(record=RECORDS)
def test_a_record_written_as_text_is_read_back_the_same(record: Command) -> None:
    command, _, text = write(record).partition(" ")
    assert parse(command, escape(text)) == record


@pytest.mark.parametrize("usage", USAGE, ids=lambda usage: usage.line())
def test_every_example_is_valid_and_makes_its_verb(usage: Usage) -> None:
    command, _, text = usage.example.partition(" ")
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
