"""A pruned vocabulary reads training texts as before, and any other without unknown tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_models import write_classifier
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from trainer import pruning
from trainer.failures import RunFailed
from trainer.pretrained import load_tokenizer
from trainer.tasks.classification import load_model

TRAIN = ["the parcel came late again", "nobody could say why it took so long", "外卖送得很慢"]
OTHER = ["an entirely unseen sentence, misspeled", "餐都凉了"]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
NAMES = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=True))


def build(kind: str) -> PreTrainedTokenizerFast:
    """Train a tokenizer of a kind on all texts, with tokens around each."""
    if kind == "Unigram":
        backend = Tokenizer(models.Unigram())
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        backend.decoder = decoders.Metaspace()
        trainer: trainers.UnigramTrainer | trainers.BpeTrainer = trainers.UnigramTrainer(
            vocab_size=120, special_tokens=SPECIAL, unk_token=SPECIAL[3], show_progress=False
        )
    else:
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
        )
    backend.train_from_iterator([*TRAIN, *OTHER] * 3, trainer)
    ends = [(name, backend.token_to_id(name)) for name in ("<s>", "</s>")]
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **NAMES,
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
    )


def pieces(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    found = tokenizer.convert_ids_to_tokens(tokenizer(text).input_ids)
    return [str(piece) for piece in found]


@pytest.mark.parametrize("kind", ["WordPiece", "Unigram", "BPE"])
def test_training_texts_keep_their_pieces_and_others_fall_into_smaller_ones(kind: str) -> None:
    whole = load_tokenizer("minilm") if kind == "WordPiece" else build(kind)
    pruned = pruning.prune_tokenizer(whole, TRAIN, "tiny")
    small = pruned.tokenizer
    assert len(small) == len(pruned.kept) < len(whole)
    for text in TRAIN:
        assert pieces(small, text) == pieces(whole, text)
        assert pruned.kept[small(text).input_ids].tolist() == whole(text).input_ids
    for text in OTHER:
        unknown = [
            tokenizer(text).input_ids.count(tokenizer.unk_token_id) for tokenizer in (whole, small)
        ]
        assert unknown[0] == unknown[1]
        assert small.decode(small(text).input_ids) == whole.decode(whole(text).input_ids)


def test_a_kind_that_is_unknown_is_refused_in_words() -> None:
    words = {"<unk>": 0, "<pad>": 1, "late": 2}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, SPECIAL[3])), pad_token=SPECIAL[1]
    )
    model = BertForSequenceClassification(
        BertConfig(vocab_size=3, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    )
    with pytest.raises(RunFailed, match="can't be pruned"):
        pruning.prune(model, tokenizer, ["late"], "tiny")


@torch.inference_mode()
def test_a_pruned_model_answers_training_texts_exactly_as_before_and_can_be_made_whole(
    tmp_path: Path,
) -> None:
    base = write_classifier(tmp_path / "tiny")
    whole, tokenizer = load_model(base, ["a", "b", "c"]).eval(), load_tokenizer(base)
    small = load_model(base, ["a", "b", "c"]).eval()
    pruned = pruning.prune(small, tokenizer, TRAIN, base)
    small.classifier.load_state_dict(whole.classifier.state_dict())  # else each draws its own head

    def answer(
        model: torch.nn.Module, reader: PreTrainedTokenizerFast, texts: list[str]
    ) -> torch.Tensor:
        logits: torch.Tensor = model(**reader(texts, padding=True, return_tensors="pt")).logits
        return logits

    assert small.num_parameters() < whole.num_parameters()
    assert torch.equal(answer(small, pruned.tokenizer, TRAIN), answer(whole, tokenizer, TRAIN))
    restored = pruning.restore(small, pruned)
    assert torch.equal(answer(restored, tokenizer, OTHER), answer(whole, tokenizer, OTHER))
