"""Logging to standard error: a line a record, with the fields given in `extra`."""

from __future__ import annotations

import logging

_USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
OURS = ("bot", "trainer", "storage")


class LineFormatter(logging.Formatter):
    """Appends what stands in `extra` as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
        told = "".join(f" {name}={value}" for name, value in extra.items())
        return super().format(record) + told


def configure(level: str) -> None:
    """Log our own modules from `level` on; others' debug lines would hold what people typed."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
