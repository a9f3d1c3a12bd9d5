"""How seldom pairs repeat, and how often what is recommended is what people go on to finish.

    python benchmarks/team.py [--quick]

Pairing: 12 rounds of 18 people, 20 seeds (5 with --quick), against shuffling them into pairs.
`pair_repeats` are the pairs, of 108 in all rounds, that had been paired before.

Recommending: leave-one-out, as the bot measures it, on simulated teams over the starter list. What
people finish follows no score of ours. Each has two or three hidden interests among the skills and
a taste for the own discipline, and each resource a hidden worth (log-normal): the chance to finish
it is their product. The bot sees less: of the interests seven in ten as wanted skills, of which one
in five is a mistake, and notes of runs, which speak of an interest in words of their own, for seven
in ten. The more the worth of things differs, the more popularity knows; the line before the last
has the same for resources that differ less, where search by words does well. The vectors are made
by the packaged encoder, exported as the worker does it.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import random
import statistics
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources as files
from itertools import combinations
from pathlib import Path

from bot.team import hours, starter, suggest, topics
from bot.team.leave_one_out import leave_one_out
from bot.team.lexical import WordIndex
from bot.team.pairing import Acquaintance, Mate, match, rounds_since
from bot.team.recommend import Learner, Library, Vectors
from storage.talent import Ranking, Resource, Skill
from trainer.predict import Encoder

DISCIPLINES = ("engineer", "data scientist", "product manager", "designer")
PEOPLE, ROUNDS, SEEDS, QUICK_SEEDS = 18, 12, 20, 5
ALWAYS = (1 << hours.WEEK) - 1
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FINISHED = (3, 7)  # things that a person has finished, at least and at most
INTEREST, OWN_FIELD = 13, 2  # times as likely to be finished
WORTH, ALIKE = 1.0, 0.5  # spread of the resources' worth: sigma of its logarithm
SAID, MISTAKEN, NOTED = 0.7, 0.2, 0.7  # shares of the interests, of what is said, of the interests

NOTES = {
    "Fine-tuning": "adapting a pretrained checkpoint to our support tickets",
    "Evaluation": "is the new model really better than the old one",
    "Data privacy": "customer names and e-mail addresses turn up in the logs",
    "Serving": "answers take too long when many people ask at once",
    "PyTorch": "my tensors end up on the wrong device",
    "Transformers": "what the attention heads look at in long sentences",
    "Parameter-efficient tuning": "LoRA adapters of low rank instead of all weights",
    "Distributed training": "one run on eight GPUs over two machines",
    "Model compression": "make the network small enough for a phone",
    "Preference alignment": "people choose between two answers and the model learns from it",
    "Retrieval": "find the right passage in our manuals before answering",
    "Statistics": "how sure can we be with only two hundred samples",
    "Experiment design": "an A/B test of the new ranking",
    "Data cleaning": "rows that appear twice and broken characters",
    "Annotation": "two labellers disagree about every tenth row",
    "Data pipelines": "the nightly job that brings in new rows failed again",
    "Product discovery": "what problem would somebody pay us to solve",
    "User interviews": "talking with five customers about their day",
    "Metrics and goals": "which number should go up this quarter",
    "Responsible AI": "the classifier is unfair to dialects",
    "Interaction design": "where should the button go and what happens after it",
    "Conversation design": "what the bot says when it did not understand",
    "Accessibility": "screen readers cannot use the page",
    "Prompt design": "wording of the instructions so that the answer is JSON",
    "Technical writing": "nobody understands our README",
    "Presenting": "a talk in front of the whole company",
    "Feedback": "telling a colleague that the review was hurtful",
}

Rounds = list[list[tuple[str, ...]]]


# --- pairing --------------------------------------------------------------------------------


def pair_by_matching(mates: Sequence[Mate], seed: int) -> Rounds:
    past: Rounds = []
    for number in range(ROUNDS):
        known = Acquaintance(rounds_since(past))
        past.append(match(mates, known, seed=seed * ROUNDS + number))
    return past


def pair_at_random(mates: Sequence[Mate], seed: int) -> Rounds:
    chance = random.Random(seed)  # noqa: S311 - no secret
    past: Rounds = []
    for _ in range(ROUNDS):
        users = [mate.user for mate in mates]
        chance.shuffle(users)
        past.append(list(zip(users[::2], users[1::2], strict=True)))
    return past


def count_repeats(past: Rounds) -> int:
    met = [frozenset(two) for groups in past for group in groups for two in combinations(group, 2)]
    return len(met) - len(set(met))


def share_across(past: Rounds, mates: Sequence[Mate]) -> float:
    field = {mate.user: mate.discipline for mate in mates}
    couples = [two for groups in past for group in groups for two in combinations(group, 2)]
    return statistics.mean(field[a] != field[b] for a, b in couples)


def measure_pairing(seeds: int) -> dict[str, float]:
    repeats, at_random, across = [], [], []
    for seed in range(seeds):
        mates = make_mates(seed)
        paired = pair_by_matching(mates, seed)
        repeats.append(count_repeats(paired))
        across.append(share_across(paired, mates))
        at_random.append(count_repeats(pair_at_random(mates, seed)))
    return {
        "pair_repeats": round(statistics.mean(repeats), 2),
        "pair_repeats_random": round(statistics.mean(at_random), 2),
        "cross_discipline": round(statistics.mean(across), 3),
    }


def make_mates(seed: int) -> list[Mate]:
    """Make a team as lopsided as they are: a third of one discipline or more."""
    chance = random.Random(seed)  # noqa: S311
    fields = chance.choices(DISCIPLINES, weights=(4, 2, 2, 1), k=PEOPLE)
    return [Mate(f"U{number:02}", field, ALWAYS) for number, field in enumerate(fields)]


# --- recommending ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """The starter list, with its vectors."""

    resources: Sequence[Resource]
    skills: Mapping[int, Skill]
    serves: Mapping[int, tuple[int, ...]]
    texts: Sequence[str]
    vectors: Vectors


@dataclass(frozen=True)
class Team:
    learners: Mapping[str, Learner]
    done: Sequence[tuple[str, int]]


def read_shelf(encoder: Encoder) -> Shelf:
    rows = list(csv.DictReader(_read("resources.csv").splitlines()))
    named = {row["name"]: row["zh"] for row in csv.DictReader(_read("skills.csv").splitlines())}
    skills = {
        n: Skill(n, name, critical=False, zh=zh) for n, (name, zh) in enumerate(named.items())
    }
    numbers = {skill.name: skill.id for skill in skills.values()}
    resources = [make_resource(number, row) for number, row in enumerate(rows, 1)]
    serves = {
        number: tuple(numbers[name.strip()] for name in row["skills"].split(";") if name.strip())
        for number, row in enumerate(rows, 1)
    }
    texts = [topics.describe(one, [skills[s] for s in serves[one.id]]) for one in resources]
    return Shelf(resources, skills, serves, texts, encoder.encode(texts))


def make_resource(number: int, row: Mapping[str, str]) -> Resource:
    return Resource(
        id=number,
        kind=row["kind"],  # type: ignore[arg-type]
        title=row["title"],
        minutes=int(row["minutes"]),
        about=row["about"],
        track=row["track"],  # type: ignore[arg-type]
        added_by="U00",
        added_at=NOW - timedelta(days=200),
        discipline=row["discipline"] or None,
        mends=row["mends"] or None,
    )


def simulate(shelf: Shelf, seed: int, *, spread: float) -> Team:
    """Let people of hidden interests finish one thing after another."""
    chance = random.Random(seed)  # noqa: S311
    worth = {one.id: chance.lognormvariate(0, spread) for one in shelf.resources}
    learners = {}
    for mate in make_mates(seed):
        interests = frozenset(chance.sample(sorted(shelf.skills), chance.choice((2, 3))))
        over = finish(shelf, worth, interests, mate.discipline, chance)
        learners[mate.user] = tell(shelf, mate, interests, over, chance)
    return Team(learners, [(user, one) for user in learners for one in sorted(learners[user].over)])


def finish(
    shelf: Shelf,
    worth: Mapping[int, float],
    interests: frozenset[int],
    discipline: str | None,
    chance: random.Random,
) -> frozenset[int]:
    """Draw what a person has finished, without repeats."""
    chances = {
        one.id: worth[one.id]
        * (1 if interests.isdisjoint(shelf.serves[one.id]) else INTEREST)
        * (OWN_FIELD if one.discipline == discipline else 1)
        for one in shelf.resources
    }
    taken: set[int] = set()
    for _ in range(chance.randint(*FINISHED)):
        free = [one for one in chances if one not in taken]
        taken |= set(chance.choices(free, [chances[one] for one in free]))
    return frozenset(taken)


def tell(
    shelf: Shelf, mate: Mate, interests: frozenset[int], over: frozenset[int], chance: random.Random
) -> Learner:
    """Say what the bot sees of a person: not all interests, and not only those."""
    others = sorted(shelf.skills.keys() - interests)
    said = [skill for skill in sorted(interests) if chance.random() < SAID]
    said = [chance.choice(others) if chance.random() < MISTAKEN else skill for skill in said]
    noted = [skill for skill in sorted(interests) if chance.random() < NOTED]
    return Learner(
        user=mate.user,
        discipline=mate.discipline,
        gaps={skill: topics.gap(chance.randrange(3)) for skill in said},
        over=over,
        query=topics.ask(
            [shelf.skills[skill] for skill in said],
            causes=(),
            runs=[NOTES[shelf.skills[skill].name] for skill in noted],
        ),
    )


def measure_recommending(seeds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Measure with resources of very different worth, and with such that are more alike."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = make_encoder(Path(folder))
        shelf = read_shelf(encoder)
    return _measure(shelf, encoder, seeds, WORTH), _measure(shelf, encoder, seeds, ALIKE)


def _measure(shelf: Shelf, encoder: Encoder, seeds: int, spread: float) -> dict[str, float]:
    teams = (simulate(shelf, seed, spread=spread) for seed in range(seeds))
    rankings = [rank(shelf, encoder, team) for team in teams]
    completions = sum(ranking.completions for ranking in rankings)
    hits = {
        "hit_at_3": sum(ranking.hits for ranking in rankings),
        "hit_at_3_popularity": sum(ranking.popularity_hits for ranking in rankings),
        "hit_at_3_bm25": sum(ranking.bm25_hits for ranking in rankings),
    }
    return {name: round(count / completions, 3) for name, count in hits.items()}


def make_encoder(data_dir: Path) -> Encoder:
    """Export the packaged encoder as a job does."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # torch's exporter warns of torch's own deprecations
    from trainer import encoder  # noqa: PLC0415 - torch takes seconds to import
    from trainer.spec import EncoderWork  # noqa: PLC0415

    made = encoder.make(
        EncoderWork(base_model="minilm"), data_dir=data_dir, draft=data_dir / "draft"
    )
    return Encoder.load(data_dir / made.path)


def rank(shelf: Shelf, encoder: Encoder, team: Team) -> Ranking:
    learners = list(team.learners.values())
    queries = encoder.encode([learner.query for learner in learners])
    close = suggest.closeness(shelf.vectors, queries, learners)
    by_user = dict(zip(team.learners, close, strict=True))
    completions = Counter(resource for _, resource in team.done)
    library = Library(
        shelf.resources, shelf.serves, WordIndex(shelf.texts), completions, shelf.vectors
    )
    return leave_one_out(
        library, team.learners, team.done, close=lambda one: by_user[one.user], now=NOW
    )


def _read(name: str) -> str:
    return files.files(starter).joinpath(name).read_text(encoding="utf-8")


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under half a minute")
    seeds = QUICK_SEEDS if parser.parse_args().quick else SEEDS
    found, alike = measure_recommending(seeds)
    print(json.dumps({"resources_more_alike": alike}))
    print(json.dumps(measure_pairing(seeds) | found))


if __name__ == "__main__":
    run()
