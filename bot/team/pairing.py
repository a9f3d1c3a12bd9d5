"""Who is paired with whom: maximum-weight matching, so that people meet whom they seldom meet."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import networkx as nx

from bot.team import hours

LONG_AGO = 13  # rounds; half a year of every other week
ROUND, DISCIPLINE, TOPIC, JITTER = 1_000, 300, 100, 20  # weights, the most that each can add
LARGEST = 3  # people in a pair

Met = Mapping[frozenset[str], int]  # two people -> rounds since they were paired, 1 for the last
Blocks = Collection[frozenset[str]]
Group = tuple[str, ...]


@dataclass(frozen=True)
class Mate:
    """Somebody who may be paired."""

    user: str
    discipline: str | None
    hours: int  # bot.team.hours
    topics: frozenset[int] = field(default_factory=frozenset)  # skills they have or want


@dataclass(frozen=True)
class Acquaintance:
    """What is known of who met, and of who must not."""

    met: Met
    blocks: Blocks = frozenset()

    def rounds_since(self, a: Mate, b: Mate) -> int:
        return min(self.met.get(frozenset((a.user, b.user)), LONG_AGO), LONG_AGO)

    def may_meet(self, group: Sequence[Mate]) -> bool:
        """Say whether nobody is blocked by another, and all share a working hour."""
        users = (frozenset((a.user, b.user)) for a, b in combinations(group, 2))
        return not any(pair in self.blocks for pair in users) and hours.share_an_hour(
            hours.shared(mate.hours for mate in group)
        )


def match(mates: Sequence[Mate], known: Acquaintance, *, seed: int) -> list[Group]:
    """Pair as many as can be, by the highest sum of weights; each is in one group at most.

    Weight of a pair: 1000 a round since they met (13 at most), 300 for different disciplines, up
    to 100 for shared topics, and a little chance by `seed`. Who is left over joins the pair that
    they have met the least. Whoever may meet nobody is in no group.
    Edmonds 1965, *Maximum matching and a polyhedron with 0,1-vertices*, by networkx.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    by_user = {mate.user: mate for mate in sorted(mates, key=lambda mate: mate.user)}
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(by_user)
    for a, b in combinations(by_user.values(), 2):
        jitter = chance.randrange(JITTER)
        if known.may_meet((a, b)):
            graph.add_edge(a.user, b.user, weight=weigh(a, b, known) + jitter)
    pairs = nx.max_weight_matching(graph, maxcardinality=True)
    groups = sorted(tuple(sorted(pair)) for pair in pairs)
    left = sorted(by_user.keys() - {user for group in groups for user in group})
    return _seat(left, groups, by_user, known)


def weigh(a: Mate, b: Mate, known: Acquaintance) -> int:
    return (
        ROUND * known.rounds_since(a, b)
        + DISCIPLINE * (a.discipline != b.discipline)
        + round(TOPIC * overlap(a.topics, b.topics))
    )


def overlap(a: frozenset[int], b: frozenset[int]) -> float:
    """Give the share of their topics that two have in common (Jaccard), 0 to 1."""
    return len(a & b) / len(a | b) if a | b else 0.0


def join(odd: Mate, pairs: Iterable[Sequence[Mate]], known: Acquaintance) -> Sequence[Mate] | None:
    """Choose the pair that somebody left over joins: the one they have met the least, or None."""
    open_ = [pair for pair in pairs if len(pair) < LARGEST and known.may_meet((*pair, odd))]
    return max(open_, key=lambda pair: sum(weigh(odd, mate, known) for mate in pair), default=None)


def rounds_since(rounds: Iterable[Iterable[Iterable[str]]]) -> dict[frozenset[str], int]:
    """Count how many rounds ago each two were paired last; `rounds` has the oldest first."""
    past = list(rounds)
    return {
        frozenset(two): len(past) - number
        for number, groups in enumerate(past)
        for group in groups
        for two in combinations(group, 2)
    }


def _seat(
    left: Iterable[str], groups: list[Group], by_user: Mapping[str, Mate], known: Acquaintance
) -> list[Group]:
    seated = list(groups)
    for user in left:
        pairs = [[by_user[one] for one in group] for group in seated]
        chosen = join(by_user[user], pairs, known)
        if chosen is not None:
            place = pairs.index(list(chosen))
            seated[place] = tuple(sorted((*seated[place], user)))
    return seated
