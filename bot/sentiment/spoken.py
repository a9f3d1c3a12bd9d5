"""Which language a text is in, where that can be told, and whether its model ever saw it."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from bot.language import current

SURE = 0.85  # probability, below which no language is claimed
LEAST = 12  # bytes of letters in UTF-8: a Han character, of three, says more than a Latin one
READ = 1_000  # characters
NO_WORDS = re.compile(r"https?://\S+|:[a-z0-9_+-]+:|`[^`]*`")  # addresses, emoji, code

# What the data sets' languages are told from (lingua), less what this identifier doesn't know.
KNOWN = (
    "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it "
    "ja ka kk ko la lg lt lv mk mn mr ms nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th "
    "tl tr uk ur vi xh yo zh zu"
)


def has_words(text: str) -> bool:
    """Tell whether there is anything but emoji, signs and digits in a text."""
    return any(character.isalpha() for character in NO_WORDS.sub(" ", text))


def detect(text: str) -> str | None:
    """Give the language of a text (ISO 639-1); None where it is too short or not clear."""
    words = NO_WORDS.sub(" ", text[:READ])
    letters = "".join(filter(str.isalpha, words))
    if len(letters.encode("utf-8", "replace")) < LEAST:
        return None
    language, chance = identifier().classify(words)
    return language if chance >= SURE else None


def unseen(text: str, seen: Collection[str]) -> str | None:
    """Name the text's language where it is none of those that the model saw; else None."""
    language = detect(text) if seen else None
    if language is None or language in seen:
        return None
    return str(Locale(current()).languages.get(language, language))


@cache
def identifier() -> LanguageIdentifier:
    """Load it once, in a second or so, with the columns of the known languages alone."""
    loaded = LanguageIdentifier.from_model_file(MODEL_FILE)
    loaded.set_languages(KNOWN.split())
    return LanguageIdentifier(
        loaded.nb_ptc,
        loaded.nb_pc,
        loaded.nb_classes,
        loaded.tk_nextmove,
        loaded.tk_output,
        norm_probs=True,
        tk_row=loaded.tk_row,
    )
