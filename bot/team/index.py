"""The index of what can be learned: a vector a text, built beside the one that serves, then swapped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
from sqlite_utils import Database

from bot import blocks, figures, language
from bot.asking import Office
from bot.language import tr
from bot.team import catalogue
from bot.team.recommend import Vectors
from bot.wording import escape
from storage import deliveries, encoders, jobs, members, roles
from storage.database import opened
from storage.records import FINAL, Job
from storage.talent import Encoder
from trainer.spec import EncoderWork, Failure, text_hash

EVERY = timedelta(minutes=1)
RETRY_AFTER = timedelta(days=1)
PROBED = 50  # texts that int8 is judged by

Step = Literal["nothing", "queue", "tell", "index"]


@dataclass(frozen=True)
class Seen:
    """How it stands with the encoder that the settings want."""

    texts: Sequence[str]
    made: Encoder | None  # of the base model that the settings name
    serving: Encoder | None
    job: Job | None  # the newest that makes it
    indexed: frozenset[str]  # hashes of the texts that `made` has vectors of


def decide(seen: Seen, *, retry: bool) -> Step:
    """Choose what the index needs next; `retry` says whether a failure is long enough ago."""
    if not seen.texts:
        return "nothing"
    if seen.made is None:
        if seen.job is None or (seen.job.state in FINAL and retry):
            return "queue"
        return "tell" if seen.job.state == "failed" else "nothing"
    complete = seen.indexed >= {text_hash(text) for text in seen.texts}
    serves = seen.serving is not None and seen.serving.id == seen.made.id
    return "nothing" if complete and serves else "index"


async def refresh(office: Office) -> None:
    """Have the settings' encoder made, index everything with it, and let it serve once all is there."""
    seen, step = await asyncio.to_thread(_look, office)
    if step == "index" and seen.made is not None:
        await vectors(office, seen.made, seen.texts)
        await asyncio.to_thread(_let_serve, office, seen.made, seen.texts)


async def vectors(office: Office, encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Give float32 [texts, dimensions] by one encoder; what it has not seen is encoded and kept."""
    hashes = [text_hash(text) for text in texts]
    known = dict(await asyncio.to_thread(_read, office, encoder))
    missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
    if missing:
        made = await office.serving.encode(encoder.path, list(missing.values()))
        fresh = dict(zip(missing, made, strict=True))
        await asyncio.to_thread(_keep, office, encoder, fresh)
        known |= fresh
    return np.stack([known[key] for key in hashes])


# --- steps ----------------------------------------------------------------------------------


def _look(office: Office) -> tuple[Seen, Step]:
    """See what there is; a job is queued and a failure told at once."""
    now, wanted = office.clock(), office.settings.encoder
    data_dir = office.settings.data_dir
    with opened(data_dir) as db:
        made = encoders.newest(db, wanted)
        if made is not None and not (data_dir / made.path).is_dir():
            made = None
        seen = Seen(
            texts=catalogue.texts(db),
            made=made,
            serving=catalogue.find_encoder(db, data_dir),
            job=jobs.newest_encoder(db, wanted),
            indexed=frozenset(encoders.vectors(db, made.id)) if made else frozenset(),
        )
        ended = seen.job.ended_at if seen.job else None
        step = decide(seen, retry=ended is not None and now - ended >= RETRY_AFTER)
        if step == "queue":
            _queue(office, db, seen)
        if step == "tell" and seen.job is not None:
            _tell(office, db, seen.job)
        return seen, step


def _queue(office: Office, db: Database, seen: Seen) -> None:
    now, base_model = office.clock(), office.settings.encoder
    work = EncoderWork(base_model=base_model, texts=list(seen.texts[:PROBED]))
    jobs.enqueue(
        db,
        key=f"encoder:{base_model}:{now:%Y-%m-%d}",
        work=work.model_dump(),
        requested_by=office.bot_user or "coach",
        channel="",
        now=now,
    )


def _tell(office: Office, db: Database, job: Job) -> None:
    """Tell the admins, whose setting it is, once for each cause."""
    failure = Failure.model_validate(job.failure)
    for admin in sorted(office.settings.admins | set(roles.having(db, "admin"))):
        member = members.get(db, admin)
        with language.use(member.language if member else office.settings.language):
            said = tr(
                "The encoder {model} could not be made: {why} Until it can, `/team learn` goes by "
                "words alone. `ENCODER` in the settings names another.",
                model=escape(figures.model_name(job.work["base_model"])),
                why=escape(failure.evidence),
            )
        deliveries.put(
            db,
            key=f"encoder:{job.work['base_model']}:{failure.cause}:{admin}",
            channel=admin,
            body={"text": said, "blocks": [blocks.section(said)]},
            now=office.clock(),
        )


def _let_serve(office: Office, encoder: Encoder, texts: Sequence[str]) -> None:
    with opened(office.settings.data_dir) as db:
        encoders.forget_others(db, encoder.id, {text_hash(text) for text in texts})
        serving = encoders.serving(db)
        if serving is None or serving.id != encoder.id:
            encoders.serve(db, encoder.id, now=office.clock())


def _read(office: Office, encoder: Encoder) -> Mapping[str, encoders.Vector]:
    with opened(office.settings.data_dir) as db:
        return encoders.vectors(db, encoder.id)


def _keep(office: Office, encoder: Encoder, fresh: Mapping[str, encoders.Vector]) -> None:
    with opened(office.settings.data_dir) as db:
        encoders.keep(db, encoder.id, fresh)
