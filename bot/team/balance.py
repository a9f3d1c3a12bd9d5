"""/team balance: which disciplines and skills the team has, and which it should have."""

from __future__ import annotations

import re

from bot import blocks
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import Balance, SetTargets
from bot.language import tr
from bot.rights import require
from bot.team import makeup
from storage import targets
from storage.database import opened

# A discipline may have several words: `product manager 2`.
_TARGET = re.compile(r"\s*([^\d,，;；]+?)\s*[=:：]?\s*(\d{1,3})\s*[,，;；]?")
EXAMPLE = "`/team balance target engineer 4, designer 2`"


def show(office: Office, _: Asker, __: Balance) -> Reply:
    """Show disciplines against their targets, and how many people have each skill."""
    with opened(office.settings.data_dir) as db:
        found = makeup.look(db)
    parts = [
        tr("*Disciplines*, against how many there should be"),
        makeup.say_shares(found),
        tr("*Skills*, by how many people have them"),
        makeup.say_coverage(found),
    ]
    return Reply(
        "\n".join(parts),
        [blocks.section("\n".join(parts[:2])), blocks.section("\n".join(parts[2:]))],
    )


def set_targets(office: Office, asker: Asker, command: SetTargets) -> Reply:
    """Set how many people each discipline should have; those that are left out have no target."""
    require(office, asker, "lead", "admin")
    wanted = read(command.targets)
    with opened(office.settings.data_dir) as db:
        targets.set_all(db, wanted, by=asker.user, now=office.clock())
        found = makeup.look(db)
    return Reply("\n".join([tr("Set."), makeup.say_shares(found)]))


def read(typed: str) -> dict[str, int]:
    """Read `engineer 4, product manager 2`; RefusalError where it is anything else, or twice the same."""
    found = list(_TARGET.finditer(typed))
    wanted = {one[1].casefold(): int(one[2]) for one in found if int(one[2])}
    if "".join(one[0] for one in found).strip() != typed.strip() or not found:
        raise RefusalError(
            tr("Write each discipline with a number of people: {example}.", example=EXAMPLE)
        )
    if len({one[1].casefold() for one in found}) < len(found):
        raise RefusalError(
            tr("A discipline is named twice. Write each once: {example}.", example=EXAMPLE)
        )
    return wanted
