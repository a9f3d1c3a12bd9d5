"""Choose the language of what comes to a channel unasked."""

from __future__ import annotations

from bot import language
from bot.asking import Asker, Office, Reply
from bot.commands.team import SetChannelLanguage
from bot.language import LANGUAGES, tr
from bot.rights import require
from storage import channels
from storage.database import opened


def choose(office: Office, asker: Asker, command: SetChannelLanguage) -> Reply:
    """Set the language of the channel where it was typed, and say so in that language."""
    require(office, asker, "lead", "admin")
    with opened(office.settings.data_dir) as db:
        channels.set_language(
            db, asker.channel, command.language, by=asker.user, now=office.clock()
        )
    with language.use(command.language):
        return Reply(
            tr(
                "What comes to this channel unasked is in {language} now. You yourself are "
                "answered in your own language: `/team prefs language=en` or `language=zh`.",
                language=LANGUAGES[command.language],
            ),
            public=True,
        )
