"""A job's one message: how it stands, how far it is, what can be pressed."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.asking import Block
from bot.language import listed, mark, tr, trn
from bot.train import control, failures, heard, metrics, summary, trials
from bot.wording import escape
from storage.records import Job, Json, Run
from trainer.spec import (
    EvaluatedEvent,
    Failure,
    Progress,
    Recipe,
    Sweep,
    TrainSummary,
    TrialEnded,
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
    "searching": mark("searching for a better recipe"),
    "baselines": mark("training the baselines"),
    "training": mark("training"),
    "augmenting": mark("training once more, with varied rows"),
    "testing": mark("measuring it on the test split"),
    "exporting": mark("exporting and measuring int8"),
    "saving": mark("saving"),
}
STARTING = mark("starting")


def card(
    job: Job, run: Run | None, *, ahead: int | None = None, tried: Sequence[Json] = ()
) -> Json:
    """Write the message as `text` and `blocks`; `ahead` jobs start before a queued one.

    `tried` are the trials of a search that are over.
    """
    state, elements = _STATES[job.state](job, run, ahead)
    table: list[Block] = []
    if tried:
        ended = [TrialEnded.model_validate(trial) for trial in tried]
        sweep = Sweep.model_validate(job.work["sweep"])
        state += f"\n{trials.say_leader(ended, sweep)}"
        table = [blocks.section(f"```{escape(trials.table(ended))}```")]
    about = _say_about(job)
    said = tr("Job {number}: {state}", number=job.id, state=state)
    text = blocks.cut(said, summary.TEXT - len(about))
    title = tr("*Job {number}*  {state}", number=job.id, state=state)
    shown = [blocks.section(f"{ICONS[job.state]} {title}"), *table, blocks.context(about)]
    return {"text": f"{text}\n{about}", "blocks": [*shown, blocks.actions(*elements)]}


def _say_about(job: Job) -> str:
    told = {
        "model": escape(figures.model_name(job.work["base_model"])),
        "dataset": escape(job.work["dataset"]),
        "user": job.requested_by,
    }
    if job.work.get("sweep"):
        space = trials.say_space(Sweep.model_validate(job.work["sweep"]))
        return tr("{model} on {dataset}: a search over {space}, for <@{user}>", **told, space=space)
    recipe = figures.recipe(Recipe.model_validate(job.work["recipe"]))
    return tr("{model} on {dataset}: {recipe}, for <@{user}>", **told, recipe=recipe)


def _queued(job: Job, _: Run | None, ahead: int | None) -> tuple[str, list[Block]]:
    if job.paused_by:
        said = tr("paused by <@{user}>", user=job.paused_by)
        return said, [
            blocks.button(tr("Resume"), "resume", str(job.id), style="primary"),
            _stop(job),
        ]
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
    if job.paused_by:
        said = tr("saving, to pause as <@{user}> asked", user=job.paused_by)
        return said, [blocks.button(tr("Resume"), "resume", str(job.id)), *buttons]
    lines = [tr("running"), *_say_progress(run)]
    steering = _steer(job) if control.takes_steps(run) else []
    return "\n".join(lines), [_stop(job), *steering, *buttons]


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
    return [done, _say_pace(phase, at), _say_last(run), *_say_kept(at)]


def _say_pace(phase: str, at: Progress) -> str:
    parts = [phase]
    if at.loss is not None:
        parts.append(tr("loss {loss:.3f}", loss=at.loss))
    parts.append(tr("{rows:,.0f} rows/s", rows=at.rows_per_second))
    if at.eta_seconds is not None and at.step < at.max_steps:
        parts.append(tr("{duration} left", duration=figures.duration(at.eta_seconds)))
    return listed(parts)


def _say_kept(at: Progress) -> list[str]:
    """Say what was saved, and what memory made of the batches."""
    said = []
    if at.saved_step is not None:
        said.append(tr("checkpoint saved at step {step:,}", step=at.saved_step))
    if at.adjustment is not None:
        said.append(summary.say_adjustment(at.adjustment))
    return said


def _say_last(run: Run) -> str:
    if run.evaluated is None:
        return tr("not evaluated yet")
    last = EvaluatedEvent.model_validate(run.evaluated)
    return tr(
        "after epoch {epoch:.1f}: {figures} on the validation split",
        epoch=last.epoch,
        figures=listed(metrics.say(name, value) for name, value in last.figures.items()),
    )


def _steer(job: Job) -> list[Block]:
    """Give the buttons for a run that takes steps; a search has no epochs and no course of its own."""
    pause = blocks.button(tr("Pause"), "pause", str(job.id))
    if job.work.get("sweep"):
        return [pause]
    more = blocks.button(tr("+1 epoch"), "extend", f"{job.id} {job.extra_epochs}")
    return [pause, blocks.button(tr("Save now"), "save", str(job.id)), more]


def _stop(job: Job) -> Block:
    sure = blocks.confirm(
        tr("Stop job {number}?", number=job.id),
        tr("What it has learnt so far is kept as a checkpoint; a retry goes on from it."),
        yes=tr("Stop it"),
        no=tr("Let it run"),
    )
    return blocks.button(tr("Stop"), "stop", str(job.id), style="danger", confirm=sure)
