"""The shared records, and the only SQL."""

import sys

if "pandas" not in sys.modules:
    # sqlite-utils imports pandas where it finds it: 70 MB and half a second, for nothing here.
    sys.modules["pandas"] = None  # type: ignore[assignment] # not found, says the import system
    import sqlite_utils  # noqa: F401 - before anyone else

    del sys.modules["pandas"]
