"""Check what Coach needs to run, and say how to mend what fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import humanize
import pynvml
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.answers import words
from bot.manifest import SCOPES
from bot.settings import BotSettings
from bot.status import WORKER_ALIVE
from storage import hosts
from storage.database import FILENAME, NewerSchemaError, opened, refuse_newer
from trainer.spec import resolve_base_model

DISK_NEEDED = 5 * 2**30  # bytes: a few checkpoints, models and their exports
UNREACHABLE = (SlackClientError, OSError, TimeoutError)


@dataclass(frozen=True)
class Finding:
    """What one check found; `mend` says what to do where it fails."""

    about: str
    good: bool
    detail: str
    mend: str = ""

    def line(self) -> str:
        mend = f" {self.mend}" if self.mend and not self.good else ""
        return f"{'ok  ' if self.good else 'FAIL'} {self.about}: {self.detail}.{mend}"


async def examine(settings: BotSettings) -> list[Finding]:
    """Make every check; none of them changes anything."""
    found = await _slack(settings)
    found += _local(settings)
    return found


# --- Slack ----------------------------------------------------------------------------------


async def _slack(settings: BotSettings) -> list[Finding]:
    found = await _bot_token(settings)
    if settings.slack_mode == "socket":
        return [*found, await _app_token(settings)]
    secret = bool(settings.slack_signing_secret.get_secret_value())
    mend = "Copy it from Basic Information → App Credentials."
    return [*found, Finding("SLACK_SIGNING_SECRET", secret, "set" if secret else "missing", mend)]


async def _bot_token(settings: BotSettings) -> list[Finding]:
    about, mend = "SLACK_BOT_TOKEN", "Copy it from Install App (it begins with xoxb-) into .env."
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        return [Finding(about, good=False, detail="missing", mend=mend)]
    try:
        answer = await _client(settings, token).auth_test()
    except UNREACHABLE as error:
        return [Finding(about, good=False, detail=f"refused ({words(error)})", mend=mend)]
    who = f"{answer.get('user')} in {answer.get('team')}"
    return [Finding(about, good=True, detail=who), _scopes(answer.headers)]


def _scopes(headers: dict[str, str]) -> Finding:
    told = {name.lower(): value for name, value in headers.items()}.get("x-oauth-scopes")
    if told is None:
        return Finding("scopes", good=True, detail="not told by this server")
    missing = sorted(set(SCOPES) - {scope.strip() for scope in told.split(",")})
    detail = f"{', '.join(missing)} missing" if missing else "all there"
    mend = "Paste `coach manifest` into the app's manifest and install it again."
    return Finding("scopes", not missing, detail, mend)


async def _app_token(settings: BotSettings) -> Finding:
    about = "SLACK_APP_TOKEN"
    mend = "Generate one with connections:write under App-Level Tokens (it begins with xapp-)."
    token = settings.slack_app_token.get_secret_value()
    if not token:
        return Finding(about, good=False, detail="missing", mend=mend)
    try:
        await _client(settings, token).apps_connections_open(app_token=token)
    except UNREACHABLE as error:
        return Finding(about, good=False, detail=f"refused ({words(error)})", mend=mend)
    return Finding(about, good=True, detail="opens connections")


def _client(settings: BotSettings, token: str) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, timeout=10)


# --- this machine ---------------------------------------------------------------------------


def _local(settings: BotSettings) -> Iterator[Finding]:
    yield _data_dir(settings.data_dir)
    if settings.data_dir.is_dir():
        yield _disk(settings.data_dir)
    if (settings.data_dir / FILENAME).exists():
        yield _database(settings.data_dir)
        yield _worker(settings.data_dir)
    yield _gpu()
    yield _base_model(settings.base_model)


def _data_dir(folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    good = existing.is_dir() and os.access(existing, os.W_OK)
    detail = str(folder) if good else f"{folder} can't be written"
    return Finding("data directory", good, detail, "Set DATA_DIR to a folder you own.")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    mend = f"Make room: runs want {humanize.naturalsize(DISK_NEEDED, binary=True)}."
    detail = f"{humanize.naturalsize(free, binary=True)} free"
    return Finding("disk", free >= DISK_NEEDED, detail, mend)


def _database(folder: Path) -> Finding:
    with opened(folder) as db:
        sound = next(iter(db.query("PRAGMA quick_check"))) == {"quick_check": "ok"}
        try:
            refuse_newer(db)
        except NewerSchemaError as error:
            return Finding("database", good=False, detail="too new", mend=str(error))
    detail = "sound" if sound else "damaged"
    return Finding("database", sound, detail, "Stop Coach and `coach restore` the newest backup.")


def _worker(folder: Path) -> Finding:
    with opened(folder) as db:
        alive = [host.name for host in hosts.seen_since(db, datetime.now(UTC) - WORKER_ALIVE)]
    detail = f"alive on {', '.join(alive)}" if alive else "not running"
    return Finding("worker", bool(alive), detail, "`coach up` starts it, or `coach worker` alone.")


def _gpu() -> Finding:
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        names = [pynvml.nvmlDeviceGetName(handle) for handle in handles]
    except pynvml.NVMLError:
        names = []
    return Finding("GPU", good=True, detail=", ".join(names) or "none; training runs on the CPU")


def _base_model(name: str) -> Finding:
    place = resolve_base_model(name)
    if not Path(place).is_absolute():
        return Finding("base model", good=True, detail=f"{place}, fetched from the hub when needed")
    good = (Path(place) / "config.json").is_file() and any(Path(place).glob("*.safetensors"))
    mend = "Set BASE_MODEL to a hub id or to a folder with config.json and *.safetensors."
    return Finding("base model", good, place if good else f"nothing to load in {place}", mend)
