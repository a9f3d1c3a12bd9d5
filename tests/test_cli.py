"""The command line starts and mends Coach, and answers mistakes in sentences."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.manifest import manifest
from bot.running import FEATURES
from bot.supervise import MISTAKE, Part, supervise
from bot.usage import USAGE
from bot.workspace.server import Workspace
from storage import requests
from storage.database import opened
from trainer import locks

ROOT = Path(__file__).parent.parent


async def coach(*words: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """Run `coach …` in an empty folder; gives its status and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_a_misspelt_value_is_answered_without_a_traceback(tmp_path: Path) -> None:
    status, printed = await coach("doctor", cwd=tmp_path, SLACK_MODE="carrier-pigeon")
    assert status == MISTAKE
    assert printed.startswith("SLACK_MODE: Input should be 'socket' or 'http'")
    assert "Traceback" not in printed


async def test_a_bot_without_tokens_says_what_to_set(tmp_path: Path) -> None:
    status, printed = await coach("bot", cwd=tmp_path)
    assert status == MISTAKE
    assert printed.startswith("SLACK_BOT_TOKEN and SLACK_APP_TOKEN must be set")


async def test_a_second_bot_on_the_same_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lock = locks.take(tmp_path / "data" / "bot.lock")
    assert lock is not None
    with lock:
        status, printed = await coach("bot", cwd=tmp_path)
    assert status == MISTAKE
    assert "Another bot already serves" in printed


async def test_the_doctor_finds_a_healthy_workspace_and_a_dead_worker(data_dir: Path) -> None:
    async with Workspace(manifest()) as workspace:
        status, printed = await coach(
            "doctor",
            cwd=data_dir,
            DATA_DIR=str(data_dir),
            SLACK_API_URL=workspace.api_url,
            SLACK_BOT_TOKEN=workspace.bot_token,
            SLACK_APP_TOKEN=workspace.app_token,
        )
    assert status == 1
    lines = printed.splitlines()
    failing = [line for line in lines if line.startswith("FAIL")]
    assert failing == [
        "FAIL worker: not running. `coach up` starts it, or `coach worker` alone."
    ], printed
    assert "ok   database: sound." in lines
    assert "ok   SLACK_APP_TOKEN: opens connections." in lines


async def test_the_doctor_names_a_refused_token(workspace: Workspace, tmp_path: Path) -> None:
    wrong = {"SLACK_API_URL": workspace.api_url, "SLACK_BOT_TOKEN": "xoxb-wrong"}
    _, printed = await coach("doctor", cwd=tmp_path, **wrong)
    assert "FAIL SLACK_BOT_TOKEN: refused (invalid_auth)." in printed
    assert "xoxb-wrong" not in printed


async def test_a_backup_is_put_back(data_dir: Path, tmp_path: Path) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    with opened(data_dir) as db:
        requests.is_first(db, "before", now=at)
    status, _ = await coach("backup", "copy.db", cwd=tmp_path, DATA_DIR=str(data_dir))
    assert status == 0
    with opened(data_dir) as db:
        requests.is_first(db, "after", now=at)
    status, _ = await coach("restore", "copy.db", cwd=tmp_path, DATA_DIR=str(data_dir))
    assert status == 0
    with opened(data_dir) as db:
        assert not requests.is_first(db, "before", now=at)
        assert requests.is_first(db, "after", now=at)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", "data/coach.db"], "data/coach.db: File exists."),
        (["restore", "missing.db"], "'missing.db' does not exist"),
        (["restore", "notes.txt"], "can't be read as a database"),
    ],
)
async def test_a_wrong_file_is_refused_in_words(
    tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coach.db").touch()
    (tmp_path / "notes.txt").write_text("no database " * 100)
    status, printed = await coach(*words, cwd=tmp_path)
    assert status == MISTAKE
    assert said in printed
    assert "Traceback" not in printed


async def test_there_is_nothing_to_back_up_before_the_first_start(tmp_path: Path) -> None:
    status, printed = await coach("backup", "copy.db", cwd=tmp_path)
    assert status == MISTAKE
    assert printed.startswith("There is no database in")
    assert not (tmp_path / "copy.db").exists()


async def test_the_printed_manifest_is_the_built_one(tmp_path: Path) -> None:
    status, printed = await coach("manifest", cwd=tmp_path)
    assert status == 0
    assert json.loads(printed) == manifest()


def test_the_manifest_has_every_command_of_the_usage_table_with_a_hint() -> None:
    listed = {one["command"]: one for one in manifest()["features"]["slash_commands"]}
    assert set(listed) == {usage.command for usage in USAGE}
    assert all(one["usage_hint"] for one in listed.values())


def test_the_manifest_asks_for_the_events_and_shortcuts_that_features_hear() -> None:
    built = manifest()
    heard = {event for feature in FEATURES for event in feature.events}
    heard |= {"app_mention", "app_home_opened"}  # the desk's own
    subscribed = built["settings"]["event_subscriptions"]["bot_events"]
    assert {event.partition(".")[0] for event in subscribed} == heard  # message.channels, …
    offered = {shortcut["callback_id"] for shortcut in built["features"]["shortcuts"]}
    assert offered == {name for feature in FEATURES for name in feature.shortcuts}


def test_every_verb_of_the_usage_table_has_one_feature_that_does_it() -> None:
    done = [record for feature in FEATURES for record in feature.commands]
    assert sorted(map(str, done)) == sorted(str(usage.record) for usage in USAGE)


def test_the_manifest_for_http_names_the_address_everywhere() -> None:
    built = manifest(request_url="https://coach.example.com/slack/events")
    assert not built["settings"]["socket_mode_enabled"]
    assert json.dumps(built).count("https://coach.example.com/slack/events") == 2 + len(
        built["features"]["slash_commands"]
    )


def _script(body: str) -> Part:
    return Part("script", [sys.executable, "-c", body], dict(os.environ))


async def test_a_part_that_dies_is_started_again_until_told_to_stop(tmp_path: Path) -> None:
    note = tmp_path / "starts"
    script = f"import os, signal; open({str(note)!r}, 'a').write('x'); os.kill(os.getpid(), 9)"
    stop = asyncio.Event()
    supervising = asyncio.create_task(supervise([_script(script)], stop, first_pause_s=0.01))
    async with asyncio.timeout(30):
        while not note.exists() or len(note.read_text()) < 3:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    stop.set()
    assert await supervising == 0


async def test_a_mistake_of_use_ends_all_parts(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    sleeper = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    wait = f"import os, time\nwhile not os.path.exists({str(note)!r}): time.sleep(0.05)"
    mistaken = f"{wait}\nraise SystemExit({MISTAKE})"
    parts = [_script(sleeper), _script(mistaken)]
    assert await supervise(parts, asyncio.Event()) == MISTAKE
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), signal.SIG_DFL)


@pytest.mark.slow
async def test_the_tour_goes_well_from_the_sample_to_an_answer(tmp_path: Path) -> None:
    status, printed = await coach("try", "--once", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert status == 0, printed
    assert "every step went well" in printed
