"""Read who was shown what and chose it: one row a person and item, split by time and by person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from trainer.intake.columns import find_split, one_named, require_columns
from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.made import Made, say_splits
from trainer.intake.rows import read_splits
from trainer.intake.splits import HELD_OUT, drop_leaks, missing
from trainer.intake.table import BadFile, Table
from trainer.intake.tags import SEPARATOR, read_truths
from trainer.spec import SPLITS, IntakeWork, text_hash

# fmt: off
NAMES = {
    "user": ("user", "user id", "userid", "person", "member", "customer", "用户", "用户id", "人员"),
    "item": ("item", "text", "title", "item text", "content", "article", "course", "物品", "内容",
             "标题", "文本"),
    "clicked": ("clicked", "click", "is clicked", "点击", "是否点击"),
    "shown": ("shown", "impressions", "candidates", "展示", "曝光"),
    "chosen": ("chosen", "clicks", "picked", "selected", "选择", "选中"),
    "at": ("at", "time", "timestamp", "date", "datetime", "created at", "时间", "日期"),
}
# fmt: on
NEW_USERS = 20  # one person in twenty is kept from training whole
SECONDS = 100_000_000  # from here on a number is seconds since 1970 (from 1973 on)
MILLISECONDS = 100_000_000_000  # from here on, thousandths of them
CLICKED, PASSED = "clicked", "not clicked"


class Click(NamedTuple):
    user: str
    item: str
    clicked: bool
    at: str | None  # ISO, UTC
    split: str


@dataclass(frozen=True)
class ClickColumns:
    """Names of the columns by role: user, item and clicked, or user, shown and chosen; maybe at."""

    roles: dict[str, str]
    split: str | None


def find(table: Table, work: IntakeWork) -> ClickColumns | None:
    """Find the columns by their names; what the person gave wins. Raise BadFile for no column."""
    given = work.columns
    require_columns(table, *given.values(), work.split_column)
    free = [name for name in table.columns if name not in given.values()]
    named = {role: one_named(free, (names[0],), names) for role, names in NAMES.items()}
    found = {role: name for role, name in named.items() if name} | given
    lists = found.keys() >= {"user", "shown", "chosen"} and "clicked" not in given
    needed = ("user", "shown", "chosen") if lists else ("user", "item", "clicked")
    if not found.keys() >= set(needed):
        return None
    roles = {role: found[role] for role in (*needed, "at") if role in found}
    split = work.split_column or find_split(table, set(roles.values()))
    return ClickColumns(roles, split)


def read(table: Table, columns: ClickColumns) -> Made:
    """Make rows of a table, one a person and item, split by time and by person; raise BadFile.

    Somebody who was shown an item several times chose it when they did so first, or else passed it
    when they saw it last. The result depends on the rows, not on their order.
    """
    shown = list(_read_rows(table, columns))
    full = [row for row in shown if row.user and row.item]
    _check(full, columns)
    once = _one_row_an_item(full)
    splits = split(once, new_users=columns.split is None)
    groups = _group(once)
    kept = drop_leaks(splits, groups)
    rows = sort([once[i]._replace(split=splits[i]) for i in kept])
    _check_splits(rows)
    return Made(
        rows,
        texts=(items := sorted({row.item for row in rows})),
        private=items,
        taken=missing([row.split for row in once]) if columns.split else [],
        card={
            "shape": "clicks",
            "text_column": columns.roles.get("item") or columns.roles["shown"],
            "label_column": columns.roles.get("clicked") or columns.roles["chosen"],
            "columns": columns.roles,
            "splits_from": "file" if columns.split else "made",
            "empty_rows": len(shown) - len(full),
            "exact_duplicates": len(full) - len(once),
            "near_duplicates": len(kept) - len({groups[i] for i in kept}),
            "conflicts": 0,
            "leaks": len(once) - len(kept),
            **describe(rows),
        },
    )


def describe(rows: Sequence[Click]) -> dict[str, Any]:
    """Give what the card counts; people without history clicked nothing in training."""
    users = {row.user for row in rows}
    known = {row.user for row in rows if row.split == "train" and row.clicked}
    return {
        "labels": {},
        "splits": say_splits((row.split, CLICKED if row.clicked else PASSED) for row in rows),
        "counts": {
            "users": len(users),
            "items": len({row.item for row in rows}),
            "clicked": sum(row.clicked for row in rows),
            "without_history": len(users - known),
            "without_time": sum(row.at is None for row in rows),
        },
    }


def sort(rows: Sequence[Click]) -> list[Click]:
    """Put rows in canonical order: split, then hash of the person and the item."""
    return sorted(rows, key=lambda row: (SPLITS.index(row.split), key(row), row.user, row.item))


def key(row: Click) -> str:
    """Name a person and item without keeping them."""
    return text_hash(f"{row.user}\n{row.item}")


def split(rows: Sequence[Click], *, new_users: bool) -> list[str]:
    """Make the missing splits of training rows: the latest tenth each, and some people whole.

    Test takes the latest choices and, with `new_users`, all rows of one person in twenty, whom
    training then never saw; validation takes what is latest before those. Rows of one time stay
    together. Where nothing has a time, a tenth of the rows is drawn by hash; where some have one,
    those without are trained on.
    """
    splits = [row.split for row in rows]
    wanted = missing(splits)
    if "test" in wanted and new_users:
        newcomers = _choose_newcomers(rows)
        splits = ["test" if row.user in newcomers else row.split for row in rows]
    tenth = max(1, round(len(rows) / HELD_OUT))
    for name in reversed(wanted):
        for i in _latest(rows, splits, tenth):
            splits[i] = name
    return splits


def _choose_newcomers(rows: Sequence[Click]) -> set[str]:
    users = sorted({row.user for row in rows}, key=lambda user: (text_hash(user), user))
    return set(users[: len(users) // NEW_USERS])


def _latest(rows: Sequence[Click], splits: Sequence[str], count: int) -> list[int]:
    """Name the latest training rows, at least `count` and all of the same time as the first."""
    timed = any(row.at for row in rows)
    trained = [i for i, name in enumerate(splits) if name == "train" and (rows[i].at or not timed)]
    order = {i: rows[i].at or key(rows[i]) for i in trained}
    first = sorted(order.values(), reverse=True)[:count]
    return [i for i, at in order.items() if first and at >= first[-1]]


def _group(rows: Sequence[Click]) -> list[int]:
    """Give rows of one person with nearly the same item one number."""
    items = sorted({row.item for row in rows})
    like = dict(zip(items, group_near_duplicates(items).tolist(), strict=True))
    numbers: dict[tuple[str, int], int] = {}
    return [numbers.setdefault((row.user, like[row.item]), len(numbers)) for row in rows]


def _one_row_an_item(full: Sequence[Click]) -> list[Click]:
    by_item: defaultdict[tuple[str, str], list[Click]] = defaultdict(list)
    for row in full:
        by_item[row.user, row.item].append(row)
    return sort([_settle(same) for same in by_item.values()])


def _settle(same: Sequence[Click]) -> Click:
    split = min((row.split for row in same), key=SPLITS.index)
    chosen = [row for row in same if row.clicked]
    times = sorted(row.at for row in chosen or same if row.at)
    at = (times[0] if chosen else times[-1]) if times else None
    return Click(same[0].user, same[0].item, bool(chosen), at, split)


# --- rows -----------------------------------------------------------------------------------


def _read_rows(table: Table, columns: ClickColumns) -> Iterator[Click]:
    roles = columns.roles
    users = [value.strip() for value in table.columns[roles["user"]]]
    times = _read_times(table, roles.get("at"))
    splits = read_splits(table, columns.split)
    shown = _read_lists(table, roles) if "shown" in roles else _read_items(table, roles)
    for user, pairs, at, split in zip(users, shown, times, splits, strict=True):
        for item, clicked in pairs:
            yield Click(user, item, clicked, at, split)


def _read_items(table: Table, roles: dict[str, str]) -> Iterator[list[tuple[str, bool]]]:
    items = [value.strip() for value in table.columns[roles["item"]]]
    for item, clicked in zip(items, read_truths(table, roles["clicked"]), strict=True):
        yield [(item, clicked)]


def _read_lists(table: Table, roles: dict[str, str]) -> Iterator[list[tuple[str, bool]]]:
    shown, chosen = (
        [[part.strip() for part in cell.split(SEPARATOR)] for cell in table.columns[roles[role]]]
        for role in ("shown", "chosen")
    )
    for row, (seen, picked) in enumerate(zip(shown, chosen, strict=True)):
        for item in picked:
            if item and item not in seen:
                raise BadFile(
                    f"{table.where(row)}, column {roles['chosen']!r} names {item[:80]!r}, which "
                    f"the column {roles['shown']!r} doesn't: write all that was shown there, "
                    "separated by |."
                )
        yield [(item, item in picked) for item in seen]


def _read_times(table: Table, column: str | None) -> list[str | None]:
    """Read ISO times, or numbers of seconds or milliseconds since 1970, as ISO times in UTC."""
    if column is None:
        return [None] * len(table)
    found: list[str | None] = []
    for row, value in enumerate(table.columns[column]):
        try:
            found.append(_read_time(value.strip()) if value.strip() else None)
        except (ValueError, OverflowError, OSError):
            raise BadFile(
                f"{table.where(row)}, column {column!r} says {value[:40]!r}: write times such as "
                "2026-11-24 17:05."
            ) from None
    return found


def _read_time(value: str) -> str:
    if value.isdecimal() and int(value) >= SECONDS:
        number = int(value)
        seconds = number / 1_000 if number >= MILLISECONDS else number
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    at = datetime.fromisoformat(value.replace("/", "-"))
    return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _check(full: Sequence[Click], columns: ClickColumns) -> None:
    if not full:
        raise BadFile("No row has both a person and an item.")
    clicked = Counter(row.clicked for row in full)
    name = columns.roles.get("clicked") or columns.roles["chosen"]
    if not clicked[False]:
        raise BadFile(
            f"The column {name!r} says that everything was clicked: add what people were shown "
            "and passed over, with 0."
        )
    if not clicked[True]:
        raise BadFile(f"The column {name!r} says that nothing was clicked: clicks are needed.")


def _check_splits(rows: Sequence[Click]) -> None:
    found = {(row.split, row.clicked) for row in rows}
    for name in SPLITS:
        for clicked, said in ((True, "clicked"), (False, "passed over")):
            if (name, clicked) not in found:
                raise BadFile(
                    f"The {name} split has nothing that was {said}: add rows of more people or "
                    "times."
                )
