"""Read a slash command into its record, or say what to type instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from bot.asking import RefusalError
from bot.commands.coach import Help
from bot.commands.train import Choices
from bot.commands.words import Command, Usage, hints
from bot.language import tr
from bot.usage import USAGE, verbs_of
from bot.wording import code, did_you_mean, plain, with_ids
from trainer.spec import Recipe

# A word, or a stretch in straight or curly quotes with what stands before it.
_CHUNK = re.compile(r'[^\s"“”]*["“”](?:\\.|[^\\"“”])*["“”]|\S+', re.DOTALL)
_OPTION = re.compile(r"([A-Za-z_Ａ-Ｚａ-ｚ][\w-]*)[=＝](.*)", re.DOTALL)
_UNMISTAKABLE = re.compile(r"<#|https?://|[\w-]+=|#?\d+$")  # no sentence goes on like this
_ESCAPED = re.compile(r'\\([\\"“”])')


@dataclass(frozen=True)
class Word:
    """One word of a command; `name` where it is an option."""

    value: str
    name: str | None = None


def parse(command: str, text: str) -> Command:
    """Read a slash command as Slack sends it; raises RefusalError with what to type instead."""
    usages = [usage for usage in USAGE if usage.command == command]
    if not usages:
        known = {usage.command for usage in USAGE}
        raise RefusalError(
            tr(
                "Coach has no command {command}.{meant}",
                command=code(command),
                meant=did_you_mean(command, known),
            )
        )
    if _takes_text(usages[0]):
        return _read_verb(usages[1:], with_ids(text)) or _read_text(usages[0], plain(text))
    words = list(_split(with_ids(text)))
    if not _has_help(usages) and (not words or words[0].value.lower() == "help"):
        return Help(" ".join([command[1:], *(word.value for word in words[1:])]))
    if not words:
        return Help()
    return _build(*_choose(usages, words))


# --- words ----------------------------------------------------------------------------------


def _split(text: str) -> Iterator[Word]:
    for chunk in _CHUNK.findall(text):
        option = _OPTION.fullmatch(chunk)
        if option is None:
            if chunk[0] in "=＝":
                raise RefusalError(
                    tr(
                        "An option is cut in two at {place}. Write options without spaces, such "
                        "as `epochs=3`.",
                        place=code(chunk),
                    )
                )
            yield Word(_unquote(chunk))
            continue
        name, value = _normal(option[1]).lower().replace("-", "_"), option[2]
        if not value:
            raise RefusalError(
                tr(
                    "{option} has no value. Write options without spaces, such as `epochs=3`.",
                    option=code(name + "="),
                )
            )
        yield Word(_unquote(value), name)


def _unquote(value: str) -> str:
    """Take off quotes; what is not in quotes may be in full-width characters."""
    if value[0] not in '"“”':
        return _normal(value)
    if len(value) == 1 or value[-1] not in '"“”':
        raise RefusalError(
            tr("The quotation mark before {text} isn't closed.", text=code(value[1:]))
        )
    return _ESCAPED.sub(r"\1", value[1:-1])


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


# --- verbs ----------------------------------------------------------------------------------


def _takes_text(usage: Usage) -> bool:
    """Tell whether a command's text is taken raw where it begins with no verb."""
    return not usage.words and any(argument.rest for argument in usage.arguments.values())


def _read_verb(usages: Sequence[Usage], text: str) -> Command | None:
    """Read a verb where all that follows fits it, or begins as nobody begins a sentence.

    "watch out" is a text; `watch #support alrt=2` is a verb with a misspelt option.
    """
    spoken = text.split(maxsplit=3)
    for usage in usages:
        count = len(usage.words)
        if tuple(word.lower() for word in spoken[:count]) != usage.words:
            continue
        try:
            return _build(usage, list(_split(text))[count:])
        except RefusalError:
            if spoken[count:] and _UNMISTAKABLE.match(spoken[count]):
                raise
    return None


def _read_text(usage: Usage, text: str) -> Command:
    """Read a raw text; an option may stand before or after it."""
    values: dict[str, Any] = {}
    for name in usage.options:
        typed = re.escape(_typed(name))
        if found := re.search(rf"^\s*{typed}=(\S+)(?=\s|$)|(?:^|\s){typed}=(\S+)\s*$", text):
            values[name] = _convert(usage, name, found[1] or found[2])
            text = text[: found.start()] + text[found.end() :]
    argument = next(iter(usage.arguments))
    return _make(usage, values | ({argument: text.strip()} if text.strip() else {}))


def _has_help(usages: Sequence[Usage]) -> bool:
    return any(usage.words == ("help",) for usage in usages)


