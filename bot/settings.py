"""BotSettings: what the environment and `.env` say, read once by the entry point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from babel.numbers import is_currency
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trainer.spec import PersonalData

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class BotSettings(BaseSettings):
    """One field a setting; a name in `.env` that is none of them is refused as a typo."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="forbid", frozen=True
    )

    # Slack
    slack_mode: Literal["socket", "http"] = "socket"
    slack_bot_token: SecretStr = Field(SecretStr(""), description="xoxb-…")
    slack_app_token: SecretStr = Field(SecretStr(""), description="xapp-…; socket mode")
    slack_signing_secret: SecretStr = Field(SecretStr(""), description="http mode")
    slack_api_url: str = "https://slack.com/api/"
    http_host: str = "127.0.0.1"
    http_port: int = Field(3000, ge=0, le=65535)
    admins: Annotated[frozenset[str], NoDecode] = frozenset()
    # LANGUAGE itself is gettext's variable, which many a login sets.
    language: Literal["en", "zh"] = Field("en", validation_alias="default_language")

    # Records and training
    data_dir: Path = Path("data")
    engine: Literal["local"] = "local"
    base_model: str = "minilm"
    encoder: str = "minilm"
    max_upload_mb: int = Field(50, ge=1)
    cpu_slots: int = Field(1, ge=1, description="runs at once where there is no GPU")
    cpu_threads: int = Field(0, ge=0, description="of one run; 0 shares out the cores")
    checkpoint_seconds: float = Field(60, gt=0)
    gpu_hour_rates: Annotated[Mapping[str, Annotated[float, Field(ge=0)]], NoDecode] = {}
    currency: str = Field("USD", description="ISO 4217")

    personal_data: PersonalData = Field("keep", description="in files: keep, redact or refuse")

    # Texts, redacted
    corrections_kept_days: int = Field(365, ge=1, description="after they were made")
    monitored_kept_days: int = Field(30, ge=1, description="after they were read")

    # Hiring
    candidates_kept_days: int = Field(180, ge=1, description="after their last move")

    # Monitors
    feeds_allow_private: bool = Field(False, description="addresses of private networks too")

    log_level: Level = "INFO"

    @field_validator("admins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, (part.strip() for part in value.split(","))))
        return value

    @field_validator("gpu_hour_rates", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        if isinstance(value, str):
            pairs = (part.partition("=") for part in value.split(",") if part.strip())
            return {device.strip(): rate.strip() for device, _, rate in pairs}
        return value

    @field_validator("currency")
    @classmethod
    def _require_currency(cls, value: str) -> str:
        if not is_currency(value.upper()):
            raise ValueError("no ISO 4217 code of a currency, such as USD, EUR or CNY")
        return value.upper()

    @field_validator("slack_api_url")
    @classmethod
    def _end_with_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()
