"""The catalogue of what can be learned, and who learns: gathered from the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from bot.team import taught, topics
from bot.team.lexical import WordIndex
from bot.team.recommend import Learner, Library, Vectors
from bot.team.taught import Taught
from storage import encoders, failures, jobs, members, recommendations, resources, skills
from storage.talent import Encoder, MemberSkill, Ranking, Resource, Skill

LATELY = timedelta(days=30)  # failures that still matter
RUNS, RUNS_EACH = 500, 5  # training jobs looked at, and kept of one person


@dataclass(frozen=True)
class Catalogue:
    """All that recommendations are made of, but for the vectors."""

    resources: Sequence[Resource]
    texts: Sequence[str]  # of the resources
    serves: Mapping[int, tuple[int, ...]]  # resource -> skills
    skills: Mapping[int, Skill]
    completions: Mapping[int, int]
    done: Sequence[tuple[str, int]]  # (person, resource)
    learners: Mapping[str, Learner]
    encoder: Encoder | None  # that serves
    ranking: Ranking | None
    histories: Mapping[str, Sequence[int]]  # person -> resources taken up, the latest last
    taught: Taught | None  # the recommendation model that serves

    @property
    def text_of(self) -> dict[int, str]:
        """Give the text of each resource by its number."""
        return {one.id: text for one, text in zip(self.resources, self.texts, strict=True)}

    def library(self, vectors: Vectors | None) -> Library:
        words = WordIndex(self.texts)
        return Library(self.resources, self.serves, words, self.completions, vectors)


def gather(db: Database, *, data_dir: Path, now: datetime) -> Catalogue:
    known, marks = {skill.id: skill for skill in skills.all_skills(db)}, resources.marks(db)
    return Catalogue(
        resources=resources.all_open(db),
        texts=texts(db),
        serves=resources.skills_of(db),
        skills=known,
        completions=resources.completions(db),
        done=[key for key, made in marks.items() if "done" in made],
        learners=_learners(db, known, marks, now=now),
        encoder=find_encoder(db, data_dir),
        ranking=recommendations.last_ranking(db),
        histories=taught.histories(resources.timeline(db)),
        taught=taught.find(db, data_dir),
    )


def texts(db: Database) -> list[str]:
    """Give what the resources are found by, in the order of `resources.all_open`."""
    known, serves = {one.id: one for one in skills.all_skills(db)}, resources.skills_of(db)
    return [
        topics.describe(one, [known[skill] for skill in serves.get(one.id, ())])
        for one in resources.all_open(db)
    ]


def find_encoder(db: Database, data_dir: Path) -> Encoder | None:
    """Find the encoder that serves; None where its files are gone."""
    found = encoders.serving(db)
    return found if found and (data_dir / found.path).is_dir() else None


def _learners(
    db: Database,
    known: Mapping[int, Skill],
    marks: Mapping[tuple[str, int], frozenset[str]],
    *,
    now: datetime,
) -> dict[str, Learner]:
    wants: defaultdict[str, list[MemberSkill]] = defaultdict(list)
    for held in skills.held(db):
        if held.want:
            wants[held.user].append(held)
    over: defaultdict[str, set[int]] = defaultdict(set)
    for (user, resource), made in marks.items():
        if made & {"started", "done", "declined"}:
            over[user].add(resource)
    causes, runs = _causes(db, now), _runs(db)
    return {
        member.user: Learner(
            user=member.user,
            discipline=member.discipline,
            gaps={held.skill: topics.gap(held.have) for held in wants[member.user]},
            over=frozenset(over[member.user]),
            query=topics.ask(
                [known[held.skill] for held in wants[member.user]],
                causes[member.user],
                runs[member.user],
            ),
        )
        for member in members.all_active(db)
    }


def _causes(db: Database, now: datetime) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for run in failures.since(db, now - LATELY):
        found[run.user].append(run.cause)
    return found


def _runs(db: Database) -> defaultdict[str, list[str]]:
    """Read what people train on, by the names they gave it: `support tickets classification`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for job in jobs.recent(db, limit=RUNS):
        if len(found[job.requested_by]) < RUNS_EACH:
            name = str(job.work["dataset"]).partition("@")[0].replace("_", " ").replace("-", " ")
            found[job.requested_by].append(f"{name} {job.work.get('task', '')}".strip())
    return found
