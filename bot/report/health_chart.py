"""The team's disciplines as one picture: who there is, and a mark where there should be how many."""

from __future__ import annotations

from collections.abc import Sequence

from bot import card, fonts
from bot.card import INK, WORDS
from bot.language import tr, trn
from bot.report.kinds import Picture
from bot.team.makeup import Share

SHOWN, LABEL = 12, 22  # disciplines drawn, and the columns of each
ENOUGH, SHORT = "#0072b2", "#d55e00"  # Okabe and Ito 2008: told apart by all
ROW, SPACE = 0.45, 0.3  # inches


@fonts.legibly()
def draw(shares: Sequence[Share]) -> Picture:
    """Draw the disciplines with the widest gaps as bars, each with its target as a line."""
    shown = shares[:SHOWN]
    title, about = (
        _say_title(shares),
        tr("People by discipline; the line is how many there should be"),
    )
    labels = [fonts.shorten(one.discipline, LABEL) for one in shown]
    ends = [_say_end(one) for one in shown]
    families, words = fonts.make_legible([title, about, *labels, *ends])
    figure, axes = card.start(*words[:2], height=SPACE + ROW * len(shown))
    most = max(max(one.people, one.target or 0) for one in shown)
    for place, one in enumerate(shown):
        missing = one.target is not None and one.people < one.target
        axes.barh(place, one.people, height=0.56, color=SHORT if missing else ENOUGH)
        if one.target is not None:
            axes.vlines(one.target, place - 0.36, place + 0.36, color=INK, linewidth=2.5)
        end = words[2 + len(labels) + place]
        right = max(one.people, one.target or 0)
        axes.text(right + most * 0.03, place, end, va="center", fontsize=WORDS)
    axes.set_yticks(range(len(shown)), words[2 : 2 + len(labels)])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, most * 1.25)
    axes.set_xticks([])
    said = "; ".join(f"{one.discipline} {end}" for one, end in zip(shown, ends, strict=True))
    return Picture(card.finish(figure, families), f"{title}. {about}: {said}.")


def _say_title(shares: Sequence[Share]) -> str:
    missing = sum(max(0, (one.target or 0) - one.people) for one in shares)
    if not any(one.target for one in shares):
        return tr("No targets are set: what the team is made of")
    if not missing:
        return tr("Every discipline has the people it should have")
    return trn(
        "The team is {count} person short of its targets",
        "The team is {count} people short of its targets",
        missing,
    )


def _say_end(one: Share) -> str:
    if one.target is None:
        return str(one.people)
    return tr("{people} of {target}", people=one.people, target=one.target)
