"""Tests of redaction: what identifies a person goes, what an opinion is made of stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.intake.personal_data import FINDERS
from trainer.intake.redaction import redact

REDACTED = [
    ("My name is anna and I love it", "My name is [name] and I love it"),
    ("Hi Maria, thanks!\n—Regards, Bo Smith", "Hi [name], thanks!\n—Regards, [name]"),
    ("I'm Wei from support. Cheers, Ana", "I'm [name] from support. Cheers, [name]"),
    ("<@U12AB|bo> and @carla.m think so", "[name] and [name] think so"),
    ("Dr. Watson's desk: tell Anna Van Dyke.", "Dr. [name] desk: tell [name]."),
    ("JENNIFER answered at once", "[name] answered at once"),
    ("我叫王小明，很满意", "我叫[name]，很满意"),
    ("姓名：阿依古丽", "姓名：[name]"),
    ("苏州的刘经理很好，客服张伟也好", "苏州的[name]经理很好，客服[name]也好"),
    ("请@赵敏 处理，谢谢小李", "请@[name] 处理，谢谢[name]"),
    ("请联系欧阳娜娜或者郑凯歌", "请联系[name]或者[name]"),
    (
        "write to a.b@mail.example.com or +1 415-555-2671 5 times",
        "write to [e-mail] or [phone] 5 times",
    ),
    ("邮箱ａｂ＠ｍａｉｌ．ｃｏｍ，电话１３８１２３４５６７８", "邮箱[e-mail]，电话[phone]"),
    ("card 4111 1111 1111 1111 12/27", "card [payment card] 12/27"),
    ("IBAN DE89 3704 0044 0532 0130 00 AND more", "IBAN [IBAN] AND more"),
    ("身份证11010519491231002X", "身份证[Chinese ID]"),
    ("my SSN is 536-90-4399", "my SSN is [US SSN]"),
    ("from 10.0.0.1 and 2001:db8::1", "from [IP address] and [IP address]"),
]
KEPT = [
    "I will hope for the best in May, thanks to this Mark II",
    "I am happy. This is great! Dear all, thanks for the ETA in the US",
    "Order 20240315123456 of 2024-03-15 12:30:45, version 10.0.0.1, $1,299.00",
    "汤太咸，鱼香肉丝不错，黄焖鸡很好，谢谢师傅",
    "我叫了外卖，等了一个小时，马虎的态度，明白了",
    "周末愉快，高质量的服务，方便，何时发货？",
]
# How a name is told in everyday messages, as (message, name): what is found of them is measured.
TOLD = [
    ("Spoke with Priya about the outage", "Priya"),
    ("Klaus Weber fixed it within minutes", "Klaus Weber"),
    ("this was Giulia's idea", "Giulia"),
    ("Miss Okonkwo was very patient", "Okonkwo"),
    ("ask for Tom at the desk", "Tom"),
    ("ping @jdoe for access", "@jdoe"),
    ("Okonkwo closed my ticket", "Okonkwo"),  # a lone surname: not found
    ("thanks bo, that helped", "bo"),  # small letters: not found
    ("王建国同志的服务态度很好", "王建国"),
    ("外卖员李强迟到了", "李强"),
    ("陈女士投诉了两次", "陈女士"),
    ("感谢周晓芸的耐心", "周晓芸"),
    ("我是孙丽，想退货", "孙丽"),
    ("安娜喝完很舒服", "安娜"),  # a foreign name: found only by chance
]


@pytest.mark.parametrize(("text", "redacted"), REDACTED)
def test_what_identifies_a_person_gives_way_to_its_kind(text: str, redacted: str) -> None:
    assert redact(text) == redacted
    assert redact(redacted) == redacted


@pytest.mark.parametrize("text", KEPT)
def test_what_an_opinion_is_made_of_stays(text: str) -> None:
    assert redact(text) == text


def test_most_names_of_everyday_messages_are_found() -> None:
    missed = [name for text, name in TOLD if name in redact(text)]
    assert set(missed) <= {"Okonkwo", "bo", "安娜"}


NUMBERS = ["+49 30 901820", "(415) 555-2671", "13812345678", "4111 1111 1111 1111"]
IDS = ["5555-5555-5555-4444", "11010519491231002X", "DE89370400440532013000"]
PLANTED = st.sampled_from(["anna.b+c@mail.example.com", *NUMBERS, *IDS])
AROUND = st.text(st.sampled_from("a7 B.,:+-@/王的\n(1Ｘ"), max_size=40)


@settings(max_examples=300)
@given(before=AROUND, planted=PLANTED, after=AROUND)
def test_nothing_around_it_hides_what_is_planted(before: str, planted: str, after: str) -> None:
    assert planted not in redact(f"{before} {planted} {after}")


@given(text=st.text(st.sampled_from("aB王小7 .@+-—\n") | st.characters(), max_size=200))
def test_only_what_was_found_changes(text: str) -> None:
    kept = redact(text)
    for kind in [*FINDERS, "name"]:
        kept = kept.replace(f"[{kind}]", "\0")
    place = 0
    for part in kept.split("\0"):
        place = text.index(part, place) + len(part)


@pytest.mark.parametrize(
    "hostile",
    ["+1 2 3 ", "4 1 1 ", "DE89 ", "a@", "1.2.", "a:", "My Anna ", "王小", "Hi ", "— ", "<@U"],
)
def test_a_long_hostile_text_takes_linear_time(hostile: str) -> None:
    """Quadratic time would take minutes."""
    redact(hostile * (30_000 // len(hostile)))
