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
        "`/coach help team` shows all that a command can do, `/coach help retry` explains one "
        "verb. In threads mention me instead: `@coach train list`."
    )
    return "\n\n".join([*parts, more])


def _line(usages: Sequence[Usage]) -> str:
    """Write a command's verbs on one line: `skill list|have|want`."""
    shown = []
    for first, group in groupby(usages, key=lambda usage: usage.words[:1]):
        seconds = "|".join(usage.words[1] for usage in group if len(usage.words) > 1)
        shown.append(" ".join(filter(None, [*first, seconds])) or usages[0].line(admin=False))
    return "  ".join(f"`{escape(verb)}`" for verb in shown)


def _verbs(mine: Sequence[Usage]) -> str:
    parts = [
        "\n".join([f"*{command}*", *(f"• `{u.example}`  {tr(u.meaning)}" for u in usages)])
        for command, usages in groupby(mine, key=lambda usage: usage.command)
    ]
    return "\n\n".join([*parts, tr("More on one of them: `/coach help retry`.")])


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
