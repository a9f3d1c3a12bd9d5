"""`/train compare 12 14 15`: jobs of one task side by side, as a table and a chart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import CompareJobs
from bot.language import both, listed, tr
from bot.train import beside_chart, metrics
from bot.train.beside import Beside, Entry, compare, rank
from bot.train.queue import find_job
from bot.wording import STATES, code, escape
from storage import deliveries, models
from storage.database import immediate, opened
from storage.records import Job, Json
from trainer.compare.classification import read_right
from trainer.spec import TrainSummary, attempt_dir


def compare_jobs(office: Office, asker: Asker, command: CompareJobs) -> Reply | None:
    """Post a table of the jobs and, below it, their figures as a chart."""
    data_dir, now = office.settings.data_dir, office.clock()
    with opened(data_dir) as db:
        ranked = rank(gather(db, read_numbers(command.numbers), data_dir))
        found = compare(ranked)
        body, picture = say(ranked, found), _draw(ranked, found, data_dir)
        key = f"compare:{asker.key}"
        with immediate(db):
            deliveries.put(db, key=key, channel=asker.channel, user=asker.user, body=body, now=now)
            deliveries.put(
                db,
                key=f"{key}:chart",
                kind="file",
                channel=asker.channel,
                user=asker.user,
                parent=key,
                body=picture,
                now=now,
            )
    return None


def read_numbers(typed: str) -> list[int]:
    """Read the jobs' numbers, each once; raise RefusalError where that leaves one."""
    numbers = list(dict.fromkeys(int(number) for number in re.findall(r"\d+", typed)))
    if len(numbers) == 1:
        raise RefusalError(
            tr("A comparison needs two different jobs, such as `/train compare 12 14`.")
        )
    return numbers


def gather(db: Database, numbers: Sequence[int], data_dir: Path) -> list[Entry]:
    """Read the results; raise RefusalError for jobs without one, and for unlike tasks."""
    entries = [_read(db, find_job(db, number), data_dir) for number in numbers]
    first = entries[0]
    for other in entries[1:]:
        if other.summary.task != first.summary.task:
            raise RefusalError(
                tr(
                    "Job {number} learnt {task} and job {other} {other_task}: their figures can't "
                    "be compared.",
                    number=first.job,
                    task=code(first.summary.task),
                    other=other.job,
                    other_task=code(other.summary.task),
                )
            )
    return entries


def _read(db: Database, job: Job, data_dir: Path) -> Entry:
    if job.state != "succeeded":
        raise RefusalError(
            tr(
                "Job {number} has no result to compare: it is {state}.",
                number=job.id,
                state=tr(STATES[job.state]),
            )
        )
    summary = TrainSummary.model_validate(job.result)
    model = models.get(db, job.id)
    kept = model and data_dir / model.path / "test_predictions.npz"
    is_classifier = summary.task == "classification" and kept and kept.is_file()
    return Entry(job.id, summary, read_right(kept.parent) if kept and is_classifier else None)


# --- what is said ---------------------------------------------------------------------------


def say(ranked: Sequence[Entry], found: Sequence[Beside]) -> Json:
    """Make the message: the verdict, the table, each job beside the best, what differs."""
    title = say_verdict(ranked[0], found)
    lines = [_say_beside(ranked[0], one) for one in found]
    notes = [note for note in (_say_budgets(ranked),) if note]
    text = "\n".join([title, *lines, *notes])
    table = f"```{escape(figures.table(_table(ranked)))}```"
    shown = [f"*{title}*", table, "\n".join(lines)]
    parts = [blocks.section(part) for part in shown] + [blocks.context(note) for note in notes]
    return {"text": text, "blocks": parts}


def say_verdict(best: Entry, found: Sequence[Beside]) -> str:
    """Say which job is best, only where every other is shown to be worse."""
    name, figure = metrics.first(best.summary)
    told = {"number": best.job, "method": best.method, "figure": metrics.say(name, figure)}
    tied = [str(one.entry.job) for one in found if not one.is_worse]
    if not tied:
        return tr("Job {number} ({method}) is best: {figure}.", **told)
    return tr(
        "No job is shown to be best: job {number} ({method}) has {figure}, and nothing tells it "
        "from job {others}.",
        **told,
        others=both(tied),
    )


def _say_beside(best: Entry, one: Beside) -> str:
    told = {"number": one.entry.job, "best": best.job}
    if one.difference is not None:
        said = figures.difference(one.difference)
        return tr("• Job {number} beside job {best}: {difference}.", **told, difference=said)
    if one.is_worse:
        return tr(
            "• Job {number} beside job {best}: worse, as their intervals don't overlap; row by "
            "row they can't be compared.",
            **told,
        )
    return tr(
        "• Job {number} beside job {best}: their intervals overlap, which shows no difference; row "
        "by row they can't be compared.",
        **told,
    )


def _say_budgets(ranked: Sequence[Entry]) -> str:
    """Say what else than the method differs."""
    if len({entry.budget for entry in ranked}) == 1:
        return ""
    each = [
        tr(
            "job {number}: {model} on {rows:,} rows of data `{hash}`",
            number=entry.job,
            model=escape(figures.model_name(entry.summary.base_model)),
            rows=entry.summary.rows.get("train", 0),
            hash=entry.summary.dataset_hash[:12],
        )
        for entry in ranked
    ]
    return tr("More than the method differs: {jobs}.", jobs=listed(each))


def _table(ranked: Sequence[Entry]) -> list[tuple[str, ...]]:
    name, _ = metrics.first(ranked[0].summary)
    head = (
        tr("job"),
        tr(metrics.NAMES[name]),
        tr("trained"),
        tr("their size"),
        tr("time"),
        tr("memory"),
        tr("serving"),
        tr("ms a text"),
    )
    return [head, *(_row(entry, name) for entry in ranked)]


def _row(entry: Entry, name: str) -> tuple[str, ...]:
    found, nothing = entry.summary, "–"
    return (
        f"{entry.job} {entry.method}",
        metrics.write(name, entry.figure),
        f"{found.trainable_parameters:,}",
        figures.size(found.adapter_bytes) if found.adapter_bytes is not None else nothing,
        figures.duration(found.total_seconds),
        figures.size(found.peak_memory_bytes),
        figures.size(entry.serving_bytes) if entry.serving_bytes is not None else nothing,
        f"{entry.latency_ms:.1f}" if entry.latency_ms is not None else nothing,
    )


def _draw(ranked: Sequence[Entry], found: Sequence[Beside], data_dir: Path) -> Json:
    """Keep the chart beside those of the best job, with which it goes."""
    chart = beside_chart.dots(ranked, say_verdict(ranked[0], found))
    best = ranked[0].job
    numbers = "-".join(str(entry.job) for entry in ranked)
    path = attempt_dir(data_dir, best, 1).parent / "charts" / f"jobs-{numbers}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(chart.png)
    relative = path.relative_to(data_dir).as_posix()
    body = {"file": relative, "filename": path.name, "title": chart.title}
    return body | {"alt_txt": chart.alt_text}
