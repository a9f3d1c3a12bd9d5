"""Figures in words: shares, intervals, differences, durations, sizes, recipes, tables."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

import humanize
from babel.dates import format_timedelta

from bot.language import current, tr, trn
from trainer.spec import Difference, Interval, Recipe

BAR = 20  # characters
HOUR, MINUTE = 3600, 60  # seconds
GB = 1e9


def percent(share: float) -> str:
    return f"{share:.1%}"


def interval(figure: Interval) -> str:
    """Write a share with its 95% interval: `87.0% (85.2–88.7%)`."""
    return f"{figure.value:.1%} ({100 * figure.low:.1f}–{figure.high:.1%})"


def difference(found: Difference) -> str:
    """Say a paired difference honestly: `better by 2.1 ± 1.4 points, n = 1,821`."""
    if found.unit == "nats":
        return _difference_of_losses(found)
    told = {"margin": f"{found.margin:.1f}", "n": found.n}
    if found.verdict == "none":
        points = f"{found.points:+.1f}".replace("-", "−")
        return tr(
            "no difference can be shown ({points} ± {margin} points, n = {n:,})",
            **told,
            points=points,
        )
    told |= {"points": f"{abs(found.points):.1f}"}
    if found.verdict == "better":
        return tr("better by {points} ± {margin} points, n = {n:,}", **told)
    return tr("worse by {points} ± {margin} points, n = {n:,}", **told)


def _difference_of_losses(found: Difference) -> str:
    told = {"margin": f"{found.margin:.3f}", "n": found.n, "nats": f"{abs(found.points):.3f}"}
    if found.verdict == "none":
        signed = f"{found.points:+.3f}".replace("-", "−")
        return tr(
            "no difference can be shown ({signed} ± {margin} nats a token, n = {n:,})",
            **told,
            signed=signed,
        )
    if found.verdict == "better":
        return tr("lower by {nats} ± {margin} nats a token, which is better, n = {n:,}", **told)
    return tr("higher by {nats} ± {margin} nats a token, which is worse, n = {n:,}", **told)


def number(value: float) -> str:
    """Write a number as people type it: 5e-5, not 5e-05."""
    return f"{value:g}".replace("e-0", "e-")


def choice(value: object) -> str:
    """Write a part of a recipe as people type it: numbers, yes and no, lists by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def duration(seconds: float) -> str:
    return format_timedelta(timedelta(seconds=seconds), locale=current())


def ago(since: timedelta) -> str:
    """Say how long something is past: `3 minutes ago`."""
    past = -max(since, timedelta(seconds=1))
    return format_timedelta(past, add_direction=True, locale=current())


def duration_range(low: float, high: float) -> str:
    """Write a range in one unit: `2–4 minutes`; seconds are rounded to tens."""
    if high < 2 * MINUTE:
        first, last = round(low, -1), max(10, round(high, -1))
        return trn("{span} second", "{span} seconds", int(last), span=_span(first, last))
    unit = MINUTE if high < 2 * HOUR else HOUR
    first, last = max(1, math.floor(low / unit)), math.ceil(high / unit)
    span = _span(first, last)
    if unit == MINUTE:
        return trn("{span} minute", "{span} minutes", last, span=span)
    return trn("{span} hour", "{span} hours", last, span=span)


def _span(first: float, last: float) -> str:
    return f"{first:.0f}–{last:.0f}" if first < last else tr("about {number:.0f}", number=last)


def size(number_of_bytes: float) -> str:
    return humanize.naturalsize(number_of_bytes, format="%.1f" if number_of_bytes > GB else "%.0f")


def when(at: datetime) -> str:
    """Write a time that each reader sees in his own zone."""
    fallback = f"{at:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def recipe(how: Recipe) -> str:
    return trn(
        "{method}, {count} epoch, lr {lr}, batch {batch}, {max_length} tokens, seed {seed}",
        "{method}, {count} epochs, lr {lr}, batch {batch}, {max_length} tokens, seed {seed}",
        how.epochs,
        method=how.method,
        lr=number(how.lr),
        batch=how.batch,
        max_length=how.max_length,
        seed=how.seed,
    )


def model_name(base_model: str) -> str:
    """Call a local folder by its name, a hub id by its whole."""
    return PurePath(base_model).name if PurePath(base_model).is_absolute() else base_model


def bar(share: float, length: int = BAR) -> str:
    full = round(min(1, max(0, share)) * length)
    return "█" * full + "░" * (length - full)


def table(rows: Sequence[Sequence[str]], *, widest: int = 28) -> str:
    """Align rows of cells for a monospaced font: the first column to the left, the rest right.

    Longer cells are cut; characters of double width (CJK) count for two.
    """
    cells = [[_cut(cell, widest) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell + space if column == 0 else space + cell
            for column, (cell, space) in enumerate(
                (cell, " " * (wide - width(cell))) for cell, wide in zip(row, widths, strict=True)
            )
        ).rstrip()
        for row in cells
    )


def _cut(cell: str, widest: int) -> str:
    line = " ".join(cell.replace("`", "'").split())
    if width(line) <= widest:
        return line
    while width(line) >= widest:
        line = line[:-1]
    return line + "…"


def width(text: str) -> int:
    """Count the columns that a text takes in a monospaced font; wide characters (CJK) take two."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
