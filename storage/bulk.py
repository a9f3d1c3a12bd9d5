"""Classified files: which results are still to be sent, and what is forgotten of their texts."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage.database import immediate
from storage.records import text

_ENDED = """
    SELECT id FROM jobs WHERE +kind = 'bulk' AND state IN ('succeeded', 'failed', 'cancelled')
    AND ended_at < ?
"""


def unsent_files(db: Database) -> list[str]:
    """List the files, below the data directory, of messages that wait to be sent."""
    rows = db.query(
        """
        SELECT json_extract(body, '$.file') AS file FROM deliveries
        WHERE state IN ('due', 'claimed') AND kind = 'file'
        """
    )
    return [row["file"] for row in rows]


def forget_texts(db: Database, *, before: datetime) -> None:
    """Empty what quotes texts of files classified by then: messages that are sent, questions."""
    with immediate(db):
        db.execute(
            f"""
            UPDATE deliveries SET body = '{{}}' WHERE state NOT IN ('due', 'claimed')
            AND key IN (SELECT 'job:' || id || ':a' || attempt || ':final' FROM jobs
                        WHERE id IN ({_ENDED}))
            """,  # noqa: S608 - ours alone
            (text(before),),
        )
        db.execute(
            f"""
            UPDATE jobs SET result = NULL
            WHERE id IN ({_ENDED}) AND json_type(result, '$.question') = 'object'
            """,  # noqa: S608 - ours alone
            (text(before),),
        )
