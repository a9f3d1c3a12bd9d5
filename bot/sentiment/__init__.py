"""What /sentiment does."""

from __future__ import annotations

from bot.asking import Feature, Modal, threaded
from bot.commands.sentiment import EndShadow, ReviewCorrections, Sentiment, SentimentOf, Shadow
from bot.sentiment import candidate, channel, corrections, next_version, one_text, review

FEATURE = Feature(
    commands={
        Sentiment: one_text.tell,
        SentimentOf: channel.tell,
        ReviewCorrections: threaded(review.show),
        Shadow: candidate.start,
        EndShadow: threaded(candidate.end),
    },
    buttons={
        "correct": corrections.open_form,
        "correct_undo": threaded(corrections.take_back),
        "corrections_use": threaded(next_version.make),
    },
    modals={
        "sentiment": Modal(one_text.take_form),
        "correct": Modal(threaded(corrections.take_form), corrections.check_form),
        "corrections_decide": Modal(threaded(review.take_form)),
    },
    shortcuts={"check_sentiment": one_text.check},
    guests=frozenset({"sentiment", "check_sentiment"}),
)
