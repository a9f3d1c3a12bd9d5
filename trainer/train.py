"""The run itself, read from top to bottom: data, model, fit, export, evaluate."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import card, checkpoints, failures, tracking, verdict
from trainer.events import EventWriter, Silence
from trainer.process import Cancellation, Cancelled, Paused, die_with_parent
from trainer.spec import (
    Comparison,
    DataCard,
    Ended,
    OnCorrections,
    Phase,
    RunSpec,
    Started,
    TrainSummary,
    TrainWork,
)

if TYPE_CHECKING:
    from trainer.tasks import Task

log = logging.getLogger("trainer.train")


def main() -> int:
    """Run `python -m trainer.train SPEC.json`; 0 for succeeded and cancelled, 1 for failed."""
    die_with_parent()
    cancellation = Cancellation()
    cancellation.listen()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    spec = RunSpec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rank = _rank()
    with EventWriter(spec.attempt_dir / "events") if rank == 0 else Silence() as events:
        ended = run(spec, events, cancellation)
        if verdict.is_due(ended, ranks=spec.ranks):
            verdict.leave(spec.attempt_dir, rank, ended)
        else:
            events.write(ended)
    if ended.state == "succeeded" and rank == 0:
        shutil.rmtree(spec.run_dir / "checkpoints")  # nobody resumes what is done
    return 1 if ended.state == "failed" else 0


def _rank() -> int:
    """Tell which of the processes that train together this is, as torchrun says."""
    return int(os.environ.get("RANK", "0"))


def run(spec: RunSpec, events: EventWriter, cancellation: Cancellation) -> Ended:
    """Train, and say how it ended whatever happens; the log gets the traceback of a failure."""
    if not isinstance(spec.work, TrainWork):
        raise TypeError("An intake is no training run: trainer.data reads files.")
    try:
        summary = train(spec, spec.work, events, cancellation)
    except Paused:
        return Ended(state="cancelled", paused=True)
    except Cancelled:
        return Ended(state="cancelled")
    except Exception as error:
        failure = failures.explain(error, spec.work.recipe)
        log.exception("the run failed: %s", failure.evidence)
        if _rank() == 0:
            _clear_drafts(spec, spec.work)
        return Ended(state="failed", failure=failure)
    if summary is None:
        return Ended(state="succeeded")
    model = spec.attempt_dir / "model"
    return Ended(state="succeeded", summary=summary, model=str(model.relative_to(spec.data_dir)))


def train(
    spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> TrainSummary | None:
    """Do the whole work of a run; raise Cancelled, or what went wrong.

    Of ranks that train together the first goes on alone after the last step; None in the others.
    """
    began = time.monotonic()
    newest = checkpoints.find_newest(spec.run_dir / "checkpoints", work)
    resumed = checkpoints.step_of(newest) if newest else None
    events.write(Started(host=socket.gethostname(), device=spec.device, resumed_from_step=resumed))

    events.write(Phase(name="loading"))
    tracking.require(work)
    # torch and its libraries take seconds to import: first the run has told that it lives.
    from datasets import disable_progress_bars  # noqa: PLC0415
    from transformers import set_seed  # noqa: PLC0415
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    from trainer import device, fit, learning, ranks, tasks  # noqa: PLC0415

    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    device.use_threads(spec.threads)
    found = None
    if work.sweep:
        from trainer import sweeping  # noqa: PLC0415

        work, found = sweeping.search(spec, work, events, cancellation)
    set_seed(work.recipe.seed)
    ranks.join(spec)
    task = tasks.load(spec, work, events)
    learnt = learning.learn(task, spec=spec, work=work, events=events, cancellation=cancellation)
    if not ranks.is_first():
        return None

    events.write(Phase(name="exporting"))
    exported = task.export(
        learnt.model,
        folder=spec.attempt_dir / "model",
        origin=_origin(spec, work),
        threads=spec.threads,
    )

    events.write(Phase(name="testing"))
    scores = task.test()
    comparison, on_corrections = _compare_with_rival(spec, task)
    events.write(Phase(name="baselines"))
    summary = TrainSummary(
        dataset_hash=work.dataset_hash,
        base_model=work.base_model,
        recipe=work.recipe,
        device=device.describe(
            spec.device, bf16=fit.computes_in_bfloat16(spec, work.recipe), ranks=spec.ranks
        ),
        task=work.task,
        scores=scores,
        baselines=task.baselines(),
        comparison=comparison,
        on_corrections=on_corrections,
        rows=dict(task.rows),
        kept_by=task.metric,
        total_seconds=time.monotonic() - began,
        parameters=learnt.parameters,
        trainable_parameters=learnt.trainable_parameters,
        adapter_bytes=learnt.adapter_bytes,
        chosen=learnt.chosen,
        augmented=learnt.augmented,
        peak_memory_bytes=device.peak_memory(spec.device),
        resumed_from_step=resumed,
        devices=work.devices,
        sweep=found,
        tracking=tracking.places(spec, work),
        **vars(exported),
        **vars(learnt.fitted),
    )
    _write_card(spec, work, summary)
    return summary


def _write_card(spec: RunSpec, work: TrainWork, summary: TrainSummary) -> None:
    """Put the model's card into its folder, beside what serves."""
    path = spec.dataset_dir / "card.json"
    if not path.exists():  # the data set was deleted meanwhile
        return
    data = DataCard.model_validate_json(path.read_bytes())
    words = card.write(
        summary,
        data,
        work,
        job=spec.job,
        asked_by=spec.requested_by,
        licence=card.find_licence(work.base_model),
    )
    (spec.attempt_dir / "model" / card.NAME).write_text(words, encoding="utf-8")


def _compare_with_rival(
    spec: RunSpec, task: Task
) -> tuple[Comparison | None, OnCorrections | None]:
    """Compare with the model serving; without it (or its data set) the run is no failure."""
    if spec.rival is None:
        return None, None
    try:
        return task.compare(spec, spec.rival)
    except OSError as error:
        log.warning("no comparison with model %s: %s", spec.rival.model, error)
        return None, None


def _origin(spec: RunSpec, work: TrainWork) -> dict[str, Any]:
    """Say what the model was made from, for its card."""
    path = spec.dataset_dir / "card.json"
    languages = json.loads(path.read_text(encoding="utf-8"))["languages"] if path.exists() else {}
    return {
        "base_model": work.base_model,
        "dataset": work.dataset,
        "dataset_hash": work.dataset_hash,
        "languages": list(languages),
    }


def _clear_drafts(spec: RunSpec, work: TrainWork) -> None:
    """Remove what was half written: on a full disk it holds the room that the last event needs."""
    shutil.rmtree(spec.attempt_dir / "model.tmp", ignore_errors=True)
    checkpoints.remove_unusable(spec.run_dir / "checkpoints", work)


if __name__ == "__main__":
    sys.exit(main())
