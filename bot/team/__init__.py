"""What /team does, and what people are reminded of."""

from __future__ import annotations

from bot.asking import Feature, Tick, threaded
from bot.commands.team import Pair, PairNow
from bot.team import pair

FEATURE = Feature(
    commands={
        Pair: threaded(pair.show),
        PairNow: threaded(pair.pair_now),
    },
    buttons={
        "pair_met": threaded(pair.press_met),
        "pair_unmet": threaded(pair.press_unmet),
        "pair_block": threaded(pair.press_block),
    },
    ticks={
        "pairs": Tick(pair.MEND_EVERY, pair.mend),
    },
    guards={
        "pair": pair.guard,
    },
)
