"""Jobs that a budget has no room for: asked for, decided by a lead or an admin, queued once."""

from __future__ import annotations

from collections.abc import Collection

from sqlite_utils import Database

from bot import blocks, figures, language, readers
from bot.asking import Asker, Office, RefusalError, Reply
from bot.language import tr
from bot.rights import require
from bot.train import queue, spending
from bot.wording import escape
from storage import approvals, datasets, deliveries, plans, roles
from storage.database import immediate, opened
from storage.records import Job, Json, Plan
from storage.talent import Approval


def ask(office: Office, asker: Asker, value: str) -> Reply:
    """Ask the leads and admins for a plan, once however often the button is pressed."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        plan = queue.own_plan(db, asker, value)
        _require_open(db, plan)
        judges = choose_judges(_who_decides(db, office), asker.user)
        if not judges:
            raise RefusalError(
                tr(
                    "Nobody is a lead or an admin yet: `/team role` and `ADMINS` in `.env` say who is."
                )
            )
        if approvals.ask(db, plan.id, now=now):
            for judge in judges:
                _put_question(db, office, plan, judge)
    return Reply(
        tr(
            "Asked {people}. You hear in a direct message what comes of it.",
            people=language.listed(f"<@{judge}>" for judge in judges),
        ),
        replace=True,
    )


def approve(office: Office, asker: Asker, value: str) -> Reply:
    """Queue the plan that was asked for, whatever the budget says."""
    with opened(office.settings.data_dir) as db, immediate(db):
        plan = _decide(office, db, asker, value, approved=True)
        job = plans.queue(db, plan.id, now=office.clock())
        if job is None:
            raise RefusalError(tr(queue.NO_PLAN))
        _tell(db, office, plan, by=asker.user, job=job)
    return Reply(tr("Approved: it is queued as job {number}.", number=job.id), replace=True)


def decline(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db, immediate(db):
        plan = _decide(office, db, asker, value, approved=False)
        plans.drop(db, plan.id)
        _tell(db, office, plan, by=asker.user, job=None)
    return Reply(
        tr("Declined: <@{user}> is told.", user=plan.requested_by),
        replace=True,
    )


def choose_judges(deciding: Collection[str], asker: str) -> list[str]:
    """Choose who decides: not whoever asks, unless there is nobody else."""
    return sorted(set(deciding) - {asker} or set(deciding))


# --- steps ----------------------------------------------------------------------------------


def _decide(office: Office, db: Database, asker: Asker, value: str, *, approved: bool) -> Plan:
    """Note what a lead said, once; raises RefusalError where it is said already or not theirs."""
    require(office, asker, "lead", "admin")
    plan, asked = plans.get(db, int(value)), approvals.get(db, int(value))
    if plan is None or asked is None:
        raise RefusalError(tr(queue.NO_PLAN))
    if asked.decided_at is not None:
        raise _decided(asked)
    _require_open(db, plan)
    if asker.user not in choose_judges(_who_decides(db, office), plan.requested_by):
        raise RefusalError(tr("You asked for it yourself: another lead or admin decides."))
    approvals.decide(db, plan.id, approved=approved, by=asker.user, now=office.clock())
    return plan


def _decided(asked: Approval) -> RefusalError:
    if asked.approved:
        return RefusalError(tr("<@{user}> has approved it already.", user=asked.by))
    return RefusalError(tr("<@{user}> has declined it already.", user=asked.by))


def _require_open(db: Database, plan: Plan) -> None:
    if plan.state != "open":
        raise RefusalError(tr(queue.NO_PLAN))
    if datasets.get(db, plan.work["dataset_hash"]) is None:
        raise RefusalError(tr(queue.GONE))


def _who_decides(db: Database, office: Office) -> set[str]:
    given = {*roles.having(db, "lead"), *roles.having(db, "admin")}
    return given | office.settings.admins


def _put_question(db: Database, office: Office, plan: Plan, judge: str) -> None:
    settings, now = office.settings, office.clock()
    with language.use(readers.person_speaks(db, judge, default=settings.language)):
        body = question(plan, spending.bill(db, plan, settings, now=now))
    deliveries.put(db, key=f"approval:{plan.id}:{judge}", channel=judge, body=body, now=now)


def _tell(db: Database, office: Office, plan: Plan, *, by: str, job: Job | None) -> None:
    settings, person = office.settings, plan.requested_by
    with language.use(readers.person_speaks(db, person, default=settings.language)):
        said = say_decision(plan, by=by, job=job)
    body = {"text": said, "blocks": [blocks.section(said)]}
    key = f"approval:{plan.id}:decided"
    deliveries.put(db, key=key, channel=person, body=body, now=office.clock())


# --- words, pure ----------------------------------------------------------------------------


def question(plan: Plan, bill: spending.Bill) -> Json:
    """Ask one who decides: what would run, what it costs, how the budgets stand."""
    title = tr(
        "<@{user}> asks for a job that this month's budget has no room for: {model} on {dataset}, "
        "in <#{channel}>.",
        user=plan.requested_by,
        model=escape(figures.model_name(plan.work["base_model"])),
        dataset=escape(plan.work["dataset"]),
        channel=plan.channel,
    )
    said = "\n".join([title, *spending.say_prices(bill)])
    number = str(plan.id)
    buttons = blocks.actions(
        blocks.button(tr("Approve"), "plan_approve", number, style="primary"),
        blocks.button(tr("Decline"), "plan_decline", number, style="danger"),
    )
    return {"text": said, "blocks": [blocks.section(said), buttons]}


def say_decision(plan: Plan, *, by: str, job: Job | None) -> str:
    data = escape(plan.work["dataset"])
    if job is None:
        return tr("<@{user}> declined your job on {dataset}.", user=by, dataset=data)
    return tr(
        "<@{user}> approved your job on {dataset}: it is queued as job {number}.",
        user=by,
        dataset=data,
        number=job.id,
    )
