"""Fetch a shared file from Slack into the data directory: only a table, only Slack's, only so big."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from sqlite_utils import Database

from bot.answers import words
from bot.asking import Asker, Office, RefusalError
from bot.language import listed, tr
from bot.train.names import TABLES
from bot.wording import code
from storage import jobs
from storage.records import Job
from trainer.spec import BulkWork, IntakeWork

MEGABYTE = 1_000_000
CHUNK = 1 << 16  # bytes
FETCH_S = 300
CLASSIFIED = (*TABLES, ".txt")  # suffixes of what needs texts alone, no labels
File = Mapping[str, Any]  # of Slack's files.info


def is_table(file: File) -> bool:
    return str(file.get("name") or "").lower().endswith(TABLES)


def is_classifiable(file: File) -> bool:
    return str(file.get("name") or "").lower().endswith(CLASSIFIED)


def check(file: File, *, max_mb: int, kinds: tuple[str, ...] = TABLES) -> None:
    """Raise RefusalError for a file that can't be read as a table, before any of it is fetched."""
    name, size = str(file.get("name") or ""), int(file.get("size") or 0)
    if not name.lower().endswith(kinds):
        raise RefusalError(
            tr(
                "{file} is no table: Coach reads {kinds} files.",
                file=code(name),
                kinds=listed(kinds),
            )
        )
    if size > max_mb * MEGABYTE:
        raise RefusalError(
            tr(
                "{file} has {size:,.0f} MB; at most {most:,} MB are read. Send a part of its rows.",
                file=code(name),
                size=size / MEGABYTE,
                most=max_mb,
            )
        )


def is_slacks(url: str, api_url: str) -> bool:
    """Tell whether a file's address is Slack's own, so that the token may go there."""
    wanted, api = urlsplit(url), urlsplit(api_url)
    if (wanted.scheme, wanted.netloc) == (api.scheme, api.netloc):
        return True
    return wanted.scheme == "https" and (wanted.hostname or "").endswith(".slack.com")


def place(data_dir: Path, key: str, filename: str) -> Path:
    """Say where an upload is kept: a folder of its own, a name without surprises."""
    folder = re.sub(r"[^\w-]", "_", key)
    path = data_dir / "uploads" / folder / f"upload{Path(filename).suffix.lower()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


async def look_up(office: Office, file_id: str) -> File:
    """Ask Slack anew what a file is: what a message says of it may be old, or a part.

    Raise RefusalError where it is gone.
    """
    try:
        file: File = (await office.client.files_info(file=file_id))["file"]
    except SlackApiError as error:
        if words(error) not in {"file_not_found", "file_deleted"}:
            raise
        raise RefusalError(tr("The file is no longer there: send it again.")) from None
    return file


async def fetch(office: Office, file: File, *, folder: str | None = None) -> Path:
    """Download a file with the bot's token, into a folder of its own or the one that is named.

    Raise RefusalError where Slack doesn't give it.
    """
    settings, url = office.settings, str(file.get("url_private_download") or "")
    if not is_slacks(url, settings.slack_api_url):
        raise RefusalError(
            tr(
                "{file} isn't kept by Slack: upload the file itself.",
                file=code(str(file["name"])),
            )
        )
    path = place(settings.data_dir, folder or str(file["id"]), str(file["name"]))
    partial = path.with_suffix(f".{secrets.token_hex(4)}.part")  # two may fetch it at once
    try:
        await download(url, partial, token=office.client.token or "", max_mb=settings.max_upload_mb)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


async def download(url: str, path: Path, *, token: str, max_mb: int) -> None:
    """Stream to a file; redirects aren't followed, for the token would go with them."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=FETCH_S)
    left = max_mb * MEGABYTE
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise RefusalError(
                tr(
                    "Slack did not hand out the file (HTTP {status}). An admin may have to add the "
                    "scope `files:read`: `coach doctor` tells.",
                    status=answer.status,
                )
            )
        with path.open("wb") as out:
            async for chunk in answer.content.iter_chunked(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise RefusalError(
                        tr("The file has more than {most:,} MB. Send a part of it.", most=max_mb)
                    )
                out.write(chunk)


def enqueue(
    office: Office,
    db: Database,
    asker: Asker,
    work: IntakeWork | BulkWork,
    *,
    key: str,
    thread: str,
) -> Job:
    """Queue what reads a fetched file; its answer comes where the file was shared."""
    return jobs.enqueue(
        db,
        key=key,
        work=work.model_dump(),
        requested_by=asker.user,
        channel=asker.channel,
        thread_ts=thread or None,
        now=office.clock(),
    )
