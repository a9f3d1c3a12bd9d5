"""One attempt at classifying a file, read from top to bottom."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from trainer import failures
from trainer.bulk import chunks, result_file, summary
from trainer.bulk.answers import Answers
from trainer.events import EventWriter
from trainer.intake.columns import find_text
from trainer.intake.files import parse_file
from trainer.intake.profile import LANGUAGE_SAMPLE, detect_languages
from trainer.intake.table import BadFile, Table
from trainer.limits import TOO_LARGE, Child
from trainer.predict import Classifier
from trainer.process import Cancellation, Cancelled, die_with_parent
from trainer.spec import (
    EXAMPLES,
    BulkResult,
    BulkSummary,
    BulkWork,
    ColumnQuestion,
    Ended,
    Failure,
    Phase,
    RunSpec,
    Started,
    result_dir,
)

MAX_ROWS = 100_000
NICE = 15  # the bot answers people on the same machine: it goes first
log = logging.getLogger("trainer.bulk")


@dataclass(frozen=True)
class Reading:
    """A file that was read, and the languages that its texts seem to be in."""

    table: Table
    column: str
    languages: dict[str, float]

    @property
    def texts(self) -> list[str]:
        return self.table.columns[self.column]


def main() -> int:
    """Run `python -m trainer.bulk SPEC.json`; 0 for succeeded and cancelled, 1 for failed."""
    die_with_parent()
    os.nice(NICE)
    cancellation = Cancellation()
    cancellation.listen()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    spec = RunSpec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return 1 if run(spec).state == "failed" else 0


def run(spec: RunSpec) -> Ended:
    """Classify, and say how that ended whatever happens; nothing of a text gets into the log.

    The upload goes once there is a result or a refusal; it stays after a question, for the answer,
    and after a stop, for another attempt.
    """
    work = _bulk(spec)
    child = Child(partial(read, spec, work))
    with EventWriter(spec.attempt_dir / "events") as events:
        try:
            events.write(Started(host=socket.gethostname(), device="cpu"))
            events.write(Phase(name="reading"))
            ended = _conclude(spec, work, child, events)
        except Cancelled:
            ended = Ended(state="cancelled")
        child.kill()
        events.write(ended)
    has_question = ended.bulk is not None and ended.bulk.question is not None
    if ended.state != "cancelled" and not has_question:
        (spec.data_dir / work.upload).unlink(missing_ok=True)
    return ended


def read(spec: RunSpec, work: BulkWork) -> Reading | ColumnQuestion | Failure:
    """Read the file and find its texts; a fault of the file is told in words."""
    try:
        return _read(spec, work)
    except BadFile as error:
        return Failure(cause="bad_file", evidence=str(error))
    except MemoryError:
        return TOO_LARGE
    except Exception as error:
        failure = failures.explain(error)
        log.exception("the file was not read: %s", failure.evidence)
        return failure


def classify(spec: RunSpec, work: BulkWork, reading: Reading, events: EventWriter) -> BulkSummary:
    """Classify the texts, and write the result into the attempt's folder.

    Raise BadFile where there is no text, OSError where the model is gone.
    """
    began = time.monotonic()
    events.write(Phase(name="loading"))
    model = Classifier.load(spec.data_dir / work.path, threads=spec.threads)
    events.write(Phase(name="classifying"))
    filled = [row for row, text in enumerate(reading.texts) if text.strip()]
    texts = [reading.texts[row] for row in filled]
    chances = chunks.classify(
        texts, model, kept=spec.run_dir / "checkpoints" / "chunks", tell=events.write
    )
    events.write(Phase(name="saving"))
    answers = Answers.of(chances, model.card)
    folder = result_dir(spec.data_dir, spec.job, spec.attempt)
    folder.mkdir(parents=True, exist_ok=True)
    by_row = answers.by_row(filled, rows=len(reading.table))
    written = result_file.write(
        folder,
        spec.data_dir / work.upload,
        filename=work.filename,
        table=reading.table,
        answers=by_row,
    )
    examples = folder / "examples.json"
    examples.write_bytes(EXAMPLES.dump_json(summary.pick_examples(texts, answers)))
    time_column, days = summary.count_days(reading.table, reading.column, by_row)
    return BulkSummary(
        rows=len(texts),
        empty=len(reading.table) - len(texts),
        text_column=reading.column,
        labels=answers.count(),
        unsure=answers.count_unsure(),
        unlabelled=answers.count_unlabelled(),
        confidence=float(answers.confidence.mean()),
        languages=reading.languages,
        time_column=time_column,
        days=days,
        result=str(written.relative_to(spec.data_dir)),
        examples=str(examples.relative_to(spec.data_dir)),
        seconds=time.monotonic() - began,
    )


def _conclude(spec: RunSpec, work: BulkWork, child: Child[_Found], events: EventWriter) -> Ended:
    try:
        found = child.result()
    except EOFError:
        return Ended(state="failed", failure=TOO_LARGE)
    if isinstance(found, Failure):
        return Ended(state="failed", failure=found)
    if isinstance(found, ColumnQuestion):
        return Ended(state="succeeded", bulk=BulkResult(question=found))
    try:
        result = BulkResult(summary=classify(spec, work, found, events))
    except Exception as error:
        failure = failures.explain(error)
        if isinstance(error, FileNotFoundError):
            gone = f"The files of model {work.model} are gone: let another one serve."
            failure = Failure(cause="bad_file", evidence=gone)
        log.exception("the file was not classified: %s", failure.evidence)
        return Ended(state="failed", failure=failure)
    return Ended(state="succeeded", bulk=result)


def _read(spec: RunSpec, work: BulkWork) -> Reading | ColumnQuestion:
    path = spec.data_dir / work.upload
    if not path.is_file():
        raise BadFile("The uploaded file is no longer there: send it again.")
    table = parse_file(path, filename=work.filename, max_rows=MAX_ROWS, max_bytes=spec.max_bytes)
    column = find_text(table, work.text_column)
    if isinstance(column, ColumnQuestion):
        return column
    texts = [text for text in table.columns[column] if text.strip()]
    if not texts:
        raise BadFile(f"No row has a text in the column {column!r}.")
    sample = texts[:: -(-len(texts) // LANGUAGE_SAMPLE)]
    return Reading(table, column, detect_languages(sample))


def _bulk(spec: RunSpec) -> BulkWork:
    if not isinstance(spec.work, BulkWork):
        raise TypeError("This is no bulk work.")
    return spec.work


_Found = Reading | ColumnQuestion | Failure


if __name__ == "__main__":
    sys.exit(main())
