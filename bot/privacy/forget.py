"""Forget what one person said: ask once more, delete it, and say which models learnt from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Office, Reply
from bot.commands.coach import Forget
from bot.language import listed, mark, tr, trn
from bot.privacy.retention import compact
from bot.train import uploads
from bot.wording import code
from storage import corrections, datasets, jobs, kept, members, monitors, questions
from storage.answering import Correction
from storage.database import immediate, opened
from storage.records import Dataset, Model
from trainer.spec import Corrects, IntakeWork, text_hash

STAYS = mark(
    "The rest stays: others build on your jobs, data sets and models, and the audit tells who did "
    "what. When you leave the team, your skills, reminders and wishes go too. Alerts that quoted "
    "you stay in their channel: delete your message there, if it is still there."
)
NAMED = 10  # versions or models in a sentence


@dataclass(frozen=True)
class Said:
    """What somebody said that is kept, and where their corrections went on to."""

    corrections: int
    monitored: int
    questions: int
    after_leaving: int  # rows that only serve somebody on the team
    versions: Sequence[Dataset]  # that hold rows made of their corrections
    models: Sequence[Model]  # that learnt from these


def ask(office: Office, asker: Asker, _: Forget) -> Reply:
    """Say what would be forgotten and what stays, and ask once more."""
    with opened(office.settings.data_dir) as db:
        said = find(db, asker.user)
    if not (said.corrections or said.monitored or said.questions or said.after_leaving):
        return Reply("\n".join([tr("Nothing that you said is kept."), tr(STAYS)]))
    text = "\n".join(
        [tr("Forget {said}? It can't be undone.", said=_amount(said)), tr(STAYS), *say_learnt(said)]
    )
    sure = blocks.confirm(
        tr("Forget it?"),
        tr("It is deleted at once, from the disk too."),
        yes=tr("Forget it"),
        no=tr("Keep it"),
    )
    press = blocks.button(tr("Forget it"), "privacy_forget_now", "-", style="danger", confirm=sure)
    return Reply(text, [blocks.section(text), blocks.actions(press)])


def press_ask(office: Office, asker: Asker, _: str) -> Reply:
    return ask(office, asker, Forget())


def press(office: Office, asker: Asker, _: str) -> Reply:
    """Delete it: the corrections, monitored texts and questions, and the rest of somebody who left."""
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        with immediate(db):
            said = find(db, asker.user)
            gone = corrections.forget(db, asker.user, by=asker.user, now=now)
            leave_out(db, office, asker, gone)
            monitors.forget_person(db, asker.user, by=asker.user, now=now)
            questions.forget_person(db, asker.user, by=asker.user, now=now)
            if said.after_leaving:
                kept.forget_who_left(db, asker.user)
        compact(db)
    text = "\n".join([tr("Forgotten: {said}.", said=_amount(said)), *say_learnt(said)])
    return Reply(text, replace=True)


def find(db: Database, user: str) -> Said:
    """Find what would be forgotten, and which versions and models hold it."""
    used = {one.used_in for one in corrections.of_person(db, user) if one.used_in}
    versions = kept.holding(db, used)
    learnt = kept.trained_on(db, used | {version.hash for version in versions})
    counts, member = kept.counts(db, user), members.get(db, user)
    has_left = member is not None and not member.active
    return Said(
        corrections=counts.get("corrections", 0),
        monitored=counts.get("monitored", 0),
        questions=counts.get("questions", 0),
        after_leaving=sum(counts.get(table, 0) for table in kept.GO_WITH_THEM) if has_left else 0,
        versions=versions,
        models=learnt,
    )


def leave_out(db: Database, office: Office, asker: Asker, gone: Sequence[Correction]) -> None:
    """Queue versions without what was forgotten; their owners are told when they are made.

    The jobs know texts by their hashes alone.
    """
    newest = {one.name: one for one in datasets.all_newest(db)}
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for one in gone:
        if one.used_in and (version := datasets.get(db, one.used_in)):
            texts[version.name].append(text_hash(one.text))
    for name, hashes in texts.items():
        dataset = newest[name]
        path = uploads.place(
            office.settings.data_dir, f"forget-{asker.key}-{dataset.hash}", "corrections.jsonl"
        )
        path.touch()
        work = IntakeWork(
            upload=str(path.relative_to(office.settings.data_dir)),
            filename=dataset.title,
            name=name,
            corrects=Corrects(dataset_hash=dataset.hash, numbers=[], forgotten=hashes),
        )
        jobs.enqueue(
            db,
            key=f"forget:{asker.key}:{dataset.hash}",
            work=work.model_dump(),
            requested_by=dataset.added_by,
            channel=dataset.added_by,
            now=office.clock(),
        )


def say_learnt(said: Said) -> list[str]:
    """Say which versions and models hold a person's corrections, and what can be done."""
    if not said.versions and not said.models:
        return []
    versions = listed(code(version.title) for version in said.versions[:NAMED])
    owners = listed(f"<@{owner}>" for owner in sorted({one.added_by for one in said.versions}))
    lines = []
    if said.versions:
        lines.append(
            tr(
                "Corrections of yours are rows, without your name, in {versions}. What you forget "
                "is left out of the next version, which {owners} then gets; "
                "`/train data delete` deletes the others.",
                versions=versions,
                owners=owners,
            )
        )
    if said.models:
        numbers = listed(str(model.id) for model in said.models[-NAMED:])
        lines.append(
            tr(
                "Models that learnt from them: {models}. A model can't unlearn: train on the next "
                "version, and promote that one.",
                models=numbers,
            )
        )
    return lines


def _amount(said: Said) -> str:
    parts = [
        trn("{count:,} correction", "{count:,} corrections", said.corrections),
        trn("{count:,} monitored text", "{count:,} monitored texts", said.monitored),
    ]
    if said.questions:
        parts.append(trn("{count:,} kept question", "{count:,} kept questions", said.questions))
    if said.after_leaving:
        more = trn("{count:,} note on you", "{count:,} notes on you", said.after_leaving)
        parts.append(more)
    return listed(parts)
