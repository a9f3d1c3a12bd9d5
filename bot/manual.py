"""The reference of all commands as Markdown, made from the usage table; docs/commands.md is it."""

from __future__ import annotations

from bot.commands.words import Usage
from bot.usage import USAGE

PREFACE = """# Commands

Made from the usage table by `coach commands > docs/commands.md`; a test keeps it true.

Words in `<…>` are needed, those in `[…]` are optional. Options are written `name=value`, without
spaces around `=`. A typo is answered with what was probably meant. In threads, where Slack takes no
slash commands, mention the bot instead: `@coach train list`.

A verb wins over a data set of the same name: train a data set called `list` as `list@1`.
"""


def manual() -> str:
    return "\n".join([PREFACE, *map(_section, USAGE)])


def _section(usage: Usage) -> str:
    title = " ".join([usage.command, *usage.words])
    rows = [(f"<{name}>", a.meaning, "") for name, a in usage.arguments.items()]
    rows += [
        (f"{name.rstrip('_')}=", o.meaning + (" (admins only)" if o.admins else ""), o.values)
        for name, o in usage.options.items()
    ]
    lines = [f"## `{title}`", "", usage.meaning, "", f"For example: `{usage.example}`", ""]
    if rows:
        lines += ["| word | meaning | values |", "| --- | --- | --- |"]
        lines += [f"| `{word}` | {meaning} | {values} |" for word, meaning, values in rows]
        lines += [""]
    return "\n".join(lines)
