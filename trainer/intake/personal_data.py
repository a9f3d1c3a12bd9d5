"""Count the texts that hold personal data, by its type; the data itself is never kept."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable

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
        counts.update(kind for kind, finds in FINDERS.items() if finds(text))
    return dict(counts.most_common())


def _has_email(text: str) -> bool:
    return "@" in text and EMAIL.search(text) is not None


def _has_phone(text: str) -> bool:
    return any(
        phonenumbers.is_valid_number(number)
        for pattern, region in PHONES
        for found in pattern.findall(text)
        if (number := _parse_phone(found, region)) is not None
    )


def _parse_phone(found: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(found, region)
    except phonenumbers.NumberParseException:
        return None


def _has_card(text: str) -> bool:
    found = (re.sub(r"[ -]", "", match) for match in CARD.findall(text))
    return any(ISSUER.fullmatch(digits) and luhn.is_valid(digits) for digits in found)


def _has_iban(text: str) -> bool:
    return any(iban.is_valid(found) for found in IBAN.findall(text))


def _has_chinese_id(text: str) -> bool:
    return any(ric.is_valid(found) for found in CHINESE_ID.findall(text))


def _has_ssn(text: str) -> bool:
    return any(ssn.is_valid(found) for found in SSN.findall(text))


def _has_ip(text: str) -> bool:
    """Say whether an address is in the text; a version number such as v1.2.3.4 is none."""
    four = (
        match[0] for match in IPV4.finditer(text) if not VERSION.search(text[: match.start()][-12:])
    )
    return any(_is_ip(found) for found in (*four, *IPV6.findall(text)))


def _is_ip(found: str) -> bool:
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


FINDERS: dict[str, Callable[[str], bool]] = {
    "e-mail": _has_email,
    "phone": _has_phone,
    "payment card": _has_card,
    "IBAN": _has_iban,
    "Chinese ID": _has_chinese_id,
    "US SSN": _has_ssn,
    "IP address": _has_ip,
}
