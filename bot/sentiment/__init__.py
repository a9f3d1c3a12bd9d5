"""What /sentiment does."""

from __future__ import annotations

from bot.asking import Feature, Modal
from bot.commands.sentiment import Sentiment, SentimentOf
from bot.sentiment import channel, one_text

FEATURE = Feature(
    commands={Sentiment: one_text.tell, SentimentOf: channel.tell},
    modals={"sentiment": Modal(one_text.take_form)},
    shortcuts={"check_sentiment": one_text.check},
    guests=frozenset({"sentiment", "check_sentiment"}),
)
