"""What /coach help says: the commands at a glance, one with its verbs, or one verb in full."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from bot import rights
from bot.asking import RefusalError
from bot.commands.words import Usage
from bot.language import tr
from bot.usage import COMMANDS, USAGE, about, names
from bot.wording import code, did_you_mean, escape


def help_text(topic: str | None, roles: Collection[str]) -> str:
    """Say what somebody with these roles may type, and nothing else.

    RefusalError where there is no such topic, or where it is for others.
    """
    found = about(topic)
    if not found:
        raise _no_help(topic or "")
    objections = [rights.objection(roles, usage) for usage in found]
    mine = [usage for usage, objection in zip(found, objections, strict=True) if not objection]
    if not mine and objections[0]:
        raise objections[0]
    if topic is None:
        return _overview(mine)
    if len(mine) == 1:
        return _in_full(mine[0], admin="admin" in roles)
    return _verbs(mine)


def _no_help(topic: str) -> RefusalError:
    known = {name for usage in USAGE for name in names(usage) if name}
    return RefusalError(
        tr(
            "There is no help on {topic}.{meant} `/coach help` shows everything.",
            topic=code(topic),
            meant=did_you_mean(topic, known),
        )
    )


def _overview(mine: Sequence[Usage]) -> str:
    parts = [
        f"*{command}*  {tr(COMMANDS[command])}\n{_line(list(usages))}"
        for command, usages in groupby(mine, key=lambda usage: usage.command)
    ]
    more = tr(
        "`/coach help train` shows all that a command can do, `/coach help {verb}` explains one "
        "verb. In threads mention me instead: `@coach train list`.",
        verb=_example(mine),
    )
    return "\n\n".join([*parts, more])


def _line(usages: Sequence[Usage]) -> str:
    """Write a command's verbs on one line: `skill list|have|want`, `plan [add]`."""
    by_first = groupby(usages, key=lambda usage: usage.words[:1])
    return "  ".join(f"`{escape(_verb(list(group)))}`" for _, group in by_first)


def _verb(group: Sequence[Usage]) -> str:
    """Write the verbs that begin with the same word as one."""
    if not group[0].words:
        return group[0].line(options=False)
    seconds = "|".join(usage.words[1] for usage in group if len(usage.words) > 1)
    if seconds and any(len(usage.words) == 1 for usage in group):
        seconds = f"[{seconds}]"
    return f"{group[0].words[0]} {seconds}".strip()


def _verbs(mine: Sequence[Usage]) -> str:
    parts = [
        "\n".join([f"*{command}*", *(f"• `{u.example}`  {tr(u.meaning)}" for u in usages)])
        for command, usages in groupby(mine, key=lambda usage: usage.command)
    ]
    return "\n\n".join(
        [*parts, tr("More on one of them: `/coach help {verb}`.", verb=_example(mine))]
    )


def _example(mine: Sequence[Usage]) -> str:
    return next(names(usage)[0] for usage in mine if usage.words)


def _in_full(usage: Usage, *, admin: bool) -> str:
    arguments = [f"• `<{name}>`  {tr(a.meaning)}" for name, a in usage.arguments.items()]
    options = [
        f"• `{name.rstrip('_')}=`  {tr(option.meaning)} ({tr(option.values)})"
        for name, option in usage.options.items()
        if admin or not option.admins
    ]
    line = f"`{escape(usage.line(admin=admin))}`"
    details = [escape(argument) for argument in arguments] + options
    example = tr("For example: `{example}`", example=usage.example)
    return "\n".join([line, tr(usage.meaning), *details, example])
