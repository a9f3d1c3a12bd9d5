"""What /sentiment does."""

from __future__ import annotations

from bot.asking import Feature, Modal
from bot.commands.sentiment import Sentiment
from bot.sentiment import answer

FEATURE = Feature(
    commands={Sentiment: answer.tell},
    modals={"sentiment": Modal(answer.take_form)},
    guests=frozenset({"sentiment"}),
)
