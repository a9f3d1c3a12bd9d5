"""The words of an answer: quoted, with where it stands, how near it is, and what else is near."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks
from bot.ask.search import Docs, Results
from bot.asking import Block, Reply
from bot.language import tr
from bot.sentiment.card import quote
from bot.wording import code, escape
from storage.answering import Question
from trainer.search import Found

ANSWER, HINT = 2_000, 300  # characters
CLOSE = 0.03  # cosine above the threshold, within which an answer only just counts


def say_answered(results: Results, *, key: str) -> Reply:
    """Say the answer; `key` is that of what was kept in memory, for the buttons."""
    best, *others = results.found
    said = say_answer(best, results.docs.title)
    small = " · ".join([_say_score(best.score, results.threshold), _say_model(results.docs)])
    near = say_near(others, results.docs.title)
    shown: list[Block] = [
        blocks.section(said),
        blocks.context(small),
        *([blocks.section(near)] if near else []),
        *_say_cut(results),
        blocks.actions(
            blocks.button(tr("Helped"), "ask_helped", key),
            blocks.button(tr("Wrong?"), "ask_wrong", key),
            blocks.button(tr("Share"), "ask_share", key),
        ),
    ]
    text = "\n".join(filter(None, [said, small, near]))
    return Reply(blocks.cut(text, blocks.SECTION), shown)


def say_unanswered(results: Results, noted: Question | None, *, asker: str, owner: str) -> Reply:
    """Say that there is no answer, the nearest as a hint alone, and what may be done about it.

    `noted` is the question as it is kept, None where its data set was deleted; `owner` is what
    the owner of the data set is called.
    """
    said = _say_none(results.docs)
    hint = _say_hint(results)
    kept = [_say_noted(noted)] if noted else []
    parts = [blocks.section(said), *([blocks.section(hint)] if hint else [])]
    shown = [*parts, *_say_cut(results), blocks.context(_say_model(results.docs))]
    shown += [blocks.context(one) for one in kept]
    if noted and results.docs.newest:
        pressed = _offer(noted, asker=asker, owner=results.docs.newest.added_by, called=owner)
        shown.append(blocks.actions(*pressed))
    text = "\n".join(filter(None, [said, hint, *kept]))
    return Reply(blocks.cut(text, blocks.SECTION), shown)


def say_answer(answer: Found, title: str) -> str:
    """Quote an answer, with where it stands."""
    return tr(
        "{source} says:\n{answer}", source=say_source(answer, title), answer=quoted(answer.answer)
    )


def say_near(found: Sequence[Found], title: str) -> str:
    """List the next best, short."""
    lines = [
        tr(
            "• {answer} ({source}, {score:.2f})",
            answer=quote(one.answer),
            source=say_source(one, title),
            score=one.score,
        )
        for one in found
    ]
    return "\n".join([tr("*Next best*"), *lines]) if lines else ""


def say_source(answer: Found, title: str) -> str:
    """Say where an answer stands: `row 12 of support@2`."""
    dataset = code(title) if title else tr("a data set that was deleted")
    if not answer.source:
        return tr("An answer added in chat to {dataset}", dataset=dataset)
    return tr("Row {row} of {dataset}", row=answer.source, dataset=dataset)


def quoted(text: str, characters: int = ANSWER) -> str:
    """Quote a text with its lines."""
    lines = blocks.cut(escape(text), characters).splitlines()
    return "\n".join(f"> {line}" for line in lines)


def _say_score(score: float, threshold: float) -> str:
    told = {"score": score, "threshold": threshold}
    if score < threshold + CLOSE:
        return tr("Only just near enough: {score:.2f}, where {threshold:.2f} is needed", **told)
    return tr("Near: {score:.2f}, where {threshold:.2f} is needed", **told)


def _say_none(docs: Docs) -> str:
    if not docs.title:
        return tr("*Not in the docs*: nothing there is near enough to your question.")
    return tr(
        "*Not in the docs*: nothing in {dataset} is near enough to your question.",
        dataset=code(docs.title),
    )


def _say_hint(results: Results) -> str:
    if not results.found:
        return ""
    nearest = results.found[0]
    told = {
        "source": say_source(nearest, results.docs.title),
        "score": nearest.score,
        "answer": quoted(nearest.answer, HINT),
    }
    if results.threshold > 1:  # it was never right often enough
        return tr(
            "The nearest, as a hint only ({source}, {score:.2f}; this model never answers by "
            "itself):\n{answer}",
            **told,
        )
    return tr(
        "The nearest, as a hint only ({source}, {score:.2f} where {threshold:.2f} is needed):\n"
        "{answer}",
        **told,
        threshold=results.threshold,
    )


def _say_noted(noted: Question) -> str:
    return tr("Noted, redacted, for the weekly list: “{question}”", question=quote(noted.question))


def _say_model(docs: Docs) -> str:
    return tr(
        "{name} v{version}, model {number}",
        name=escape(docs.alias),
        version=docs.version,
        number=docs.model,
    )


def _say_cut(results: Results) -> list[Block]:
    if results.read_whole:
        return []
    return [blocks.context(tr(":warning: Only the beginning of your question was read."))]


def _offer(noted: Question, *, asker: str, owner: str, called: str) -> list[Block]:
    number = str(noted.id)
    back = blocks.button(tr("Take it back"), "ask_undo", number)
    if asker == owner:
        return [blocks.button(tr("Answer"), "ask_answer", number), back]
    ask = tr("Ask {owner}", owner=called)
    return [blocks.button(ask, "ask_route", number, style="primary"), back]
