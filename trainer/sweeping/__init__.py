"""Search for a better recipe: many trials by one job, and the winner trained once."""

from trainer.sweeping.search import search

__all__ = ["search"]
