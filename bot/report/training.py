"""The report on training: what waits, what finished and failed, what it cost, what was promoted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlite_utils import Database

from bot import blocks, cost, figures
from bot.asking import Block
from bot.cost import Cost
from bot.language import listed, mark, tr, trn
from bot.report import training_chart, training_table
from bot.report.kinds import Kind, Report, Scope
from bot.report.people import Naming, naming
from bot.report.training_facts import Facts, gather
from bot.train import metrics, spending, summary
from bot.wording import escape
from storage.records import Job, Promotion
from trainer.spec import Cause, TrainSummary

TITLE = mark("Training")
RUNS_SHOWN, NAMES_SHOWN, BUDGETS_SHOWN = 10, 5, 8
CAUSES: dict[Cause, str] = {
    "out_of_memory": mark("out of memory"),
    "nan_loss": mark("the loss stopped being a number"),
    "bad_labels": mark("labels that can't be trained on"),
    "bad_file": mark("a file that can't be used"),
    "disk_full": mark("a full disk"),
    "killed": mark("killed from outside"),
    "lost": mark("nothing heard any more"),
    "model_not_found": mark("no such base model"),
    "unsafe_model": mark("no safe weights"),
    "unknown": mark("other errors"),
}


def compose(db: Database, scope: Scope) -> Report | None:
    facts, names = gather(db, scope), naming(db)
    return None if facts.is_empty else say(facts, names)


KIND = Kind("training", TITLE, compose, covers=timedelta(days=7))

# --- pure -----------------------------------------------------------------------------------


def say(facts: Facts, names: Naming) -> Report:
    """Say it in parts, each of which may be missing; the text is all of them without marks."""
    title = tr(
        "Training from {start} to {end}",
        start=figures.when(facts.scope.since),
        end=figures.when(facts.scope.now),
    )
    parts = [
        _say_queue(facts),
        _say_finished(facts),
        _say_failures(facts.ended),
        _say_promotions(facts.promotions, names),
        _say_cost(facts, names),
        _say_budgets(facts, names),
    ]
    said = [part for part in parts if part]
    shown: list[Block] = [blocks.section(f"*{title}*"), *map(blocks.section, said)]
    results = [(job, TrainSummary.model_validate(job.result)) for job in facts.done]
    return Report(
        blocks.cut("\n".join([title, *said]).replace("*", ""), summary.TEXT),
        shown,
        training_chart.draw(results) if results else None,
        training_table.write(facts, results, names) if results else None,
    )


def _say_queue(facts: Facts) -> str:
    running = trn("{count} job runs", "{count} jobs run", facts.running)
    queued = trn("{count} waits", "{count} wait", facts.queued)
    return tr("*Now*  {running}, {queued}.", running=running, queued=queued)


def _say_finished(facts: Facts) -> str:
    done = facts.done
    if not done:
        return ""
    lines = [_say_run(job, facts.purposes) for job in done[: -RUNS_SHOWN - 1 : -1]]
    more = len(done) - len(lines)
    lines += [tr("and {count} more", count=more)] if more else []
    head = trn("*Finished*  {count} run", "*Finished*  {count} runs", len(done))
    return "\n".join([head, *lines])


def _say_run(job: Job, purposes: Mapping[int, str]) -> str:
    found = TrainSummary.model_validate(job.result)
    beside = (
        summary.compare(found.comparison) if found.comparison else tr("No model served beside it.")
    )
    line = tr(
        "• *{job}*  {dataset}, {model}, {method}: {figure}. {beside}",
        job=job.id,
        dataset=escape(job.work["dataset"]),
        model=escape(figures.model_name(found.base_model)),
        method=found.recipe.method,
        figure=metrics.say(*metrics.first(found)),
        beside=beside,
    )
    return f"{line} :star: {escape(purposes[job.id])}" if job.id in purposes else line


def _say_failures(ended: Sequence[Job]) -> str:
    """Count the causes; whose jobs failed is nobody's business."""
    causes = Counter(
        str((job.failure or {}).get("cause")) for job in ended if job.state == "failed"
    )
    cancelled = sum(job.state == "cancelled" for job in ended)
    said = [f"{tr(_cause(cause))} {n:,}" for cause, n in causes.most_common()]
    said += [tr("cancelled {count:,}", count=cancelled)] if cancelled else []
    return tr("*Not finished*  {causes}", causes=" · ".join(said)) if said else ""


def _cause(cause: str) -> str:
    return next((words for known, words in CAUSES.items() if known == cause), CAUSES["unknown"])


def _say_promotions(promotions: Sequence[Promotion], names: Naming) -> str:
    lines = [
        tr(
            "• *{alias} v{version}* is model {model}, by {who}",
            alias=escape(promotion.alias),
            version=promotion.version,
            model=promotion.model,
            who=names(promotion.by),
        )
        for promotion in promotions[-RUNS_SHOWN:]
    ]
    return "\n".join([tr("*Promoted*"), *lines]) if lines else ""


# --- cost -----------------------------------------------------------------------------------


def _say_cost(facts: Facts, names: Naming) -> str:
    if not facts.uses:
        return ""
    by_device = _sum(facts, lambda use: use.device.partition(",")[0])
    total = sum(by_device.values(), Cost())
    lines = [
        tr("*Time on devices*  {total}", total=_say_one(total, facts)),
        tr("By device: {shares}", shares=_list(by_device, facts, escape)),
        tr(
            "By person: {shares}", shares=_list(_sum(facts, lambda u: u.requested_by), facts, names)
        ),
        tr("By data set: {shares}", shares=_list(_sum(facts, lambda u: u.dataset), facts, escape)),
        tr("By purpose: {shares}", shares=_list(_by_purpose(facts), facts, escape)),
    ]
    return "\n".join(lines)


def _by_purpose(facts: Facts) -> dict[str, Cost]:
    return _sum(facts, lambda use: facts.purposes.get(use.job, tr("not promoted")))


def _sum(facts: Facts, key: cost.Key) -> dict[str, Cost]:
    scope = facts.scope
    rates = scope.settings.gpu_hour_rates
    return cost.sum_by(facts.uses, key, start=scope.since, end=scope.now, rates=rates)


def _list(sums: Mapping[str, Cost], facts: Facts, name: Naming) -> str:
    first = list(sums.items())[:NAMES_SHOWN]
    said = [f"{name(key)} {_say_one(spent, facts)}" for key, spent in first]
    rest = sum(list(sums.values())[NAMES_SHOWN:], Cost())
    said += [tr("others {cost}", cost=_say_one(rest, facts))] if rest.seconds else []
    return " · ".join(said)


def _say_one(spent: Cost, facts: Facts) -> str:
    settings = facts.scope.settings
    if spent.seconds < cost.HOUR:
        time = tr("{minutes} min", minutes=f"{spent.seconds / 60:.1f}")
    else:
        time = tr("{hours:,.1f} h", hours=spent.seconds / cost.HOUR)
    if not settings.gpu_hour_rates:
        return time
    return listed([time, cost.say_money(spent.amount, settings.currency)])


def _say_budgets(facts: Facts, names: Naming) -> str:
    fullest = sorted(facts.standings, key=lambda standing: -standing.share)[:BUDGETS_SHOWN]
    currency = facts.scope.settings.currency
    lines = [f"• {names(one.of)}  {spending.say_standing(one, currency)}" for one in fullest]
    return "\n".join([tr("*Budgets this month*"), *lines]) if lines else ""
