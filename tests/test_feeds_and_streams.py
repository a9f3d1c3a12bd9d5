"""What is new in a feed or a growing CSV is read once, whatever else is in the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import NOON

from bot.monitor import feed, stream
from bot.monitor.fetch import Answer, FetchError, is_public
from bot.monitor.reading import Item
from storage.records import Json

HOUR = timedelta(hours=1)


def answer(body: str | bytes, *, status: int = 200) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer("https://news.example/feed", status, {}, content)


# --- feeds ----------------------------------------------------------------------------------


def entry(number: int, *, at: datetime | None = None, text: str = "good news") -> str:
    date = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    return (
        f"<item><guid>n{number}</guid><title>Item {number}</title>{date}"
        f"<link>https://news.example/{number}</link>"
        f"<description>&lt;p&gt;{text} &amp;amp; more&lt;/p&gt;</description></item>"
    )


def rss(*entries: str) -> str:
    return f"<rss version='2.0'><channel><title>News</title>{''.join(entries)}</channel></rss>"


def test_an_entry_is_its_title_and_its_words_with_its_time_and_link() -> None:
    (item,), _ = feed.read(answer(rss(entry(1, at=NOON))), None, now=NOON + HOUR)
    assert (item.text, item.at) == ("Item 1\ngood news & more", NOON)
    assert item.link == "https://news.example/1"
    assert item.author is None


def test_of_a_feed_only_what_was_not_there_before_is_new() -> None:
    first, cursor = feed.read(answer(rss(entry(1, at=NOON), entry(2))), None, now=NOON)
    assert len(first) == 1  # the one without a time may be years old
    second, cursor = feed.read(answer(rss(entry(1), entry(2), entry(3))), cursor, now=NOON)
    assert [item.text.split("\n")[0] for item in second] == ["Item 3"]
    assert second[0].at == NOON
    assert feed.read(answer("", status=304), cursor, now=NOON) == ([], cursor)


def test_a_time_that_lies_ahead_is_now() -> None:
    (item,), _ = feed.read(answer(rss(entry(1, at=NOON + 9 * HOUR))), None, now=NOON)
    assert item.at == NOON


def test_a_feed_is_asked_only_for_what_has_changed() -> None:
    told = Answer("", 200, {"etag": '"7"', "last-modified": "now"}, rss().encode())
    _, cursor = feed.read(told, None, now=NOON)
    assert feed.ask(cursor) == {"If-None-Match": '"7"', "If-Modified-Since": "now"}
    assert feed.ask(None) == {}


@pytest.mark.parametrize("body", ["", "<html><body>No feed</body></html>", "/etc/passwd", "\0\xff"])
def test_what_is_no_feed_is_said_so(body: str) -> None:
    with pytest.raises(FetchError, match="no-feed"):
        feed.read(answer(body), None, now=NOON)


def test_a_feed_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    found, _ = feed.read(answer(rss(entry(1, at=NOON), entry(2, at=NOON))[:-60]), None, now=NOON)
    assert found


# --- CSV ------------------------------------------------------------------------------------


def follow(bodies: list[str], *, ranges: bool = True) -> list[list[Item]]:
    """Read a file as it is at each look, by ranges or whole."""
    cursor: Json | None = None
    found = []
    for body in bodies:
        data = body.encode()
        items = None
        if cursor is not None:
            start = int(stream.ask(cursor).get("Range", "=0-")[6:-1] or 0) if ranges else 0
            status = 206 if start else 200
            told = answer(data[start:], status=416 if start >= len(data) > 0 else status)
            if read := stream.read(told, cursor, now=NOON):
                items, cursor = read
        if items is None:
            items, cursor = stream.read_whole(answer(data), cursor, now=NOON)
        found.append(items)
    return found


@pytest.mark.parametrize("ranges", [True, False])
def test_of_a_growing_file_only_the_added_rows_are_read(*, ranges: bool) -> None:
    old = "id,text,time\n1,good,2026-03-01T10:00:00Z\n"
    looks = follow(
        [
            old,
            old,
            f"{old}2,bad,2026-03-01 11:00\n3,half",
            f"{old}2,bad,2026-03-01 11:00\n3,half,\n",
        ],
        ranges=ranges,
    )
    assert [[item.text for item in items] for items in looks] == [["good"], [], ["bad"], ["half"]]
    assert looks[0][0].at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert looks[2][0].at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert looks[3][0].at == NOON


def test_rows_without_a_time_that_were_there_before_are_left_out() -> None:
    assert follow(["text\nold\n", "text\nold\nold\n"])[0] == []
    assert [item.text for item in follow(["text\nold\n", "text\nold\nold\n"])[1]] == ["old"]


def test_of_a_file_whose_old_rows_go_the_ids_tell_what_is_new() -> None:
    looks = follow([f"id,text\n{n},t{n}\n{n + 1},t{n + 1}\n" for n in range(3)])
    assert [[item.text for item in items] for items in looks] == [[], ["t2"], ["t3"]]


def test_a_row_has_the_same_key_wherever_it_stands() -> None:
    time = "2026-03-01T10:00:00Z"
    looks = follow([f"time,text\n{time},a\n{time},b\n", f"time,text\n{time},b\n{time},c\n"])
    assert looks[0][1].key == looks[1][0].key


@given(
    st.lists(st.text("ab,\"\n'é好", min_size=1, max_size=9), min_size=1, max_size=6),
    st.integers(0, 80),
)
def test_wherever_a_look_cuts_the_file_each_row_is_read_once(texts: list[str], cut: int) -> None:
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in texts]
    body = "".join(["time,text\n", *(f"2026-03-01,{text}\n" for text in quoted)])
    start = body[: len("time,text\n") + cut]
    looks = follow([start, body], ranges=cut % 2 == 0)
    assert [item.text for items in looks for item in items] == texts


@pytest.mark.parametrize(
    ("body", "trouble"),
    [("name,age\nbo,3\n", "no-text"), ("<html>\n<p>\n", "no-feed"), ("", "no-feed")],
)
def test_a_file_without_texts_is_refused(body: str, trouble: str) -> None:
    with pytest.raises(FetchError, match=trouble):
        stream.read_whole(answer(body), None, now=NOON)


def test_a_quote_that_nobody_closes_does_not_end_the_reading() -> None:
    body = "time,text\n" + '2026-03-01,a "b\n' + f"2026-03-01,{'c' * 10_000}\n" * 200
    (items,) = follow([body])
    assert len(items) == 201


# --- where it may lead ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::",
    ],
)  # fmt: skip
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


def test_addresses_of_the_open_internet_are_public() -> None:
    assert is_public(ip_address("93.184.216.34"))
    assert is_public(ip_address("2606:2800:220:1:248:1893:25c8:1946"))
