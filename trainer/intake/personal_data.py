"""Find personal data in a text, by its type, and count the texts that hold some."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import phonenumbers
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.us import ssn

Span = tuple[int, int]  # where a find begins and where it ends
Finder = Callable[[str], Iterator[Span]]

# ASCII, so that Chinese writing ends a number as a space does.
# Every quantifier is bounded and every start is anchored: 50,000 hostile characters stay linear.
# A lookahead makes finds overlap: a number is found behind other figures that would swallow it.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-zA-Z]{2,24}\b", re.ASCII)
CARD = re.compile(r"(?<![\w-])(?=([2-6](?:[ -]?\d){12,18}(?!\w)))", re.ASCII)
ISSUER = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa
    r"|(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|6(011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3[068]\d{12}"  # Amex, Discover, JCB, Diners
    r"|62\d{14,17}"  # UnionPay
)
IBAN = re.compile(r"(?<!\w)(?=([A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}(?!\w)))", re.ASCII)
CHINESE_ID = re.compile(r"(?<![0-9A-Za-z])(\d{17}[\dXx])(?![0-9A-Za-z])")
SSN = re.compile(r"(?<![\w-])(\d{3}-\d{2}-\d{4})(?![\w-])", re.ASCII)
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", re.ASCII)
IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}(?![\w:])", re.ASCII)
VERSION = re.compile(r"(?:\bv|version|release|版本)[ :]*$", re.IGNORECASE)
# As people write them: with a plus; with separators in North America; eleven digits in China.
PHONES: list[tuple[re.Pattern[str], str | None]] = [
    (re.compile(r"(?<![\w+])(?=(\+\d[\d ().-]{6,20}\d(?!\w)))", re.ASCII), None),
    (
        re.compile(
            r"(?<![\w+.(-])((?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4})(?![\w-]|\.\d)", re.ASCII
        ),
        "US",
    ),
    (re.compile(r"(?<![0-9A-Za-z+.-])(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?![0-9A-Za-z-]|\.\d)"), "CN"),
]
GROUP_END = re.compile(r"\w(?!\w)")


def count_personal_data(texts: Iterable[str]) -> dict[str, int]:
    """Count texts by type of personal data; types that don't occur are left out.

    Each find is checked (a card by Luhn and its issuer's shape, an IBAN and a Chinese ID by their
    check digits, a phone by its country's number plan), so that dates, order numbers and versions
    don't count.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(kind for kind, find in FINDERS.items() if next(find(text), None))
    return dict(counts.most_common())


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        yield from (found.span() for found in EMAIL.finditer(text))


def _checked(
    pattern: re.Pattern[str], is_valid: Callable[[str], bool], text: str
) -> Iterator[Span]:
    """Give the longest valid part of each match: what stands behind it may look like more of it."""
    for match in pattern.finditer(text):
        start, found = match.start(1), match[1]
        ends = [group.end() for group in GROUP_END.finditer(found)]
        longest = next((end for end in reversed(ends) if is_valid(found[:end])), None)
        if longest is not None:
            yield start, start + longest


def _phones(text: str) -> Iterator[Span]:
    for pattern, region in PHONES:
        yield from _checked(pattern, partial(_is_phone, region=region), text)


def _is_phone(found: str, *, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(found, region))
    except phonenumbers.NumberParseException:
        return False


def _is_card(found: str) -> bool:
    digits = found.replace(" ", "").replace("-", "")
    return bool(ISSUER.fullmatch(digits)) and bool(luhn.is_valid(digits))


def _ips(text: str) -> Iterator[Span]:
    """Find addresses; a version number such as v1.2.3.4 is none."""
    for match in IPV4.finditer(text):
        before = text[max(match.start() - 12, 0) : match.start()]
        if _is_ip(match[0]) and not VERSION.search(before):
            yield match.span()
    yield from (match.span() for match in IPV6.finditer(text) if _is_ip(match[0]))


def _is_ip(found: str) -> bool:
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


FINDERS: dict[str, Finder] = {
    "e-mail": _emails,
    "phone": _phones,
    "payment card": partial(_checked, CARD, _is_card),
    "IBAN": partial(_checked, IBAN, iban.is_valid),
    "Chinese ID": partial(_checked, CHINESE_ID, ric.is_valid),
    "US SSN": partial(_checked, SSN, ssn.is_valid),
    "IP address": _ips,
}
