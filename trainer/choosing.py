"""Whether fine-tuning pays where cheap methods have been tried, and which of them serves; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer import evaluate

Right = NDArray[np.bool_]  # [validation rows]

# The most that fine-tuning took of a probe's mistakes where it was measured: 0.215 -> 0.130 on SST-2.
MOST_GAIN = 0.5
# A new head learns each label from nothing. With 16 to 31 steps a label fine-tuning was as good as a
# probe or better (two sentiments, four topics, seven intents); of 77 intents it was right on 0.91
# against 0.93 with 12 steps a label, and on 0.54 against 0.90 with 4.
LEAST_STEPS = 15
LONGEST_S = 4 * 3_600.0


def find_objection(probe: Right, *, labels: int, steps: int, seconds: float) -> str | None:
    """Say in one sentence why fine-tuning would not pay; None where it may.

    It would not where even half of the probe's mistakes less could not be told from luck on these
    validation rows (a tie goes to what is cheaper, so it need not be run), where its steps are few
    for so many labels, or where it takes longer than anybody waits unasked. `seconds` is what it
    will take. The numbers are our own measurements, with MiniLM.
    """
    n, mistakes = len(probe), int((~probe).sum())
    hoped = probe.copy()
    hoped[np.flatnonzero(~probe)[: int(MOST_GAIN * mistakes)]] = True
    if evaluate.difference(hoped, probe).verdict != "better":
        return (
            f"The probe serves: with {mistakes:,} mistakes on {n:,} validation rows fine-tuning "
            "could not show that it is better."
        )
    if steps < LEAST_STEPS * labels:
        return (
            f"The probe serves: {steps:,} steps are too few for fine-tuning to learn {labels:,} "
            "labels better. More rows or epochs would help."
        )
    if seconds > LONGEST_S:
        return (
            f"The probe serves: fine-tuning would take about {seconds / 3_600:,.0f} hours here. "
            "Type method=full if it is worth them."
        )
    return None


def judge(probe: Right, tuned: Right) -> tuple[bool, str]:
    """Tell whether the fine-tuned model serves, and why in one sentence; a tie goes to the probe."""
    change = evaluate.difference(tuned, probe)
    found = f"{change.points:+.1f} ± {change.margin:.1f} points on {change.n:,} validation rows"
    if change.verdict == "better":
        return True, f"Fine-tuning serves: it is better than the probe, {found}."
    return False, f"The probe serves: fine-tuning is not shown to be better, {found}."
