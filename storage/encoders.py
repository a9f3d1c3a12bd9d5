"""Encoders and the vectors they made of texts, by the hash of each text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from storage.database import immediate
from storage.records import Job, Json, read, text
from storage.talent import Encoder

Vector = NDArray[np.float32]  # [dimensions], of length 1


def register(db: Database, *, job: Job, encoder: Json, now: datetime) -> None:
    """Keep an encoder that a job made, unless the very same was made before.

    `encoder` is a trainer.spec.EncoderResult.
    """
    db.execute(
        """
        INSERT INTO encoders (id, base_model, path, dimensions, job, created_at)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET base_model = excluded.base_model, job = excluded.job
        """,
        (
            encoder["id"],
            encoder["base_model"],
            encoder["path"],
            encoder["dimensions"],
            job.id,
            text(now),
        ),
    )


def newest(db: Database, base_model: str) -> Encoder | None:
    """Find the encoder that was made of a base model last."""
    return next(_where(db, "base_model = ? ORDER BY created_at DESC LIMIT 1", base_model), None)


def serving(db: Database) -> Encoder | None:
    """Find the encoder whose index is complete and answers."""
    condition = "serves_since IS NOT NULL ORDER BY serves_since DESC LIMIT 1"
    return next(_where(db, condition), None)


def serve(db: Database, encoder: str, *, now: datetime) -> None:
    """Let an encoder answer from now on; the vectors of the others go."""
    with immediate(db):
        db.execute("UPDATE encoders SET serves_since = ? WHERE id = ?", (text(now), encoder))
        db.execute("DELETE FROM vectors WHERE encoder != ?", (encoder,))


def keep(db: Database, encoder: str, vectors: Mapping[str, Vector]) -> None:
    """Keep the vectors of texts, by each text's hash."""
    with immediate(db):
        for text_hash, vector in vectors.items():
            blob = vector.astype(np.float32).tobytes()
            db.execute(
                "INSERT INTO vectors VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (encoder, text_hash, blob),
            )


def forget_others(db: Database, encoder: str, text_hashes: Collection[str]) -> None:
    """Drop an encoder's vectors of texts that are no more."""
    with immediate(db):
        for known in vectors(db, encoder).keys() - set(text_hashes):
            sql = "DELETE FROM vectors WHERE encoder = ? AND text_hash = ?"
            db.execute(sql, (encoder, known))


def vectors(db: Database, encoder: str) -> dict[str, Vector]:
    """Give one encoder's vectors by the hashes of their texts."""
    rows = db.query("SELECT text_hash, vector FROM vectors WHERE encoder = ?", (encoder,))
    return {row["text_hash"]: np.frombuffer(row["vector"], np.float32) for row in rows}


def _where(db: Database, condition: str, *values: str) -> Iterator[Encoder]:
    rows = db.query(f"SELECT * FROM encoders WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Encoder, row) for row in rows)
