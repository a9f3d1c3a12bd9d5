"""Tests of what the end of an attempt means for its job, as a table."""

from __future__ import annotations

import pytest

from trainer.outcome import decide, name_failure
from trainer.spec import Cause, Ended, Failure


def failed(cause: Cause) -> Ended:
    return Ended(state="failed", failure=Failure(cause=cause, evidence="…"))


SUCCEEDED, STOPPED = Ended(state="succeeded"), Ended(state="cancelled")
PAUSED = Ended(state="cancelled", paused=True)


@pytest.mark.parametrize(
    ("end", "cancel_requested", "lost_before", "expected"),
    [
        (SUCCEEDED, False, 0, "succeeded"),
        (SUCCEEDED, True, 0, "succeeded"),  # it was quicker than the stop
        (STOPPED, True, 0, "cancelled"),
        (STOPPED, False, 0, "resume"),  # the machine is shutting down: no person asked
        (STOPPED, False, 2, "failed"),
        (PAUSED, False, 2, "pause"),  # no attempt was lost
        (PAUSED, True, 0, "cancelled"),
        (failed("killed"), False, 0, "resume"),
        (failed("killed"), False, 1, "resume"),
        (failed("killed"), False, 2, "failed"),
        (failed("lost"), False, 0, "resume"),
        (failed("killed"), True, 0, "cancelled"),
        (failed("killed"), True, 2, "cancelled"),
        (failed("nan_loss"), False, 0, "failed"),  # it would fail so again
        (failed("out_of_memory"), False, 0, "failed"),
        (failed("unknown"), True, 0, "failed"),
    ],
)
def test_only_what_the_machine_took_away_is_resumed_and_twice_at_most(
    end: Ended, *, cancel_requested: bool, lost_before: int, expected: str
) -> None:
    decided = decide(end, cancel_requested=cancel_requested, lost_before=lost_before)
    assert decided == expected


def test_a_job_that_fails_always_has_a_cause() -> None:
    assert name_failure(failed("nan_loss")) == failed("nan_loss").failure
    stopped = name_failure(STOPPED)
    assert stopped is not None
    assert stopped.cause == "killed"
