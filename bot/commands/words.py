"""What a command is made of: its usage, its arguments and options, and the words they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field

from bot.language import mark
from storage.talent import Role


@dataclass(frozen=True)
class Command:
    """What a person asks for, once it is parsed."""


@dataclass(frozen=True)
class Argument:
    """A word known by its place, such as `<dataset>`; or the whole rest of the text."""

    meaning: str
    rest: bool = False


@dataclass(frozen=True)
class Option:
    """A word of the form `name=value`."""

    values: str
    meaning: str
    admins: bool = False


Number = Annotated[
    int,
    Field(ge=1, lt=2**31),
    BeforeValidator(lambda typed: typed.removeprefix("#")),
    Argument(mark("a job's number, as `/train list` shows")),
]
# `@bo` and `#general` come as `<@U1|bo>` and `<#C1|general>`; parsing keeps the ids alone.
Person = Annotated[
    str, Field(pattern=r"^<@[UW][A-Z0-9]+>$"), AfterValidator(lambda typed: typed[2:-1])
]
Channel = Annotated[
    str, Field(pattern=r"^<#[CG][A-Z0-9]+>$"), AfterValidator(lambda typed: typed[2:-1])
]
Day = BeforeValidator(lambda typed: typed.replace("/", "-").replace(".", "-"))
Lower = BeforeValidator(str.lower)
Title = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(@[1-9][0-9]{0,5})?$"),
    Argument(mark("a data set's name, such as `reviews`, or a version of it, such as `reviews@2`")),
]
Name = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    Argument(mark("a name of letters a-z, digits, - and _, such as `reviews`")),
]
Alias = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    Option(mark("a name"), mark("the purpose the model serves")),
]


@dataclass(frozen=True)
class Usage:
    """One verb: how it is typed, what it does, and an example that is valid."""

    command: str
    words: tuple[str, ...]
    record: type[Command]
    meaning: str
    example: str
    roles: tuple[Role, ...] = ()  # whose it is; nobody named: everyone's but guests'
    guests: bool = False  # it changes nothing and shows nothing of people: guests may, too

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        return dict(_marked(self.record, Argument))

    @cached_property
    def options(self) -> dict[str, Option]:
        return dict(_marked(self.record, Option))

    def is_optional(self, name: str) -> bool:
        return any(f.name == name and f.default is not MISSING for f in fields(self.record))

    def line(self, *, admin: bool = True, options: bool = True) -> str:
        """Write it as manuals do: `/train promote <number> [as=]`."""
        shown = [f"[{n}]" if self.is_optional(n) else f"<{n}>" for n in self.arguments]
        if options:
            known = self.options.items()
            shown += [f"[{n.rstrip('_')}=]" for n, o in known if admin or not o.admins]
        return " ".join((self.command, *self.words, *shown))


def hints(record: type[Command]) -> dict[str, Any]:
    """Give the annotated type of each field of a record."""
    return get_type_hints(record, include_extras=True)


def _marked(record: type[Command], kind: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, hint in hints(record).items():
        for note in getattr(hint, "__metadata__", ()):
            if isinstance(note, kind):
                yield name, note
