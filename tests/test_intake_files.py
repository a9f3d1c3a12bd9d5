"""Tests of reading a file: what is refused, in which words, and that formats agree."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.intake.files import read_table
from trainer.intake.formulas import is_formula
from trainer.intake.table import MAX_CELL, BadFile, Table

CHINESE = "text,label\n" + "这家餐厅的菜很好吃,好\n服务态度太差了,我不会再来,坏\n" * 20


def read(folder: Path, data: bytes, name: str = "a.csv", **limits: int) -> Table:
    path = folder / "upload"
    path.write_bytes(data)
    return read_table(path, filename=name, **{"max_rows": 1000, "max_bytes": 10**6, **limits})


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * 50_000_000)  # a small bomb: 1,000 times its size
    return buffer.getvalue()


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


BAD = {
    "nothing": (b"", "a.csv", "The file is empty."),
    "only a BOM": (b"\xef\xbb\xbf", "a.csv", "The file has no rows."),
    "header only": (b"text,label\n", "a.csv", "a header and no rows"),
    "no header": (b"good,pos\nbad,neg\nso so,pos\n", "a.csv", "first line says 'pos'"),
    "a column twice": (b"text,text\na,b\n", "a.csv", "Two columns are called 'text'"),
    "too many columns": (",".join(f"c{i}" for i in range(201)).encode() + b"\n", "a.csv", "201"),
    "a ragged row": (b"text,label\na,b\nc, d,e\n", "a.csv", "Line 3 has 3 value(s) where"),
    "a quote not closed": (b'text,label\na,b\n"c,d\ne,f\n', "a.csv", "Line 3 has a broken"),
    "text after a quote": (b'text,label\n"a\nb",x\n"c"d,e\n', "a.csv", "Line 4 has a broken"),
    "a long cell": (b"text,label\n" + b"a" * (MAX_CELL + 1) + b",b", "a.csv", "Line 2 begins a"),
    "GB18030": (CHINESE.encode("gb18030"), "a.csv", "Line 2, byte 1 is not UTF-8; the file looks"),
    "GB18030, its name": (CHINESE.encode("gb18030"), "a.csv", "GB18030: save it as UTF-8"),
    "Latin-1": ("text,label\na,b\ncafé,x\n".encode("latin-1"), "a.csv", "Line 3, byte 4"),
    "a NUL byte": (b"text,label\na,b\nc\0d,e\n", "a.csv", "Line 3 holds a NUL byte"),
    "half a UTF-16": ("text,label\na,b\n".encode("utf-16")[:-1], "a.csv", "is not UTF-16"),
    "a web page": (b"<!DOCTYPE html><html>", "a.csv", "This is a web page"),
    "a workbook": (zipped("xl/worksheets/sheet1.xml"), "a.csv", "This is an Excel workbook"),
    "a zip bomb": (zipped("a.csv"), "a.zip", "This is a zip archive"),
    "a gzip bomb": (gzip.compress(b"0" * 50_000_000), "a.csv", "This is a gzip archive"),
    "a pickle": (pickle.dumps({"text": ["a"]}), "a.parquet", "Python pickle, which is never"),
    "no Parquet": (b"text,label\na,b\n", "a.parquet", "content isn't Parquet"),
    "half a Parquet": (parquet({"text": ["a"]})[:-9], "a.parquet", "damaged or encrypted"),
    "a formula": (
        b'text,label\na,b\n"=HYPERLINK(""x"")",c',
        "a.csv",
        "Line 3, column 'text' holds",
    ),
    "a JSON array": (b'[{"text": "a"}]', "a.json", "This is one JSON array"),
    "broken JSON": (b'{"text": "a"}\n\n{"text": }\n', "a.jsonl", "Line 3 is not valid JSON"),
    "a JSON number": (b'{"text": "a"}\n7\n', "a.jsonl", "Line 2 is no JSON object"),
    "half a pair": (rb'{"text": "\ud83d"}', "a.jsonl", "Line 1 holds half"),
    "deep JSON": (b'{"a":' + b"[" * 100_000, "a.jsonl", "Line 1 holds JSON that is too large"),
    "a long number": (b'{"a":' + b"1" * 5_000 + b"}", "a.jsonl", "Line 1 holds JSON that is too"),
}


@pytest.mark.parametrize(("data", "name", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_words(tmp_path: Path, data: bytes, name: str, words: str) -> None:
    with pytest.raises(BadFile) as refused:
        read(tmp_path, data, name)
    assert words in str(refused.value)


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    path.chmod(0)  # not even root opens what is judged by its size
    with pytest.raises(BadFile, match=r"has 100\.0 MB; at most 50 MB"):
        read_table(path, filename="a.csv", max_rows=10, max_bytes=50_000_000)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_too_many_rows_are_refused(tmp_path: Path, name: str) -> None:
    data = {
        "a.csv": b"text\n" + b"a\n" * 11,
        "a.jsonl": b'{"text": "a"}\n' * 11,
        "a.parquet": parquet({"text": ["a"] * 11}),
    }[name]
    with pytest.raises(BadFile, match="more than 10 rows"):
        read(tmp_path, data, name, max_rows=10)


def test_a_parquet_bomb_is_refused_by_what_it_claims(tmp_path: Path) -> None:
    """A few kilobytes that say that they hold 40 MB."""
    bomb = parquet({"text": ["a" * 40_000] * 1000}, use_dictionary=False, compression="zstd")
    assert len(bomb) < 100_000
    with pytest.raises(BadFile, match="unfolds to more than 3 MB"):
        read(tmp_path, bomb, "a.parquet")


def test_a_parquet_bomb_is_refused_by_what_it_unfolds_to(tmp_path: Path) -> None:
    """One long text, and a million references to it: the file claims to be small."""
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 10**6, pa.int32()), ["a" * 40_000])
    bomb = parquet({"text": words.cast(pa.dictionary(pa.int32(), pa.string()))})
    assert len(bomb) < 100_000
    with pytest.raises(BadFile, match="unfolds to more than 3 MB"):
        read(tmp_path, bomb, "a.parquet", max_rows=10**6)


def test_a_parquet_categorical_reads_as_its_words(tmp_path: Path) -> None:
    column = pa.array(["yes", None, "no"]).dictionary_encode()
    table = read(tmp_path, parquet({"label": column, "vector": [[1.0]] * 3}), "a.parquet")
    assert table.columns == {"label": ["yes", "", "no"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(tmp_path: Path, delimiter: str) -> None:
    data = f'text{delimiter}label\n"well, yes; no | or"{delimiter}a\n\nfine{delimiter}b\n'
    table = read(tmp_path, data.encode())
    assert table.columns == {"text": ["well, yes; no | or", "fine"], "label": ["a", "b"]}
    assert table.lines == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_reads_with_and_without_its_mark(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, "文本,标签\n好吃,好\n".encode(encoding))
    assert table.columns == {"文本": ["好吃"], "标签": ["好"]}


def test_an_index_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, b",text\n0,a\n1,b\n").columns == {"text": ["a", "b"]}


def test_json_values_are_written_as_a_csv_would(tmp_path: Path) -> None:
    lines = b'{"text": "a", "label": 1.0}\n{"text": "b", "label": true, "meta": {}}\n{"label": 2}'
    table = read(tmp_path, lines, "a.jsonl")
    assert table.columns == {"text": ["a", "b", ""], "label": ["1", "true", "2"]}


# Characters that every format can carry, but for what would make a cell a formula.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30).filter(
    lambda cell: not is_formula(cell)
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, st.sampled_from(["yes", "no"])), min_size=1, max_size=8))
def test_every_format_reads_to_the_same_columns(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    files = {
        "a.csv": delimited(rows, ","),
        "a.tsv": delimited(rows, "\t"),
        "a.jsonl": "".join(
            json.dumps({"text": text, "label": label}, ensure_ascii=len(text) % 2 == 0) + "\n"
            for text, label in rows
        ).encode(),
        "a.parquet": parquet({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}),
    }
    wanted = {"text": [row[0] for row in rows], "label": [row[1] for row in rows]}
    for name, data in files.items():
        assert read(folder, data, name).columns == wanted


def delimited(rows: list[tuple[str, str]], delimiter: str) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *rows])
    return buffer.getvalue().encode()


FORMULAS = """=1+1 | =1 | =A1 | =-1+2 | =sum(A1:A3) | ="a"&A1 | ='S 1'!B2 | =Sheet1!A1 | =TRUE
=(1+2)*3 | +A1*2 | -A1 | --A1+2 | +sum(A1:A3) | @SUM( | @SUM(1+9)*cmd | =HYPERLINK("http://x","y")
=IMPORTXML(CONCAT("a")) | +HYPERLINK("x")"""
DDE = ["=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@cmd|'/c'!A1", "\t=1+1", " =1+1"]
CHAT = """-1 from me ~ +1 agreed ~ @anna thanks ~ =) nice ~ =D haha ~ ==> see ~ = better ~ - bullet
- ~ + ~ = ~ +1 ~ -5 ~ -0.9 ~ +1-555-0100 ~ +1 415 555 2671 ~ --- cut --- ~ @here deploy ~ @anna
-A4 paper ~ =P ~ -fix(auth): login ~ +1+1 ~ @anna (hi) ~ -- Bob ~ -print(x) fails ~ +1 | me too
- a | b | c! nice ~ -10% ~ -1, not good! ~ @channel cmd | grep foo! yes ~ - so A|B testing! cool"""


@pytest.mark.parametrize(
    "cell", [*(c.strip() for c in FORMULAS.replace("\n", "|").split("|")), *DDE]
)
def test_a_formula_is_seen(cell: str) -> None:
    assert is_formula(cell)


@pytest.mark.parametrize("cell", [c.strip() for c in CHAT.replace("\n", "~").split("~")])
def test_ordinary_chat_is_no_formula(cell: str) -> None:
    assert not is_formula(cell)


@given(text=st.text(max_size=40))
def test_what_begins_with_no_mark_is_never_a_formula(text: str) -> None:
    assert not is_formula("x" + text)


@given(text=st.text(max_size=40))
def test_any_function_call_after_an_equals_sign_is_a_formula(text: str) -> None:
    assert is_formula(f'=HYPERLINK("{text}")')
