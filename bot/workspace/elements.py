"""What stands inside blocks: texts, options, buttons, menus and inputs, with Slack's limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.workspace.records import Json


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


# --- composition objects --------------------------------------------------------------------


class Plain(Part):
    type: Literal["plain_text"]
    text: str = Field(min_length=1, max_length=3000)
    emoji: bool = True


class Plain24(Plain):
    text: str = Field(min_length=1, max_length=24)


class Plain30(Plain):
    text: str = Field(min_length=1, max_length=30)


class Plain75(Plain):
    text: str = Field(min_length=1, max_length=75)


class Plain100(Plain):
    text: str = Field(min_length=1, max_length=100)


class Plain150(Plain):
    text: str = Field(min_length=1, max_length=150)


class Plain2000(Plain):
    text: str = Field(min_length=1, max_length=2000)


class Mrkdwn(Part):
    type: Literal["mrkdwn"]
    text: str = Field(min_length=1, max_length=3000)
    verbatim: bool = False


class Mrkdwn75(Mrkdwn):
    text: str = Field(min_length=1, max_length=75)


class Mrkdwn300(Mrkdwn):
    text: str = Field(min_length=1, max_length=300)


class Mrkdwn2000(Mrkdwn):
    text: str = Field(min_length=1, max_length=2000)


class Plain300(Plain):
    text: str = Field(min_length=1, max_length=300)


ByType = Field(discriminator="type")
Text = Annotated[Plain | Mrkdwn, ByType]
FieldText = Annotated[Plain2000 | Mrkdwn2000, ByType]


class Confirm(Part):
    title: Plain100
    text: Annotated[Plain300 | Mrkdwn300, ByType]
    confirm: Plain30
    deny: Plain30
    style: Literal["primary", "danger"] | None = None


class Option(Part):
    text: Annotated[Plain75 | Mrkdwn75, ByType]
    value: str = Field(max_length=150)
    description: Annotated[Plain75 | Mrkdwn75, ByType] | None = None
    url: str | None = Field(None, max_length=3000)


class OptionGroup(Part):
    label: Plain75
    options: list[Option] = Field(min_length=1, max_length=100)


class SlackFile(Part):
    id: str | None = None
    url: str | None = None


# --- elements -------------------------------------------------------------------------------


class Element(Part):
    action_id: str | None = Field(None, max_length=255)


class Button(Element):
    type: Literal["button"]
    text: Plain75
    value: str | None = Field(None, max_length=2000)
    url: str | None = Field(None, max_length=3000)
    style: Literal["primary", "danger"] | None = None
    confirm: Confirm | None = None
    accessibility_label: str | None = Field(None, max_length=75)


class Choice(Element):
    """What all menus and inputs share."""

    placeholder: Plain150 | None = None
    confirm: Confirm | None = None
    focus_on_load: bool = False


class StaticSelect(Choice):
    type: Literal["static_select"]
    options: list[Option] | None = Field(None, min_length=1, max_length=100)
    option_groups: list[OptionGroup] | None = Field(None, min_length=1, max_length=100)
    initial_option: Option | None = None

    @model_validator(mode="after")
    def _offers_its_initial_option(self) -> StaticSelect:
        groups = self.option_groups or []
        offered = [*(self.options or []), *(option for group in groups for option in group.options)]
        if not offered or (self.initial_option and self.initial_option not in offered):
            raise ValueError("initial_option must be one of the options")
        return self


class MultiStaticSelect(Choice):
    type: Literal["multi_static_select"]
    options: list[Option] = Field(min_length=1, max_length=100)
    initial_options: list[Option] | None = None
    max_selected_items: int | None = Field(None, ge=1)


class Overflow(Element):
    type: Literal["overflow"]
    options: list[Option] = Field(min_length=1, max_length=5)
    confirm: Confirm | None = None


class DatePicker(Choice):
    type: Literal["datepicker"]
    initial_date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")


class Checkboxes(Choice):
    type: Literal["checkboxes"]
    options: list[Option] = Field(min_length=1, max_length=10)
    initial_options: list[Option] | None = None


class RadioButtons(Choice):
    type: Literal["radio_buttons"]
    options: list[Option] = Field(min_length=1, max_length=10)
    initial_option: Option | None = None


class PlainTextInput(Choice):
    type: Literal["plain_text_input"]
    initial_value: str | None = Field(None, max_length=3000)
    multiline: bool = False
    min_length: int | None = Field(None, ge=0, le=3000)
    max_length: int | None = Field(None, ge=1, le=3000)
    dispatch_action_config: Json | None = None


class NumberInput(Choice):
    type: Literal["number_input"]
    is_decimal_allowed: bool
    initial_value: str | None = None
    min_value: str | None = None
    max_value: str | None = None
    dispatch_action_config: Json | None = None


class FileInput(Element):
    type: Literal["file_input"]
    filetypes: list[str] | None = None
    max_files: int = Field(10, ge=1, le=10)


class Image(Part):
    type: Literal["image"]
    image_url: str | None = Field(None, max_length=3000)
    slack_file: SlackFile | None = None
    alt_text: str = Field(min_length=1, max_length=2000)


Menu = (
    Button | StaticSelect | MultiStaticSelect
    | Overflow | DatePicker | Checkboxes | RadioButtons
)  # fmt: skip
Interactive = Annotated[Menu, ByType]
Accessory = Annotated[Menu | Image, ByType]
Input = Annotated[
    StaticSelect | MultiStaticSelect | DatePicker | Checkboxes | RadioButtons | PlainTextInput | NumberInput | FileInput,
    ByType,
]  # fmt: skip
