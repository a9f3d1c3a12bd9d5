"""A job's one message: how it stands, how far it is, what can be pressed."""

from __future__ import annotations

from bot import blocks, figures
from bot.asking import Block
from bot.train import failures, summary
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
    "reading": "reading the data set",
    "loading": "loading the base model",
    "baselines": "training the baselines",
    "training": "training",
    "testing": "measuring it on the test split",
    "exporting": "exporting and measuring int8",
    "saving": "saving",
}


def card(job: Job, run: Run | None, *, ahead: int | None = None) -> Json:
    """Write the message as `text` and `blocks`; `ahead` jobs start before a queued one."""
    state, elements = _STATES[job.state](job, run, ahead)
    recipe = figures.recipe(Recipe.model_validate(job.work["recipe"]))
    model = escape(figures.model_name(job.work["base_model"]))
    about = f"{model} on {escape(job.work['dataset'])}: {recipe}, for <@{job.requested_by}>"
    text = blocks.cut(f"Job {job.id}: {state}", summary.TEXT - len(about))
    title = f"{ICONS[job.state]} *Job {job.id}*  {state}"
    shown = [blocks.section(title), blocks.context(about)]
    return {"text": f"{text}\n{about}", "blocks": [*shown, blocks.actions(*elements)]}


def _queued(job: Job, _: Run | None, ahead: int | None) -> tuple[str, list[Block]]:
    place = f"after {figures.count(ahead, 'other')}" if ahead else "next in line"
    why = f": {escape(job.waits_for)}" if job.waits_for else ""
    again = f" once more, as attempt {job.attempt + 1}" if job.attempt else ""
    return f"queued{again}, {place}{why}", [_stop(job)]


def _running(job: Job, run: Run | None, _: int | None) -> tuple[str, list[Block]]:
    buttons = [blocks.button("Logs", "logs", str(job.id))]
    if job.cancel_requested_by:
        return f"stopping, as <@{job.cancel_requested_by}> asked", buttons
    lines = ["running", *_say_progress(run)]
    return "\n".join(lines), [_stop(job), *buttons]


def _succeeded(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    found = TrainSummary.model_validate(job.result)
    lines = [f"done, {summary.headline(found)}", summary.judge(found)]
    if found.comparison:
        lines.append(summary.compare(found.comparison))
    return "\n".join(filter(None, lines)), summary.next_buttons(job)


def _failed(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    failure = Failure.model_validate(job.failure)
    logs = blocks.button("Logs", "logs", str(job.id))
    buttons = [*failures.buttons(job, failure), logs]
    return f"failed. {failures.explain(failure)}", buttons


def _cancelled(job: Job, _: Run | None, __: int | None) -> tuple[str, list[Block]]:
    who = f", by <@{job.cancel_requested_by}>" if job.cancel_requested_by else ""
    buttons = [blocks.button("Retry", "retry", str(job.id))]
    if job.attempt:
        buttons.append(blocks.button("Logs", "logs", str(job.id)))
    kept = "; a retry goes on from where it was" if job.attempt else ""
    return f"cancelled{who}{kept}", buttons


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
    phase = PHASES.get(run.phase or "", "starting")
    if run.resumed_from_step:
        phase += f", resumed from step {run.resumed_from_step:,}"
    if run.progress is None:
        return [phase]
    at = Progress.model_validate(run.progress)
    share = at.step / max(1, at.max_steps)
    step = f"step {at.step:,} of {at.max_steps:,}, epoch {at.epoch:.1f} of {at.epochs}"
    return [f"{figures.bar(share)} {share:.0%}  {step}", _say_pace(phase, at), _say_last(run)]


def _say_pace(phase: str, at: Progress) -> str:
    parts = [phase]
    if at.loss is not None:
        parts.append(f"loss {at.loss:.3f}")
    parts.append(f"{at.rows_per_second:,.0f} rows/s")
    if at.eta_seconds is not None and at.step < at.max_steps:
        parts.append(f"{figures.duration(at.eta_seconds)} left")
    return ", ".join(parts)


def _say_last(run: Run) -> str:
    if run.evaluated is None:
        return "not evaluated yet"
    last = EvaluatedEvent.model_validate(run.evaluated)
    return (
        f"after epoch {last.epoch:.1f}: {figures.percent(last.accuracy)} accuracy, "
        f"{figures.percent(last.macro_f1)} macro-F1 on the validation split"
    )


def _stop(job: Job) -> Block:
    kept = "What it has learnt so far is kept as a checkpoint; a retry goes on from it."
    sure = blocks.confirm(f"Stop job {job.id}?", kept, yes="Stop it", no="Let it run")
    return blocks.button("Stop", "stop", str(job.id), style="danger", confirm=sure)
