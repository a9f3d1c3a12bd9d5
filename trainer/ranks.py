"""The processes of one run that train together: who is the first, and what all of them agree on."""

from __future__ import annotations

import torch
from torch import distributed

from trainer.spec import RunSpec


def join(spec: RunSpec) -> None:
    """Meet the other ranks, over nccl on GPUs and gloo on the CPU; alone there is none to meet."""
    if spec.ranks > 1:
        from accelerate import PartialState  # noqa: PLC0415  (its import takes a second)

        PartialState(cpu=spec.device == "cpu")


def is_first() -> bool:
    """Tell whether this process is the one that writes and tells."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def leave() -> None:
    """Part from the others, so that nobody waits for them any more."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def agree(number: int) -> int:
    """Give every rank the first one's number, at the same place of the same step."""
    if not distributed.is_initialized():
        return number
    on = "cuda" if distributed.get_backend().startswith(("nccl", "cuda")) else "cpu"
    told = torch.tensor(number, device=on)
    distributed.broadcast(told, src=0)
    return int(told.item())


def wait() -> None:
    """Wait until every rank has come here."""
    if distributed.is_initialized():
        distributed.barrier()
