"""The end of a job's log, as it may be shown: short, and without tokens."""

from __future__ import annotations

import re
from pathlib import Path

from bot.wording import escape
from trainer.spec import attempt_dir

LINES, TAIL_BYTES = 40, 64_000
SHOWN = 2_800  # characters, so that a section holds them
_TOKEN = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|hf_\w{8,}|(?i:(?<=bearer )|(?<=token=)|(?<=password=))\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def read_tail(data_dir: Path, job: int, attempt: int) -> str:
    """Read the last lines of an attempt's log, tokens struck out; empty where there is none."""
    path = attempt_dir(data_dir, job, attempt) / "log.txt"
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            tail = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return redact("\n".join(_as_seen(line) for line in tail.splitlines()[-LINES:]))


def redact(text: str) -> str:
    return _TOKEN.sub("[secret]", text)


def as_block(text: str) -> str:
    """Quote a log as code: its newest characters, escaped."""
    escaped = escape(text.replace("```", "'''"))
    return f"```{escaped if len(escaped) <= SHOWN else '…' + escaped[-SHOWN:]}```"


def _as_seen(line: str) -> str:
    """Take of a progress bar what stands after its last carriage return."""
    return line.rstrip("\r").rpartition("\r")[2]
