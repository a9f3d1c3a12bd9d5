"""The plan card, shown before a job is queued, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import blocks, figures
from bot.asking import Block, FieldErrors, RefusalError, Reply
from bot.commands.train import RetryJob
from bot.parsing import parse
from bot.train import draft
from bot.train.estimate import Span
from bot.train.outlook import Outlook
from bot.wording import escape
from storage.records import Dataset, Plan
from trainer.spec import METHODS, TrainWork

FIELDS = ("model", "method", "epochs", "lr", "batch", "max_length", "seed", "priority")
LABELS = {
    "model": "Base model",
    "method": "Method",
    "epochs": "Epochs",
    "lr": "Learning rate",
    "batch": "Rows a step",
    "max_length": "Tokens a text is cut to",
    "seed": "Seed",
    "priority": "Priority, -10 to 10",
}
METHOD_WORDS = {
    "full": "full: every weight",
    "head": "head: only the last layer, quick",
    "lora": "lora: small matrices beside the weights",
}
WARNINGS_SHOWN = 3


def card(plan: Plan, dataset: Dataset, outlook: Outlook) -> Reply:
    """Show what would run, why so, what to expect; it waits for the person's word."""
    work = TrainWork.model_validate(plan.work)
    model = escape(figures.model_name(work.base_model))
    title = f"Fine-tune {model} on {escape(work.dataset)}?"
    lines = [
        f"*Recipe*  {figures.recipe(work.recipe)}",
        *_say_why(work, dataset),
        f"*Data*  {_say_data(dataset)}",
        f"*Start*  {_say_start(outlook)}",
        f"*Duration*  {_say_duration(outlook.takes)}",
        f"*Memory*  {_say_memory(outlook)}",
    ]
    warnings = [*outlook.doubts, *map(escape, dataset.card["warnings"])][:WARNINGS_SHOWN]
    shown: list[Block] = [blocks.section(f"*{title}*"), blocks.section("\n".join(lines))]
    shown += [blocks.context(f":warning: {warning}") for warning in warnings]
    text = "\n".join([title, *lines, *warnings])
    return Reply(blocks.cut(text, blocks.SECTION), [*shown, _buttons(plan)])


def _buttons(plan: Plan) -> Block:
    number = str(plan.id)
    return blocks.actions(
        blocks.button("Queue it", "plan_queue", number, style="primary"),
        blocks.button("Change…", "plan_change", number),
        blocks.button("Cancel", "plan_drop", number),
    )


def _say_why(work: TrainWork, dataset: Dataset) -> list[str]:
    typed = draft.typed_over(work.recipe, dataset)
    yours = ", ".join(f"{name}={figures.number(value)}" for name, value in typed.items())
    chosen = f" You set {yours}." if yours else ""
    why = work.recipe_why.replace("e-0", "e-")  # 5e-5, as people type it
    return [f"_Usual for {escape(why)}._{chosen}"]


def _say_data(dataset: Dataset) -> str:
    rows = {split: sum(labels.values()) for split, labels in dataset.card["splits"].items()}
    return (
        f"{rows['train']:,} rows to train on, {rows['validation']:,} to choose by, "
        f"{rows['test']:,} to test on; {figures.count(len(dataset.card['labels']), 'label')}; "
        f"hash `{dataset.hash[:12]}`"
    )


def _say_start(outlook: Outlook) -> str:
    if not outlook.slots:
        return "no worker is alive, so it waits until one starts (`/coach status`)"
    if outlook.ahead < outlook.slots:
        return "at once"
    place = f"after {figures.count(outlook.ahead, 'job')}"
    if outlook.wait is None:
        return f"{place}; how long they take isn't known"
    return f"{place}, in {figures.duration_range(outlook.wait.low, outlook.wait.high)}"


def _say_duration(takes: Span | None) -> str:
    if takes is None:
        return "no estimate: the first run of this model and method here"
    span = figures.duration_range(takes.low, takes.high)
    return f"{span}, by {figures.count(takes.runs, 'run')} of this model and method here"


def _say_memory(outlook: Outlook) -> str:
    if outlook.memory is None:
        return "unknown until its first run"
    need = figures.size(outlook.memory.need_bytes)
    source = "measured in an earlier run" if outlook.memory.measured else "by the model's size"
    if not outlook.memory_bytes:
        return f"about {need}, {source}"
    have = figures.size(outlook.memory_bytes)
    if outlook.memory.need_bytes > outlook.memory_bytes:
        return f":warning: about {need}, {source}, but there is {have}: a smaller batch helps"
    return f"about {need} of {have}, {source}"


# --- the form -------------------------------------------------------------------------------


def form(plan: Plan, dataset: Dataset, *, response_url: str | None) -> Block:
    """Make the form; an empty field leaves its number to the recipe."""
    work = TrainWork.model_validate(plan.work)
    typed = draft.typed_over(work.recipe, dataset)
    usual = work.recipe.model_dump()
    inputs = [_method(work.recipe.method)]
    for name in FIELDS[2:-1]:
        value = figures.number(typed[name]) if name in typed else ""
        hint = "" if value else f"{figures.number(usual[name])}, by the recipe"
        inputs.append(_number(name, value, hint))
    inputs.append(_number("priority", str(plan.priority or ""), "0"))
    metadata = {"plan": plan.id, "channel": plan.channel, "response_url": response_url or ""}
    model = blocks.text_input("model", value=work.base_model)
    hint = "A hub id, a folder, or minilm."
    first = blocks.field("model", LABELS["model"], model, hint=hint)
    return blocks.modal(
        "plan_change", "Change the plan", [first, *inputs], submit="Change", metadata=metadata
    )


def _method(chosen: str) -> Block:
    menu = blocks.select("method", "Choose", {m: METHOD_WORDS[m] for m in METHODS}, chosen=chosen)
    return blocks.field("method", LABELS["method"], menu)


def _number(name: str, value: str, usual: str) -> Block:
    element = blocks.text_input(name, value=value, placeholder=usual)
    return blocks.field(name, LABELS[name], element, optional=True)


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it; pure."""
    errors: dict[str, str] = {}
    for name in FIELDS:
        try:
            _parse({name: blocks.typed(values, name)})
        except RefusalError as error:
            errors[name] = str(error).replace("`", "")
    return FieldErrors(errors) if errors else None


def read_form(values: Mapping[str, Any]) -> RetryJob:
    """Read what was chosen, as if it had been typed after `/train retry`."""
    return _parse({name: blocks.typed(values, name) for name in FIELDS})


def _parse(chosen: Mapping[str, str]) -> RetryJob:
    quoted = {name: value.replace('"', "'").replace("\\", "/") for name, value in chosen.items()}
    options = " ".join(f'{name}="{value}"' for name, value in quoted.items() if value)
    record = parse("/train", f"retry 1 {options}")
    if not isinstance(record, RetryJob):
        raise TypeError("a form's options are those of a retry")
    return record
