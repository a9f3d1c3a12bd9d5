"""The form that adds something to learn from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from bot import blocks
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.commands.team import AddResource
from bot.language import mark, tr
from bot.team import said
from bot.team.membership import require_member
from bot.team.plan_card import TRACKS
from bot.team.skill_list import plain_name
from bot.team.tables import cells
from bot.team.tables.cells import CellError, Known
from bot.wording import code
from storage import resources, skills
from storage.database import opened
from storage.talent import ResourceKind, Skill

KINDS: dict[ResourceKind, str] = {
    "article": mark("article"),
    "paper": mark("paper"),
    "course": mark("course"),
    "talk": mark("talk"),
    "post-mortem": mark("post-mortem"),
}
TYPED: dict[str, Callable[[str, Known], str]] = {
    "title": cells.text(200, needed=True),
    "link": cells.link,
    "minutes": cells.whole(1, 100_000),
    "about": cells.text(1000),
}


async def open_form(office: Office, asker: Asker, _: AddResource) -> None:
    known = await asyncio.to_thread(_read_skills, office, asker)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    view = form(known, metadata=metadata)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(known: Sequence[Skill], *, metadata: Mapping[str, str]) -> Block:
    about = blocks.text_input("about", multiline=True)
    hint = tr("One or two sentences: it is found and recommended by them.")
    link = blocks.text_input("link", placeholder="https://")
    fields = [
        blocks.field("title", tr("Title"), blocks.text_input("title")),
        blocks.field("link", tr("Link"), link, optional=True),
        blocks.field("kind", tr("Kind"), _menu("kind", KINDS, "article")),
        blocks.field("minutes", tr("Minutes it takes"), blocks.number_input("minutes", value=30)),
        blocks.field("about", tr("What it is about"), about, optional=True, hint=hint),
        blocks.field("track", tr("Track"), _menu("track", TRACKS, "technical")),
        *skill_field(known),
    ]
    title = tr("Add to learn from")
    return blocks.modal("learn_add", title, fields, submit=tr("Add"), metadata=metadata)


def skill_field(known: Sequence[Skill]) -> list[Block]:
    """Ask for skills, where the team has a list of them."""
    if not known:
        return []
    offered = {str(skill.id): plain_name(skill) for skill in known}
    menu = blocks.multi_select("skills", tr("Choose"), offered)
    return [blocks.field("skills", tr("Skills"), menu, optional=True)]


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it; pure."""
    return faults(values, TYPED)


def faults(
    values: Mapping[str, Any], checks: Mapping[str, Callable[[str, Known], str]]
) -> FieldErrors | None:
    errors: dict[str, str] = {}
    for name, check in checks.items():
        try:
            check(blocks.typed(values, name), Known())
        except CellError as error:
            errors[name] = str(error).replace("`", "")
    return FieldErrors(errors) if errors else None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], _: str) -> Reply:
    title = blocks.typed(values, "title")
    with opened(office.settings.data_dir) as db:
        require_member(db, asker.user)
        made = resources.add(
            db,
            kind=cast("ResourceKind", blocks.typed(values, "kind")),
            title=title,
            minutes=int(blocks.typed(values, "minutes")),
            about=blocks.typed(values, "about"),
            track=blocks.typed(values, "track"),
            link=blocks.typed(values, "link") or None,
            skills=[int(number) for number in blocks.ticked(values, "skills")],
            by=asker.user,
            now=office.clock(),
        )
    if made is None:
        raise RefusalError(
            tr("{title} is there already: `/team learn` finds it.", title=code(title))
        )
    text = tr("{title} is added, as number {number}.", title=said.resource(made), number=made.id)
    take = blocks.button(tr("Put it into my plan"), "plan_take", str(made.id))
    return Reply(text, [blocks.section(text), blocks.actions(take)])


def _menu(name: str, options: Mapping[Any, str], chosen: str) -> Block:
    offered = {value: tr(words) for value, words in options.items()}
    return blocks.select(name, tr("Choose"), offered, chosen=chosen)


def _read_skills(office: Office, asker: Asker) -> list[Skill]:
    with opened(office.settings.data_dir) as db:
        require_member(db, asker.user)
        return skills.all_skills(db)
