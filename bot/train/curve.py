"""How often the right one is among the first k that a model gives, beside what costs less, as a picture."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from bot import card, figures, fonts
from bot.card import FAINT, RULE
from bot.language import both, tr
from bot.train import charts, summary
from bot.train.charts import Chart
from trainer.spec import Baseline, RecommendationScores, RetrievalScores, TrainSummary

OURS, OTHERS = charts.VALIDATION, (charts.BAR, charts.TRAINING)
STYLES = ("--", ":")  # told apart without colours too

Line = tuple[str, str, str, Sequence[float]]  # its name, colour, style, and a share for k = 1, 2 …


@fonts.legibly()
def recall_by_k(found: TrainSummary) -> Chart:
    """Draw recall@1 to recall@10 of the model and of its baselines."""
    scores = found.scores
    if not isinstance(scores, RetrievalScores):
        raise TypeError("answers alone are found by k")
    said = tr(
        "The first answer is right for {share} of {rows:,} test questions",
        share=figures.interval(scores.recall_at_1),
        rows=scores.n,
    )
    axes = tr("answers looked at (k)"), tr("questions with the right one among them")
    return _draw_by_k(found, scores, said, title=tr("Recall by k"), axes=axes)


@fonts.legibly()
def hit_by_k(found: TrainSummary) -> Chart:
    """Draw hit@1 to hit@20 of a recommender and of its baselines."""
    scores = found.scores
    if not isinstance(scores, RecommendationScores):
        raise TypeError("choices alone are hit by k")
    said = tr(
        "The next choice is among the first ten for {share} of {rows:,} test choices",
        share=figures.interval(scores.hit_at_10),
        rows=scores.n,
    )
    axes = tr("items looked at (k)"), tr("choices with the right one among them")
    return _draw_by_k(found, scores, said, title=tr("Hits by k"), axes=axes)


def _draw_by_k(
    found: TrainSummary,
    scores: RetrievalScores | RecommendationScores,
    said: str,
    *,
    title: str,
    axes: tuple[str, str],
) -> Chart:
    """Draw the curve of the model and of each baseline that has one, under what it says."""
    others = [baseline for baseline in found.baselines if baseline.curve]
    detail = _say_among(scores, others)
    figure, drawn = card.start(said, detail, height=4.4)
    _draw(drawn, [(tr("this model"), OURS, "-", scores.curve), *_style(others)])
    drawn.set_xlabel(axes[0])
    drawn.set_ylabel(axes[1], color=FAINT)
    alt = tr("{result}; {detail}.", result=said, detail=charts.begin_small(detail))
    return Chart(title, alt, card.finish(figure, fonts.make_legible([said])[0]))


def _say_among(scores: RetrievalScores | RecommendationScores, others: Sequence[Baseline]) -> str:
    """Say how often it is among all that were looked at, for each way of searching."""
    last = len(scores.curve)
    ways = [(tr("this model"), scores.curve), *((_name(b), b.curve) for b in others)]
    shares = [
        tr("{share} by {way}", share=figures.percent(curve[-1]), way=way) for way, curve in ways
    ]
    return tr("Among the first {k} it is for {shares}", k=last, shares=both(shares))


def _style(others: Sequence[Baseline]) -> list[Line]:
    looks = zip(others, OTHERS, STYLES, strict=False)  # there are two
    return [(_name(one), colour, style, one.curve) for one, colour, style in looks]


def _name(baseline: Baseline) -> str:
    return tr(summary.BASELINES.get(baseline.name, baseline.name))


def _draw(axes: Axes, lines: Sequence[Line]) -> None:
    for _, colour, style, curve in lines:
        places = range(1, len(curve) + 1)
        width = 2.6 if colour == OURS else 1.8
        axes.plot(places, curve, color=colour, linestyle=style, linewidth=width, clip_on=False)
    longest = max(len(curve) for *_, curve in lines)
    axes.set_xlim(1, longest)
    axes.set_ylim(0, 1)
    axes.set_xticks(range(1, longest + 1))
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    charts.name_lines(axes, [(curve[-1], name, colour) for name, colour, _, curve in lines])
