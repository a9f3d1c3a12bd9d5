"""The gate of a promotion: what the figures allow, and what to go back to."""

from __future__ import annotations

from collections.abc import Sequence

from bot import figures
from bot.asking import RefusalError
from bot.language import tr
from trainer.spec import Comparison


def check(
    model: int,
    comparison: Comparison | None,
    *,
    reason: str | None,
    admin: bool,
    agreement: str = "",
) -> None:
    """Raise RefusalError for a model shown to be worse, unless an admin gives a reason.

    `agreement` says how it did on real questions; it is shown beside the figures.
    """
    if reason is not None and not admin:
        raise RefusalError(
            tr(
                "Only an admin may overrule the gate: type `/train promote {model}` without "
                "`reason=`.",
                model=model,
            )
        )
    if comparison is None or comparison.difference.verdict != "worse" or reason is not None:
        return
    refused = [
        tr(
            "Model {model} is {difference}, beside model {rival}, which serves now: so it stays. "
            'An admin may promote it all the same: `/train promote {model} reason="…"`.',
            model=model,
            difference=figures.difference(comparison.difference),
            rival=comparison.model,
        ),
        agreement,
    ]
    raise RefusalError("\n".join(filter(None, refused)))


def cannot_compare(
    model: int, rival: int, *, here: bool = False, reason: str | None, admin: bool
) -> None:
    """Raise RefusalError where the figures can't be had, unless an admin gives a reason.

    `here` says that this process can't measure such models: only a run can.
    """
    if reason is not None and admin:
        return
    if here:
        raise RefusalError(
            tr(
                "Model {model} can't be compared with model {rival}, which serves now: models that "
                "write are compared while they are trained, and model {rival} did not serve then. "
                "`/train retry {model}` trains it again and compares them. An admin may promote "
                'it all the same: `/train promote {model} reason="…"`.',
                model=model,
                rival=rival,
            )
        )
    raise RefusalError(
        tr(
            "Model {model} can't be compared with model {rival}, which serves now: the files of "
            "one of them or of their data are gone. An admin may promote it all the same: "
            '`/train promote {model} reason="…"`.',
            model=model,
            rival=rival,
        )
    )


def find_previous(served: Sequence[int]) -> int | None:
    """Give the model to go back to; `served` are an alias's models, the oldest first.

    Going back is undoing: who goes back twice comes to the model before the last two.
    """
    stack: list[int] = []
    for model in served:
        if stack[-2:-1] == [model]:
            stack.pop()
        else:
            stack.append(model)
    return stack[-2] if len(stack) > 1 else None
