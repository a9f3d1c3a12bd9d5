"""Whether fine-tuning pays where cheap methods have been tried, and which of them serves; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer import evaluate

Right = NDArray[np.bool_]  # [validation rows]

# The most that fine-tuning took of a probe's mistakes where it was measured: 0.215 -> 0.130 on SST-2.
MOST_GAIN = 0.5
# With 130 rows for each of 77 intents a probe was right 93 times in 100, and fine-tuning 91 times;
# with 100 rows for each of two sentiments it was 71 against 77: few rows alone are no objection.
NEAR, LEAST_ROWS = 0.1, 150  # share of mistakes; training rows a label
LONGEST_S = 4 * 3_600.0


def find_objection(probe: Right, *, rows_per_label: float, seconds: float) -> str | None:
    """Say in one sentence why fine-tuning would not pay; None where it may.

    It would not where even half of the probe's mistakes less could not be told from luck on these
    validation rows (a tie goes to what is cheaper, so it need not be run), where few rows a label
    are left to move an encoder by that already tells the labels apart, or where it takes longer
    than anybody waits unasked. `seconds` is what it will take. The numbers are our own
    measurements, with MiniLM.
    """
    n, mistakes = len(probe), int((~probe).sum())
    hoped = probe.copy()
    hoped[np.flatnonzero(~probe)[: int(MOST_GAIN * mistakes)]] = True
    if evaluate.difference(hoped, probe).verdict != "better":
        return (
            f"The probe serves: with {mistakes:,} mistakes on {n:,} validation rows fine-tuning "
            "could not show that it is better."
        )
    if mistakes < NEAR * n and rows_per_label < LEAST_ROWS:
        return (
            f"The probe serves: it is right on {1 - mistakes / n:.1%} of the validation rows, and "
            f"{rows_per_label:,.0f} training rows a label are few for fine-tuning to do better."
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
