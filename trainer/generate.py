"""The process that writes answers: conversations in by lines of JSON, one answer out for each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pydantic import BaseModel

from trainer.process import die_with_parent
from trainer.spec import Ask, Ready, Written

if TYPE_CHECKING:
    from trainer.writer import Writer


def main() -> int:
    """Run `python -m trainer.generate FOLDER [PARENT]`: answer until standard input ends."""
    die_with_parent(*map(int, sys.argv[2:]))
    # What libraries print must not stand between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    try:
        from trainer.writer import Writer  # noqa: PLC0415 - torch takes seconds to import

        writer = Writer.open(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - whoever asked must hear of it
        _say(answers, Ready(error=type(error).__name__))
        return 1
    _say(answers, Ready())
    for line in sys.stdin:
        _say(answers, answer(writer, line))
    return 0


def answer(writer: Writer, line: str) -> Written:
    """Answer one conversation; of an error only its kind is told: its words may quote a turn."""
    try:
        ask = Ask.model_validate_json(line)
        text, complete = writer.answer(ask.turns, max_tokens=ask.max_tokens, seconds=ask.seconds)
    except Exception as error:  # noqa: BLE001 - the next conversation may be answered
        return Written(error=type(error).__name__)
    return Written(text=text, complete=complete)


def _say(answers: TextIO, said: BaseModel) -> None:
    print(said.model_dump_json(), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main())
