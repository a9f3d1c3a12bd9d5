"""Questions without an answer, nearly the same ones together, and the words that show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import blocks, figures
from bot.asking import Block
from bot.language import tr, trn
from bot.wording import code, escape
from storage.answering import Question
from storage.talent import Role
from trainer.intake.duplicates import group_near_duplicates

SHOWN = 10  # groups
QUOTED = 300  # characters
READERS: tuple[Role, ...] = ("lead", "admin")


@dataclass(frozen=True)
class Group:
    """Questions of one data set that are nearly the same, oldest first."""

    questions: Sequence[Question]

    @property
    def example(self) -> Question:
        """Give the question in its most frequent wording."""
        ((wording, _),) = Counter(one.question for one in self.questions).most_common(1)
        return next(one for one in self.questions if one.question == wording)

    @property
    def people(self) -> int:
        return len({one.by for one in self.questions})

    @property
    def first_at(self) -> datetime:
        return self.questions[0].at


def group(asked: Sequence[Question]) -> list[Group]:
    """Group questions, oldest first, that nearly repeat one another; the most frequent first.

    Questions are compared by their characters, as duplicates in a data set are: the same wish in
    other words stays apart.
    """
    by_dataset: defaultdict[str, list[Question]] = defaultdict(list)
    for one in asked:
        by_dataset[one.dataset].append(one)
    found = [made for same in by_dataset.values() for made in _group(same)]
    return sorted(found, key=lambda one: (-len(one.questions), one.first_at))


def find_group(asked: Sequence[Question], number: int) -> Group | None:
    """Find the group that a question is in; None where it doesn't wait any more."""
    return next((g for g in group(asked) if any(q.id == number for q in g.questions)), None)


def say(found: Group) -> str:
    """Say a group: how often, by how many people, since when, where, and its usual wording."""
    count = len(found.questions)
    told = {
        "people": found.people,
        "date": figures.when(found.first_at),
        "dataset": code(found.example.dataset),
        "question": _quote(found.example.question),
    }
    return trn(
        "• asked once, {date}, of {dataset}\n> {question}",
        "• asked *{count} times* (people: {people}), first {date}, of {dataset}\n> {question}",
        count,
        **told,
    )


def draw(found: Sequence[Group]) -> list[Block]:
    """Draw groups, each with a button that answers it."""
    return [blocks.section(say(one), accessory=_answer_button(one)) for one in found]


def _group(asked: Sequence[Question]) -> list[Group]:
    groups: defaultdict[int, list[Question]] = defaultdict(list)
    for one, number in zip(
        asked, group_near_duplicates([one.question for one in asked]).tolist(), strict=True
    ):
        groups[number].append(one)
    return [Group(same) for same in groups.values()]


def _quote(text: str) -> str:
    return blocks.cut(escape(" ".join(text.split())), QUOTED)


def _answer_button(found: Group) -> Block:
    number = str(found.example.id)
    return blocks.button(tr("Answer"), f"ask_answer:{number}", number)
