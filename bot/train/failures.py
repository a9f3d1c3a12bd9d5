"""Why a job failed, in words: the cause, the line that shows it, and the button that mends it."""

from __future__ import annotations

from bot import blocks
from bot.asking import Block
from bot.language import mark, tr
from bot.train import heard
from bot.wording import escape
from storage.records import Job
from trainer.spec import Cause, Failure

CAUSES: dict[Cause, str] = {
    "out_of_memory": mark("out of memory"),
    "nan_loss": mark("nan loss"),
    "bad_labels": mark("bad labels"),
    "bad_rows": mark("bad rows"),
    "bad_method": mark("bad method"),
    "bad_file": mark("bad file"),
    "disk_full": mark("disk full"),
    "killed": mark("killed"),
    "lost": mark("lost"),
    "model_not_found": mark("model not found"),
    "unsafe_model": mark("unsafe model"),
    "unknown": mark("unknown"),
}
WORDS: dict[Cause, str] = {
    "out_of_memory": mark(
        "It ran out of memory. Smaller steps, shorter texts or a smaller model need less."
    ),
    "nan_loss": mark(
        "The loss stopped being a number (NaN): the learning rate is too high for this model."
    ),
    "bad_labels": mark("The labels of this data set can't be trained on."),
    "bad_rows": mark("The rows of this data set don't suit what is to be learnt."),
    "bad_method": mark("This base model can't be trained by that method."),
    "bad_file": mark("The file can't be used."),
    "disk_full": mark(
        "The disk is full. Once there is space again, a retry goes on from the checkpoint."
    ),
    "killed": mark(
        "Its processes were killed from outside Coach, or the machine went down. A retry "
        "goes on from the checkpoint."
    ),
    "lost": mark("Nothing was heard of it any more. A retry goes on from the checkpoint."),
    "model_not_found": mark(
        "There is no such base model, neither as a folder on this machine nor on "
        "the hub. Mind the spelling, or use `model=minilm`."
    ),
    "unsafe_model": mark(
        "The base model has no safetensors weights, and other formats can run code. "
        "Choose one that has them."
    ),
    "unknown": mark("It met an error that Coach has no words for. Its log says more."),
}


def explain(failure: Failure) -> str:
    """Say the cause and its evidence in two lines."""
    return f"{tr(WORDS[failure.cause])}\n> {escape(heard.again(failure.evidence))}"


def buttons(job: Job, failure: Failure) -> list[Block]:
    """Offer the retry that carries the fix first, then the one that changes nothing."""
    options = " ".join(f"{name}={value}" for name, value in failure.fix.items())
    as_it_is = blocks.button(tr("Retry as it was"), "retry", str(job.id))
    if not options:
        return [blocks.button(tr("Retry"), "retry", str(job.id), style="primary")]
    value = f"{job.id} {options} now=yes"
    mended = blocks.button(
        tr("Retry with {options}", options=options), "retry:with", value, style="primary"
    )
    return [mended, as_it_is]
