"""A job's one message: how it stands, how far it is, what can be pressed."""

from __future__ import annotations

from bot import blocks, figures
from bot.asking import Block
from bot.language import listed, mark, tr, trn
from bot.train import failures, heard, metrics, summary
from bot.wording import escape
from storage.records import Job, Json, Run
from trainer.spec import (
    EvaluatedEvent,
    Failure,
    Progress,
    Recipe,
    TrainSummary,
)

ICONS = {
    "queued": ":hourglass_flowing_sand:",
    "running": ":gear:",
    "succeeded": ":white_check_mark:",
    "failed": ":x:",
    "cancelled": ":octagonal_sign:",
}
PHASES = {
    "reading": mark("reading the data set"),
    "loading": mark("loading the base model"),
    "baselines": mark("training the baselines"),
    "training": mark("training"),
    "testing": mark("measuring it on the test split"),
    "exporting": mark("exporting and measuring int8"),
    "saving": mark("saving"),
}
STARTING = mark("starting")


def card(job: Job, run: Run | None, *, ahead: int | None = None) -> Json:
    """Write the message as `text` and `blocks`; `ahead` jobs start before a queued one."""
    state, elements = _STATES[job.state](job, run, ahead)
    recipe = figures.recipe(Recipe.model_validate(job.work["recipe"]))
    model = escape(figures.model_name(job.work["base_model"]))
    about = tr(
        "{model} on {dataset}: {recipe}, for <@{user}>",
        model=model,
        dataset=escape(job.work["dataset"]),
        recipe=recipe,
        user=job.requested_by,
    )
    said = tr("Job {number}: {state}", number=job.id, state=state)
    text = blocks.cut(said, summary.TEXT - len(about))
    title = tr("*Job {number}*  {state}", number=job.id, state=state)
    shown = [blocks.section(f"{ICONS[job.state]} {title}"), blocks.context(about)]
    return {"text": f"{text}\n{about}", "blocks": [*shown, blocks.actions(*elements)]}


def _queued(job: Job, _: Run | None, ahead: int | None) -> tuple[str, list[Block]]:
    place = tr("next in line")
    if ahead:
        place = trn("after {count:,} other", "after {count:,} others", ahead)
    said = tr("queued, {place}", place=place)
    if job.attempt:
        attempt = job.attempt + 1
        said = tr("queued once more, as attempt {attempt}, {place}", attempt=attempt, place=place)
    if job.waits_for:
        said = tr("{state}: {reason}", state=said, reason=escape(heard.again(job.waits_for)))
    return said, [_stop(job)]


def _running(job: Job, run: Run | None, _: int | None) -> tuple[str, list[Block]]:
    buttons = [blocks.button(tr("Logs"), "logs", str(job.id))]
    if job.cancel_requested_by:
        return tr("stopping, as <@{user}> asked", user=job.cancel_requested_by), buttons
    lines = [tr("running"), *_say_progress(run)]
    return "\n".join(lines), [_stop(job), *buttons]


def _succeeded(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    found = TrainSummary.model_validate(job.result)
    lines = [tr("done, {figures}", figures=metrics.headline(found)), summary.judge(found)]
    if found.comparison:
        lines.append(summary.compare(found.comparison))
    return "\n".join(filter(None, lines)), summary.next_buttons(job)


def _failed(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    failure = Failure.model_validate(job.failure)
    logs = blocks.button(tr("Logs"), "logs", str(job.id))
    buttons = [*failures.buttons(job, failure), logs]
    return tr("failed. {cause}", cause=failures.explain(failure)), buttons


def _cancelled(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    said = tr("cancelled")
    if job.cancel_requested_by:
        said = tr("cancelled, by <@{user}>", user=job.cancel_requested_by)
    retry = blocks.button(tr("Retry"), "retry", str(job.id))
    if not job.attempt:
        return said, [retry]
    kept = tr("{state}; a retry goes on from where it was", state=said)
    return kept, [retry, blocks.button(tr("Logs"), "logs", str(job.id))]


_STATES = {
    "queued": _queued,
    "running": _running,
    "succeeded": _succeeded,
    "failed": _failed,
    "cancelled": _cancelled,
}


def _say_progress(run: Run | None) -> list[str]:
    if run is None:
        return []
    phase = tr(PHASES.get(run.phase or "", STARTING))
    if run.resumed_from_step:
        phase = tr("{phase}, resumed from step {step:,}", phase=phase, step=run.resumed_from_step)
    if run.progress is None:
        return [phase]
    at = Progress.model_validate(run.progress)
    share = at.step / max(1, at.max_steps)
    done = tr(
        "{bar} {share:.0%}  step {step:,} of {steps:,}, epoch {epoch:.1f} of {epochs}",
        bar=figures.bar(share),
        share=share,
        step=at.step,
        steps=at.max_steps,
        epoch=at.epoch,
        epochs=at.epochs,
    )
    return [done, _say_pace(phase, at), _say_last(run)]


def _say_pace(phase: str, at: Progress) -> str:
    parts = [phase]
    if at.loss is not None:
        parts.append(tr("loss {loss:.3f}", loss=at.loss))
    parts.append(tr("{rows:,.0f} rows/s", rows=at.rows_per_second))
    if at.eta_seconds is not None and at.step < at.max_steps:
        parts.append(tr("{duration} left", duration=figures.duration(at.eta_seconds)))
    return listed(parts)


def _say_last(run: Run) -> str:
    if run.evaluated is None:
        return tr("not evaluated yet")
    last = EvaluatedEvent.model_validate(run.evaluated)
    return tr(
        "after epoch {epoch:.1f}: {figures} on the validation split",
        epoch=last.epoch,
        figures=listed(metrics.say(name, value) for name, value in last.figures.items()),
    )


def _stop(job: Job) -> Block:
    sure = blocks.confirm(
        tr("Stop job {number}?", number=job.id),
        tr("What it has learnt so far is kept as a checkpoint; a retry goes on from it."),
        yes=tr("Stop it"),
        no=tr("Let it run"),
    )
    return blocks.button(tr("Stop"), "stop", str(job.id), style="danger", confirm=sure)
