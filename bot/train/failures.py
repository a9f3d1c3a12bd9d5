"""Why a job failed, in words: the cause, the line that shows it, and the button that mends it."""

from __future__ import annotations

from bot import blocks
from bot.asking import Block
from bot.wording import escape
from storage.records import Job
from trainer.spec import Cause, Failure

WORDS: dict[Cause, str] = {
    "out_of_memory": "It ran out of memory. Smaller steps, shorter texts or a smaller model need "
    "less.",
    "nan_loss": "The loss stopped being a number (NaN): the learning rate is too high for this "
    "model.",
    "bad_labels": "The labels of this data set can't be trained on.",
    "bad_file": "The file can't be used.",
    "disk_full": "The disk is full. Once there is space again, a retry goes on from the "
    "checkpoint.",
    "killed": "Its processes were killed from outside Coach, or the machine went down. A retry "
    "goes on from the checkpoint.",
    "lost": "Nothing was heard of it any more. A retry goes on from the checkpoint.",
    "model_not_found": "There is no such base model, neither as a folder on this machine nor on "
    "the hub. Mind the spelling, or use `model=minilm`.",
    "unsafe_model": "The base model has no safetensors weights, and other formats can run code. "
    "Choose one that has them.",
    "unknown": "It met an error that Coach has no words for. Its log says more.",
}


def explain(failure: Failure) -> str:
    """Say the cause and its evidence in two lines."""
    return f"{WORDS[failure.cause]}\n> {escape(failure.evidence)}"


def buttons(job: Job, failure: Failure) -> list[Block]:
    """Offer the retry that carries the fix first, then the one that changes nothing."""
    options = " ".join(f"{name}={value}" for name, value in failure.fix.items())
    as_it_is = blocks.button("Retry as it was", "retry", str(job.id))
    if not options:
        return [blocks.button("Retry", "retry", str(job.id), style="primary")]
    value = f"{job.id} {options} now=yes"
    mended = blocks.button(f"Retry with {options}", "retry:with", value, style="primary")
    return [mended, as_it_is]
