"""Read an uploaded file, check it, split it, describe it, and keep it as a data set."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from trainer import failures
from trainer.events import EventWriter
from trainer.intake import corrections, private, shapes, versions
from trainer.intake.corrections import Corrected
from trainer.intake.files import read_table
from trainer.intake.folder import hash_rows, keep
from trainer.intake.label_errors import find_suspects
from trainer.intake.personal_data import count_personal_data
from trainer.intake.profile import detect_languages, find_warnings, measure_lengths
from trainer.intake.table import BadFile
from trainer.limits import TOO_LARGE, Child
from trainer.process import Cancellation, Cancelled, die_with_parent
from trainer.spec import (
    ColumnQuestion,
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
    Suspect,
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
        return make_version(spec, work, work.corrects)
    table = read_table(
        path, filename=work.filename, max_rows=spec.max_rows, max_bytes=spec.max_bytes
    )
    chosen = shapes.recognise(table, work)
    if isinstance(chosen, ColumnQuestion):
        return IntakeResult(question=chosen)
    texts, people = shapes.name_texts(chosen), shapes.name_people(chosen)
    table, redacted = private.apply(table, texts, people, work.personal_data)
    made = shapes.read(table, chosen)
    card = DataCard(
        hash=hash_rows(made.rows, made.card.get("shape", "labels")),
        name=work.name,
        filename=work.filename,
        bytes=path.stat().st_size,
        rows=len(made.rows),
        redacted=redacted,
        **made.card,
        **_profile(made.texts, private=made.private),
    )
    suspects = find_suspects(made.rows) if card.shape == "labels" else []
    return _keep(spec, card, made.rows, suspects, taken=made.taken)


def make_version(spec: RunSpec, work: IntakeWork, corrects: Corrects) -> IntakeResult:
    """Make the next version of a data set, with corrections; raise BadFile where it is gone."""
    base = dataset_dir(spec.data_dir, corrects.dataset_hash)
    try:
        before = DataCard.model_validate_json((base / "card.json").read_bytes())
        rows, held_out = corrections.read_rows(base), corrections.read_held_out(base)
        sources = versions.read_sources(base, before.shape)
    except FileNotFoundError:
        raise BadFile("The data set was deleted meanwhile.") from None
    reviewed = corrections.read_relabelled(rows, corrects.relabelled)
    found = corrections.correct(
        rows,
        held_out,
        [*corrections.read_corrections(_upload(spec)), *reviewed],
        forgotten=frozenset(corrects.forgotten),
        shape=before.shape,
    )
    whole = versions.restore(found.rows, before.shape, sources)
    apart = versions.restore(found.held_out, before.shape, sources)
    texts = [row.text for row in found.rows]
    card = before.model_copy(
        update={
            "hash": hash_rows([*whole, *apart], before.shape),
            "name": work.name,
            "rows": len(found.rows),
            "near_duplicates": found.near_duplicates,
            "corrections": _count_corrections(found, before.corrections),
            **versions.describe(whole, before.shape),
            **_profile(texts, private=[f"{row.text}\n{row.label}" for row in found.rows]),
        }
    )
    suspects = find_suspects(found.rows) if card.shape == "labels" else []
    return _keep(spec, card, whole, suspects, held_out=apart)


def _keep(
    spec: RunSpec,
    card: DataCard,
    rows: Sequence[Any],
    suspects: list[Suspect],
    *,
    taken: Sequence[str] = (),
    held_out: Sequence[Any] | None = None,
) -> IntakeResult:
    found = {"warnings": find_warnings(card, taken_from_train=taken), "suspects": len(suspects)}
    card = card.model_copy(update=found)
    folder, scratch = dataset_dir(spec.data_dir, card.hash), spec.attempt_dir / "new"
    keep(rows, card, folder=folder, scratch=scratch, held_out=held_out)
    return IntakeResult(card=card, suspects=suspects)


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


def _profile(texts: Sequence[str], *, private: Sequence[str]) -> dict[str, Any]:
    return {
        "characters": measure_lengths(texts),
        "languages": detect_languages(texts),
        "personal_data": count_personal_data(private),
    }


def _intake(spec: RunSpec) -> IntakeWork:
    if not isinstance(spec.work, IntakeWork):
        raise TypeError("A training run is no intake: trainer.train trains.")
    return spec.work


def _upload(spec: RunSpec) -> Path:
    return spec.data_dir / _intake(spec).upload


if __name__ == "__main__":
    sys.exit(main())
