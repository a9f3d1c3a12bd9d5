"""Load what a base model brings: its tokenizer and weights, from safetensors alone and without code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors.torch import load_model
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from trainer import adapters
from trainer.failures import RunFailed
from trainer.spec import PACKAGED_ENCODER, Cause, resolve_base_model

PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5", "*.msgpack")
NO_LIMIT = 1_000_000  # tokenizers without a limit of their own say 1e30


def load_tokenizer(base_model: str) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a base model; one that can't be served without torch is refused."""
    with _loading(base_model):
        tokenizer = AutoTokenizer.from_pretrained(
            resolve_base_model(base_model), trust_remote_code=False
        )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise RunFailed(
            "model_not_found",
            f"{base_model!r} has no fast tokenizer (tokenizer.json): choose another base model.",
        )
    if tokenizer.pad_token is None:  # decoders have none; the attention mask hides it anyway
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def cut_length(
    recipe_length: int, tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel
) -> int:
    """Say at how many tokens texts are cut: never longer than the model has positions for."""
    positions = getattr(model.config, "max_position_embeddings", NO_LIMIT)
    return int(min(recipe_length, tokenizer.model_max_length, positions))


@contextmanager
def safe_weights(base_model: str) -> Iterator[str]:
    """Give where a base model's weights are to be loaded from; turn what goes wrong into words."""
    source = resolve_base_model(base_model)
    _refuse_pickles(Path(source), base_model)
    with _loading(base_model):
        yield source


def restore_adapters(model: PreTrainedModel, source: str) -> None:
    """Put back the bottleneck adapters that a model was saved with, which no library knows of."""
    size = getattr(model.config, adapters.BESIDE, None)
    if size:
        adapters.add(model, size)
        load_model(model, Path(source) / "model.safetensors", strict=False)


@contextmanager
def _loading(base_model: str) -> Iterator[None]:
    """Turn the loader's errors into ones that say what to type instead."""
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        cause, words = _name_trouble(str(error), base_model)
        raise RunFailed(cause, words, model=PACKAGED_ENCODER) from error


def _refuse_pickles(folder: Path, base_model: str) -> None:
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        return
    if any(next(folder.glob(pattern), None) for pattern in PICKLES):
        raise RunFailed(
            "unsafe_model",
            f"{base_model!r} has its weights as pickles only, which can run code: "
            "convert them to safetensors.",
            model=PACKAGED_ENCODER,
        )


def _name_trouble(message: str, base_model: str) -> tuple[Cause, str]:
    name = repr(base_model)
    if "trust_remote_code" in message:
        return "unsafe_model", f"{name} needs code of its own, which is never run."
    if "gated" in message:
        return "model_not_found", f"{name} is gated on the hub: this host needs access to it."
    if Path(resolve_base_model(base_model)).is_dir() or "safetensors" in message:
        return "model_not_found", (
            f"{name} is no text encoder that can be loaded: "
            "it needs config.json, tokenizer.json and model.safetensors."
        )
    return "model_not_found", f"{name} is no folder here, and no hub in reach has it."
