"""The lines of a digest as they are shown: each with its buttons, and struck once it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bot import blocks
from bot.asking import Block
from bot.language import tr, trn
from bot.team.facts import Facts
from bot.team.obligations import Obligation
from storage.records import Json
from storage.talent import Member

LINE = 700  # characters; five of them stay below what Slack takes in a message


def message(told: Sequence[Obligation], *, running: int | None) -> Json:
    """Give a digest as the body of a message; `running` is the reader's newest open job."""
    greeting = trn(
        "Good morning. {count} thing for today:",
        "Good morning. {count} things for today:",
        len(told),
    )
    hint = tr("`/team me` shows all that is due, `/team prefs` when and of what you hear.")
    shown = [blocks.section(greeting), *draw(told, running=running), blocks.context(hint)]
    return {"text": say(shown), "blocks": shown}


def draw(told: Sequence[Obligation], *, running: int | None) -> list[Block]:
    """Draw lines, two blocks each: what it says, and what can be done about it."""
    return [block for one in told for block in _draw(one, running=running)]


def newest(known: Facts, member: Member) -> int | None:
    """Find the job after which a line may be said again."""
    return max(known.open_jobs.get(member.user, ()), default=None)


def settle(shown: Sequence[Block], key: str, words: str) -> list[Block]:
    """Strike the line of an obligation out and say what became of it; the others stay."""
    return [after for block in shown for after in _settled(block, key, words)]


def say(shown: Sequence[Block]) -> str:
    """Say a message without its blocks."""
    return "\n".join(block["text"]["text"] for block in shown if block["type"] == "section")


def _draw(one: Obligation, *, running: int | None) -> Iterator[Block]:
    line = blocks.section(f"• {blocks.cut(one.text, LINE)}")
    yield line | {"block_id": f"line:{one.key}"}
    main = blocks.button(tr("Done"), "line_done", one.key, style="primary")
    if one.act:
        carried = f"{one.kind} {one.key} {one.act.action} {one.act.value}"
        main = blocks.button(one.act.label, "line_act", carried, style="primary")
    buttons = blocks.actions(
        main,
        blocks.select(f"line_snooze:{one.key}", tr("Snooze"), _snoozes(one.key, running)),
        blocks.button(tr("Not relevant"), "line_decline", one.key),
        blocks.button(tr("Why?"), "line_why", one.key),
    )
    yield buttons | {"block_id": f"acts:{one.key}"}


def _snoozes(key: str, running: int | None) -> dict[str, str]:
    offered = {f"tomorrow {key}": tr("until tomorrow"), f"monday {key}": tr("until Monday")}
    if running is not None:
        offered[f"run {key}"] = tr("until job {number} has ended", number=running)
    return offered


def _settled(block: Block, key: str, words: str) -> Iterator[Block]:
    name: Any = block.get("block_id")
    if name == f"line:{key}":
        struck = blocks.cut(block["text"]["text"].removeprefix("• "), LINE)
        yield blocks.section(f"• ~{struck}~  {words}") | {"block_id": f"settled:{key}"}
    elif name != f"acts:{key}":
        yield block
