"""Where the curves of a run are kept beside Coach's own: in its folder, so that none is needed online."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from trainer.failures import RunFailed
from trainer.spec import RunSpec, Tracker, TrainWork

MODULES: dict[Tracker, str] = {
    "tensorboard": "tensorboard",
    "wandb": "wandb",
    "mlflow": "mlflow",
    "trackio": "trackio",
}


def folder(spec: RunSpec, tracker: Tracker) -> Path:
    """Give the folder of a tracker, which all attempts at a job share."""
    return spec.run_dir / "tracking" / tracker


def require(work: TrainWork) -> None:
    """Raise RunFailed where a tracker is not installed on the machine that trains."""
    for tracker in work.trackers:
        if importlib.util.find_spec(MODULES[tracker]) is None:
            raise RunFailed(
                "bad_method",
                f"{tracker} is not installed on the machine that trains: "
                f"pip install 'coach-bot[{tracker}]' there, or leave out track={tracker}.",
            )


def settings(spec: RunSpec) -> dict[str, str]:
    """Set what the trackers' libraries read from their environment, but for what is set there.

    Without an account they write into the run's folder and ask no server.
    """
    if not isinstance(spec.work, TrainWork):
        return {}
    found: dict[str, str] = {}
    for tracker in spec.work.trackers:
        found |= _SETTINGS[tracker](folder(spec, tracker), f"job {spec.job}")
    return {name: value for name, value in found.items() if name not in os.environ}


def places(spec: RunSpec, work: TrainWork) -> dict[str, str]:
    """Say where each tracker's curves are: an address, or a folder below the data directory."""
    return {tracker: _place(spec, tracker) for tracker in work.trackers}


def _place(spec: RunSpec, tracker: Tracker) -> str:
    if tracker == "wandb" and (run := _wandb_address()):
        return run
    if tracker == "mlflow" and os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        return os.environ["MLFLOW_TRACKING_URI"]
    return str(folder(spec, tracker).relative_to(spec.data_dir))


def _wandb_address() -> str | None:
    import wandb  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415  (an extra)

    return wandb.run.url if wandb.run else None


def _tensorboard(folder: Path, _: str) -> dict[str, str]:
    return {"TENSORBOARD_LOGGING_DIR": str(folder)}


def _wandb(folder: Path, name: str) -> dict[str, str]:
    mode = "online" if "WANDB_API_KEY" in os.environ else "offline"
    folder.mkdir(parents=True, exist_ok=True)
    return {"WANDB_DIR": str(folder), "WANDB_MODE": mode, "WANDB_NAME": name}


def _mlflow(folder: Path, name: str) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "MLFLOW_RUN_NAME": name}


def _trackio(folder: Path, name: str) -> dict[str, str]:
    return {"TRACKIO_DIR": str(folder), "TRACKIO_RUN_NAME": name}


_SETTINGS = {
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
    "trackio": _trackio,
}
