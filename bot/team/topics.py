"""What resources and people are about, as texts to be compared."""

from __future__ import annotations

from collections.abc import Iterable

from storage.talent import Resource, Skill

HIGHEST_LEVEL = 4
# A cause of failed runs, as what is written about it calls it.
TROUBLES = {
    "out_of_memory": "out of memory, batch size, gradient accumulation, GPU memory",
    "nan_loss": "NaN loss, unstable training, learning rate, gradient clipping",
    "bad_labels": "label quality, annotation guidelines, noisy labels",
    "bad_file": "data cleaning, data quality",
}


def describe(resource: Resource, skills: Iterable[Skill]) -> str:
    """Say what a resource is about, as one text to be found by."""
    trouble = TROUBLES.get(resource.mends or "", "")
    said = [resource.title, resource.about, *map(both_names, skills), trouble]
    return ". ".join(part for part in said if part)


def ask(wanted: Iterable[Skill], causes: Iterable[str], runs: Iterable[str]) -> str:
    """Say what somebody is about: the skills they want, how their runs failed, what they train."""
    troubles = [TROUBLES[cause] for cause in causes if cause in TROUBLES]
    return ". ".join(dict.fromkeys([*map(both_names, wanted), *troubles, *runs]))


def both_names(skill: Skill) -> str:
    return f"{skill.name} {skill.zh}" if skill.zh else skill.name


def gap(have: int | None) -> float:
    """Give what lacks to the highest level, 0 to 1."""
    return 1 - (have or 0) / HIGHEST_LEVEL
