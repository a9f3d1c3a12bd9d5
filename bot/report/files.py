"""Pictures and tables of reports as files in the data directory, kept until Slack surely has them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from bot.report.kinds import Picture
from storage.records import Json

FOLDER = "reports"
KEPT = timedelta(days=7)  # the outbox gives up long before


def keep_picture(data_dir: Path, name: str, picture: Picture, *, title: str) -> Json:
    """Keep a picture and give the body of the delivery that sends it."""
    kept = _keep(data_dir, name, ".png", picture.png)
    return kept | {"title": title, "alt_txt": picture.alt}


def keep_table(data_dir: Path, name: str, table: str) -> Json:
    """Keep a table and give the body of its delivery; the mark lets spreadsheets see UTF-8."""
    return _keep(data_dir, name, ".csv", table.encode("utf-8-sig"))


def purge(data_dir: Path, *, now: datetime) -> None:
    for path in (data_dir / FOLDER).glob("*"):
        if path.stat().st_mtime < (now - KEPT).timestamp():
            path.unlink(missing_ok=True)


def _keep(data_dir: Path, name: str, suffix: str, content: bytes) -> Json:
    """Name the file by its content too: the outbox knows by its name whether a file was sent."""
    digest = hashlib.sha256(content).hexdigest()[:8]
    path = data_dir / FOLDER / f"{name}-{digest}{suffix}"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    relative = path.relative_to(data_dir).as_posix()
    return {"file": relative, "filename": path.name, "title": path.name}
