"""What a sweep chooses from, and the work that comes of a choice: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from random import Random

from trainer.spec import OneOf, Range, Recipe, Sweep, TrainWork, choose_recipe

Params = Mapping[str, float | str]
Space = Mapping[str, Range | OneOf]


def split_space(sweep: Sweep) -> tuple[Space, Params]:
    """Part what varies from what was given one value only."""
    fixed = {
        name: choice.values[0]
        for name, choice in sweep.space.items()
        if isinstance(choice, OneOf) and len(choice.values) == 1
    }
    return {name: choice for name, choice in sweep.space.items() if name not in fixed}, fixed


def default_params(work: TrainWork, space: Space) -> Params:
    """Give what the work's own recipe says about what varies."""
    said = {**work.recipe.model_dump(), "base_model": work.base_model}
    return {name: said[name] for name in space}


def holds(space: Space, params: Params) -> bool:
    """Tell whether a search in this space could come to these parameters."""
    return all(_allows(space[name], value) for name, value in params.items())


def list_first(sweep: Sweep, default: Params, *, seed: int) -> list[Params]:
    """List what is tried first: the default recipe; {} where it is outside the space.

    Then all else that the space holds, in a seeded order, where that is no more than the trials.
    """
    space, _ = split_space(sweep)
    inside = holds(space, default)
    first: list[Params] = [default if inside else {}]
    if sweep.size() > sweep.trials:
        return first
    values = [_list_values(choice) for choice in space.values()]
    rest: list[Params] = [
        dict(zip(space, combination, strict=True)) for combination in product(*values)
    ]
    Random(seed).shuffle(rest)  # noqa: S311  (no secret)
    return first + [params for params in rest if params != default]


def _list_values(choice: Range | OneOf) -> Sequence[float | str]:
    if isinstance(choice, OneOf):
        return choice.values
    return range(int(choice.low), int(choice.high) + 1)


def _allows(choice: Range | OneOf, value: float | str) -> bool:
    if isinstance(choice, OneOf):
        return value in choice.values
    return not isinstance(value, str) and choice.low <= value <= choice.high


def work_of(work: TrainWork, params: Params, *, train_rows: int, p95_characters: int) -> TrainWork:
    """Give the work of one trial: what `params` say, and the rest as the recipe book has it.

    The rest is that of the trial's own method: a learning rate that nobody named suits it.
    """
    chosen = {**split_space(work.sweep)[1], **params} if work.sweep else dict(params)
    base_model = str(chosen.pop("base_model", work.base_model))
    method = str(chosen.pop("method", work.recipe.method))
    recipe, why = choose_recipe(
        Recipe.model_validate({**work.recipe.model_dump(), "method": method}).method,
        train_rows=train_rows,
        p95_characters=p95_characters,
        overrides={"seed": work.recipe.seed, **chosen},
        task=work.task,
    )
    return plain(work, recipe, base_model=base_model, why=why)


def plain(work: TrainWork, recipe: Recipe, *, base_model: str, why: str) -> TrainWork:
    """Give the work of training by one recipe, without any search."""
    changes = {"recipe": recipe, "base_model": base_model, "recipe_why": why, "sweep": None}
    return work.model_copy(update=changes)
