"""Why a run failed: from an exception to a cause, its evidence and the option that would help."""

from __future__ import annotations

import errno
import uuid
from collections.abc import Iterator
from pathlib import Path

from trainer.spec import Cause, Failure, Recipe

DISK_FULL = ("no space left on device", "disk quota exceeded", "inline_container.cc")
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")
EVIDENCE_CHARACTERS = 200
SHORTEST_TEXT = 32  # tokens; shorter than this would cut what the text says


class RunFailed(Exception):  # noqa: N818  (a run fails; the error is its cause)
    """A run can't go on, for a cause that is known where it is raised."""

    def __init__(self, cause: Cause, evidence: str, **fix: str) -> None:
        super().__init__(evidence)
        self.failure = Failure(cause=cause, evidence=evidence, fix=fix)


def explain(error: BaseException, recipe: Recipe | None = None) -> Failure:
    """Name the cause; a row of the data never gets into the evidence.

    Messages of unforeseen exceptions may quote the data, so of those only the type, the place
    and a reference are told; the log carries the reference too (`Failure.evidence` ends with it).
    """
    for link in _chain(error):
        if isinstance(link, RunFailed):
            return link.failure
        if _is_disk_full(link):
            return Failure(cause="disk_full", evidence=_first_line(link))
        if _is_out_of_memory(link):
            return Failure(
                cause="out_of_memory",
                evidence=_first_line(link),
                fix=smaller_steps(recipe) if recipe else {},
            )
    reference = uuid.uuid4().hex[:8]
    evidence = f"{type(error).__name__} at {_place(error)} (reference {reference})"
    return Failure(cause="unknown", evidence=evidence)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the error and those that it arose from, the outermost first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    # safetensors and torch write from native code: they tell by their message alone.
    return any(words in str(error).lower() for words in DISK_FULL)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch raises a plain RuntimeError where the CPU's allocator fails.
    return isinstance(error, RuntimeError | OSError) and any(
        words in str(error).lower() for words in OUT_OF_MEMORY
    )


def smaller_steps(recipe: Recipe | None) -> dict[str, str]:
    """Give the option that takes less memory."""
    if recipe is None:
        return {}
    if recipe.batch > 1:
        return {"batch": str(recipe.batch // 2)}
    return {"max_length": str(max(SHORTEST_TEXT, recipe.max_length // 2))}


def _first_line(error: BaseException) -> str:
    message = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {message}"[:EVIDENCE_CHARACTERS]


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
