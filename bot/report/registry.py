"""Every kind of report by its name."""

from __future__ import annotations

from bot.report import health, hiring, pairing, quarter, questions, sentiment, training, week
from bot.report.kinds import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (training, sentiment, questions, week, pairing, hiring, health, quarter)
}
