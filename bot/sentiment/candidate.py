"""Begin and end what a candidate answers silently, beside the model that serves."""

from __future__ import annotations

import asyncio

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.sentiment import EndShadow, Shadow
from bot.language import tr
from bot.rights import require_owner
from bot.sentiment import answer
from bot.train import agreement
from bot.wording import code
from storage import models, shadows
from storage.answering import ShadowRun
from storage.database import opened
from storage.records import Model

PERCENT = 100


async def start(office: Office, asker: Asker, command: Shadow) -> Reply:
    """Begin one, as the candidate's owner or an admin, once the candidate is loaded and warm."""
    source = await answer.find(office, command.model)
    candidate = await asyncio.to_thread(_require_candidate, office, asker, command.number)
    if candidate.id == source.model:
        raise RefusalError(
            tr("Model {model} serves already: there is nothing to compare.", model=candidate.id)
        )
    try:
        await office.serving.load(candidate.path)
    except OSError:
        raise RefusalError(
            tr("The files of model {number} are gone: train it again.", number=candidate.id)
        ) from None
    return await asyncio.to_thread(_start, office, asker, command, source)


def end(office: Office, asker: Asker, command: EndShadow) -> Reply:
    """End the one of an alias and show what it counted."""
    with opened(office.settings.data_dir) as db:
        shadow = shadows.open_of(db, command.model)
        if shadow is None:
            raise RefusalError(
                tr(
                    "No model answers beside {alias}. `/sentiment shadow` with a model's number "
                    "begins it.",
                    alias=code(command.model),
                )
            )
        _require_candidate(office, asker, shadow.model)
        shadows.end(db, command.model, by=asker.user, now=office.clock())
        found = agreement.find(db, shadow.model)
    ended = tr("Model {model} no longer answers beside {alias}.", **_named(shadow))
    return Reply("\n".join([ended, agreement.say(found)] if found else [ended]))


# --- steps ----------------------------------------------------------------------------------


def _require_candidate(office: Office, asker: Asker, number: int) -> Model:
    with opened(office.settings.data_dir) as db:
        model = models.get(db, number)
    if model is None:
        raise RefusalError(
            tr(
                "There is no model {number}. `/train models` shows those that there are.",
                number=number,
            )
        )
    what = tr("Model {number}", number=number)
    require_owner(office, asker, owner=model.created_by, what=what)
    return model


def _start(office: Office, asker: Asker, command: Shadow, source: answer.Source) -> Reply:
    with opened(office.settings.data_dir) as db:
        begun = shadows.start(
            db,
            alias=command.model,
            model=command.number,
            serving=source.model,
            share=command.share / PERCENT,
            by=asker.user,
            channel=asker.channel,
            now=office.clock(),
        )
        shadow = begun or shadows.open_of(db, command.model)
    if begun is None and shadow is not None:
        raise RefusalError(
            tr(
                "Model {model} answers beside {alias} already. `/sentiment shadow end` ends that "
                "and shows what it counted.",
                **_named(shadow),
            )
        )
    return Reply(
        tr(
            "From now on model {model} answers {share:g}% of the questions to {alias} silently, "
            "beside model {serving}. Nobody sees its answers; how often the two agree is counted, "
            "and no text is kept. `/sentiment shadow end` ends it, and so does a promotion.",
            model=command.number,
            share=command.share,
            alias=code(command.model),
            serving=source.model,
        )
    )


def _named(shadow: ShadowRun) -> dict[str, object]:
    return {"model": shadow.model, "alias": code(shadow.alias)}
