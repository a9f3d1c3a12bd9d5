"""Reports reach those who may read them, at their time, once; what is empty is not sent."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio
import time_machine
from office import Desktop, open_desktop
from records import NOON
from results import BETTER, NONE, assert_postable, assert_valid, make_result

from bot import language, sheet
from bot.asking import Asker, RefusalError
from bot.commands import report as report_commands
from bot.commands.report import ReportNow
from bot.cost import Standing
from bot.report import draft, due, files, now, rooms, sentiment, training
from bot.report.draft import Draft
from bot.report.kinds import Scope
from bot.report.registry import KINDS
from bot.report.schedule import split_channel
from bot.report.training_facts import Facts
from bot.settings import BotSettings
from bot.workspace.server import Workspace
from storage import answers, deliveries, roles, schedules
from storage.records import Job, Promotion, Use
from storage.talent import AnswerCount
from trainer.spec import Comparison

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
PRICED = BotSettings(_env_file=None, gpu_hour_rates={"cpu": 2})
SCOPE = Scope("C1", NOON - WEEK, NOON, "UTC", PRICED)


# --- training, pure -------------------------------------------------------------------------


def make_job(number: int, state: Any = "succeeded", **changes: Any) -> Job:
    compared = Comparison(model=4, difference=changes.pop("difference", NONE), left_out=0)
    result = make_result(comparison=compared).model_dump(mode="json")
    values: dict[str, Any] = {
        "id": number,
        "key": str(number),
        "kind": "train",
        "state": state,
        "work": {"dataset": "reviews", "base_model": "minilm"},
        "priority": 0,
        "requested_by": "U1",
        "channel": "C1",
        "created_at": NOON - HOUR,
        "attempt": 1,
        "ended_at": NOON,
        "result": result if state == "succeeded" else None,
        "failure": {"cause": "out_of_memory"} if state == "failed" else None,
    }
    return Job(**values | changes)


def make_use(job: Job) -> Use:
    return Use(
        job.id,
        1,
        job.requested_by,
        job.channel,
        job.work["dataset"],
        "CPU, 2 threads, bf16",
        NOON - HOUR,
        NOON,
    )


def make_facts(*ended: Job, **changes: Any) -> Facts:
    values: dict[str, Any] = {
        "scope": SCOPE,
        "running": 1,
        "queued": 2,
        "ended": ended,
        "uses": [make_use(job) for job in ended],
        "purposes": {9: "sentiment"},
        "promotions": [Promotion(1, "sentiment", 3, 9, 4, "U1", NOON)],
        "standings": [Standing("U1", 10, 4, 1)],
    }
    return Facts(**values | changes)


def name(of: str) -> str:
    return {"U1": "Ana Lima", "U2": "=Bo"}.get(of, of)


def test_the_training_report_says_results_failures_costs_budgets_and_promotions() -> None:
    ended = (
        make_job(9, difference=BETTER),
        make_job(10),
        make_job(11, "failed", requested_by="U2"),
    )
    report = training.say(make_facts(*ended), name)
    for words in (
        "1 job runs, 2 wait",
        "90.0% (",
        "better by 6.2 ± 1.9 points",
        "no difference can be shown",
        "out of memory 1",
        "By person: Ana Lima 2.0 h, $4.00",
        "By data set: reviews 3.0 h, $6.00",
        "By purpose: not promoted 2.0 h, $4.00 · sentiment 1.0 h, $2.00",
        "$4.00 of $10.00 spent, $5.00 left",
        "sentiment v3 is model 9, by Ana Lima",
    ):
        assert words in report.text
    assert_postable(report.text, report.blocks)
    assert report.picture is not None
    assert "2 runs finished; 1 is better than the model that served" in report.picture.alt
    assert "87.0%" not in report.picture.alt


def test_the_table_of_runs_names_nobody_whose_job_failed() -> None:
    jobs = (make_job(9), make_job(10, requested_by="U2"), make_job(11, "failed"))
    table = training.say(make_facts(*jobs), name).table
    assert table is not None
    rows = list(csv.DictReader(StringIO(table)))
    assert [(row["job"], row["by"], row["hours"]) for row in rows] == [
        ("9", "Ana Lima", "1.0"),
        ("10", "'=Bo", "1.0"),
    ]


def test_without_rates_there_are_hours_and_no_money() -> None:
    scope = Scope("C1", NOON - WEEK, NOON, "UTC", BotSettings(_env_file=None))
    report = training.say(make_facts(make_job(9), scope=scope, standings=[]), name)
    assert "Ana Lima 1.0 h" in report.text
    assert "$" not in report.text


def test_many_runs_with_long_chinese_names_fit_a_message() -> None:
    work = {"dataset": "客户服务对话情感分类数据集第二版" * 3, "base_model": "x" * 200}
    report = training.say(make_facts(*(make_job(n, work=work) for n in range(60))), name)
    assert_postable(report.text, report.blocks)
    assert "and 50 more" in report.text


# --- sentiment, pure ------------------------------------------------------------------------


def test_answers_are_told_by_label_with_the_share_that_was_not_sure() -> None:
    counts = [
        AnswerCount("sentiment", 1, "positive", True, 6),
        AnswerCount("sentiment", 2, "positive", False, 1),
        AnswerCount("sentiment", 2, "<!here>", True, 3),
    ]
    report = sentiment.say(counts, SCOPE)
    assert "10 answers were given; 10.0% of them were “not sure”" in report.text
    assert "positive: 7 (70.0%)" in report.text
    assert_postable(report.text, report.blocks)
    assert report.table is not None
    assert report.table.splitlines()[1] == "sentiment,1,positive,yes,6"


def test_a_cell_that_a_spreadsheet_would_run_is_quoted() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", -1.5, None]
    (row,) = list(csv.reader(StringIO(sheet.write([], [hostile]))))[1:]
    assert row == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain", "-1.5", ""]


# --- drafts, pure ---------------------------------------------------------------------------

TUESDAY = date(2026, 11, 24)
DRAFT = Draft("key", "training", "C1", None, "2026-11-25T09:30", "Europe/Berlin")


@pytest.mark.parametrize(
    ("repeat", "rule", "starts_at"),
    [
        ("once", None, "2026-11-24T09:30"),
        ("daily", "FREQ=DAILY", "2026-11-24T09:30"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-24T09:30"),
        ("weekly", "FREQ=WEEKLY;BYDAY=TU", "2026-11-24T09:30"),
        ("biweekly", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "2026-11-24T09:30"),
        ("monthly", "FREQ=MONTHLY;BYMONTHDAY=24", "2026-11-24T09:30"),
    ],
)
def test_what_is_picked_becomes_a_rule_from_its_day_on(
    repeat: str, rule: str | None, starts_at: str
) -> None:
    values = {
        "kind": {"kind": {"selected_option": {"value": "sentiment"}}},
        "repeat": {"repeat": {"selected_option": {"value": repeat}}},
        "day": {"day": {"selected_date": TUESDAY.isoformat()}},
        "time": {"time": {"selected_time": "09:30"}},
        "to": {"to": {"selected_conversation": "C2"}},
    }
    read = draft.read_form(values, DRAFT, now=datetime(2026, 11, 20, tzinfo=UTC))
    assert (read.kind, read.channel, read.key) == ("sentiment", "C2", "key")
    assert (read.rule, read.starts_at) == (rule, starts_at)
    assert draft.repeat_of(read.rule) == repeat


def test_the_card_shows_five_dates_in_the_askers_zone() -> None:
    daily = Draft("key", "training", "C1", "FREQ=DAILY", "2026-11-25T09:30", "Asia/Shanghai")
    at = datetime(2026, 11, 24, tzinfo=UTC)
    shown = draft.card(daily, KINDS["training"], now=at)
    assert "Wed, Nov 25, 2026 09:30" in shown.text
    assert shown.text.count("2026 09:30") == 5
    assert_postable(shown.text, shown.blocks)
    with language.use("zh"):
        assert "2026年11月25日周三 09:30" in draft.card(daily, KINDS["training"], now=at).text


def test_every_report_that_can_be_typed_is_there() -> None:
    assert set(KINDS) == set(get_args(report_commands.Kind))


def test_a_channel_at_the_end_is_where_it_comes() -> None:
    assert split_channel("weekdays 9:30 <#C12>") == ("weekdays 9:30", "C12")
    assert split_channel("每周一上午九点") == ("每周一上午九点", None)


# --- end to end -----------------------------------------------------------------------------


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as opened_desktop:
        yield opened_desktop


def report_keys(desktop: Desktop) -> list[str]:
    with desktop.database() as db:
        rows = db.query("SELECT key FROM deliveries WHERE key LIKE 'report:%' ORDER BY id")
        return [row["key"] for row in rows]


async def test_a_scheduled_report_comes_at_its_time_once_and_not_after_it_is_stopped(
    desktop: Desktop,
) -> None:
    card = await desktop.say("bo", "schedule training weekdays 9:30", "/report")
    assert "on weekdays at 09:30" in card.text
    kept = await desktop.press("bo", card, "report_schedule")
    assert "Schedule 1" in kept.text
    with desktop.database() as db:
        (schedule,) = schedules.all_open(db)
    first = datetime.fromisoformat(schedule.starts_at).replace(tzinfo=UTC)
    with time_machine.travel(first + timedelta(seconds=5)):  # nothing to say yet
        await due.send(desktop.office)
        assert report_keys(desktop) == []
    with time_machine.travel(first + timedelta(hours=10)):
        desktop.add_model("bo")
    with time_machine.travel(first + timedelta(days=7, seconds=5)):
        for _ in range(2):
            await due.send(desktop.office)
            await desktop.outbox.drain()
        posted = await desktop.workspace.wait_for(lambda m: m.text.startswith("Training from"))
        picture = await desktop.workspace.wait_for(lambda m: bool(m.files))
        assert picture.thread_ts == posted.ts
        assert len(report_keys(desktop)) == 2
        await desktop.workspace.click("ana", posted, "report_csv")
        table = await desktop.workspace.wait_for(lambda m: "direct message" in m.text)
        assert table.ephemeral_to == desktop.user("ana")
        await desktop.outbox.drain()
        (given,) = [
            m for m in desktop.workspace.messages(desktop.workspace.dm("ana").id) if m.files
        ]
        assert given.files[0].name.endswith(".csv")
    shown = await desktop.say("ana", "list", "/report")
    assert "on weekdays at 09:30" in shown.text
    await desktop.workspace.click("ana", shown, "report_stop:1")
    await desktop.workspace.wait_for(lambda m: "Schedule 1 is stopped" in m.text)
    with time_machine.travel(first + timedelta(days=8, seconds=5)):
        desktop.add_model("bo")
        await due.send(desktop.office)
    assert len(report_keys(desktop)) == 3


async def test_without_words_a_form_leads_to_the_same_card(desktop: Desktop) -> None:
    await desktop.workspace.slash("bo", "general", "/report", "schedule")
    view = await desktop.workspace.wait_for_view("bo")
    for block in view["blocks"]:
        assert_valid(block)
    picked = {"kind": "sentiment", "repeat": "weekly", "day": "2031-06-03", "time": "10:00"}
    await desktop.workspace.submit_view("bo", view["id"], picked | {"to": desktop.channel})
    card = await desktop.workspace.wait_for(lambda m: "Sentiment" in m.text)
    assert "every Tuesday at 10:00" in card.text
    await desktop.press("bo", card, "report_schedule")
    with desktop.database() as db:
        (kept,) = schedules.all_open(db)
    assert (kept.kind, kept.starts_at) == ("sentiment", "2031-06-03T10:00")


async def test_a_report_now_has_its_picture_and_table_in_its_thread(desktop: Desktop) -> None:
    nothing = await desktop.say("bo", "now sentiment", "/report")
    assert "nothing to say" in nothing.text
    with desktop.database() as db:
        an_hour_ago = desktop.office.clock() - HOUR
        answers.count(db, alias="sentiment", model=1, label="good", sure=True, now=an_hour_ago)
    bo = Asker("key", desktop.user("bo"), desktop.channel)
    assert await now.post(desktop.office, bo, ReportNow("sentiment", csv=True)) is None
    await desktop.tick()
    posted = await desktop.workspace.wait_for(lambda m: m.text.startswith("Sentiment from"))
    thread = desktop.workspace.messages("general", posted.ts)
    assert [m.files[0].name.rpartition(".")[2] for m in thread[1:]] == ["png", "csv"]
    preview = await desktop.say("bo", "preview sentiment", "/report")
    assert preview.ephemeral_to == desktop.user("bo")


async def test_what_is_for_some_is_refused_to_others_and_to_rooms_with_others_in_them(
    desktop: Desktop,
) -> None:
    refused = await desktop.say("bo", "preview hiring", "/report")
    assert "Only" in refused.text
    with desktop.database() as db:
        roles.give(db, desktop.user("bo"), "panel", by=desktop.user("ana"), now=NOON)
    public = await desktop.say("bo", "schedule hiring daily 9:00", "/report")
    assert "private channels only" in public.text
    kind, office = KINDS["hiring"], desktop.office
    bo = Asker("key", desktop.user("bo"), desktop.channel)
    away = desktop.workspace.state.channel("random").id
    with pytest.raises(RefusalError, match="I am not in"):
        await rooms.require_room(office, bo, KINDS["training"], away)
    panel = (await desktop.workspace.make_private("hiring", "bo", "coach")).id
    await rooms.require_room(office, bo, kind, panel)
    assert await rooms.why_not(office, kind, panel) is None
    await desktop.workspace.invite(panel, "ana")
    assert "1 person" in str(await rooms.why_not(office, kind, panel))
    theirs = (await desktop.workspace.make_private("theirs", "ana", "coach")).id
    with pytest.raises(RefusalError, match="You are not in"):
        await rooms.require_room(office, bo, KINDS["training"], theirs)


async def test_a_private_report_is_held_back_where_somebody_joined_since(
    desktop: Desktop,
) -> None:
    panel = (await desktop.workspace.make_private("hiring", "bo", "ana", "coach")).id
    at = desktop.office.clock()
    with desktop.database() as db:
        roles.give(db, desktop.user("bo"), "panel", by=desktop.user("ana"), now=NOON)
        made: dict[str, Any] = {
            "rule": "FREQ=DAILY",
            "starts_at": "2026-03-01T09:00",
            "zone": "UTC",
        }
        made |= {"kind": "hiring", "channel": panel, "by": desktop.user("bo")}
        schedule = schedules.add(db, key="made", now=at, **made)
        key = schedules.delivery_key(schedule.id, "2026-03-02T09:00")
        deliveries.put(db, key=key, channel=panel, body={"text": "CANDIDATE-7"}, now=at)
    await desktop.outbox.drain()
    await desktop.outbox.drain()
    assert "CANDIDATE-7" not in desktop.workspace.transcript()
    told = desktop.workspace.messages(desktop.workspace.dm("bo").id)
    assert "was not sent" in told[-1].text


def test_files_of_reports_go_after_a_week(data_dir: Path) -> None:
    body = files.keep_table(data_dir, "training", "job\n")
    files.purge(data_dir, now=datetime.now(UTC) + timedelta(days=6))
    assert (data_dir / body["file"]).read_bytes() == b"\xef\xbb\xbfjob\n"
    files.purge(data_dir, now=datetime.now(UTC) + timedelta(days=8))
    assert not (data_dir / body["file"]).exists()
