"""Chinese words of time, put into the English ones that bot.when reads."""

from __future__ import annotations

import re

DAYS = {"一": "mon", "二": "tue", "三": "wed", "四": "thu", "五": "fri", "六": "sat"}
DAYS |= {"日": "sun", "天": "sun", "到": "to", "至": "to"}
DIGITS = dict(zip("零〇一二两三四五六七八九", "001223456789", strict=True))
HAN = "[\u4e00-\u9fff]"

# 周一三五九点 is Monday, Wednesday and Friday at nine: a numeral right before 点 is no day, nor is
# the 二 of 二十点, unless it is the first.
_WEEK = "(?:周|星期|礼拜)"
_LATER_DAY = "[、,和及与到至]?[一二三四五六日天](?![点时:]|(?<=二)十)"
_WEEKDAYS = re.compile(f"{_WEEK}([一二三四五六日天](?:{_LATER_DAY})*)")
_NUMERAL = re.compile("[零〇一二两三四五六七八九十]+")

# In this order: what contains another stands before it.
_WORDS = tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        (r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?", r" \1-\2-\3 "),
        (r"(\d{1,2})月(\d{1,2})[日号]", r" \1-\2 "),
        (r"(\d{1,2})[点时]半", r"\1:30 "),
        (r"(\d{1,2})[点时]1刻", r"\1:15 "),
        (r"(\d{1,2})[点时]3刻", r"\1:45 "),
        (r"(\d{1,2})[点时](\d{1,2})分?", r"\1:\2 "),
        (r"(\d{1,2})[点时][整钟]?", r"\1:00 "),
        (r"今天|今日|今(?=[早晚])", " today "),
        (r"明天|明日|明(?=[早晚])", " tomorrow "),
        (r"后天", " overmorrow "),
        (r"凌晨|清晨|早[上晨]?|上午", " am "),
        (r"中午", " midday "),
        (r"下午|傍晚", " pm "),
        (r"晚上?|夜里", " night "),
        (rf"每?隔(?:1个?)?{_WEEK}|双{_WEEK}|每?隔(?= )|每2(?= )", " 2 weeks "),
        (rf"每(\d+)个?{_WEEK}", r" \1 weeks "),
        (r"每1?个?季度?", " quarterly "),
        (r"每1?个?月", " monthly "),
        (r"最后1[天日]", " last day "),
        (r"最后1个?", " last "),
        (r"第(\d)个?", r" \1th "),
        (r"(\d{1,2})[号日]", r" day \1 "),
        (r"工作日", " weekdays "),
        (r"周末", " weekends "),
        (r"每1?[天日]|天天", " daily "),
        (rf"每个?{_WEEK}?", " every "),
        (r"下个?(?= )", " next "),
        (r"[本这]个?(?= )", " this "),
        (r"[到至]", " to "),
        (r"[的在于、和及与]|1次", " "),
    )
)


def to_english(text: str) -> str:
    """Put `每周一上午九点` into `every mon am 9:00`; what isn't Chinese stays as it is."""
    text = re.sub(rf"(?<={HAN})\s+|\s+(?={HAN})", "", text)
    text = _WEEKDAYS.sub(_weekdays, text)
    text = _NUMERAL.sub(lambda found: _number(found[0]), text)
    for pattern, english in _WORDS:
        text = pattern.sub(english, text)
    return text


def _weekdays(found: re.Match[str]) -> str:
    return f" {' '.join(DAYS[sign] for sign in found[1] if sign in DAYS)} "


def _number(numeral: str) -> str:
    """Read 十二 as 12 and 二十 as 20; without 十 digit by digit."""
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return "".join(DIGITS[sign] for sign in numeral)
    return DIGITS.get(tens, "1") + DIGITS.get(ones, "0")
