"""The ground of every chart: an opaque light card, its title, its type, and the PNG it becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from bot.figures import width

# Slack shows the picture on white or on near-black: a card of its own reads on both.
CARD, INK, FAINT, RULE = "#fbfaf7", "#1d1c1d", "#5f5d66", "#dddbd5"
TITLE, WORDS, SMALL = 16, 13, 11.5  # points
WIDTH, DPI = 6.4, 200  # inches; 1,280 pixels, shown on a phone at about a third
TITLE_COLUMNS, SUBTITLE_COLUMNS = 46, 60
# A word with the space after it, or one wide character with the punctuation that clings to it.
_WIDE, _CLINGS = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef", "，。、；：！？）》」”％"
_PIECE = re.compile(rf"[{_WIDE}][{_CLINGS}]*\s*|[^\s{_WIDE}]+[{_CLINGS}]*\s*|\s+")
MARGIN, TITLE_LINE, SUBTITLE_LINE, GAP = 0.22, 0.29, 0.24, 0.12  # inches


def start(title: str, subtitle: str, *, height: float) -> tuple[Figure, Axes]:
    """Begin a card whose plot is `height` inches high, below its title and subtitle."""
    titles = wrap(title, TITLE_COLUMNS)
    subtitles = wrap(subtitle, SUBTITLE_COLUMNS)
    top = MARGIN + len(titles) * TITLE_LINE + len(subtitles) * SUBTITLE_LINE + GAP
    full = top + height
    left = MARGIN / WIDTH
    layout = ConstrainedLayoutEngine(rect=(left, 0.02, 1 - 2 * left, height / full - 0.02))
    figure = Figure(figsize=(WIDTH, full), dpi=DPI, facecolor=CARD, layout=layout)
    first = 1 - MARGIN / full
    second = first - len(titles) * TITLE_LINE / full
    _write(figure, left, first, titles, fontsize=TITLE, fontweight="bold", color=INK)
    _write(figure, left, second, subtitles, fontsize=WORDS, color=FAINT)
    return figure, plain(figure.add_subplot())


def wrap(text: str, columns: int) -> list[str]:
    """Break a text into lines of so many columns: between words, and between wide characters."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if width((lines[-1] + piece).rstrip()) > columns:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines if line]


def _write(figure: Figure, x: float, y: float, lines: Sequence[str], **font: str | float) -> None:
    figure.text(x, y, "\n".join(lines), ha="left", va="top", linespacing=1.25, **font)  # type: ignore[arg-type]


def plain(axes: Axes) -> Axes:
    """Leave of a plot's frame nothing but the words at its ticks."""
    axes.set_facecolor(CARD)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=8, labelsize=WORDS, labelcolor=INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(size=WORDS, color=FAINT)
    return axes


def finish(figure: Figure, families: Sequence[str] = ()) -> bytes:
    """Draw the card in the font families given; dollar signs are no mathematics."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        if families:
            text.set_fontfamily(list(families))
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
