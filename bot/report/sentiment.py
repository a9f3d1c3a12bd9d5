"""The report on sentiment: how often each label was the answer, and how often it was not sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from sqlite_utils import Database

from bot import blocks, card, figures, fonts, sheet
from bot.asking import Block
from bot.language import listed, mark, tr, trn
from bot.report import watched
from bot.report.kinds import Kind, Picture, Report, Scope
from bot.wording import escape
from storage import alerts, answers, corrections, monitors
from storage.answering import AlertCount, MonitoredCount
from storage.corrections import CorrectionCount
from storage.talent import AnswerCount

TITLE = mark("Sentiment")
PAIRS = 5  # of labels, told and right
LABELS, LABEL = 12, 18  # drawn, and the columns of each
SURE, UNSURE = "#0072b2", "#a9a7ae"  # Okabe and Ito 2008, and a grey
COLUMNS = ("purpose", "model", "label", "sure", "answers")


@dataclass(frozen=True)
class Tally:
    """How often a label was the answer."""

    label: str
    sure: int
    unsure: int  # the most likely, but below the model's threshold

    @property
    def total(self) -> int:
        return self.sure + self.unsure


def compose(db: Database, scope: Scope) -> Report | None:
    counts = answers.between(db, scope.since, scope.now)
    corrected = corrections.between(db, scope.since, scope.now)
    found = monitors.between(db, scope.since, scope.now)
    heard = [one for one in found if watched.is_for(one, scope.channel)]
    raised = alerts.between(db, scope.since, scope.now)
    return say(counts, scope, corrected, heard=heard, raised=raised) if counts or heard else None


KIND = Kind("sentiment", TITLE, compose, covers=timedelta(days=7))

# --- pure -----------------------------------------------------------------------------------


def tally(counts: Sequence[AnswerCount]) -> list[Tally]:
    """Sum up the answers by label, the most frequent first."""
    ordered = sorted(counts, key=lambda count: count.label)
    found = [
        Tally(label, sum(c.n for c in group if c.sure), sum(c.n for c in group if not c.sure))
        for label, group in ((k, list(g)) for k, g in groupby(ordered, lambda c: c.label))
    ]
    return sorted(found, key=lambda one: (-one.total, one.label))


def say(
    counts: Sequence[AnswerCount],
    scope: Scope,
    corrected: Sequence[CorrectionCount] = (),
    *,
    heard: Sequence[MonitoredCount] = (),
    raised: Sequence[AlertCount] = (),
) -> Report:
    tallies = tally(counts)
    title = tr(
        "Sentiment from {start} to {end}",
        start=figures.when(scope.since),
        end=figures.when(scope.now),
    )
    lines = [_say_sum(tallies)] if tallies else [tr("No answer was given.")]
    lines += [_say_label(one, tallies) for one in tallies[:LABELS]]
    lines += [_say_corrected(corrected)] if corrected else []
    lines += [tr("*Where Coach watches*"), *watched.say(heard, raised)] if heard else []
    said = "\n".join(lines)
    models = ", ".join(sorted({f"{c.alias}: {c.model}" for c in counts}))
    small = tr("Answered by the models {models}. The texts are not kept.", models=escape(models))
    shown: list[Block] = [
        blocks.section(f"*{title}*"),
        blocks.section(said),
        *([blocks.context(small)] if counts else []),
    ]
    rows = [(c.alias, c.model, c.label, "yes" if c.sure else "no", c.n) for c in counts]
    text = "\n".join([title, said, *([small] if counts else [])])
    return Report(
        blocks.cut(text, blocks.SECTION),
        shown,
        draw(tallies) if tallies else None,
        sheet.write(COLUMNS, rows),
    )


def _say_sum(tallies: Sequence[Tally]) -> str:
    total, unsure = sum(t.total for t in tallies), sum(t.unsure for t in tallies)
    said = trn("{count:,} answer was given", "{count:,} answers were given", total)
    share = figures.percent(unsure / total)
    return tr("{answers}; {share} of them were “not sure”.", answers=said, share=share)


def _say_label(one: Tally, tallies: Sequence[Tally]) -> str:
    share = figures.percent(one.total / sum(t.total for t in tallies))
    label = escape(fonts.shorten(one.label, 60))
    return tr("• {label}: {count:,} ({share})", label=label, count=one.total, share=share)


def _say_corrected(corrected: Sequence[CorrectionCount]) -> str:
    """Say how many answers were corrected, from which label to which, and what came of it."""
    pairs: Counter[tuple[str, str]] = Counter()
    for count in corrected:
        pairs[count.told, count.label] += count.n
    said = trn(
        "{count:,} answer was corrected: {labels}.",
        "{count:,} answers were corrected: {labels}.",
        pairs.total(),
        labels=listed(_say_pair(*pair, n) for pair, n in pairs.most_common(PAIRS)),
    )
    decided = sum(count.n for count in corrected if count.state != "open")
    if not decided:
        return said
    accepted = sum(count.n for count in corrected if count.state == "accepted")
    return said + trn(
        " Of {count:,} reviewed {share} was accepted.",
        " Of {count:,} reviewed {share} were accepted.",
        decided,
        share=figures.percent(accepted / decided),
    )


def _say_pair(told: str, label: str, n: int) -> str:
    shown = {"told": escape(fonts.shorten(told, 40)), "label": escape(fonts.shorten(label, 40))}
    return tr("“{told}” to “{label}” {count:,}", **shown, count=n)


@fonts.legibly()
def draw(tallies: Sequence[Tally]) -> Picture:
    """Draw the labels as bars, the unsure part of each in grey."""
    most, shown = tallies[0], tallies[:LABELS]
    share = figures.percent(most.total / sum(t.total for t in tallies))
    title = tr("Most often the answer was “{label}”: {share}", label=most.label, share=share)
    about = tr("Answers by label; the grey part was “not sure”")
    labels = [fonts.shorten(one.label, LABEL) for one in shown]
    families, words = fonts.make_legible([title, about, *labels])
    figure, axes = card.start(*words[:2], height=0.3 + 0.45 * len(shown))
    places = range(len(shown))
    axes.barh(places, [one.sure for one in shown], height=0.6, color=SURE)
    left = [one.sure for one in shown]
    axes.barh(places, [one.unsure for one in shown], left=left, height=0.6, color=UNSURE)
    for place, one in enumerate(shown):
        axes.text(one.total, place, f" {one.total:,}", va="center", fontsize=card.WORDS)
    axes.set_yticks(places, words[2:])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, 1.15 * most.total)
    axes.set_xticks([])
    said = "; ".join(f"{one.label} {one.total:,}" for one in shown)
    return Picture(card.finish(figure, families), f"{title}. {about}: {said}.")
