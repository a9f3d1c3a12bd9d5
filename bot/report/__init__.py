"""What /report does."""

from __future__ import annotations

from bot.asking import Feature

FEATURE = Feature()
