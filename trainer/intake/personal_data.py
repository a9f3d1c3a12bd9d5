"""Find personal data in texts by its form, checked, so that it can be counted or taken out."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import phonenumbers
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.us import ssn

# ASCII, so that Chinese writing ends a number as a space does.
# Every quantifier is bounded and every start is anchored: 50,000 hostile characters stay linear.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-zA-Z]{2,24}\b", re.ASCII)
CARD = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])", re.ASCII)
ISSUER = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa
    r"|(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|6(011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3[068]\d{12}"  # Amex, Discover, JCB, Diners
    r"|62\d{14,17}"  # UnionPay
)
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}(?!\w)", re.ASCII)
CHINESE_ID = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", re.ASCII)
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", re.ASCII)
IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){4,7}(?![\w:])", re.ASCII)
VERSION = re.compile(r"(?:\bv|version|release|版本)[ :]*$", re.IGNORECASE)
# As people write them: with a plus; with separators in North America; eleven digits in China.
PHONES: list[tuple[re.Pattern[str], str | None]] = [
    (re.compile(r"(?<![\w+])\+\d[\d ().-]{6,20}\d(?!\w)", re.ASCII), None),
    (
        re.compile(
            r"(?<![\w+.(-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-]|\.\d)", re.ASCII
        ),
        "US",
    ),
    (re.compile(r"(?<![0-9A-Za-z+.-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z-]|\.\d)"), "CN"),
]


def count_personal_data(texts: Iterable[str]) -> dict[str, int]:
    """Count texts by type of personal data; types that don't occur are left out.

    Each find is checked (a card by Luhn and its issuer's shape, an IBAN and a Chinese ID by their
    check digits, a phone by its country's number plan), so that dates, order numbers and versions
    don't count.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(kind for kind, find in FINDERS.items() if any(find(text)))
    return dict(counts.most_common())


def _find_emails(text: str) -> Iterator[re.Match[str]]:
    return EMAIL.finditer(text) if "@" in text else iter(())


def _find_phones(text: str) -> Iterator[re.Match[str]]:
    return (
        match
        for pattern, region in PHONES
        for match in pattern.finditer(text)
        if _is_phone(match[0], region)
    )


def _is_phone(found: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(found, region))
    except phonenumbers.NumberParseException:
        return False


def _find_cards(text: str) -> Iterator[re.Match[str]]:
    return (match for match in CARD.finditer(text) if _is_card(re.sub(r"[ -]", "", match[0])))


def _is_card(digits: str) -> bool:
    return ISSUER.fullmatch(digits) is not None and bool(luhn.is_valid(digits))


def _find_ibans(text: str) -> Iterator[re.Match[str]]:
    return (match for match in IBAN.finditer(text) if iban.is_valid(match[0]))


def _find_chinese_ids(text: str) -> Iterator[re.Match[str]]:
    return (match for match in CHINESE_ID.finditer(text) if ric.is_valid(match[0]))


def _find_ssns(text: str) -> Iterator[re.Match[str]]:
    return (match for match in SSN.finditer(text) if ssn.is_valid(match[0]))


def _find_ips(text: str) -> Iterator[re.Match[str]]:
    """Find addresses; a version number such as v1.2.3.4 is none."""
    for match in IPV4.finditer(text):
        if not VERSION.search(text[: match.start()][-12:]) and _is_ip(match[0]):
            yield match
    yield from (match for match in IPV6.finditer(text) if _is_ip(match[0]))


def _is_ip(found: str) -> bool:
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


FINDERS: dict[str, Callable[[str], Iterator[re.Match[str]]]] = {
    "e-mail": _find_emails,
    "phone": _find_phones,
    "payment card": _find_cards,
    "IBAN": _find_ibans,
    "Chinese ID": _find_chinese_ids,
    "US SSN": _find_ssns,
    "IP address": _find_ips,
}
