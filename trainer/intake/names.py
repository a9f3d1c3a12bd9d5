"""Find people's names in English and Chinese texts: by how they are introduced, and by lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from trainer.intake.personal_data import Span

LOCALES = ("en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "sv_SE", "zh_CN")
LISTS = ("first_names", "first_names_male", "first_names_female", "first_romanized_names")
# First names of somebody, but ordinary words, months and places far more often.
ORDINARY = """
Alma Amber Angel April August Austin Autumn Ben Bill Carolina Chance Charity Chase Chelsea Christian
Constance Crystal Dakota Dawn Del Don Else Ever Faith Felicity Floor Forum Francisco Frank Georgia
German Grant Guy Happy Harmony Heaven Honesty Hope Hunter Iris Ivory Jade Jan Jet Job Jordan Joy
Junior June Lane Liberty Lot Love Madison Major Marine Mark May Melody Mercy Milan Misty My Parker
Patience Per Philippine Precious Prince Reality Roman Sage Said Salvador Sandy Savannah Serenity
Server Skip Sky Sonny Summer Sunny Sydney Toy Trinity True Unique Urban Valentine Victor Victoria
Virginia Will Young
"""
# How a name is introduced; the name is what the group finds. Every quantifier is bounded.
NAME = r"(?![A-Z]{2})[A-ZÀ-ÞŁŚŽ][\w'’-]{1,30}(?: [A-ZÀ-ÞŁŚŽ][\w'’-]{1,30}){0,2}"
NO_NAME = (
    r"(?!(?i:all|also|any|both|customer|everybody|everyone|folks|for|from|god|here|in|just|madam|not|"
    r"on|please|sir|so|sorry|support|team|that|the|there|very|you)\b)"
)
INTRODUCED = (
    re.compile(
        r"\b(?i:my name is|my name's|my names|i am called|they call me|ask for) "
        rf"{NO_NAME}({NAME}|[a-z][a-z'’-]{{1,30}})"
    ),
    re.compile(
        rf"\b(?:I am|[Tt]his is|I['’]m) {NO_NAME}({NAME})(?=[,.!\n]| from | at | here\b| and |$)"
    ),
    re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herr|Frau|Señora?)\b\.? ({NAME})"),
    re.compile(
        r"\b(?i:hi|hello|hey|dear|thanks|thank you|cheers|regards|sincerely|yours|best|wishes|bye)"
        rf"[ ,—–-]{{0,3}}[ \n]{{0,3}}{NO_NAME}({NAME})(?=[ ]?(?:[,.!:?;\n]|$))"
    ),
    re.compile(rf"[—–] ?({NAME})(?=[ .]{{0,3}}(?:\n|$))"),
    re.compile(r"(<@[UW][A-Z0-9]{1,30}(?:\|[^>\n]{0,80})?>)"),  # as Slack writes a person
    re.compile(r"(?<![\w.@])(@(?!(?:here|channel|everyone)\b)[A-Za-z][\w.-]{0,38}\w)", re.ASCII),
    re.compile(
        r"(?:我叫|叫我|名字叫|名字是|姓名|联系人|收件人|收货人|此致|署名)[:： ]{0,2}"
        r"(?![了他她你我它这那什怎])([一-鿿·]{2,4})(?=[^一-鿿·]|$)"
    ),
    re.compile(r"@([一-鿿]{2,4})(?=[^一-鿿]|$)"),
)
WORD = re.compile(r"[^\W\d_][\w'’-]{1,40}")
SURNAME = re.compile(rf" (?:(?:[A-Z]\.|de|da|van|von|der|del|la|bin|al) ){{0,2}}{NAME}")
CHINESE = re.compile(r"[一-鿿]")

# Surnames that are also words: alone they say nothing, so their finds need a given name of two.
WORDLIKE = frozenset(
    "黄高马胡何谢白金石江万钱毛熊方叶段雷龙顾钟姜丁于余任程严温路田武洪汤牛米花常明祝和师曲"
)
MOST_BORNE = 200  # surnames, of 19 people in 20
# Characters of everyday words of the kind that the dictionary takes for names.
NEVER_GIVEN = frozenset(
    "太少多很咸甜辣酸苦凉热冷烫汤肉菜饭米粉面饼汁油酱皮瓜果豆蛋鱼虾鸡鸭猪羊餐店家客户单送时能以年血钻洒"
    "放特别的了吗吧呢是不没有里上下来去打嘴府子式述列谢虎萝椒丹斯尔拉克特您你们我老吉大贵赞久式生活动末全冰煮鞋感"
)
TITLES = (
    "先生 女士 小姐 太太 夫人 老师 医生 大夫 教授 博士 律师 经理 总 总监 主任 主管 主席 局长 部长 校长 "
    "院长 店长 老板 师傅 同学 同志 工 哥 姐 叔 阿姨 大爷 大妈"
)


def find_names(text: str) -> Iterator[Span]:
    """Find the names in a text; spans may overlap.

    What introduces a name finds any (`my name is …`, `Dear …,`, `—Anna`, `Dr …`, `我叫…`, `@…`);
    elsewhere a capitalised first name of nine countries is found with the surname behind it, and
    of Chinese names those that begin with a surname. Not found: a lone Western surname, a name in
    small letters, a Chinese spelling of a foreign name.
    """
    for pattern in INTRODUCED:
        yield from (match.span(1) for match in pattern.finditer(text))
    yield from _western(text)
    if CHINESE.search(text):
        yield from _chinese(text)


def _western(text: str) -> Iterator[Span]:
    known = first_names()
    for word in WORD.finditer(text):
        first = word[0].removesuffix("'s").removesuffix("’s")
        loud = first.isupper() and len(first) > 3  # noqa: PLR2004 - `US` and `ETA` are no names
        if (first.title() if loud else first) in known:
            end = word.start() + len(first)
            surname = SURNAME.match(text, end)
            yield word.start(), surname.end() if surname else end


def _chinese(text: str) -> Iterator[Span]:
    """Find names by the words that a dictionary with a model of unknown words cuts a text into."""
    before, start, titles = "", 0, TITLES.split()
    for word, kind in _tag(text):
        if kind.startswith("nr") and _is_chinese_name(word):
            yield start, start + len(word)
        elif before in surnames() and word in titles:
            yield start - len(before), start
        elif before in surnames() - WORDLIKE and kind.startswith("nr") and _may_be_given(word):
            yield start - len(before), start + len(word)
        before, start = word, start + len(word)


def _is_chinese_name(word: str) -> bool:
    """Say whether a word is a surname with a given name, or with `小` or `老` before it."""
    if word[0] in "小老阿" and len(word) == 2:  # noqa: PLR2004 - as friends are called
        return word[1] in surnames() - WORDLIKE
    surname = word[:2] if word[:2] in surnames() else word[:1]
    given = word[len(surname) :]
    if surname not in surnames() or (surname in WORDLIKE and len(given) == 1):
        return False
    return _may_be_given(given)


def _may_be_given(word: str) -> bool:
    return 1 <= len(word) <= 2 and NEVER_GIVEN.isdisjoint(word)  # noqa: PLR2004 - characters


@cache
def first_names() -> frozenset[str]:
    """Give some 5,000 first names, without those that are ordinary words."""
    words = import_module("faker.providers.lorem.en_US").Provider.word_list
    people = [import_module(f"faker.providers.person.{locale}").Provider for locale in LOCALES]
    names = {name for person in people for names in LISTS for name in getattr(person, names, ())}
    return frozenset(name for name in names if name.lower() not in words) - {*ORDINARY.split()}


@cache
def surnames() -> frozenset[str]:
    """Give the Chinese surnames that are borne most."""
    listed = import_module("faker.providers.person.zh_CN").Provider.last_names  # by how often
    return frozenset([*listed][:MOST_BORNE])


def _tag(text: str) -> list[tuple[str, str]]:
    """Cut a text into words with their kinds; the dictionary, 35 MB, is loaded when it must be."""
    words: list[tuple[str, str]] = import_module("rjieba").tag(text, hmm=True)
    return words
