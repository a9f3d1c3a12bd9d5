"""The plan card, shown before a job is queued, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import blocks, figures
from bot.asking import Block, FieldErrors, RefusalError, Reply
from bot.commands.train import RetryJob
from bot.language import listed, mark, tr, trn
from bot.parsing import parse
from bot.train import draft, heard, shape_words, spending, trials
from bot.train.estimate import Span
from bot.train.outlook import Outlook
from bot.train.spending import Bill
from bot.wording import escape
from storage.records import Dataset, Plan
from trainer.spec import METHODS, DataCard, Method, TrainWork

FIELDS = ("model", "method", "epochs", "lr", "batch", "max_length", "seed", "priority")
LABELS = {
    "model": mark("Base model"),
    "method": mark("Method"),
    "epochs": mark("Epochs"),
    "lr": mark("Learning rate"),
    "batch": mark("Rows a step"),
    "max_length": mark("Tokens a text is cut to"),
    "seed": mark("Seed"),
    "priority": mark("Priority, -10 to 10"),
}
METHOD_WORDS: dict[Method, str] = {
    "auto": mark("auto: the cheap ones first"),
    "full": mark("full: every weight"),
    "body": mark("body: every weight but the embeddings"),
    "head": mark("head: only the last layer, quick"),
    "probe": mark("probe: logistic regression on the frozen model, seconds"),
    "lora": mark("lora: small matrices beside the weights"),
    "adalora": mark("adalora: LoRA that shares out its ranks"),
    "ia3": mark("ia3: a few scales, the least memory"),
    "adapters": mark("adapters: small layers between the layers"),
}
WARNINGS_SHOWN = 3


def card(plan: Plan, dataset: Dataset, outlook: Outlook, bill: Bill | None = None) -> Reply:
    """Show what would run, why so, what to expect; it waits for the person's word.

    A plan that the budgets of its `bill` have no room for can only be asked for.
    """
    work = TrainWork.model_validate(plan.work)
    title = _say_title(work)
    lines = [
        *(trials.say_plan(work, work.sweep) if work.sweep else _say_recipe(work, dataset)),
        tr("*Data*  {rows}", rows=_say_data(dataset)),
        tr("*Start*  {start}", start=_say_start(outlook)),
        tr("*Duration*  {duration}", duration=_say_duration(outlook.takes)),
        tr("*Memory*  {memory}", memory=_say_memory(outlook)),
        *(spending.say_bill(bill) if bill else []),
    ]
    known = [escape(heard.again(warning)) for warning in dataset.card["warnings"]]
    warnings = [*outlook.doubts, *draft.advise_balance(work, dataset), *known][:WARNINGS_SHOWN]
    shown: list[Block] = [blocks.section(f"*{title}*"), blocks.section("\n".join(lines))]
    shown += [blocks.context(f":warning: {warning}") for warning in warnings]
    text = "\n".join([title, *lines, *warnings])
    return Reply(blocks.cut(text, blocks.SECTION), [*shown, _buttons(plan, work, bill)])


def _say_title(work: TrainWork) -> str:
    told = {
        "model": escape(figures.model_name(work.base_model)),
        "dataset": escape(work.dataset),
    }
    if work.sweep:
        return tr("Search for a better recipe for {model} on {dataset}?", **told)
    return tr("Fine-tune {model} on {dataset}?", **told)


def _say_recipe(work: TrainWork, dataset: Dataset) -> list[str]:
    said = tr("*Recipe*  {recipe}", recipe=figures.recipe(work.recipe))
    together = tr("*Devices*  {devices} at once, which share each batch", devices=work.devices)
    said_beside = _say_beside(work)
    return [said, _say_why(work, dataset), *said_beside, *([together] if work.devices > 1 else [])]


def _say_beside(work: TrainWork) -> list[str]:
    """Say what is done beside the usual, and what it costs."""
    said = []
    if work.recipe.augment:
        said.append(
            tr("*Varied rows*  it trains twice, without and with them; the better one serves")
        )
    if work.teacher:
        said.append(tr("*Teacher*  model {number}", number=work.teacher.model))
    if work.prune_vocabulary:
        said.append(tr("*Vocabulary*  pruned to the tokens of the training split"))
    return said


def _buttons(plan: Plan, work: TrainWork, bill: Bill | None) -> Block:
    number = str(plan.id)
    change = blocks.button(tr("Change…"), "plan_change", number)
    return blocks.actions(
        blocks.button(tr("Ask for approval"), "plan_ask", number, style="primary")
        if bill and bill.exceeded
        else blocks.button(tr("Queue it"), "plan_queue", number, style="primary"),
        *([] if work.sweep else [change]),  # its form knows nothing of ranges
        blocks.button(tr("Cancel"), "plan_drop", number),
    )


def _say_why(work: TrainWork, dataset: Dataset) -> str:
    typed = draft.typed_over(work.recipe, dataset, work.task)
    yours = ", ".join(f"{name}={figures.choice(value)}" for name, value in typed.items())
    why = escape(heard.again(work.recipe_why.replace("e-0", "e-")))  # 5e-5, as people type it
    if not yours:
        return tr("_Usual for {why}._", why=why)
    return tr("_Usual for {why}._ You set {numbers}.", why=why, numbers=yours)


def _say_data(dataset: Dataset) -> str:
    rows = {split: sum(labels.values()) for split, labels in dataset.card["splits"].items()}
    found = DataCard.model_validate(dataset.card)
    return tr(
        "{train:,} rows to train on, {validation:,} to choose by, {test:,} to test on; {kinds}; "
        "hash `{hash}`",
        kinds=listed(shape_words.say_kinds(found)),
        **rows,
        hash=dataset.hash[:12],
    )


def _say_start(outlook: Outlook) -> str:
    if not outlook.slots:
        return tr("no worker is alive, so it waits until one starts (`/coach status`)")
    if outlook.ahead < outlook.slots:
        return tr("at once")
    place = trn("after {count:,} job", "after {count:,} jobs", outlook.ahead)
    if outlook.wait is None:
        return tr("{place}; how long they take isn't known", place=place)
    wait = figures.duration_range(outlook.wait.low, outlook.wait.high)
    return tr("{place}, in {duration}", place=place, duration=wait)


def _say_duration(takes: Span | None) -> str:
    if takes is None:
        return tr("no estimate: the first run of this model and method here")
    return trn(
        "{duration}, by {count:,} run of this model and method here",
        "{duration}, by {count:,} runs of this model and method here",
        takes.runs,
        duration=figures.duration_range(takes.low, takes.high),
    )


def _say_memory(outlook: Outlook) -> str:
    if outlook.memory is None:
        return tr("unknown until its first run")
    by_size, measured = tr("by the model's size"), tr("measured in an earlier run")
    told = {
        "need": figures.size(outlook.memory.need_bytes),
        "have": figures.size(outlook.memory_bytes),
        "source": measured if outlook.memory.measured else by_size,
    }
    if not outlook.memory_bytes:
        return tr("about {need}, {source}", **told)
    if outlook.memory.need_bytes > outlook.memory_bytes:
        return tr(
            ":warning: about {need}, {source}, but there is {have}: a smaller batch helps", **told
        )
    return tr("about {need} of {have}, {source}", **told)


# --- the form -------------------------------------------------------------------------------


def form(plan: Plan, dataset: Dataset, *, response_url: str | None) -> Block:
    """Make the form; an empty field leaves its number to the recipe."""
    work = TrainWork.model_validate(plan.work)
    typed = draft.typed_over(work.recipe, dataset, work.task)
    usual = work.recipe.model_dump()
    inputs = [_method(work.recipe.method)]
    for name in FIELDS[2:-1]:
        value = figures.number(usual[name]) if name in typed else ""
        hint = "" if value else tr("{number}, by the recipe", number=figures.number(usual[name]))
        inputs.append(_number(name, value, hint))
    inputs.append(_number("priority", str(plan.priority or ""), "0"))
    metadata = {"plan": plan.id, "channel": plan.channel, "response_url": response_url or ""}
    model = blocks.text_input("model", value=work.base_model)
    hint = tr("A hub id, a folder, or minilm.")
    first = blocks.field("model", tr(LABELS["model"]), model, hint=hint)
    return blocks.modal(
        "plan_change",
        tr("Change the plan"),
        [first, *inputs],
        submit=tr("Change"),
        metadata=metadata,
    )


def _method(chosen: str) -> Block:
    methods = {str(method): tr(METHOD_WORDS[method]) for method in METHODS}
    menu = blocks.select("method", tr("Choose"), methods, chosen=chosen)
    return blocks.field("method", tr(LABELS["method"]), menu)


def _number(name: str, value: str, usual: str) -> Block:
    element = blocks.text_input(name, value=value, placeholder=usual)
    return blocks.field(name, tr(LABELS[name]), element, optional=True)


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
