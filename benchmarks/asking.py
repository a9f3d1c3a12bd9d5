"""Ask the bot's part that serves as people do, in a process of its own that imports the whole bot.

    python benchmarks/asking.py MODEL SECONDS < texts.json

Prints `answered` after the first answer, then lines for people, and as the last one JSON: how
long askers of short messages wait at 20 per second (alone, and beside a long list), how many of
200 askers at once got no answer, and the memory in the end.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import psutil

import bot.__main__
import bot.running  # noqa: F401 - its memory counts
from bot.sentiment.serving import Serving

PER_SECOND = 20
AT_ONCE = 200
SHORT = range(20, 121)  # characters
LENGTHS = [20, 100, 500, 1_000, 2_000, 5_000_000]  # characters
ROWS = [1, 10, 100, 1_000]
AGAIN = 3


async def time_askers(serving: Serving, path: str, texts: Sequence[str], seconds: float) -> float:
    """Let askers come at random, PER_SECOND on average; gives the 99th percentile in ms."""
    chance = random.Random(0)  # noqa: S311
    ask = partial(_time, serving, path)
    asking = []
    for _ in range(round(seconds * PER_SECOND)):
        asking.append(asyncio.create_task(ask([chance.choice(texts)])))
        await asyncio.sleep(chance.expovariate(PER_SECOND))
    return 1_000 * float(np.percentile(await asyncio.gather(*asking), 99))


async def count_lost(serving: Serving, path: str, texts: Sequence[str]) -> int:
    """Let AT_ONCE ask at once; gives how many got no answer."""
    asking = (serving.classify(path, [texts[n % len(texts)]]) for n in range(AT_ONCE))
    found = await asyncio.gather(*asking, return_exceptions=True)
    return sum(isinstance(answers, BaseException) or len(answers) != 1 for answers in found)


async def print_growth(serving: Serving, path: str, texts: Sequence[str]) -> None:
    """Show how time grows with a text's length, and with the rows of a list."""
    long = " ".join(texts)
    long *= 1 + LENGTHS[-1] // len(long)
    print(f"{'characters':>10} {'ms':>8}")
    for length in LENGTHS:
        print(f"{length:>10,} {1_000 * await _best(serving, path, [long[:length]]):>8.1f}")
    print(f"{'rows':>10} {'ms':>8} {'rows/s':>8}")
    for rows in ROWS:
        asked = [texts[number % len(texts)] for number in range(rows)]
        spent = await _best(serving, path, asked)
        print(f"{rows:>10,} {1_000 * spent:>8.1f} {rows / spent:>8.0f}")


async def _best(serving: Serving, path: str, texts: Sequence[str]) -> float:
    return min([await _time(serving, path, texts) for _ in range(AGAIN)])


async def _time(serving: Serving, path: str, texts: Sequence[str]) -> float:
    began = time.perf_counter()
    await serving.classify(path, texts)
    return time.perf_counter() - began


async def main(model: Path, seconds: float) -> None:
    texts = json.load(sys.stdin)
    short = [text for text in texts if len(text) in SHORT]
    serving, path = Serving(model.parent), model.name
    await serving.classify(path, texts[:1])
    print("answered", flush=True)
    await print_growth(serving, path, texts)
    found = {
        "p99_ms": await time_askers(serving, path, short, seconds),
        "concurrent_lost": await count_lost(serving, path, texts),
    }
    bulk = asyncio.create_task(serving.classify(path, texts * round(200 * seconds)))
    beside = await time_askers(serving, path, short, seconds)
    print(f"99 of 100 short messages wait up to {beside:.0f} ms while a long list is answered")
    assert not bulk.done()
    bulk.cancel()
    print(json.dumps(found | {"bot_rss_mb": psutil.Process().memory_info().rss / 1e6}))
    serving.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
