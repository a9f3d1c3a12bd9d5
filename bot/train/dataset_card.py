"""The card of a data set: what is in it, what was left out, what to mind."""

from __future__ import annotations

from bot import blocks, figures
from bot.language import listed, mark, tr, trn
from bot.train import heard, shape_words
from bot.wording import escape
from storage.records import Dataset, Json
from storage.talent import PrivacyReview
from trainer.spec import DataCard

LABELS = 15  # shown
BAR = 12  # characters
LANGUAGES = 5
SPLITS = {"train": mark("train"), "validation": mark("validation"), "test": mark("test")}
RARE = 0.01  # below it a language is more likely a wrong guess


def card(dataset: Dataset, *, note: str = "", review: PrivacyReview | None = None) -> Json:
    """Write the card as `text` and `blocks`; `note` goes before it."""
    found = DataCard.model_validate(dataset.card)
    title = tr(
        "Data set {dataset}: {rows}, {labels}, from {file}",
        dataset=escape(dataset.title),
        rows=trn("{count:,} row", "{count:,} rows", found.rows),
        labels=listed(shape_words.say_kinds(found)),
        file=escape(found.filename),
    )
    train = blocks.button(tr("Train on it"), "train_on", dataset.title, style="primary")
    lines = [
        tr("*Splits*  {splits}", splits=_say_splits(found)),
        tr("*Left out*  {rows}", rows=_say_left_out(found)),
        tr("*Kept*  {rows}", rows=_say_kept(found)),
        tr(
            "*Texts*  {lengths}; {languages}",
            lengths=_say_lengths(found),
            languages=_say_languages(found),
        ),
        *shape_words.say_counts(found),
        tr("*Personal data*  {kinds}", kinds=_say_personal(found)),
        *_say_suspects(dataset, found),
        *_say_corrections(found),
        _say_review(review),
    ]
    warnings = [escape(heard.again(warning)) for warning in found.warnings]
    kinds = shape_words.count_kinds(found)
    shown = [blocks.context(note)] if note else []
    shown += [
        blocks.section(f"*{title}*"),
        blocks.section(f"```{escape(draw_labels(kinds, total=found.rows))}```"),
        blocks.section("\n".join(lines)),
        *(blocks.context(f":warning: {warning}") for warning in warnings),
        blocks.context(_say_origin(found)),
        blocks.actions(train),
    ]
    said = [note, title, *lines, *warnings, _say_origin(found)]
    text = "\n".join(filter(None, said))
    return {"text": blocks.cut(text, blocks.SECTION), "blocks": shown}


def draw_labels(labels: dict[str, int], *, total: int) -> str:
    """Draw the balance of the labels, the most frequent first; shares are of `total` rows."""
    most = max(labels.values())
    rows = [
        [label, figures.bar(rows / most, BAR), f"{rows:,}", figures.percent(rows / total)]
        for label, rows in list(labels.items())[:LABELS]
    ]
    left = len(labels) - LABELS
    more = [trn("and {count} more label", "and {count} more labels", left)] if left > 0 else []
    return "\n".join([figures.table(rows), *more])


def _say_splits(found: DataCard) -> str:
    counts = [f"{tr(SPLITS[split])} {sum(of.values()):,}" for split, of in found.splits.items()]
    if found.splits_from == "file":
        return tr("{counts} (the file's own)", counts=listed(counts))
    return tr(shape_words.SPLIT_HOW[found.shape], counts=listed(counts))


def _say_left_out(found: DataCard) -> str:
    empty, twice, leaks = found.empty_rows, found.exact_duplicates, found.leaks
    parts = [
        empty and trn("{count:,} empty row", "{count:,} empty rows", empty),
        twice and trn("{count:,} exact duplicate", "{count:,} exact duplicates", twice),
        leaks
        and trn(
            "{count:,} row that stood in two splits",
            "{count:,} rows that stood in two splits",
            leaks,
        ),
    ]
    return listed(part for part in parts if part) or tr("nothing")


def _say_kept(found: DataCard) -> str:
    near, torn = found.near_duplicates, found.conflicts
    parts = [
        near and trn("{count:,} near-duplicate", "{count:,} near-duplicates", near),
        torn and shape_words.say_conflicts(found),
    ]
    return listed(part for part in parts if part) or tr("no near-duplicates, no contradictions")


def _say_lengths(found: DataCard) -> str:
    at = found.characters
    return tr(
        "half are up to {half:,} characters long, 95% up to {most:,}, the longest {longest:,}",
        half=at["p50"],
        most=at["p95"],
        longest=at["max"],
    )


def _say_languages(found: DataCard) -> str:
    told = {code: share for code, share in found.languages.items() if share >= RARE}
    shares = [f"{escape(code)} {share:.0%}" for code, share in told.items()]
    return listed(shares[:LANGUAGES]) or tr("the language is not clear")


def _say_personal(found: DataCard) -> str:
    kinds = [
        trn("{kind} in {count:,} row", "{kind} in {count:,} rows", rows, kind=escape(kind))
        for kind, rows in found.personal_data.items()
    ]
    said = listed(kinds) or tr("none was found")
    if not found.redacted:
        return said
    return trn(
        "{said}; it was redacted in {count:,} row",
        "{said}; it was redacted in {count:,} rows",
        found.redacted,
        said=said,
    )


def _say_suspects(dataset: Dataset, found: DataCard) -> list[str]:
    if not found.suspects:
        return []
    said = trn(
        "*Labels*  {count:,} row may have a wrong one: `/train data review {name}` shows it to "
        "<@{owner}>",
        "*Labels*  {count:,} rows may have a wrong one: `/train data review {name}` shows them to "
        "<@{owner}>",
        found.suspects,
        name=dataset.title,
        owner=dataset.added_by,
    )
    return [said]


def _say_corrections(found: DataCard) -> list[str]:
    made = found.corrections
    if made is None:
        return []
    said = tr(
        "*Corrections*  {added:,} new training rows, {relabelled:,} new labels, {held_out:,} held "
        "out to measure by; {earlier:,} in earlier versions",
        added=made.added,
        relabelled=made.relabelled,
        held_out=made.held_out,
        earlier=made.earlier,
    )
    return [said]


def _say_review(review: PrivacyReview | None) -> str:
    if review is None:
        return tr("*Privacy*  not reviewed yet")
    return tr("*Privacy*  reviewed by <@{by}>, {when}", by=review.by, when=figures.when(review.at))


def _say_origin(found: DataCard) -> str:
    return tr(
        "{columns} · {size} · hash `{hash}`",
        columns=escape(shape_words.say_columns(found)),
        size=figures.size(found.bytes),
        hash=found.hash[:12],
    )
