"""The log tells what Coach does, and never what people typed."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import logging
from bot import logs
logs.configure("DEBUG")
logging.getLogger("bot.outbox").debug("sent", extra={"action": "post", "key": "k1"})
logging.getLogger("slack_sdk.web").debug("a private sentence")
logging.getLogger("slack_bolt.App").warning("a private sentence")
"""


def test_our_records_carry_their_extra_and_others_debug_lines_are_left_out() -> None:
    program = [sys.executable, "-c", PROGRAM]  # of its own: it sets up the process's logging
    ended = subprocess.run(program, capture_output=True, text=True, check=True)
    assert ended.stderr.endswith("DEBUG bot.outbox: sent action=post key=k1\n")
    assert "private" not in ended.stderr
