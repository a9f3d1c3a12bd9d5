"""How many jobs a second the queue gives out: `claims.py`, under the name of what it measures.

    python benchmarks/queue.py [--quick]

The folder of a script comes first on its path, so that everything imported by the scripts here
finds this file where it means the standard library's `queue`: they are given that one.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    importlib.import_module("claims").run()
elif __name__ == "queue":
    folder = str(Path(__file__).parent)
    sys.path.remove(folder)
    del sys.modules["queue"]
    importlib.import_module("queue")
    sys.path.insert(0, folder)
