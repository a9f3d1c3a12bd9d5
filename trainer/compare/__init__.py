"""Compare two models of one task on the test rows that neither of them has learned from."""

from __future__ import annotations

from trainer.compare import classification, multilabel, recommendation, retrieval
from trainer.compare.contender import Contender
from trainer.spec import Comparison, Task


def compare(task: Task, candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare a candidate with its rival, row by row, by the first figure of their task.

    Raise OSError where a folder is gone, NotImplementedError where it can't be done without torch.
    """
    if task == "classification":
        return classification.compare(candidate, rival, threads=threads)
    if task == "multilabel":
        return multilabel.compare(candidate, rival, threads=threads)
    if task == "recommendation":
        return recommendation.compare(candidate, rival, threads=threads)
    if task == "retrieval":
        return retrieval.compare(candidate, rival, threads=threads)
    raise NotImplementedError(task)
