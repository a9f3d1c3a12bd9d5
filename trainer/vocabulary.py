"""The vocabulary in a tokenizer.json: which of its tokens are needed, and the file without the others."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]  # of tokens, ascending
Written = Mapping[str, Any]  # tokenizer.json
WORD = "▁"  # how Unigram and BPE of SentencePiece write a word's beginning


class UnknownKindError(Exception):
    """This vocabulary is of no kind whose tokens can be told apart."""


def find_needed(written: Written, used: Iterable[int]) -> set[int]:
    """Find the tokens without which some text would be read differently, or not at all.

    `used` are the tokens of the texts that must stay as they are. Beside them: added tokens, every
    single character or byte, and what leads to a token.
    """
    model, needed = written["model"], set(used)
    needed.update(token["id"] for token in written["added_tokens"])
    match model.get("type"):
        case "WordPiece":
            return needed | _characters(model["vocab"], model["continuing_subword_prefix"])
        case "Unigram":
            pieces = {piece: number for number, (piece, _) in enumerate(model["vocab"])}
            scores = [score for _, score in model["vocab"]]
            # What an unknown character costs is reckoned from the least likely piece.
            least = int(np.argmin(scores))
            return needed | {model["unk_id"], least} | _characters(pieces, WORD)
        case "BPE":
            characters = _characters(model["vocab"], model["continuing_subword_prefix"] or WORD)
            return _close(model, needed | characters)
        case kind:
            raise UnknownKindError(kind)


def keep(written: Written, kept: Ids) -> dict[str, Any]:
    """Write the file anew with the kept tokens alone, each under its place among them."""
    new = copy.deepcopy(dict(written))
    places = {int(old): place for place, old in enumerate(kept)}
    model = new["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][old] for old in places if old < len(model["vocab"])]
        model["unk_id"] = places[model["unk_id"]]
    else:
        vocabulary = model["vocab"].items()
        model["vocab"] = {piece: places[old] for piece, old in vocabulary if old in places}
    if model["type"] == "BPE":
        model["merges"] = [pair for pair in model["merges"] if _is_kept(pair, model["vocab"])]
    for token in new["added_tokens"]:
        token["id"] = places[token["id"]]
    new["padding"] = new["truncation"] = None  # whoever uses it sets its own
    if new["post_processor"]:
        _renumber(new["post_processor"], places)
    return new


def _characters(vocabulary: Mapping[str, int], prefix: str) -> set[int]:
    """Find the tokens of one character, within a word or at its side, and of one byte (`<0x0A>`)."""
    return {
        number
        for piece, number in vocabulary.items()
        if len(piece.removeprefix(prefix)) <= 1 or (piece.startswith("<0x") and piece[-1] == ">")
    }


def _close(model: Written, needed: set[int]) -> set[int]:
    """Add the parts that needed tokens are merged from, and theirs."""
    numbers = model["vocab"]
    names = {number: piece for piece, number in numbers.items()}
    parts: dict[str, list[str]] = {}
    for pair in model["merges"]:
        left, right = _split(pair)
        parts.setdefault(_join(left, right, model), []).extend((left, right))
    waiting = [names[number] for number in needed if number in names]
    while waiting:
        new = [part for part in parts.get(waiting.pop(), ()) if numbers[part] not in needed]
        needed.update(numbers[part] for part in new)
        waiting += new
    return needed


def _join(left: str, right: str, model: Written) -> str:
    return left + right.removeprefix(model["continuing_subword_prefix"] or "")


def _is_kept(pair: str | list[str], vocabulary: Mapping[str, int]) -> bool:
    left, right = _split(pair)
    return left in vocabulary and right in vocabulary and left + right in vocabulary


def _split(pair: str | list[str]) -> tuple[str, str]:
    """Read a merge, which older files write as one string."""
    left, right = pair.split(" ") if isinstance(pair, str) else pair
    return left, right


def _renumber(processor: dict[str, Any], places: Mapping[int, int]) -> None:
    """Give the tokens put around a text their new ids."""
    match processor["type"]:
        case "Sequence":
            for part in processor["processors"]:
                _renumber(part, places)
        case "TemplateProcessing":
            for token in processor["special_tokens"].values():
                token["ids"] = [places[old] for old in token["ids"]]
        case "BertProcessing" | "RobertaProcessing":
            for side in ("sep", "cls"):
                piece, old = processor[side]
                processor[side] = [piece, places[old]]
        case _:
            return  # it puts no tokens