def _choose(usages: Sequence[Usage], words: Sequence[Word]) -> tuple[Usage, Sequence[Word]]:
    """Choose the verb that the words begin with; a data set called like a verb loses to it."""
    spoken = tuple(word.value.lower() for word in words)
    for usage in sorted(usages, key=lambda usage: -len(usage.words)):
        if usage.words and spoken[: len(usage.words)] == usage.words:
            return usage, words[len(usage.words) :]
    group = [
        usage.words[1] for usage in usages if len(usage.words) > 1 == (usage.words[0] == spoken[0])
    ]
    if group:
        raise _no_verb(f"{usages[0].command} {spoken[0]}", spoken[1:2], group)
    if not usages[0].words:
        return usages[0], words
    raise _no_verb(usages[0].command, spoken[:1], [usage.words[0] for usage in usages])


def _no_verb(command: str, spoken: Sequence[str], known: Sequence[str]) -> RefusalError:
    """Say which words may follow, and which one was probably meant."""
    listed = ", ".join(dict.fromkeys(known))
    if not spoken:
        return RefusalError(
            tr("`{command}` goes on with one of: {words}.", command=command, words=listed)
        )
    return RefusalError(
        tr(
            "`{command}` has no {word}.{meant} It has: {words}.",
            command=command,
            word=code(spoken[0]),
            meant=did_you_mean(spoken[0], known),
            words=listed,
        )
    )


# --- records --------------------------------------------------------------------------------


def _build(usage: Usage, words: Sequence[Word]) -> Command:
    values = _arguments(usage, [word.value for word in words if word.name is None])
    for word in words:
        if word.name is None:
            continue
        name = next((n for n in usage.options if _typed(n) == word.name), None)
        if name is None:
            raise _no_option(usage, word.name)
        if name in values:
            raise RefusalError(tr("`{option}=` is given twice.", option=word.name))
        values[name] = _convert(usage, name, word.value)
    return _make(usage, values)


def _make(usage: Usage, values: dict[str, Any]) -> Command:
    return usage.record(**values)


def _arguments(usage: Usage, typed: list[str]) -> dict[str, Any]:
    names = list(usage.arguments)
    if names and usage.arguments[names[-1]].rest and len(typed) >= len(names):
        typed = [*typed[: len(names) - 1], " ".join(typed[len(names) - 1 :])]
    if len(typed) > len(names):
        raise _too_many(usage, typed)
    if len(typed) < len(names) and not usage.is_optional(names[len(typed)]):
        raise RefusalError(
            tr(
                "`{command}` needs {argument}. For example: `{example}`.",
                command=_spoken(usage),
                argument=tr(usage.arguments[names[len(typed)]].meaning),
                example=usage.example,
            )
        )
    return {name: _convert(usage, name, value) for name, value in zip(names, typed, strict=False)}


def _too_many(usage: Usage, typed: list[str]) -> RefusalError:
    meant = "" if usage.words else did_you_mean(typed[0], verbs_of(usage.command))
    extra = code(typed[0] if meant else typed[len(usage.arguments)])
    return RefusalError(
        tr(
            "`{command}` can't take {word}.{meant} For example: `{example}`.",
            command=_spoken(usage),
            word=extra,
            meant=meant,
            example=usage.example,
        )
    )


def _no_option(usage: Usage, name: str) -> RefusalError:
    known = [_typed(option) for option in usage.options]
    if not known:
        return RefusalError(
            tr(
                "`{command}` takes no options; leave out {option}.",
                command=_spoken(usage),
                option=code(name + "="),
            )
        )
    return RefusalError(
        tr(
            "There is no option {option}.{meant} There are: {options}.",
            option=code(name + "="),
            meant=did_you_mean(name, known),
            options=", ".join(known),
        )
    )


def _convert(usage: Usage, name: str, value: str) -> Any:  # noqa: ANN401 - as the record's field
    try:
        return _adapter(usage, name).validate_python(value)
    except ValidationError:
        raise _bad_value(usage, name, value) from None


@cache  # building one takes a hundred times longer than using it
def _adapter(usage: Usage, name: str) -> TypeAdapter[Any]:
    hint = hints(usage.record)[name]
    if issubclass(usage.record, Choices) and name in Recipe.model_fields:  # its limits hold
        hint = Annotated[hint, Recipe.model_fields[name]]
    return TypeAdapter(hint)


def _bad_value(usage: Usage, name: str, value: str) -> RefusalError:
    if (argument := usage.arguments.get(name)) is not None:
        return RefusalError(
            tr(
                "{value} isn't {argument}. For example: `{example}`.",
                value=code(value),
                argument=tr(argument.meaning),
                example=usage.example,
            )
        )
    option = usage.options[name]
    return RefusalError(
        tr(
            "`{option}=` ({meaning}) is {values}, not {value}.{meant}",
            option=_typed(name),
            meaning=tr(option.meaning),
            values=tr(option.values),
            value=code(value),
            meant=did_you_mean(value, re.findall(r"\w+", option.values)),
        )
    )


def _spoken(usage: Usage) -> str:
    return " ".join((usage.command, *usage.words))


def _typed(name: str) -> str:
    """Name an option as it is typed: Python's `as_` is `as`."""
    return name.rstrip("_")
