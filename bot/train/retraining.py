"""What the maker of a version with corrections is told: what became of them, and a plan to retrain."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.train import Train
from bot.language import tr, trn
from bot.rights import require_owner
from bot.settings import BotSettings
from bot.train import draft, outlook, plan, spending
from bot.wording import code, escape
from storage import corrections, datasets, jobs, models, plans
from storage.answering import Correction
from storage.database import opened
from storage.records import Dataset, Job, Json, Model
from trainer.spec import CorrectionsCard, IntakeResult

SHOWN, QUOTED = 10, 200  # texts, and characters of each


def message(
    db: Database,
    job: Job,
    dataset: Dataset,
    card: CorrectionsCard,
    *,
    settings: BotSettings,
    now: datetime,
) -> Json:
    """Write it for its maker alone; no text is in it, as messages are kept longer than those."""
    said = "\n".join([say_counts(card, dataset), *_say_contradicted(card)])
    shown: list[Block] = [blocks.section(said)]
    if card.contradicted:
        shown.append(blocks.actions(blocks.button(tr("Show them"), "contradicted", str(job.id))))
    is_new = dataset.hash != job.work["corrects"]["dataset_hash"]
    offered = _plan(db, job, dataset, settings=settings, now=now) if is_new else None
    if offered is not None:
        said, shown = f"{said}\n{offered.text}", [*shown, *(offered.blocks or [])]
    return {"text": blocks.cut(said, blocks.SECTION), "blocks": shown}


def say_counts(card: CorrectionsCard, dataset: Dataset) -> str:
    if card.forgotten:
        return trn(
            "{dataset} is without {count:,} row that somebody had forgotten. Versions and models "
            "from before still hold it: train on this one, and delete those.",
            "{dataset} is without {count:,} rows that somebody had forgotten. Versions and models "
            "from before still hold them: train on this one, and delete those.",
            card.forgotten,
            dataset=code(dataset.title),
        )
    said = tr(
        "Of the corrections {dataset} has {added:,} as new training rows and {relabelled:,} as new "
        "labels; {held_out:,} are held out, to measure what the others change.",
        dataset=code(dataset.title),
        added=card.added,
        relabelled=card.relabelled,
        held_out=card.held_out,
    )
    if card.left_out:
        said += trn(
            " {count:,} was left out: it nearly repeats a validation or test row, or its label is "
            "not one of the data set's.",
            " {count:,} were left out: they nearly repeat validation or test rows, or their label "
            "is not one of the data set's.",
            card.left_out,
        )
    return said


def find_serving(db: Database, name: str) -> Model | None:
    """Find the model that serves and was trained on a version of a data set; the newest of some."""
    found = (models.get(db, promotion.model) for promotion in models.aliases(db).values())
    trained = [
        model
        for model in found
        if model and (on := datasets.get(db, model.dataset_hash)) and on.name == name
    ]
    return max(trained, key=lambda model: model.id, default=None)


def show_contradicted(office: Office, asker: Asker, value: str) -> Reply:
    """Quote the texts that validation or test rows contradict, as long as they are kept."""
    with opened(office.settings.data_dir) as db:
        job = jobs.get(db, int(value))
        found = IntakeResult.model_validate(job.result or {}).card if job else None
        dataset = datasets.get(db, found.hash) if found else None
        if found is None or found.corrections is None or dataset is None:
            raise RefusalError(tr("This version was deleted meanwhile."))
        require_owner(office, asker, owner=dataset.added_by, what=code(dataset.name))
        labels = found.corrections.contradicted
        kept = [(corrections.get(db, number), label) for number, label in labels.items()]
    lines = [_quote(one, label) for one, label in kept if one is not None]
    return Reply("\n".join(lines[:SHOWN]) or tr("These corrections were deleted meanwhile."))


def _say_contradicted(card: CorrectionsCard) -> list[str]:
    if not card.contradicted:
        return []
    said = trn(
        "{count:,} text is a validation or test row with another label. It stays as it is, so that "
        "models remain comparable.",
        "{count:,} texts are validation or test rows with other labels. They stay as they are, so "
        "that models remain comparable.",
        len(card.contradicted),
    )
    return [said]


def _quote(one: Correction, label: str) -> str:
    return tr(
        "• {text}: there {label}, corrected to {corrected}",
        text=escape(blocks.cut(" ".join(one.text.split()), QUOTED)),
        label=escape(label),
        corrected=escape(one.label),
    )


def _plan(
    db: Database, job: Job, dataset: Dataset, *, settings: BotSettings, now: datetime
) -> Reply | None:
    """Draft a job with the base model and the recipe of the model that serves."""
    serving = find_serving(db, dataset.name)
    made_by = jobs.get(db, serving.id) if serving else None
    if made_by is None:
        return None
    before = draft.work_behind(made_by)
    choices = Train(dataset=dataset.title)
    work = draft.revise(before, dataset, choices, base_model=before.base_model)
    drafted = plans.draft(
        db,
        key=f"retrain:{job.id}",
        work=work.model_dump(),
        priority=0,
        requested_by=job.requested_by,
        channel=job.channel,
        now=now,
    )
    expected = outlook.gather(db, work, dataset, priority=0, now=now)
    return plan.card(drafted, dataset, expected, spending.bill(db, drafted, settings, now=now))
