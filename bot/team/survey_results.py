"""A survey's results: nothing before it closes, nothing from fewer than five, nothing joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from bot import blocks, figures
from bot.language import tr, trn
from bot.team.survey_forms import SCALE, questions_of
from bot.wording import escape
from storage.records import Json
from storage.talent import Survey

LEAST = 5  # answers, of the survey and of each question
BAR = 10  # characters
# Of the words to one question: characters of an answer and of all.
ANSWER, WORDS = 600, 1_200


@dataclass(frozen=True)
class Result:
    """What one question came to; nothing else than its text where too few answered it."""

    question: str
    scores: Counter[int] | None = None
    texts: Sequence[str] | None = None


def results(survey: Survey, answers: Sequence[Json], now: datetime) -> list[Result] | None:
    """Sum up a closed survey, each question by itself; None where nothing may be shown.

    A closed survey takes no more answers, so there is only ever one result to see, and nothing to
    subtract it from. Words are sorted: their order joins nobody's answers to different questions.
    """
    if now < survey.closes_at or len(answers) < LEAST:
        return None
    return [
        _result(asked, [one[str(n)] for one in answers if str(n) in one])
        for n, asked in enumerate(questions_of(survey))
    ]


def _result(asked: Json, given: Sequence[str]) -> Result:
    if len(given) < LEAST:
        return Result(asked["text"])
    if asked["kind"] == "text":
        return Result(asked["text"], texts=sorted(given))
    return Result(asked["text"], scores=Counter(map(int, given)))


def say(result: Result) -> list[str]:
    """Write a question's result in paragraphs: how often each score was given, or the words."""
    title = f"*{escape(result.question)}*"
    if result.scores:
        return [f"{title}  {_say_mean(result.scores)}\n```{_draw(result.scores)}```"]
    if result.texts:
        return [title, _list(result.texts)]
    none = tr("Fewer than {least} people answered this, so nothing is shown.", least=LEAST)
    return [f"{title}\n{none}"]


def _list(texts: Sequence[str]) -> str:
    """Write answers in words, as many as a message holds."""
    lines = [blocks.cut(f"• {escape(' '.join(text.split()))}", ANSWER) for text in texts]
    shown = [
        line for line, end in zip(lines, accumulate(map(len, lines)), strict=True) if end <= WORDS
    ]
    if more := len(lines) - len(shown):
        shown.append(trn("{count} answer more", "{count} answers more", more))
    return "\n".join(shown)


def _say_mean(scores: Counter[int]) -> str:
    mean = sum(score * n for score, n in scores.items()) / scores.total()
    return trn(
        "{mean} of 5, by {count} person",
        "{mean} of 5, by {count} people",
        scores.total(),
        mean=f"{mean:.1f}",
    )


def _draw(scores: Counter[int]) -> str:
    most = max(scores.values())
    rows = [
        [tr(words), figures.bar(scores[int(score)] / most, BAR), str(scores[int(score)])]
        for score, words in SCALE.items()
    ]
    return figures.table(rows)


def say_none(survey: Survey, now: datetime) -> str:
    """Say why nothing is shown."""
    if now < survey.closes_at:
        when = figures.when(survey.closes_at)
        return tr("Its results are shown once it closes, {when}; nothing before.", when=when)
    return tr(
        "Fewer than {least} people answered, so nothing is shown: it could be told who said what.",
        least=LEAST,
    )
