"""What a model that writes is asked and what it answers, as lines of JSON, and the card of its folder."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from trainer.spec.record import Frozen


class Turn(Frozen):
    """What one side said in a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Ask(Frozen):
    """A conversation whose next turn is to be written."""

    turns: list[Turn] = Field(min_length=1)
    max_tokens: int = Field(ge=1, le=4096)
    seconds: float = Field(gt=0, description="after so long it ends where it is")


class Written(Frozen):
    """What was written, or the kind of error that kept it from that."""

    text: str = ""
    complete: bool = Field(default=True, description="False: it was ended by a limit")
    error: str | None = None


class Ready(Frozen):
    """The model is loaded, or the kind of error that kept it from that."""

    error: str | None = None


class WriterCard(Frozen):
    """The model.json of a model that writes; training adds what it was made from."""

    # Names beside these are where the model comes from.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    format: Literal["merged", "adapter"] = Field(
        description="of torch/: the whole model, or an adapter to load beside `base_model`"
    )
    base_model: str
    context_length: int = Field(description="tokens that it reads and writes, together")
    max_tokens: int = Field(description="of an answer")
