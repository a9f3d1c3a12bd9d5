"""Which column has the texts: the question to whoever wants a file classified."""

from __future__ import annotations

from bot import blocks
from bot.asking import Asker, Office, RefusalError, Reply
from bot.bulk import ask
from bot.language import tr
from bot.train import columns, uploads
from bot.wording import escape
from storage.database import opened
from storage.records import Job, Json
from trainer.spec import BulkResult, BulkWork, ColumnQuestion


def message(job: Job, asked: ColumnQuestion) -> Json:
    """Show three real rows, a menu of the columns, and the button that goes on."""
    title = tr(
        "<@{user}> Which column of {file} has the texts?",
        user=job.requested_by,
        file=escape(blocks.cut(str(job.work["filename"]), columns.EXAMPLE)),
    )
    names = {str(number): column.name for number, column in enumerate(asked.columns)}
    menu = blocks.select("classified_column", tr("The texts"), names)
    use = blocks.button(tr("Classify these"), "classify_column", str(job.id), style="primary")
    shown = [*map(blocks.section, columns.show(asked)), blocks.actions(menu, use)]
    return {"text": title, "blocks": [blocks.section(f"*{title}*"), *shown]}


def answer(office: Office, asker: Asker, value: str) -> Reply:
    """Classify the file with the column that was chosen."""
    with opened(office.settings.data_dir) as db:
        job = ask.find_job(db, int(value))
        asked = BulkResult.model_validate(job.result or {}).question
        if asked is None:
            raise RefusalError(tr("This question is over: send the file again."))
        if job.requested_by != asker.user:
            raise RefusalError(tr("This question is <@{user}>'s to answer.", user=job.requested_by))
        chosen = asker.chosen.get("classified_column")
        if not chosen:
            raise RefusalError(tr("Choose the column of the texts first."))
        work = BulkWork.model_validate(job.work)
        work = work.model_copy(update={"text_column": asked.columns[int(chosen)].name})
        key, thread = f"{job.key}:column:{chosen}", job.thread_ts or asker.thread_ts or ""
        again = uploads.enqueue(office, db, asker, work, key=key, thread=thread)
    return Reply(ask.say_begun(again), replace=True)


async def ignore_choice(_: Office, __: Asker, ___: str) -> None:
    """Wait for the button beside: it brings what is chosen in the menu."""
