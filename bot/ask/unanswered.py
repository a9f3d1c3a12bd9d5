"""`/ask unanswered`: what was asked and found no answer, to those who may do something about it."""

from __future__ import annotations

from bot import blocks
from bot.asking import Asker, Office, Reply
from bot.commands.ask import ListUnanswered
from bot.language import tr
from bot.report.question_groups import READERS, SHOWN, draw, group, say
from bot.rights import refusal, roles_of
from storage import datasets, questions
from storage.database import opened


def show(office: Office, asker: Asker, _: ListUnanswered) -> Reply:
    """Show leads and admins all of them, an owner those of their data sets."""
    with opened(office.settings.data_dir) as db:
        mine = {one.name for one in datasets.all_newest(db) if one.added_by == asker.user}
        roles = roles_of(office, asker.user)
        sees_all = not roles.isdisjoint(READERS)
        if not sees_all and not mine:
            raise refusal(*READERS)
        found = group(questions.open_of(db, None if sees_all else sorted(mine)))
    if not found:
        return Reply(tr("No question waits for an answer."))
    title = tr("*Asked, and not in the docs*")
    shown = [blocks.section(title), *draw(found[:SHOWN])]
    text = "\n".join([title, *map(say, found[:SHOWN])])
    return Reply(blocks.cut(text, blocks.SECTION), shown)
