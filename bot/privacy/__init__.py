"""What /coach privacy does, and what goes when its time is over."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import Feature, Tick, threaded
from bot.commands.coach import ExportPrivacy, Forget, ShowPrivacy
from bot.privacy import export, forget, retention, show

FEATURE = Feature(
    commands={
        ShowPrivacy: threaded(show.show),
        ExportPrivacy: threaded(export.export),
        Forget: threaded(forget.ask),
    },
    buttons={
        "privacy_export": threaded(export.press),
        "privacy_forget": threaded(forget.press_ask),
        "privacy_forget_now": threaded(forget.press),
    },
    ticks={
        "retention": Tick(timedelta(days=1), retention.keep_to_times),
        "exports": Tick(timedelta(minutes=1), export.sweep),
    },
    guests=frozenset({"privacy_export", "privacy_forget", "privacy_forget_now"}),
)
