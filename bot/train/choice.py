"""What `method=auto` tried, what it came to and why; and what was trained of the model."""

from __future__ import annotations

from bot import figures
from bot.language import listed, mark, tr
from bot.train import heard, metrics
from bot.wording import escape
from trainer.spec import Chosen, TrainSummary, Tried

WORDS_ALONE = mark("TF-IDF + logistic regression")


def describe(summary: TrainSummary) -> str:
    """Say why what serves was chosen, and what each method reached; "" where nobody chose."""
    chosen = summary.chosen
    if chosen is None:
        return ""
    name, _ = metrics.first(summary)
    return tr(
        "*Method*  {why} On the validation split: {tried}.",
        why=escape(heard.again(chosen.why)),
        tried=listed(_say(one, name) for one in chosen.tried),
    )


def method_of(summary: TrainSummary) -> str:
    """Name the method that serves; of `auto` the one that it came to."""
    chosen: Chosen | None = summary.chosen
    return summary.recipe.method if chosen is None else chosen.method


def say_trained(summary: TrainSummary) -> str:
    """Say how much of the model was trained, and how large that is where it is a part of it."""
    told = {
        "share": f"{summary.trainable_parameters / max(1, summary.parameters):.1%}",
        "weights": f"{summary.parameters / 1e6:,.1f}",
    }
    if summary.adapter_bytes is None:
        return tr("{share} of {weights} M weights trained", **told)
    return tr(
        "{share} of {weights} M weights trained, {size}",
        **told,
        size=figures.size(summary.adapter_bytes),
    )


def _say(one: Tried, name: str) -> str:
    method = tr(WORDS_ALONE) if one.method == "baseline" else one.method
    return tr(
        "{method} {figure} in {duration}",
        method=method,
        figure=metrics.say(name, one.value),
        duration=figures.duration(one.seconds),
    )
