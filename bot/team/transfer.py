"""Tables leave as CSV in a direct message, and come in by a form, a preview and a word of consent."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot import blocks, rights, sheet
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Export, Import
from bot.language import tr
from bot.team import starter
from bot.team.handover import hand_over
from bot.team.tables import TABLES, table
from bot.team.tables.table import Changes, Table
from bot.train import uploads
from bot.wording import code
from storage import audit
from storage.database import immediate, opened

MOST_MB = 5  # of a file; it is read while somebody waits
SUFFIX = ".csv"


async def export(office: Office, asker: Asker, command: Export) -> Reply:
    """Send a table to the asker; what is private to leads and admins alone."""
    content = await asyncio.to_thread(_write, office, asker, TABLES[command.table])
    return await hand_over(office, asker.user, content, filename=command.table + SUFFIX)


async def open_form(office: Office, asker: Asker, command: Import) -> None:
    await asyncio.to_thread(rights.require, office, asker, "lead", "admin")
    view = form(TABLES[command.table], asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(found: Table, asker: Asker) -> Block:
    columns = ", ".join(column.name for column in found.columns)
    drop: Block = {"type": "file_input", "action_id": "file", "filetypes": ["csv"], "max_files": 1}
    hint = tr(
        "CSV with a header. Columns: {columns}. Only {key} must be there; a column that is "
        "missing stays as it is. You see what changes before anything is written.",
        columns=columns,
        key=", ".join(found.key),
    )
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    return blocks.modal(
        "import",
        tr("Import a table"),
        [blocks.section(f"*{found.name}*"), blocks.field("file", tr("File"), drop, hint=hint)],
        submit=tr("Look at it"),
        metadata=metadata | {"table": found.name},
    )


async def take_form(
    office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
) -> Reply:
    """Fetch the file and say what it would change; nothing is written yet."""
    name = str(json.loads(metadata)["table"])
    await asyncio.to_thread(rights.require, office, asker, "lead", "admin")
    (chosen,) = values["file"]["file"]["files"]
    file = (await office.client.files_info(file=str(chosen["id"])))["file"]
    _check(file)
    path = await uploads.fetch(office, file)
    return await asyncio.to_thread(_preview, office, TABLES[name], path)


def press_import(office: Office, asker: Asker, value: str) -> Reply:
    """Write what was shown, all of it or nothing, and note it in the audit."""
    rights.require(office, asker, "lead", "admin")
    name, _, upload = value.partition(" ")
    path = _upload(office, upload)
    found, now = TABLES[name], office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        changes = _compare(db, found, path)
        table.write(db, found, changes, by=asker.user, now=now)
        counts = f"added {len(changes.added)}, changed {len(changes.changed)}"
        audit.note(db, by=asker.user, action="import", subject=name, after=counts, now=now)
    shutil.rmtree(path.parent)
    text = tr(
        "Imported into *{table}*: {added} added, {changed} changed.",
        table=name,
        added=len(changes.added),
        changed=len(changes.changed),
    )
    return Reply(text, replace=True)


def press_forget(office: Office, _: Asker, value: str) -> Reply:
    shutil.rmtree(_upload(office, value.partition(" ")[2]).parent)
    return Reply(tr("Nothing was imported."), replace=True)


# --- steps ----------------------------------------------------------------------------------


def _write(office: Office, asker: Asker, found: Table) -> bytes:
    if found.private:
        rights.require(office, asker, "lead", "admin")
    columns = [column.name for column in found.columns]
    with opened(office.settings.data_dir) as db:
        rows = [[row[name] for name in columns] for row in found.rows(db)]
    # The mark lets spreadsheets see that it is UTF-8.
    return sheet.write(columns, rows).encode("utf-8-sig")


def _check(file: Mapping[str, Any]) -> None:
    name = str(file.get("name") or "")
    if not name.lower().endswith(SUFFIX):
        raise RefusalError(tr("{file} is no CSV file.", file=code(name)))
    uploads.check(file, max_mb=MOST_MB)


def _preview(office: Office, found: Table, path: Path) -> Reply:
    try:
        with opened(office.settings.data_dir) as db:
            changes = _compare(db, found, path)
    except RefusalError:
        shutil.rmtree(path.parent)
        raise
    text = table.say(found, changes)
    if not changes.added and not changes.changed:
        shutil.rmtree(path.parent)
        return Reply(text)
    carried = f"{found.name} {path.parent.name}"
    buttons = blocks.actions(
        blocks.button(tr("Import it"), "import_write", carried, style="primary"),
        blocks.button(tr("Cancel"), "import_forget", carried),
    )
    return Reply(text, [blocks.section(text), buttons])


def _compare(db: Database, found: Table, path: Path) -> Changes:
    old = found.rows(db)
    rows = table.read(found, sheet.read(path.read_bytes()), starter.known(db), old)
    return table.compare(found, old, rows)


def _upload(office: Office, folder: str) -> Path:
    """Give an upload that waits for its word; raises RefusalError where it is gone."""
    path = uploads.place(office.settings.data_dir, re.sub(r"\W", "_", folder), f"upload{SUFFIX}")
    if not path.exists():
        path.parent.rmdir()
        raise RefusalError(tr("This file is gone: send it again by `/team import`."))
    return path
