"""What /sentiment does."""

from __future__ import annotations

from bot.asking import Feature, Modal
from bot.commands.sentiment import Sentiment
from bot.sentiment import one_text

FEATURE = Feature(
    commands={Sentiment: one_text.tell},
    modals={"sentiment": Modal(one_text.take_form)},
    guests=frozenset({"sentiment"}),
)
