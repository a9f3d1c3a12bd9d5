"""Let a model serve, or go back to the one before: gather, judge, move the alias, tell all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlite_utils import Database

from bot import blocks, figures, language
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import ALIASES, ListModels, Promote, Rollback
from bot.language import mark, tr
from bot.readers import channel_speaks
from bot.rights import is_admin, require_owner
from bot.train import agreement, gate, metrics, queue, summary
from bot.train.agreement import Agreement
from bot.wording import STATES, code, escape
from storage import audit, datasets, deliveries, models, shadows
from storage.database import immediate, opened
from storage.records import Json, Model, Promotion
from trainer.compare import compare
from trainer.compare.contender import Contender
from trainer.spec import Comparison, TrainSummary, dataset_dir

MEANWHILE = mark(
    "Someone promoted a model meanwhile, so nothing was changed. Look again: `/train models`."
)
HISTORY = 1_000  # promotions of an alias that going back can see


@dataclass(frozen=True)
class Case:
    """A model that may come to serve, and the one it would replace."""

    alias: str
    model: Model
    rival: Model | None
    data: str  # the title of the model's data set
    agreement: Agreement | None = None  # with the one it would replace, on real questions

    @property
    def on_questions(self) -> str:
        return agreement.say(self.agreement) if self.agreement else ""


async def promote(office: Office, asker: Asker, command: Promote) -> Reply | None:
    """Let a job's model serve under an alias unless it is shown to be worse."""
    case = await asyncio.to_thread(_gather, office, asker, command)
    comparison = await _compare(office, asker, case, command.reason)
    admin = is_admin(office, asker)
    gate.check(
        case.model.id,
        comparison,
        reason=command.reason,
        admin=admin,
        agreement=case.on_questions,
    )
    await _load(office, case.model)
    return await asyncio.to_thread(_move, office, asker, case, comparison, command.reason)


async def press_promote(office: Office, asker: Asker, value: str) -> Reply | None:
    return await promote(office, asker, Promote(int(value)))


async def roll_back(office: Office, asker: Asker, command: Rollback) -> Reply | None:
    """Let the model serve that served before."""
    return await _roll_back(office, asker, command.as_, None)


async def press_roll_back(office: Office, asker: Asker, value: str) -> Reply | None:
    """Go back from the version that the button's message announced, and from no later one."""
    alias, _, version = value.rpartition(" ")
    return await _roll_back(office, asker, alias, int(version))


def list_models(office: Office, _: Asker, __: ListModels) -> Reply:
    with opened(office.settings.data_dir) as db:
        serving = {p.model: f"{alias} v{p.version}" for alias, p in models.aliases(db).items()}
        found = [(model, _title(db, model)) for model in models.recent(db)]
    return say_models(found, serving)


def say_models(found: list[tuple[Model, str]], serving: dict[int, str]) -> Reply:
    if not found:
        return Reply(
            tr("There is no model yet. `/train data sample`, then `/train sample` makes one.")
        )
    lines = [_line(model, data, serving.get(model.id)) for model, data in found]
    free = next((model.id for model, _ in found if model.id not in serving), found[0][0].id)
    hint = tr("`/train promote {number}` lets one serve, `/train rollback` goes back.", number=free)
    text = "\n".join([tr("*Models*, the newest first"), *lines])
    return Reply(f"{text}\n{hint}", [blocks.section(text), blocks.context(hint)])


def announce(
    case: Case, promotion: Promotion, comparison: Comparison | None, *, back: bool = False
) -> Json:
    """Tell the channel what serves now, how good it is, and who decided so."""
    found = TrainSummary.model_validate(case.model.summary)
    lines = [
        _say_move(case, promotion, back=back),
        tr(
            "{model}, {method}, trained on {data}: {figures}.",
            model=escape(figures.model_name(case.model.base_model)),
            method=case.model.method,
            data=escape(case.data),
            figures=metrics.headline(found),
        ),
        "" if back else summary.judge(found),
        summary.compare(comparison) if comparison and not back else "",
        "" if back else case.on_questions,
        tr("Reason: “{reason}”", reason=escape(promotion.reason)) if promotion.reason else "",
    ]
    text = "\n".join(filter(None, lines))
    shown = [blocks.section(text)]
    if promotion.previous is not None:
        shown.append(blocks.actions(_back_button(promotion)))
    return {"text": blocks.cut(text.replace("*", ""), summary.TEXT), "blocks": shown}


def _say_move(case: Case, promotion: Promotion, *, back: bool) -> str:
    told = {
        "name": f"{escape(promotion.alias)} v{promotion.version}",
        "model": case.model.id,
        "user": promotion.by,
    }
    if back:
        return tr("*{name}* is now model {model}; <@{user}> went back to it.", **told)
    return tr("*{name}* is now model {model}; <@{user}> promoted it.", **told)


def _back_button(promotion: Promotion) -> Json:
    sure = blocks.confirm(
        tr("Roll back?"),
        tr("Model {model} would answer again.", model=promotion.previous),
        yes=tr("Roll back"),
        no=tr("Leave it"),
    )
    value = f"{promotion.alias} {promotion.version}"
    return blocks.button(tr("Roll back"), "rollback", value, confirm=sure)


# --- steps ----------------------------------------------------------------------------------


