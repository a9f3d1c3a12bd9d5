"""The Home tab: what the features have to say to one person, in order, within Slack's limit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sqlite_utils import Database

from bot import answers, blocks, language
from bot.answers import trace, words
from bot.asking import Asker, Block, Feature, Office, Reply
from bot.language import tr
from storage.database import opened

log = logging.getLogger(__name__)

MOST = 100  # blocks of a Home tab


class Home:
    """Publishes people's Home tabs; what is pressed there is answered at the top of it."""

    def __init__(self, office: Office, features: Sequence[Feature]) -> None:
        self._office = office
        self._sections = [section for feature in features for section in feature.home]

    async def show(self, user: str, reply: Reply | None = None) -> bool:
        """Publish a person's tab, a reply on top; False where Slack doesn't take it."""
        try:
            shown = await asyncio.to_thread(self._compose, user, reply)
            view = {"type": "home", "blocks": shown}
            await self._office.client.views_publish(user_id=user, view=view)
        except Exception as error:  # noqa: BLE001 - a nicety: nothing may fail for it
            log.warning("no Home tab", extra={"why": words(error)})
            return False
        return True

    async def say(self, office: Office, asker: Asker, reply: Reply | None) -> None:
        """Answer what was pressed in the tab, which may look different now."""
        if not await self.show(asker.user, reply):
            await answers.say(office, asker, reply)

    def _compose(self, user: str, reply: Reply | None) -> list[Block]:
        spoken = answers.spoken_by(self._office, user)
        with language.use(spoken), opened(self._office.settings.data_dir) as db:
            return fit(_answer(reply), [made for made in self._gather(db, user) if made])

    def _gather(self, db: Database, user: str) -> list[list[Block]]:
        found = []
        for section in self._sections:
            try:
                found.append(section(db, self._office, user))
            except Exception as error:  # noqa: BLE001 - one broken section never costs the tab
                log.error("a section of Home failed\n%s", trace(error))  # noqa: TRY400 - no message
        return found


def fit(top: Sequence[Block], sections: Sequence[Sequence[Block]], most: int = MOST) -> list[Block]:
    """Put sections under one another, a line between them; long ones give way to short ones."""
    room = most - len(top) - max(0, len(sections) - 1)
    made = list(top)
    for place, (section, share) in enumerate(
        zip(sections, _shares([len(section) for section in sections], room), strict=True)
    ):
        made += [{"type": "divider"}] if place else []
        made += section if len(section) <= share else [*section[: share - 1], _more()]
    return made


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Share out room so that nobody gets less than an equal part of it needs, nor more than wanted."""
    shares = [0] * len(wanted)
    by_size = sorted(range(len(wanted)), key=lambda place: wanted[place])
    for done, place in enumerate(by_size):
        shares[place] = min(wanted[place], room // (len(wanted) - done))
        room -= shares[place]
    return shares


def _answer(reply: Reply | None) -> list[Block]:
    if reply is None:
        return []
    return [*(reply.blocks or [blocks.section(reply.text)]), {"type": "divider"}]


def _more() -> Block:
    return blocks.context(
        tr("There is more than fits here. `/coach help` shows how to ask for it.")
    )
