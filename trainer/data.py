"""Read an uploaded file, check it, split it, describe it, and keep it as a data set."""

from __future__ import annotations

import logging
import socket
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from trainer import failures
from trainer.events import EventWriter
from trainer.intake import corrections
from trainer.intake.columns import Chosen, find_columns
from trainer.intake.corrections import Corrected
from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.files import read_table
from trainer.intake.folder import hash_rows, keep
from trainer.intake.personal_data import count_personal_data
from trainer.intake.profile import (
    count_splits,
    detect_languages,
    find_warnings,
    measure_lengths,
)
from trainer.intake.rows import Row, check_class_sizes, sort, tidy
from trainer.intake.splits import complete_splits, drop_leaks
from trainer.intake.table import BadFile
from trainer.limits import TOO_LARGE, Child
from trainer.process import Cancellation, Cancelled, die_with_parent
from trainer.spec import (
    SPLITS,
    CorrectionsCard,
    Corrects,
    DataCard,
    Ended,
    Failure,
    IntakeResult,
    IntakeWork,
    Phase,
    RunSpec,
    Started,
    dataset_dir,
)

log = logging.getLogger("trainer.data")


def main() -> int:
    """Run `python -m trainer.data SPEC.json`; 0 for succeeded and cancelled, 1 for failed.

    The upload goes once there is a card or a refusal; it stays after a question, for the answer,
    and after a stop, for another attempt.
    """
    die_with_parent()
    cancellation = Cancellation()
    cancellation.listen()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    spec = RunSpec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    ended = run(spec)
    return 1 if ended.state == "failed" else 0


def run(spec: RunSpec) -> Ended:
    """Let a child with limits read the file: what is made to harm kills the child, and is refused.

    Its course and its end are told as events of the attempt.
    """
    child = Child(partial(read, spec))
    with EventWriter(spec.attempt_dir / "events") as events:
        try:
            events.write(Started(host=socket.gethostname(), device="cpu"))
            events.write(Phase(name="reading"))
            ended = child.result()
        except EOFError:
            ended = Ended(state="failed", failure=TOO_LARGE)
        except Cancelled:
            ended = Ended(state="cancelled")
        child.kill()
        events.write(ended)
    # Only now: an attempt that the machine takes away before is made again, and needs the file.
    has_answer = ended.intake is None or ended.intake.question is None
    if ended.state != "cancelled" and has_answer:
        _upload(spec).unlink(missing_ok=True)
    return ended


def read(spec: RunSpec) -> Ended:
    """Make the data set, and say how that ended whatever happens."""
    try:
        return Ended(state="succeeded", intake=make_dataset(spec))
    except BadFile as error:
        failure = Failure(cause="bad_file", evidence=str(error))
    except MemoryError:
        failure = TOO_LARGE
    except Exception as error:
        failure = failures.explain(error)
        log.exception("the file was not read: %s", failure.evidence)
    return Ended(state="failed", failure=failure)


def make_dataset(spec: RunSpec) -> IntakeResult:
    """Read, find the columns, tidy, split, describe and keep; raise BadFile with what is wrong."""
    work, path = _intake(spec), _upload(spec)
    if not path.is_file():
        raise BadFile("The uploaded file is no longer there: send it again.")
    if work.corrects is not None:
        return IntakeResult(card=make_version(spec, work, work.corrects))
    table = read_table(
        path, filename=work.filename, max_rows=spec.max_rows, max_bytes=spec.max_bytes
    )
    chosen = find_columns(table, work)
    if not isinstance(chosen, Chosen):
        return IntakeResult(question=chosen)

    tidied = tidy(table, chosen)
    rows, near_duplicates, taken = _split(tidied.rows)
    card = DataCard(
        hash=hash_rows(rows),
        name=work.name,
        filename=work.filename,
        bytes=path.stat().st_size,
        rows=len(rows),
        text_column=chosen.text,
        label_column=chosen.label,
        splits_from="file" if chosen.split else "made",
        empty_rows=tidied.empty,
        exact_duplicates=tidied.exact_duplicates,
        near_duplicates=near_duplicates,
        conflicts=tidied.conflicts,
        leaks=tidied.leaks + len(tidied.rows) - len(rows),
        **_describe(rows),
    )
    warnings = find_warnings(card, taken_from_train=taken if chosen.split else [])
    card = card.model_copy(update={"warnings": warnings})
    keep(rows, card, folder=dataset_dir(spec.data_dir, card.hash), scratch=spec.attempt_dir / "new")
    return IntakeResult(card=card)


def make_version(spec: RunSpec, work: IntakeWork, corrects: Corrects) -> DataCard:
    """Make the next version of a data set, with corrections; raise BadFile where it is gone."""
    base = dataset_dir(spec.data_dir, corrects.dataset_hash)
    try:
        before = DataCard.model_validate_json((base / "card.json").read_bytes())
        rows, held_out = corrections.read_rows(base), corrections.read_held_out(base)
    except FileNotFoundError:
        raise BadFile("The data set was deleted meanwhile.") from None
    read = corrections.read_corrections(_upload(spec))
    found = corrections.correct(rows, held_out, read, forgotten=frozenset(corrects.forgotten))
    check_class_sizes(found.rows)
    card = before.model_copy(
        update={
            "hash": hash_rows([*found.rows, *found.held_out]),
            "name": work.name,
            "rows": len(found.rows),
            "near_duplicates": found.near_duplicates,
            "corrections": _count_corrections(found, before.corrections),
            **_describe(found.rows),
        }
    )
    card = card.model_copy(update={"warnings": find_warnings(card)})
    folder, scratch = dataset_dir(spec.data_dir, card.hash), spec.attempt_dir / "new"
    keep(found.rows, card, folder=folder, scratch=scratch, held_out=found.held_out)
    return card


def _count_corrections(found: Corrected, before: CorrectionsCard | None) -> CorrectionsCard:
    earlier = before.added + before.relabelled + before.held_out + before.earlier if before else 0
    return CorrectionsCard(
        added=found.added,
        relabelled=found.relabelled,
        held_out=found.newly_held_out,
        left_out=found.left_out,
        contradicted=found.contradicted,
        earlier=earlier,
        forgotten=found.forgotten,
    )


def _split(found: list[Row]) -> tuple[list[Row], int, list[str]]:
    """Drop leaks and fill missing splits; count near duplicates, name what training gave up."""
    groups = group_near_duplicates([row.text for row in found]).tolist()
    kept = drop_leaks(found, groups)
    rows, groups = [found[i] for i in kept], [groups[i] for i in kept]
    check_class_sizes(rows)
    missing = [split for split in SPLITS if all(row.split != split for row in rows)]
    return sort(complete_splits(rows, groups)), len(rows) - len(set(groups)), missing


def _describe(rows: list[Row]) -> dict[str, Any]:
    texts = [row.text for row in rows]
    return {
        "labels": dict(Counter(row.label for row in rows).most_common()),
        "splits": count_splits(rows),
        "characters": measure_lengths(texts),
        "languages": detect_languages(texts),
        "personal_data": count_personal_data(texts),
    }


def _intake(spec: RunSpec) -> IntakeWork:
    if not isinstance(spec.work, IntakeWork):
        raise TypeError("A training run is no intake: trainer.train trains.")
    return spec.work


def _upload(spec: RunSpec) -> Path:
    return spec.data_dir / _intake(spec).upload


if __name__ == "__main__":
    sys.exit(main())
