"""Tell what an uploaded file is by its bytes, and decode its text."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Literal, NoReturn

from trainer.intake.table import BadFile

Format = Literal["delimited", "jsonl", "lines", "parquet"]

PARQUET_MAGIC = b"PAR1"
# What people drop by mistake: the first bytes -> what it is and what to do instead.
FOREIGN: list[tuple[bytes, str]] = [
    (b"\x1f\x8b", "a gzip archive: unpack it and send the file in it"),
    (b"BZh", "a bzip2 archive: unpack it and send the file in it"),
    (b"\xfd7zXZ\x00", "an xz archive: unpack it and send the file in it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it and send the file in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it and send the file in it"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it and send the file in it"),
    (b"\xd0\xcf\x11\xe0", "an old Office document: save the sheet as CSV UTF-8"),
    (b"%PDF-", "a PDF: save its table as CSV UTF-8"),
    (b"SQLite format 3\x00", "an SQLite database: export the table as CSV UTF-8"),
    (b"\x89PNG", "a picture: send a table of texts and labels"),
    (b"\xff\xd8\xff", "a picture: send a table of texts and labels"),
    (b"ARROW1", "an Arrow file: save it as Parquet"),
    (b"\x89HDF", "an HDF5 file: save it as Parquet"),
]
PICKLE = re.compile(rb"\x80[\x02-\x05]")
WEB_PAGE = re.compile(r"\s*<(!doctype html|html)", re.IGNORECASE)
# Those that tables are really saved in: a guess among all of Python's hundred is worse.
LIKELY = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1252", "cp1251", "utf_16_le", "utf_16_be"]
SAMPLE_BYTES = 50_000  # looked at, from the bad byte on, to guess an encoding


def detect_format(path: Path, filename: str) -> Format:
    """Say how a file is to be read, by its content before its name; refuse what is no table."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    _refuse_foreign(path, head)
    suffix = Path(filename).suffix.lower()
    if suffix == ".parquet":
        raise BadFile("Its name ends in .parquet, but its content isn't Parquet.")
    if suffix == ".txt":
        return "lines"
    first = head.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")[:1]
    if first == b"[" and suffix in {".json", ".jsonl", ".ndjson"}:
        raise BadFile("This is one JSON array: write one object a line (JSONL).")
    return "jsonl" if first == b"{" or suffix in {".jsonl", ".ndjson", ".json"} else "delimited"


def _refuse_foreign(path: Path, head: bytes) -> None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _refuse_zip(path)  # by the names in it; nothing is unpacked
    if PICKLE.match(head):
        raise BadFile("This is a Python pickle, which is never opened: save it as Parquet or CSV.")
    for magic, what in FOREIGN:
        if head.startswith(magic):
            raise BadFile(f"This is {what}.")


def _refuse_zip(path: Path) -> NoReturn:
    if b"xl/" in path.read_bytes():
        raise BadFile("This is an Excel workbook: save the sheet as CSV UTF-8.")
    raise BadFile("This is a zip archive: unpack it and send the file in it.")


def read_text(path: Path) -> str:
    """Decode UTF-8 (with or without BOM) or UTF-16 (with BOM); name the line of any other byte."""
    data = path.read_bytes()
    codec = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    if codec == "utf-8-sig" and (at := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise BadFile(f"Line {line} holds a NUL byte: this is no text file. Save it as CSV UTF-8.")
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise BadFile(_undecodable(data, error.start, codec)) from None
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise BadFile(f"Line {line} holds a NUL character: save the file as CSV UTF-8.")
    if WEB_PAGE.match(text):
        raise BadFile("This is a web page: send a table of texts and labels.")
    return text


def _undecodable(data: bytes, start: int, codec: str) -> str:
    before = data[:start].decode(codec, "ignore")
    line = before.count("\n") + 1
    byte = len(before.rpartition("\n")[2].encode(codec.removesuffix("-sig"))) + 1
    name = "UTF-16" if codec == "utf-16" else "UTF-8"
    where = f"Line {line}, byte {byte} is not {name}"
    line_start = data.rfind(b"\n", 0, start) + 1
    guess = _guess_encoding(data[line_start : line_start + SAMPLE_BYTES])
    if guess is None:
        return f"{where}: save the file as UTF-8."
    return f"{where}; the file looks like {guess}: save it as UTF-8."


def _guess_encoding(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # noqa: PLC0415  (only a bad file pays for it)

    best = from_bytes(sample, cp_isolation=LIKELY).best()
    if best is None:
        return None
    return best.encoding.replace("cp125", "Windows-125").replace("_", "-").upper()
