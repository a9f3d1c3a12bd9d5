"""Blocks and views as Slack accepts them, with its limits.

The inside of rich_text, of a table's cells and of the newest blocks is taken as it comes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from bot.workspace.elements import (
    Accessory,
    ByType,
    FieldText,
    Image,
    Input,
    Interactive,
    Mrkdwn,
    Part,
    Plain,
    Plain24,
    Plain150,
    Plain2000,
    Text,
)
from bot.workspace.records import Json

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100


class Block(Part):
    block_id: str | None = Field(None, max_length=255)


class Section(Block):
    type: Literal["section"]
    text: Text | None = None
    fields: list[FieldText] | None = Field(None, min_length=1, max_length=10)
    accessory: Accessory | None = None
    expand: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Section:
        if not (self.text or self.fields):
            raise ValueError("a section needs text or fields")
        return self


class Header(Block):
    type: Literal["header"]
    text: Plain150


class Divider(Block):
    type: Literal["divider"]


class Context(Block):
    type: Literal["context"]
    elements: list[Annotated[Plain | Mrkdwn | Image, ByType]] = Field(min_length=1, max_length=10)


class Actions(Block):
    type: Literal["actions"]
    elements: list[Interactive] = Field(min_length=1, max_length=25)


class ImageBlock(Block, Image):
    title: Plain2000 | None = None


class InputBlock(Block):
    type: Literal["input"]
    label: Plain2000
    element: Input
    hint: Plain2000 | None = None
    optional: bool = False
    dispatch_action: bool = False


class Markdown(Block):
    type: Literal["markdown"]
    text: str = Field(min_length=1, max_length=12_000)


class RichText(Block):
    type: Literal["rich_text"]
    elements: list[Json]


class Table(Block):
    type: Literal["table"]
    rows: list[Annotated[list[Json], Field(max_length=20)]] = Field(min_length=1, max_length=100)
    column_settings: list[Json | None] | None = Field(None, max_length=20)


class Newer(Block):
    """Accepted without a closer look."""

    model_config = ConfigDict(extra="allow")
    type: Literal[
        "alert", "card", "carousel", "container", "context_actions", "data_table",
        "data_visualization", "file", "plan", "task_card", "video",
    ]  # fmt: skip


InMessage = (
    Section
    | Header
    | Divider
    | Context
    | Actions
    | ImageBlock
    | Markdown
    | RichText
    | Table
    | Newer
)
InView = InMessage | InputBlock


class Modal(Part):
    type: Literal["modal"]
    title: Plain24
    blocks: list[Annotated[InView, ByType]] = Field(max_length=VIEW_BLOCKS)
    close: Plain24 | None = None
    submit: Plain24 | None = None
    private_metadata: str = Field("", max_length=3000)
    callback_id: str = Field("", max_length=255)
    external_id: str = Field("", max_length=255)
    clear_on_close: bool = False
    notify_on_close: bool = False
    submit_disabled: bool = False

    @model_validator(mode="after")
    def _can_be_submitted(self) -> Modal:
        if not self.submit and any(isinstance(block, InputBlock) for block in self.blocks):
            raise ValueError("missing required field: submit")
        return self


class Home(Part):
    type: Literal["home"]
    blocks: list[Annotated[InView, ByType]] = Field(max_length=VIEW_BLOCKS)
    private_metadata: str = Field("", max_length=3000)
    callback_id: str = Field("", max_length=255)
    external_id: str = Field("", max_length=255)


class Blocks(Part):
    blocks: list[Annotated[InMessage, ByType]] = Field(max_length=MESSAGE_BLOCKS)


class View(Part):
    view: Annotated[Modal | Home, ByType]
