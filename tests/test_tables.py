"""Tables leave as CSV and come back: nothing changes on the round trip, and errors name their place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from bot import sheet
from bot.asking import RefusalError
from bot.team import starter
from bot.team.tables import TABLES
from bot.team.tables.table import Row, Table, compare, read, say, write
from storage import audit, learning, members, skills
from storage.database import immediate

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def team(db: Database) -> Database:
    """Give a database with two people, the starter list, levels and plans."""
    for user, name in (("U1", "Ana"), ("U2", "Bo =1+1")):
        values = {"zone": "Asia/Shanghai", "language": "zh", "now": NOW}
        members.ensure(db, user, name=name, kind="person", **values)  # type: ignore[arg-type]
    starter.add(db, by="U1", now=NOW)
    skill = skills.find(db, "Evaluation")
    assert skill is not None
    skills.set_level(db, "U2", skill.id, 3, by="U2", now=NOW)
    skills.set_want(db, "U1", skill.id, want=True, by="U1", now=NOW)
    for number in (1, 2):
        learning.assign(db, "U2", number, track="technical", by="U1", now=NOW)
    learning.finish(db, 1, by="U2", evidence="=HYPERLINK(1)", now=NOW)
    return db


def export(db: Database, table: Table) -> bytes:
    columns = [column.name for column in table.columns]
    rows = [[row[name] for name in columns] for row in table.rows(db)]
    return sheet.write(columns, rows).encode("utf-8-sig")


def load(db: Database, table: Table, text: str | bytes) -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    return read(table, sheet.read(data), starter.known(db), table.rows(db))


@pytest.mark.parametrize("name", TABLES)
def test_what_was_exported_changes_nothing_when_it_comes_back(team: Database, name: str) -> None:
    table = TABLES[name]
    rows = load(team, table, export(team, table))
    found = compare(table, table.rows(team), rows)
    assert (found.added, found.changed) == ([], [])
    assert found.same == len(table.rows(team)) > 0
    assert "changes nothing" in say(table, found)


@pytest.mark.parametrize(
    ("name", "text", "adds", "changes"),
    [
        ("members", "user,name,manager\nU2,Bo,U1\nU9,Cy,\n", 1, 1),
        ("skills", "Name,has\nEVALUATION,U2 4; U1 1\nHaggling,\n", 1, 1),
        ("plans", "user;resource;state\nU2;attention is all you need;open\nU1;Diátaxis;done", 1, 1),
        ("resources", 'title,minutes,skills\nLaws of UX,45,feedback\n"New, and good",5,\n', 1, 1),
    ],
)
def test_an_import_adds_and_changes_and_once_more_does_nothing(
    team: Database, name: str, text: str, adds: int, changes: int
) -> None:
    table = TABLES[name]
    found = compare(table, table.rows(team), load(team, table, text))
    assert (len(found.added), len(found.changed)) == (adds, changes)
    before = len(audit.find(team, limit=1000))
    with immediate(team):
        write(team, table, found, by="U1", now=NOW)
    assert len(audit.find(team, limit=1000)) > before
    again = compare(table, table.rows(team), load(team, table, text))
    assert (again.added, again.changed) == ([], [])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("skills", "", "The file is empty"),
        ("skills", "name,level\n", r"Line 1: there is no column `level` in skills.* It has: name"),
        ("skills", "zh\nx\n", "Line 1: the column `name` is missing"),
        ("skills", "name,Name\n", "Line 1: the column `name` is there twice"),
        ("skills", "name\na\n\nb,c\n", "Line 4: it has 2 cells, and the header 1"),
        ("skills", "name\na\nA\n", "Line 3: it says once more what line 2 says"),
        ("skills", 'name,zh\n"a\nb",x\nc,"d" e\n', "Line 4 is no CSV"),
        ("skills", 'name\n"open\n', "Line 2 is no CSV"),
        ("skills", "name,has\na,U2 5\n", "Line 2: column `has`: `U2 5` isn't a member's ID"),
        ("skills", "name,has\na,U7 1\n", "Line 2: column `has`: `U7` is no member's ID"),
        ("skills", "name,critical\na,maybe\n", "column `critical`: `maybe` isn't one of yes, no"),
        ("resources", "title,kind\na,papper\n", "Did you mean `paper`"),
        ("resources", "title,minutes\na,0\n", "`minutes`: `0` isn't a whole number from 1"),
        ("resources", "title,link\na,javascript:1\n", "`link`: .* is no address"),
        ("resources", "title,skills\na,Evaluatoin\n", "no skill `Evaluatoin`. Did you mean"),
        ("resources", "title,mends\na,oom\n", "column `mends`"),
        ("plans", "user,resource\nU2,Nothing\n", "`Nothing` is no resource's title"),
        ("plans", "user,resource,evidence\nU2,Diátaxis,x\n", "only what is done has evidence"),
        ("plans", "user,resource,due_on\nU2,Diátaxis,1/2\n", "is no day, such as 2026-12-01"),
        ("members", "user\nbo\n", "`bo` is no member ID of Slack"),
        ("members", "user,zone\nU2,Asia/Shanghi\n", "is no zone.* Did you mean `asia/shanghai`"),
        ("members", "user,works_from\nU2,25:00\n", "`25:00` is no time of day"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_column(
    team: Database, name: str, text: str, said: str
) -> None:
    with pytest.raises(RefusalError, match=said):
        load(team, TABLES[name], text)


def test_a_file_in_another_encoding_is_refused_with_its_line() -> None:
    with pytest.raises(RefusalError, match="Line 2 isn't in UTF-8"):
        sheet.read("name\n评测\n".encode("gb18030"))


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])).map(str.strip),
            min_size=1,
            max_size=3,
        )
    )
)
def test_no_cell_reads_as_a_formula_and_each_comes_back(rows: list[list[str]]) -> None:
    wanted = [row for row in rows if any(row)]
    text = sheet.write(["header"], rows)
    assert [cells for _, cells in sheet.read(text.encode())[1:]] == wanted
