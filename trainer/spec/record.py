"""A record: immutable, and strict about its fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A record: immutable, and strict about its fields, so that a misspelt one is an error."""

    # Errors must not show what they reject: it may be a row of the data, and errors get logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
