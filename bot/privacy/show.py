"""Show one person what is kept about them: how much, why, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot import blocks
from bot.asking import Asker, Office, Reply
from bot.commands.coach import ShowPrivacy
from bot.language import mark, tr
from bot.settings import BotSettings
from storage import kept
from storage.database import opened

NOT_KEPT = mark(
    "A text whose sentiment you ask is not kept, nor that you asked: answers are counted by label. "
    "A backup holds what there was when it was made."
)


@dataclass(frozen=True)
class Purpose:
    """Tables that are kept for one reason."""

    tables: tuple[str, ...]
    what: str
    why: str  # and until when


PURPOSES = (
    Purpose(
        ("members", "leaves", "roles"),
        mark("Who you are"),
        mark("So that you are reached in your hours and language. Kept while you are on the team."),
    ),
    Purpose(
        ("corrections",),
        mark("Answers that you corrected, redacted"),
        mark("So that their data set gets better. Each is deleted after {corrections} days."),
    ),
    Purpose(
        ("questions",),
        mark("Questions of yours that found no answer, or that you judged, redacted"),
        mark("So that the answers get better. Each is deleted after {corrections} days."),
    ),
    Purpose(
        ("monitored",),
        mark("What you wrote in watched channels, redacted"),
        mark("So that an alert can show what drives it. Each is deleted after {monitored} days."),
    ),
    Purpose(
        (
            *("jobs", "plans", "datasets", "models", "promotions"),
            *("shadows", "monitors", "schedules"),
        ),
        mark("Your jobs, plans, data sets, models, monitors and reports"),
        mark("So that others can build on them. Kept until somebody deletes them."),
    ),
    Purpose(
        (
            *("member_skills", "skills", "resources", "resource_marks", "recommendations"),
            *("learning_plans", "assignments", "pseudonyms"),
        ),
        mark("Your skills, and what you learn or brought to learn"),
        mark("So that you are recommended what fits. Kept while you are on the team."),
    ),
    Purpose(
        ("sessions", "occurrences", "attendance", "pair_members", "pair_blocks", "thanks"),
        mark("Your sessions, pairs and thanks"),
        mark("So that sessions have a host and pairs change. Kept for good."),
    ),
    Purpose(
        ("chats", "written"),
        mark("Where you let a model answer, and which of your mentions it answered"),
        mark("So that it answers each once, and not too often. A mention is kept for a day."),
    ),
    Purpose(
        ("surveys", "survey_participants"),
        mark("Surveys that you asked or took part in"),
        mark("So that each is answered once. Answers are kept apart: nothing leads back to you."),
    ),
    Purpose(
        ("interviews", "candidates"),
        mark("Interviews that you hold, candidates that you own"),
        mark("So that scorecards are somebody's. Deleted with their candidate."),
    ),
    Purpose(
        ("deliveries", "nudges", "responses"),
        mark("Messages to you, reminders and what came of them"),
        mark("So that each comes once, and stops where it does not help. Kept for good."),
    ),
    Purpose(
        ("audit", "alerts", "approvals", "budgets", "privacy_reviews", "suspects"),
        mark("What you changed or decided, and what was changed about you"),
        mark("So that it can be told who did what. Kept for good."),
    ),
)


def show(office: Office, asker: Asker, _: ShowPrivacy) -> Reply:
    with opened(office.settings.data_dir) as db:
        return say(kept.counts(db, asker.user), office.settings)


def say(counts: Mapping[str, int], settings: BotSettings) -> Reply:
    """Say what is kept, a line a purpose; what there is none of is left out."""
    days = {
        "corrections": settings.corrections_kept_days,
        "monitored": settings.monitored_kept_days,
    }
    lines = [tr("*What Coach keeps about you*; only you see this")]
    for purpose in PURPOSES:
        count = sum(counts.get(table, 0) for table in purpose.tables)
        if count:
            told = {"what": tr(purpose.what), "why": tr(purpose.why, **days)}
            lines.append(tr("• {what}: *{count:,}*. {why}", count=count, **told))
    text = "\n".join(lines)
    buttons = blocks.actions(
        blocks.button(tr("Get it as a file"), "privacy_export", "-"),
        blocks.button(tr("Forget what I said"), "privacy_forget", "-", style="danger"),
    )
    said = [blocks.section(text), blocks.context(tr(NOT_KEPT)), buttons]
    return Reply(f"{text}\n{tr(NOT_KEPT)}", said)
