"""Why a file was not classified, in words, and what to do about it."""

from __future__ import annotations

from bot.language import mark, tr
from bot.train import heard
from bot.wording import escape
from storage.records import Job
from trainer.spec import Cause, Failure

WORDS: dict[Cause, str] = {
    "disk_full": mark("The disk is full: an admin has to make room, then send the file again."),
    "out_of_memory": mark("There is too little memory for it: send a part of its rows."),
}
AGAIN = mark("{evidence}. It is not the file's fault: send it again.")


def explain(job: Job) -> str:
    failure = Failure.model_validate(job.failure)
    evidence = escape(heard.again(failure.evidence))
    if failure.cause == "bad_file":
        return evidence
    return tr(WORDS.get(failure.cause, AGAIN), evidence=evidence)
