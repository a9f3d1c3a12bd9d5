"""Questions, answers and conversations as tokens, by the chat template of a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from trainer.spec import Turn

# For a tokenizer that brings none.
PLAIN_TEMPLATE = (
    "{{ bos_token or '' }}"
    "{% for message in messages %}"
    "### {{ message['role'] }}\n{{ message['content'] }}"
    "{{ eos_token if message['role'] == 'assistant' else '' }}\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}### assistant\n{% endif %}"
)
IGNORED = -100  # of a label: the loss leaves it out


@dataclass(frozen=True)
class Pair:
    """A question with its answer, as the model reads them: the loss is on the answer alone."""

    input_ids: list[int]
    labels: list[int]  # IGNORED where the question stands


def add_template(tokenizer: PreTrainedTokenizerFast) -> None:
    """Give a tokenizer without a chat template a plain one."""
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE


def encode_pair(
    tokenizer: PreTrainedTokenizerFast, question: str, answer: str, *, limit: int
) -> Pair | None:
    """Put an answer and the token that ends it behind its question, in at most `limit` tokens.

    The answer stands where it will be written: behind the template's opening of a reply. What is
    too long loses the start of its question. None where even the answer alone doesn't fit.
    """
    written = [*_tokenise(tokenizer, answer), int(tokenizer.eos_token_id)]
    asked = encode_turns(tokenizer, [Turn(role="user", text=question)], limit=limit - len(written))
    if asked is None:
        return None
    return Pair([*asked, *written], [*[IGNORED] * len(asked), *written])


def encode_turns(
    tokenizer: PreTrainedTokenizerFast, turns: Sequence[Turn], *, limit: int
) -> list[int] | None:
    """Give a conversation up to the opening of a reply, in at most `limit` tokens.

    The oldest turns go first, then the start of the last one. None where nothing of it fits.
    """
    kept = list(turns)
    while len(ids := _render(tokenizer, kept)) > limit and len(kept) > 1:
        kept = kept[1:]
    if len(ids) <= limit:
        return ids
    role, words = kept[0].role, _tokenise(tokenizer, kept[0].text)
    # Cut between two words they may come to a token more: then one less is tried.
    for left in range(len(words) - (len(ids) - limit), 0, -1):
        shorter = tokenizer.decode(words[-left:])
        ids = _render(tokenizer, [Turn(role=role, text=shorter)])
        if len(ids) <= limit:
            return ids
    return None


def _render(tokenizer: PreTrainedTokenizerFast, turns: Sequence[Turn]) -> list[int]:
    said = [{"role": turn.role, "content": _defuse(tokenizer, turn.text)} for turn in turns]
    text = tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
    ids: list[int] = tokenizer(str(text), add_special_tokens=False)["input_ids"]
    return ids


def _tokenise(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    ids: list[int] = tokenizer(_defuse(tokenizer, text), add_special_tokens=False)["input_ids"]
    return ids


def _defuse(tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    """Leave out what would end a turn or begin one: nobody speaks for another by typing it."""
    for token in tokenizer.all_special_tokens:
        text = text.replace(token, "")
    return text.strip()
