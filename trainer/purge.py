"""Delete files whose time is over: uploads nobody answered for, results, checkpoints, events."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

UPLOADS_KEPT = timedelta(hours=24)  # while its owner thinks about which column is which
RESULTS_KEPT = timedelta(hours=24)  # of classified files, in case that Slack is down
RUNS_KEPT = timedelta(days=7)  # a retry within it goes on from the checkpoint


def delete_old_uploads(data_dir: Path, *, wanted: Collection[str], now: datetime) -> None:
    """Delete uploads of yesterday; `wanted` are those (below the data directory) of open jobs."""
    before = (now - UPLOADS_KEPT).timestamp()
    for path in (data_dir / "uploads").glob("*"):
        name = path.relative_to(data_dir)
        is_wanted = any(Path(other).is_relative_to(name) for other in wanted)
        if not is_wanted and path.stat().st_mtime < before:
            _delete(path)


def delete_old_runs(
    data_dir: Path, ended: Callable[[int], tuple[str, datetime] | None], *, now: datetime
) -> None:
    """Delete checkpoints and events of old jobs; models, logs and specs stay.

    `ended` gives a job's final state and time; None for one that is open or not known.
    """
    for run_dir in (data_dir / "runs").glob("[0-9]*"):
        end = ended(int(run_dir.name))
        if end is None:
            continue
        state, at = end
        is_old = at < now - RUNS_KEPT
        if is_old or state == "succeeded":
            _delete(run_dir / "checkpoints")
        if is_old:
            for events in run_dir.glob("attempt-*/events"):
                _delete(events)


def delete_old_results(
    data_dir: Path,
    ended: Callable[[int], tuple[str, datetime] | None],
    *,
    wanted: Collection[str],
    now: datetime,
) -> None:
    """Delete what classified files became; `wanted` (below the data directory) isn't sent yet."""
    needed = {data_dir / file for file in wanted}
    for folder in (data_dir / "runs").glob("[0-9]*/attempt-*/result"):
        end = ended(int(folder.parent.parent.name))
        is_old = end is not None and end[1] < now - RESULTS_KEPT
        if is_old and needed.isdisjoint(folder.iterdir()):
            _delete(folder)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
