"""The report on a quarter: privacy by data set, the newest survey, the dates that matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlite_utils import Database

from bot import blocks, figures, sheet
from bot.asking import Block
from bot.language import mark, tr, trn
from bot.report.kinds import Kind, Report, Scope
from bot.team import survey_results
from bot.team.reviews import BASES, QUESTIONS, say_personal
from bot.team.survey_results import Result
from bot.wording import code, escape
from storage import datasets, privacy, sessions, surveys
from storage.records import Dataset
from storage.talent import Occurrence, PrivacyReview, Survey

TITLE = mark("Quarter")
QUARTER = timedelta(days=92)
SHOWN = 20  # data sets, dates
DATES = {
    "competition": mark("competition"),
    "innovation-fund": mark("innovation fund"),
    "study-leave": mark("study leave"),
    "equity": mark("equity"),
    "privacy-review": mark("privacy review"),
}
COLUMNS = ("data set", "rows", "personal data", "reviewed by", "reviewed at", "basis", *QUESTIONS)
Privacy = Sequence[tuple[Dataset, PrivacyReview | None]]


@dataclass(frozen=True)
class Quarter:
    privacy: Privacy
    survey: tuple[Survey, Sequence[Result]] | None  # nothing where too few answered
    dates: Sequence[Occurrence]  # of the quarter to come


def compose(db: Database, scope: Scope) -> Report | None:
    signed = privacy.reviews(db)
    dates = sessions.between(db, scope.now, scope.now + QUARTER)
    found = Quarter(
        [(one, signed.get(one.hash)) for one in datasets.all_newest(db)],
        _survey(db, scope),
        [one for one in dates if one.kind in DATES],
    )
    return say(found) if found.privacy or found.survey or found.dates else None


def _survey(db: Database, scope: Scope) -> tuple[Survey, Sequence[Result]] | None:
    newest = surveys.newest_closed(db, scope.now)
    if newest is None or newest.closes_at < scope.since:
        return None
    found = survey_results.results(newest, surveys.answers(db, newest.id), scope.now)
    return (newest, found) if found else None


KIND = Kind("quarter", TITLE, compose, covers=QUARTER, readers=("lead", "committee"), private=True)

# --- pure -----------------------------------------------------------------------------------


def say(found: Quarter) -> Report:
    open_reviews = sum(review is None for _, review in found.privacy)
    title = trn(
        "The quarter: {count} data set without a privacy review.",
        "The quarter: {count} data sets without a privacy review.",
        open_reviews,
    )
    paragraphs = [*_say_privacy(found.privacy), *_say_survey(found), *_say_dates(found.dates)]
    shown: list[Block] = [blocks.section(f"*{title}*"), *map(blocks.section, paragraphs)]
    text = "\n".join([title, *paragraphs])
    return Report(blocks.cut(text, blocks.SECTION), shown, table=_table(found.privacy))


def _say_privacy(checked: Privacy) -> list[str]:
    # What is not signed off comes first.
    ordered = sorted(checked, key=lambda pair: (pair[1] is not None, pair[0].name))
    lines = [_say_review(*pair) for pair in ordered[:SHOWN]]
    if more := len(ordered) - len(lines):
        lines.append(tr("and {count} more", count=more))
    return ["\n".join([tr("*Privacy*"), *lines])] if lines else []


def _say_review(dataset: Dataset, review: PrivacyReview | None) -> str:
    named = {"dataset": code(dataset.title), "personal": say_personal(dataset)}
    if review is None:
        return tr(":warning: {dataset}: not reviewed; {personal}", **named)
    return tr(
        ":white_check_mark: {dataset}: signed by <@{by}>, {when}; {basis}; {personal}",
        **named,
        by=review.by,
        when=figures.when(review.at),
        basis=tr(BASES.get(review.checklist.get("basis", ""), "")),
    )


def _say_survey(found: Quarter) -> list[str]:
    if found.survey is None:
        return []
    survey, results = found.survey
    title = tr("*Survey*  {title}", title=escape(survey.title))
    return [title, *(part for one in results for part in survey_results.say(one))]


def _say_dates(dates: Sequence[Occurrence]) -> list[str]:
    lines = [
        tr(
            "• {when}  {title} ({kind})",
            when=figures.when(one.starts_at),
            title=escape(one.title),
            kind=tr(DATES[one.kind]),
        )
        for one in dates[:SHOWN]
    ]
    return ["\n".join([tr("*Dates of the next quarter*"), *lines])] if lines else []


def _table(checked: Privacy) -> str:
    return sheet.write(COLUMNS, [_row(*pair) for pair in checked])


def _row(dataset: Dataset, review: PrivacyReview | None) -> tuple[object, ...]:
    checklist = review.checklist if review else {}
    kinds = dataset.card.get("personal_data") or {}
    answers = [checklist.get(name, "") for name in ("basis", *QUESTIONS)]
    by, at = (review.by, f"{review.at:%Y-%m-%d}") if review else ("", "")
    return (dataset.title, dataset.rows, " ".join(kinds), by, at, *answers)
