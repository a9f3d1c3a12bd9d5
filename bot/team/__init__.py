"""What /team does, and what people are reminded of."""

from __future__ import annotations

from bot.asking import Feature

FEATURE = Feature()
