"""From accepted corrections to the job that makes the next version of their data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.language import tr, trn
from bot.rights import require_owner
from bot.train import uploads
from bot.train.datasets import find_dataset
from bot.wording import code
from storage import audit, corrections, jobs, suspects
from storage.answering import Correction
from storage.database import immediate, opened
from storage.records import Dataset
from trainer.spec import Corrects, IntakeWork

ENOUGH, ENOUGH_SHARE = 20, 0.02  # accepted corrections from which retraining is worth it


def make(office: Office, asker: Asker, name: str) -> Reply:
    """Queue the making of the next version; a plan for retraining follows at its end."""
    with opened(office.settings.data_dir) as db, immediate(db):
        dataset = find_dataset(db, name)
        require_owner(office, asker, owner=dataset.added_by, what=code(dataset.name))
        said = {"dataset": code(dataset.name), "version": dataset.version + 1}
        if any(job.kind == "intake" for job in jobs.needing(db, dataset.hash)):
            raise RefusalError(tr("Version {version} of {dataset} is being made already.", **said))
        accepted = corrections.accepted_of(db, dataset.name)
        reviewed = {one.row: one.suggested for one in suspects.relabelled_in(db, dataset.hash)}
        if not accepted and not reviewed:
            raise RefusalError(
                tr("No accepted correction of {dataset} waits for a new version.", **said)
            )
        jobs.enqueue(
            db,
            key=f"corrections:{asker.key}",
            work=_write(office.settings.data_dir, asker, dataset, accepted, reviewed).model_dump(),
            requested_by=asker.user,
            channel=asker.channel,
            now=office.clock(),
        )
        after = f"version {dataset.version + 1}, {len(accepted) + len(reviewed)} used"
        subject = f"data set {dataset.name}"
        audit.note(
            db,
            by=asker.user,
            action="corrections",
            subject=subject,
            after=after,
            now=office.clock(),
        )
    return Reply(
        tr(
            "Version {version} of {dataset} is being made. Its card comes here in a moment, and to "
            "you a plan for training on it.",
            **said,
        )
    )


# --- pure -----------------------------------------------------------------------------------


def is_enough(accepted: int, rows: int) -> bool:
    return accepted >= ENOUGH or accepted >= ENOUGH_SHARE * rows


def say_accepted(dataset: Dataset, accepted: int) -> str:
    said = trn(
        "{count:,} accepted correction is in no version yet.",
        "{count:,} accepted corrections are in no version yet.",
        accepted,
    )
    if is_enough(accepted, dataset.rows):
        said += tr(" That is enough for a retraining.")
    return said


def button(dataset: Dataset, accepted: int) -> Block:
    version = dataset.version + 1
    if is_enough(accepted, dataset.rows):
        words = tr("Make version {version} and retrain", version=version)
        return blocks.button(words, "corrections_use", dataset.name, style="primary")
    words = tr("Make version {version}", version=version)
    return blocks.button(words, "corrections_use", dataset.name)


# --- steps ----------------------------------------------------------------------------------


def _write(
    data_dir: Path,
    asker: Asker,
    dataset: Dataset,
    accepted: Sequence[Correction],
    reviewed: Mapping[int, str],
) -> IntakeWork:
    """Write the corrections where the job reads them, and then deletes them."""
    path = uploads.place(data_dir, f"corrections-{asker.key}", "corrections.jsonl")
    lines = (
        json.dumps({"number": one.id, "text": one.text, "label": one.label}, ensure_ascii=False)
        for one in accepted
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return IntakeWork(
        upload=str(path.relative_to(data_dir)),
        filename=dataset.title,
        name=dataset.name,
        corrects=Corrects(
            dataset_hash=dataset.hash,
            numbers=[one.id for one in accepted],
            relabelled=dict(reviewed),
        ),
    )
