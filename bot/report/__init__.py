"""What /report does."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import Feature, Modal, Tick, threaded
from bot.commands.report import (
    Budget,
    ListReports,
    ReportNow,
    ReportPreview,
    ScheduleReport,
    StopReport,
)
from bot.report import budget, due, now, schedule

FEATURE = Feature(
    commands={
        ReportNow: now.post,
        ReportPreview: threaded(now.preview),
        ListReports: threaded(schedule.list_schedules),
        ScheduleReport: schedule.schedule,
        StopReport: threaded(schedule.stop),
        Budget: threaded(budget.handle),
    },
    buttons={
        "report_csv": threaded(now.give_table),
        "report_schedule": schedule.press_schedule,
        "report_change": schedule.press_change,
        "report_drop": threaded(schedule.drop),
        "report_stop": threaded(schedule.press_stop),
    },
    modals={"report_schedule": Modal(schedule.take_form)},
    ticks={
        "reports": Tick(timedelta(seconds=10), due.send),
        "budgets": Tick(timedelta(minutes=5), budget.warn),
        "report_files": Tick(timedelta(days=1), due.purge),
    },
    guards={"report": due.guard},
)
