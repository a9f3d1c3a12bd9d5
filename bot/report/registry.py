"""Every kind of report by its name."""

from __future__ import annotations

from bot.report import health, hiring, pairing, quarter, sentiment, training
from bot.report.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        training.KIND,
        sentiment.KIND,
        pairing.KIND,
        hiring.KIND,
        quarter.KIND,
        health.KIND,
    )
}
