"""From what was typed to the work to do: which data set, which model, which recipe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from bot import figures
from bot.asking import RefusalError
from bot.commands.train import Choices
from bot.language import listed, mark, tr, trn
from bot.wording import code, did_you_mean
from storage.records import Dataset, Host, Job
from trainer.spec import (
    LEAST_RATES,
    PACKAGED_ENCODER,
    RATES,
    TASKS,
    Method,
    Recipe,
    Task,
    TrainWork,
    choose_recipe,
    methods_for,
)

BESIDE = (
    "devices",
    "trackers",
    "teacher",
    "prune_vocabulary",
)  # parts of the work, not of the recipe, that people choose
DEFAULT_METHOD: Method = "full"
DEFAULT_METHODS: Mapping[Task, Method] = {"generation": "lora"}
UNEVEN = 5  # times as many training rows of the most frequent label as of the rarest
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
NO_DATA = mark("There is no data set yet. Drop a CSV file here, or type `/train data sample`.")


def no_dataset(title: str, known: Iterable[str], *, verbs: Iterable[str] = ()) -> RefusalError:
    """Say that there is no such data set, and which one, or which verb, was probably meant."""
    titles = list(known)
    meant = did_you_mean(title, [*titles, *verbs])
    if not titles and not meant:
        return RefusalError(tr(NO_DATA))
    named = {"dataset": code(title), "meant": meant}
    if not titles:
        return RefusalError(
            tr("There is no data set {dataset}.{meant} `/train data sample` adds one.", **named)
        )
    return RefusalError(
        tr("There is no data set {dataset}.{meant} `/train data list` shows them.", **named)
    )


def find_model(typed: str, *, folders: Mapping[str, Path]) -> str:
    """Give the base model that was typed: a hub id, or the path of a local folder.

    `folders` are the models in the data directory, by name. Raises RefusalError for a name that
    is no model, or looks like a slip of one that is kept here.
    """
    if typed.lower() == PACKAGED_ENCODER:
        return PACKAGED_ENCODER
    if typed in folders:
        return str(folders[typed])
    if typed.startswith(("/", "~", ".")):
        return _find_folder(typed)
    meant = did_you_mean(typed, [PACKAGED_ENCODER, *folders])
    if meant or not _HUB_ID.fullmatch(typed):
        raise RefusalError(
            tr(
                "{model} is no model that Coach knows.{meant} Type a hub id such as "
                "`distilbert/distilbert-base-uncased`, a folder, or `{packaged}`.",
                model=code(typed),
                meant=meant,
                packaged=PACKAGED_ENCODER,
            )
        )
    return typed


def _find_folder(typed: str) -> str:
    folder = Path(typed).expanduser().resolve()
    if not (folder / "config.json").is_file():
        raise RefusalError(
            tr(
                "The folder {folder} holds no model: on the machine that Coach runs on it must "
                "have a `config.json` and safetensors weights.",
                folder=code(typed),
            )
        )
    return str(folder)


def make_work(
    dataset: Dataset,
    *,
    base_model: str,
    method: Method | None,
    overrides: Mapping[str, object],
    task: Task | None = None,
    beside: Mapping[str, object] = MappingProxyType({}),
) -> TrainWork:
    """Choose the recipe for a data set; what was typed wins, also of the work `beside` it."""
    task = find_task(dataset, task)
    _check_method(method, task)
    recipe, why = choose_recipe(
        method or usual_method(task),
        train_rows=train_rows(dataset),
        p95_characters=dataset.card["characters"]["p95"],
        overrides=overrides,
        task=task,
    )
    work = {
        "task": task,
        "dataset": dataset.title,
        "dataset_hash": dataset.hash,
        "base_model": base_model,
        "recipe": recipe,
        "recipe_why": why,
    }
    made = TrainWork.model_validate(work | dict(beside))
    _check_extras(made)
    return made


def _check_extras(work: TrainWork) -> None:
    """Refuse what only texts with labels have, or only methods that take steps from the start."""
    recipe = work.recipe
    wished = {
        "augment": bool(recipe.augment),
        "teacher": work.teacher is not None,
        "prune": work.prune_vocabulary,
    }
    names = [name for name, wanted in wished.items() if wanted]
    if names and work.task not in ("classification", "multilabel"):
        raise RefusalError(
            tr(
                "`{option}=` is for texts with labels, not for {task}: leave it out.",
                option=names[0],
                task=code(work.task),
            )
        )
    if recipe.method in ("auto", "probe") and (recipe.augment or work.teacher):
        raise RefusalError(
            tr(
                "`method={method}` can't be joined with `{option}=`: choose a method that only "
                "takes steps, such as `method=full`.",
                method=recipe.method,
                option=names[0],
            )
        )


def usual_method(task: Task) -> Method:
    return DEFAULT_METHODS.get(task, DEFAULT_METHOD)


def work_behind(job: Job) -> TrainWork:
    """Give the work that a job's model came of: of a search the winner's, once it is known."""
    work = TrainWork.model_validate(job.work)
    if work.sweep is None or job.result is None:
        return work
    found = {"recipe": job.result["recipe"], "base_model": job.result["base_model"], "sweep": None}
    return TrainWork.model_validate(job.work | found)


def revise(
    work: TrainWork,
    dataset: Dataset,
    choices: Choices,
    *,
    base_model: str,
    beside: Mapping[str, object] = MappingProxyType({}),
) -> TrainWork:
    """Change what was chosen and keep the rest; a new method brings its own numbers."""
    same_method = choices.method in (None, work.recipe.method)
    kept = typed_over(work.recipe, dataset, work.task) if same_method else {}
    return make_work(
        dataset,
        base_model=base_model,
        method=choices.method or work.recipe.method,
        overrides=kept | choices.recipe_overrides(),
        task=choices.task or work.task,
        beside=work.model_dump(include=set(BESIDE)) | choices.work_overrides() | dict(beside),
    )


def check_devices(work: TrainWork, hosts: Sequence[Host]) -> None:
    """Refuse more devices than a machine here has of one kind, or such as can't share a batch.

    While no worker is alive nobody knows, and the job waits until one has them.
    """
    if work.devices == 1:
        return
    most = max((count_alike(host) for host in hosts), default=work.devices)
    if work.devices > most:
        raise RefusalError(
            trn(
                "`gpus={wanted}` is more than there is: one job can have {count} device here.",
                "`gpus={wanted}` is more than there is: one job can have {count} devices here.",
                most,
                wanted=work.devices,
            )
        )
    if work.recipe.method in ("auto", "probe"):
        raise RefusalError(
            tr(
                "method={method} uses one device, as most of it takes no steps: leave out `gpus=`, or "
                "name another method.",
                method=work.recipe.method,
            )
        )
    batch = work.recipe.batch
    if batch % work.devices:
        raise RefusalError(
            tr(
                "{batch} rows a step can't be shared by {devices} devices: type `batch={fitting}`.",
                batch=batch,
                devices=work.devices,
                fitting=work.devices * max(1, round(batch / work.devices)),
            )
        )


def count_alike(host: Host) -> int:
    """Count the slots of a machine that train and are of one kind."""
    kinds = [slot["kind"] for slot in host.slots]
    return max(kinds.count("gpu"), kinds.count("cpu"))


def find_task(dataset: Dataset, typed: Task | None) -> Task:
    """Give what is learnt from a data set: what was typed, if its rows have the shape for it."""
    able = TASKS[dataset.card.get("shape", "labels")]
    if typed is not None and typed not in able:
        raise RefusalError(
            tr(
                "{dataset} can't teach {task}: its rows are for {able}.",
                dataset=code(dataset.title),
                task=code(typed),
                able=listed(map(code, able)),
            )
        )
    return typed or able[0]


def _check_method(method: Method | None, task: Task) -> None:
    able = methods_for(task)
    if method is not None and method not in able:
        raise RefusalError(
            tr(
                "`method={method}` is not for {task}: there {methods} can be chosen.",
                method=method,
                task=code(task),
                methods=listed(map(code, able)),
            )
        )


def typed_over(recipe: Recipe, dataset: Dataset, task: Task) -> dict[str, object]:
    """Tell which parts of a recipe are a person's, not the recipe book's."""
    usual, _ = choose_recipe(
        recipe.method,
        train_rows=train_rows(dataset),
        p95_characters=dataset.card["characters"]["p95"],
        overrides={},
        task=task,
    )
    chosen, default = recipe.model_dump(), usual.model_dump()
    return {name: value for name, value in chosen.items() if value != default[name]}


def train_rows(dataset: Dataset) -> int:
    return sum(dataset.card["splits"]["train"].values())


def advise_balance(work: TrainWork, dataset: Dataset) -> list[str]:
    """Say that rare labels may weigh more, where they are so rare that they would be given up."""
    rows = dataset.card["splits"]["train"]
    if work.task != "classification" or work.recipe.balanced or not rows:
        return []
    least, most = min(rows, key=rows.__getitem__), max(rows, key=rows.__getitem__)
    if rows[most] < UNEVEN * max(1, rows[least]):
        return []
    return [
        tr(
            "The labels are uneven: {most:,} training rows of {common}, {least:,} of {rare}. "
            "`balanced=yes` makes rare labels weigh more: more of them are found, at the price of "
            "some mistakes among the others.",
            most=rows[most],
            common=code(most),
            least=rows[least],
            rare=code(least),
        )
    ]


def find_doubts(work: TrainWork, *, used: Iterable[str]) -> list[str]:
    """Say what may be a slip though it is allowed; `used` are the base models of earlier jobs."""
    doubts = []
    method, lr = work.recipe.method, work.recipe.lr
    if lr < LEAST_RATES.get(method, 0):
        doubts.append(
            tr(
                "`{method}` learns nothing at so low a learning rate: `lr={usual}` suits it, not "
                "{lr}.",
                method=method,
                usual=figures.number(RATES[method]),
                lr=figures.number(lr),
            )
        )
    known = list(used)
    local = work.base_model == PACKAGED_ENCODER or work.base_model.startswith("/")
    if not local and work.base_model not in known:
        doubts.append(
            tr(
                "No job here has used the model {model} yet; it is looked for on the hub when the "
                "job starts.{meant}",
                model=code(work.base_model),
                meant=did_you_mean(work.base_model, known),
            )
        )
    return doubts
