"""The machines that run jobs, as their workers describe them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from sqlite_utils import Database

from storage.records import Host, read, text


def describe(db: Database, host: Host) -> None:
    """Write what a worker says of its machine; the newest word counts."""
    row = asdict(host) | {
        "started_at": text(host.started_at),
        "seen_at": text(host.seen_at),
        "slots": json.dumps(host.slots),
    }
    columns = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT OR REPLACE INTO hosts ({columns}) VALUES ({values})", row)  # noqa: S608 - ours alone


def seen_since(db: Database, at: datetime) -> list[Host]:
    """List the machines whose worker was alive after a time."""
    rows = db.query("SELECT * FROM hosts WHERE seen_at > ? ORDER BY name", (text(at),))
    return [read(Host, row) for row in rows]
