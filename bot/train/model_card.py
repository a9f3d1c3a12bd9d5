"""Show the card of a model: what it was made of, how well it does, what it is not for."""

from __future__ import annotations

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.language import tr
from bot.train.details import fit
from bot.wording import escape
from storage import models
from storage.database import opened

FILE = "model-card.md"


def press_card(office: Office, _: Asker, value: str) -> Reply:
    """Show the card that a run wrote beside its model; older models have none."""
    with opened(office.settings.data_dir) as db:
        model = models.get(db, int(value)) if value.isdecimal() else None
    if model is None:
        raise RefusalError(tr("There is no such model any more. `/train models` shows them."))
    try:
        card = (office.settings.data_dir / model.path / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RefusalError(
            tr("Model {number} has no card: it is older than cards are.", number=model.id)
        ) from None
    title = tr("The card of model {number}", number=model.id)
    parts = fit(card.replace("```", "'''"))
    return Reply(
        title, [blocks.section(f"*{title}*"), *(_block(part) for part in parts if part.strip())]
    )


def _block(part: str) -> Block:
    return blocks.section(f"```{escape(part)}```")
