"""Give one person all that is kept about them, as a file that leaves the disk once it was sent."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path

from bot.asking import Asker, Office, Reply
from bot.commands.coach import ExportPrivacy
from bot.language import tr
from storage import deliveries, kept
from storage.database import immediate, opened
from storage.records import Json

FOLDER = "exports"
ON_THEIR_WAY = ("due", "claimed")


def export(office: Office, asker: Asker, _: ExportPrivacy) -> Reply:
    """Write the file, and have it sent to the asker's direct messages."""
    now, data_dir = office.clock(), office.settings.data_dir
    path = data_dir / FOLDER / f"coach-about-you-{now:%Y-%m-%d}-{secrets.token_hex(4)}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with opened(data_dir) as db, immediate(db):
        found = kept.rows(db, asker.user)
        body = _body(path, data_dir)
        deliveries.put(db, key=_key(path), kind="file", channel=asker.user, body=body, now=now)
        # Before the commit: no delivery is without its file.
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    return Reply(tr("All that is kept about you comes to you as a file, in a direct message."))


def press(office: Office, asker: Asker, _: str) -> Reply:
    return export(office, asker, ExportPrivacy())


async def sweep(office: Office) -> None:
    """Delete the files that were sent, or that never will be."""
    await asyncio.to_thread(_sweep, office.settings.data_dir)


def _sweep(data_dir: Path) -> None:
    written = list((data_dir / FOLDER).glob("*.json"))
    if not written:
        return
    with (
        opened(data_dir) as db,
        immediate(db),
    ):  # an export that is being made comes before or after
        for path in written:
            delivery = deliveries.get(db, _key(path))
            if delivery is None or delivery.state not in ON_THEIR_WAY:
                path.unlink(missing_ok=True)


def _key(path: Path) -> str:
    return f"privacy:{path.stem}"


def _body(path: Path, data_dir: Path) -> Json:
    relative = path.relative_to(data_dir).as_posix()
    return {"file": relative, "filename": path.name, "title": path.name}
