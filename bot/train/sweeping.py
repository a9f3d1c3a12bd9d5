"""Ask for a search for a better recipe: read what it may choose from, and show its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import SweepTrain, Train
from bot.language import either, tr
from bot.parsing import parse
from bot.train import draft, queue
from bot.wording import code
from storage.database import opened
from storage.records import Dataset
from trainer.spec import (
    Method,
    OneOf,
    Range,
    Recipe,
    Sweep,
    TrainWork,
    methods_for,
)

Choice = Range | OneOf
NAMES = ("model", "method")  # what has no order
NUMBERS = ("lr", "epochs", "batch", "max_length", "warmup", "weight_decay", "rank")
RANKED: tuple[Method, ...] = ("lora", "adalora", "adapters")
STEPLESS: tuple[Method, ...] = ("auto", "probe")
AROUND = 5  # the usual learning rate, times and divided: where nothing else was asked for
BATCHES = (16.0, 32.0)
UNITS = {"m": 60, "h": 3_600}  # seconds


def sweep(office: Office, asker: Asker, command: SweepTrain) -> Reply:
    """Show the plan of a search, or queue it at once where that was typed."""
    with opened(office.settings.data_dir) as db:
        dataset = queue.find_named(db, command.dataset)
        work = make_work(
            dataset,
            command,
            usual_model=office.settings.base_model,
            find_model=lambda typed: queue.find_model(office, typed),
        )
        return queue.offer(office, db, asker, work, dataset=dataset, choices=command)


def make_work(
    dataset: Dataset,
    command: SweepTrain,
    *,
    usual_model: str,
    find_model: Callable[[str], str],
) -> TrainWork:
    """Draft the search; raise RefusalError for what can't be searched.

    It begins with the recipe book's recipe for the first of the methods, or the usual one.
    """
    task = draft.find_task(dataset, None)
    usual = draft.usual_method(task)
    space = read_space(command, find_model=find_model)
    methods = check_methods(space, usual, able=methods_for(task))
    models = _values(space.get("base_model")) or [usual_model]
    work = draft.make_work(
        dataset,
        base_model=usual_model if usual_model in models else str(models[0]),
        method=usual if usual in methods else methods[0],
        overrides=_fixed_numbers(space),
    )
    space = space or default_space(work.recipe.lr)
    return work.model_copy(update={"sweep": limit(space, command, work)})


def read_space(command: SweepTrain, *, find_model: Callable[[str], str]) -> dict[str, Choice]:
    """Read what the search may choose from: of each option its values, or a range of them."""
    typed = {name: value for name in (*NAMES, *NUMBERS) if (value := getattr(command, name))}
    space = {name: read_choice(name, value) for name, value in typed.items()}
    if isinstance(models := space.pop("model", None), OneOf):
        folders = (find_model(str(name)) for name in models.values)
        space["base_model"] = OneOf(values=tuple(dict.fromkeys(folders)))
    return space


def read_choice(name: str, typed: str) -> Choice:
    """Read `1e-5..5e-4` or `full,lora`; raise RefusalError for values that the option can't take."""
    low, dots, high = typed.partition("..")
    if not dots:
        parts = [part.strip() for part in typed.split(",") if part.strip()]
        return OneOf(values=tuple(dict.fromkeys(_read_value(name, part) for part in parts)))
    if name in NAMES:
        raise RefusalError(
            tr(
                "`{option}=` has no order, so it can't be a range: write its values by commas, "
                "such as `method=full,lora`.",
                option=name,
            )
        )
    first, last = _read_value(name, low.strip()), _read_value(name, high.strip())
    if isinstance(first, str) or isinstance(last, str) or first >= last:
        raise RefusalError(
            tr(
                "`{option}={typed}` ends where it begins, or before: write the smaller number "
                "first.",
                option=name,
                typed=code(typed).strip("`"),
            )
        )
    whole = Recipe.model_fields[name].annotation is int
    return Range(low=first, high=last, log=name == "lr", whole=whole)


def check_methods(
    space: Mapping[str, Choice], usual: Method, *, able: tuple[Method, ...]
) -> list[Method]:
    """Give the methods that are tried; raise RefusalError for one that isn't `able`.

    Or for a `rank` that none of them has.
    """
    typed = _values(space.get("method")) or [usual]
    able = tuple(method for method in able if method not in STEPLESS)
    unable = next((method for method in typed if method not in able), None)
    if unable is not None:
        raise RefusalError(
            tr(
                "A search can't try {method} here: `method=` is {methods}.",
                method=code(str(unable)),
                methods=either(map(code, able)),
            )
        )
    methods = [method for method in able if method in typed]
    methods.sort(key=typed.index)
    if "rank" in space and not set(methods) & set(RANKED):
        raise RefusalError(
            tr(
                "`rank=` belongs to {methods}: name one of them in `method=`, or leave it out.",
                methods=either(map(code, RANKED)),
            )
        )
    return methods


def default_space(rate: float) -> dict[str, Choice]:
    """Give what is searched where nobody says: what changes most, around its usual value."""
    lr = Range(low=rate / AROUND, high=min(1.0, rate * AROUND), log=True)
    return {"lr": lr, "batch": OneOf(values=BATCHES)}


def limit(space: Mapping[str, Choice], command: SweepTrain, work: TrainWork) -> Sweep:
    """Put the search together: no more trials than there are recipes beside the first one."""
    found = Sweep(space=dict(space), trials=command.trials, budget_s=read_budget(command.budget))
    if found.size() == 1:
        raise RefusalError(
            tr(
                "There is nothing to choose: give an option some values, such as "
                "`method=full,lora`, or a range, such as `lr=1e-5..5e-4`."
            )
        )
    recipes = found.size() + (0 if _begins_inside(space, work) else 1)
    return found.model_copy(update={"trials": int(min(found.trials, recipes))})


def read_budget(typed: str) -> int:
    """Read `90m` or `2h` as seconds."""
    seconds = round(float(typed[:-1]) * UNITS[typed[-1]])
    least = 60
    if seconds < least:
        raise RefusalError(tr("`budget=` is a minute or more, such as `90m` or `2h`."))
    return seconds


def _begins_inside(space: Mapping[str, Choice], work: TrainWork) -> bool:
    said = {**work.recipe.model_dump(), "base_model": work.base_model}
    return all(
        said[name] in choice.values
        if isinstance(choice, OneOf)
        else choice.low <= said[name] <= choice.high
        for name, choice in space.items()
    )


def _read_value(name: str, typed: str) -> float | str:
    """Read one value as `/train` does, so that the same limits and words hold."""
    quoted = typed.replace('"', "'").replace("\\", "/")
    record = parse("/train", f'dataset {name}="{quoted}"')
    if not isinstance(record, Train):
        raise TypeError("an option of /train makes a Train")
    value: float | str = getattr(record, name)
    return value


def _values(choice: Choice | None) -> list[float | str]:
    return list(choice.values) if isinstance(choice, OneOf) else []


def _fixed_numbers(space: Mapping[str, Choice]) -> dict[str, object]:
    """Give the numbers that have one value only."""
    return {
        name: choice.values[0]
        for name, choice in space.items()
        if name in NUMBERS and isinstance(choice, OneOf) and len(choice.values) == 1
    }