def _gather(office: Office, asker: Asker, command: Promote) -> Case:
    with opened(office.settings.data_dir) as db:
        job = queue.find_job(db, command.number)
        model = models.get(db, job.id)
        if model is None:
            raise RefusalError(
                tr(
                    "Job {number} is {state} and has made no model. `/train models` shows those "
                    "that there are.",
                    number=job.id,
                    state=tr(STATES[job.state]),
                )
            )
        require_owner(
            office, asker, owner=model.created_by, what=tr("Model {number}", number=model.id)
        )
        alias = command.as_ or ALIASES[model.task]
        serving = models.serving(db, alias)
        if serving is not None and serving[1].id == model.id:
            raise RefusalError(
                tr(
                    "Model {number} serves already, as {alias} v{version}.",
                    number=model.id,
                    alias=code(alias),
                    version=serving[0].version,
                )
            )
        if serving is not None and serving[1].task != model.task:
            raise RefusalError(
                tr(
                    "{alias} serves {task}, which model {number} was not trained for. Give it "
                    "another name: `/train promote {number} as={usual}`.",
                    alias=code(alias),
                    task=serving[1].task,
                    number=model.id,
                    usual=ALIASES[model.task],
                )
            )
        rival = serving[1] if serving else None
        found = agreement.find(db, model.id, beside=rival.id) if rival else None
        return Case(alias, model, rival, _title(db, model), found)


async def _compare(
    office: Office, asker: Asker, case: Case, reason: str | None
) -> Comparison | None:
    """Give the figures of the run where it met the same rival, else measure now."""
    if case.rival is None:
        return None
    found = TrainSummary.model_validate(case.model.summary).comparison
    if found is not None and found.model == case.rival.id:
        return found
    ours, theirs = (_contender(office, model) for model in (case.model, case.rival))
    try:
        return await asyncio.to_thread(compare, case.model.task, ours, theirs)
    except (OSError, NotImplementedError) as error:
        gate.cannot_compare(
            case.model.id,
            case.rival.id,
            here=isinstance(error, NotImplementedError),
            reason=reason,
            admin=is_admin(office, asker),
        )
        return None


def _contender(office: Office, model: Model) -> Contender:
    data_dir = office.settings.data_dir
    return Contender(model.id, data_dir / model.path, dataset_dir(data_dir, model.dataset_hash))


async def _load(office: Office, model: Model) -> None:
    """Have the model warm before its alias moves, so that no one waits for it."""
    try:
        if model.task == "generation":  # its process starts when somebody asks it
            await asyncio.to_thread(office.serving.writer.card, model.path)
        elif model.task == "recommendation":
            await office.serving.recommender(model.path)
        elif model.task == "retrieval":
            await office.serving.retriever(model.path)
        else:
            await office.serving.load(model.path)
    except OSError:
        raise RefusalError(
            tr("The files of model {number} are gone: train it again.", number=model.id)
        ) from None


def _move(
    office: Office,
    asker: Asker,
    case: Case,
    comparison: Comparison | None,
    reason: str | None = None,
    *,
    back: bool = False,
) -> Reply | None:
    """Move the alias, end what shadows it, and announce the move: all or nothing."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        promotion = models.promote(
            db,
            alias=case.alias,
            model=case.model.id,
            expected=case.rival.id if case.rival else None,
            by=asker.user,
            now=now,
            reason=reason,
            comparison=comparison.model_dump() if comparison else None,
        )
        if promotion is None:
            return Reply(tr(MEANWHILE))
        shadows.end(db, case.alias, by=asker.user, now=now)
        audit.note(
            db,
            by=asker.user,
            action="rollback" if back else "promote",
            subject=case.alias,
            before=f"model {case.rival.id}" if case.rival else None,
            after=f"model {case.model.id}",
            now=now,
        )
        default = office.settings.language
        with language.use(channel_speaks(db, asker.channel, user=asker.user, default=default)):
            body = announce(case, promotion, comparison, back=back)
        deliveries.put(
            db,
            key=f"promotion:{promotion.id}",
            channel=asker.channel,
            user=asker.user,
            body=body,
            now=now,
        )
    return None


async def _roll_back(office: Office, asker: Asker, alias: str, version: int | None) -> Reply | None:
    case = await asyncio.to_thread(_gather_previous, office, asker, alias, version)
    await _load(office, case.model)
    return await asyncio.to_thread(_move, office, asker, case, None, back=True)


def _gather_previous(office: Office, asker: Asker, alias: str, version: int | None) -> Case:
    with opened(office.settings.data_dir) as db:
        served = models.history(db, alias, limit=HISTORY)
        if not served:
            raise RefusalError(
                tr(
                    "Nothing serves as {alias} yet. `/train models` shows models.",
                    alias=code(alias),
                )
            )
        if version not in (None, served[0].version):
            raise RefusalError(
                tr(
                    "{alias} is at v{version} by now, so nothing was changed. `/train rollback` "
                    "goes back from there.",
                    alias=code(alias),
                    version=served[0].version,
                )
            )
        require_owner(office, asker, owner=served[0].by, what=f"{code(alias)} v{served[0].version}")
        number = gate.find_previous([promotion.model for promotion in reversed(served)])
        model = models.get(db, number) if number else None
        if model is None:
            raise RefusalError(
                tr(
                    "There is no model before {alias} v{version}.",
                    alias=code(alias),
                    version=served[0].version,
                )
            )
        return Case(alias, model, models.get(db, served[0].model), _title(db, model))


def _title(db: Database, model: Model) -> str:
    dataset = datasets.get(db, model.dataset_hash)
    return dataset.title if dataset else tr("data that was deleted")


def _line(model: Model, data: str, serving: str | None) -> str:
    name, found = metrics.first(TrainSummary.model_validate(model.summary))
    base = escape(figures.model_name(model.base_model))
    line = tr(
        "• *{number}*  {data}, {model}, {method}: {figure}, <@{user}>",
        number=model.id,
        data=escape(data),
        model=base,
        method=model.method,
        figure=metrics.say(name, found.value),
        user=model.created_by,
    )
    return tr("{model}, *serves as {name}*", model=line, name=escape(serving)) if serving else line
