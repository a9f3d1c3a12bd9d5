"""Where the time goes from the start of a run's process to its first step, stage by stage.

Each start is a process of its own, as a run's is; the fastest of a few is told. Seconds of the
processor are told beside those of the clock, which a busy machine stretches. `--imports` lists
the modules that cost most to import, by python -X importtime.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "TOKENIZERS_PARALLELISM": "false"}
ROWS = 400


class Laps:
    """Seconds of the clock and of the processor, by stage."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, float]] = {}
        # What the interpreter took before this line counts too.
        self._processor, self._clock = 0.0, time.perf_counter()

    def lap(self, name: str) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        self.found[name] = clock - self._clock, processor - self._processor
        self._clock, self._processor = clock, processor


def take_first_step(path: Path) -> None:
    """Do as trainer.train does, up to the first step, and print the laps."""
    laps = Laps()
    from trainer import train  # noqa: PLC0415, F401
    from trainer.spec import RunSpec, TrainWork  # noqa: PLC0415

    spec = RunSpec.model_validate_json(path.read_text(encoding="utf-8"))
    assert isinstance(spec.work, TrainWork)
    laps.lap("python, the spec")
    import torch  # noqa: PLC0415, F401

    laps.lap("import torch")
    import transformers  # noqa: PLC0415
    from datasets import disable_progress_bars  # noqa: PLC0415
    from transformers import Trainer  # noqa: PLC0415, F401

    laps.lap("import transformers, datasets")
    from trainer import device, fit, methods, ranks, tasks  # noqa: PLC0415, F401

    disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    device.use_threads(spec.threads)
    laps.lap("import the trainer")
    task = tasks.load(spec, spec.work)
    laps.lap("import the task, load rows and model")
    model = methods.prepare(task.model, spec.work.recipe, spec.work.task)
    trainer = task.make_trainer(model, fit.arguments(task, spec, spec.work.recipe), [])
    laps.lap("prepare, make the Trainer")
    trainer.add_callback(_stop_after_one(laps))
    trainer.train()


def _stop_after_one(laps: Laps) -> Any:  # noqa: ANN401
    from transformers import TrainerCallback  # noqa: PLC0415

    class Stop(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            laps.lap("the first step")
            print(json.dumps(laps.found), flush=True)
            os._exit(0)

    return Stop()


def specify(folder: Path) -> Path:
    """Make a data set of the sample, and the spec of a run on it."""
    sys.path.insert(0, str(Path(__file__).parent))
    from training import SAMPLE, prepare  # noqa: PLC0415

    spec, work = prepare(SAMPLE, folder, drop=[], rows=ROWS, epochs=1)
    path = folder / "spec.json"
    path.write_text(spec.model_copy(update={"work": work}).model_dump_json(), encoding="utf-8")
    return path


def measure(path: Path) -> dict[str, tuple[float, float]]:
    done = subprocess.run(
        [sys.executable, __file__, "--first-step", str(path)],
        env=os.environ | PATIENT,
        check=True,
        capture_output=True,
        text=True,
    )
    last = next(line for line in done.stdout.splitlines() if line.startswith('{"python'))
    return {name: (clock, cpu) for name, (clock, cpu) in json.loads(last).items()}


def list_imports(path: Path, *, most: int = 25) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", __file__, "--first-step", str(path)],
        env=os.environ | PATIENT,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:")]
    timed = [(int(row[1]), row[2].strip()) for row in rows if row[1].strip().isdecimal()]
    for cumulative, name in sorted(timed, reverse=True)[:most]:
        print(f"{cumulative / 1e6:8.2f} s  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-step", type=Path, help="the child's: take it, and say how long")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--imports", action="store_true")
    options = parser.parse_args()
    if options.first_step:
        take_first_step(options.first_step)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = specify(Path(folder))
        starts = [measure(path) for _ in range(options.starts)]
        best = min(starts, key=lambda start: sum(cpu for _, cpu in start.values()))
        print(f"{'stage':<40} {'clock':>8} {'processor':>10}")
        for name, (clock, cpu) in best.items():
            print(f"{name:<40} {clock:7.2f}s {cpu:9.2f}s")
        whole = [sum(column) for column in zip(*best.values(), strict=True)]
        print(f"{'to the first step':<40} {whole[0]:7.2f}s {whole[1]:9.2f}s")
        if options.imports:
            list_imports(path)


if __name__ == "__main__":
    main()
