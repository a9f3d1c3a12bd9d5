"""Settings are read once, and `.env.example` names each of them with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import BotSettings

NAMES = {str(f.validation_alias or name).upper() for name, f in BotSettings.model_fields.items()}
EXAMPLE = Path(__file__).parent.parent / ".env.example"


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make an empty working directory without any variable of ours."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _example() -> dict[str, str]:
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    return dict(lines)


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(_example()) == NAMES


def test_the_example_shows_the_defaults(no_environment: Path) -> None:
    (no_environment / ".env").write_text(
        "\n".join(f"{name}={value}" for name, value in _example().items())
    )
    assert BotSettings() == BotSettings(_env_file=None)


def test_a_misspelt_name_in_the_file_is_an_error(no_environment: Path) -> None:
    (no_environment / ".env").write_text("SLACK_BOT_TOKN=xoxb-1\n")
    with pytest.raises(ValidationError, match="slack_bot_tokn"):
        BotSettings()


def test_admins_are_a_comma_separated_list(no_environment: Path) -> None:
    (no_environment / ".env").write_text("ADMINS=U1, U2,\n")
    assert BotSettings().admins == {"U1", "U2"}


def test_secrets_do_not_show(no_environment: Path) -> None:
    assert no_environment.exists()
    settings = BotSettings(slack_bot_token=SecretStr("xoxb-secret"))
    assert "xoxb-secret" not in repr(settings)


def test_the_api_address_ends_with_a_slash(no_environment: Path) -> None:
    assert no_environment.exists()
    assert BotSettings(slack_api_url="http://127.0.0.1:9/api").slack_api_url.endswith("/api/")


def test_the_logins_own_language_is_not_the_bots(
    no_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "de_DE:de")
    (no_environment / ".env").write_text("DEFAULT_LANGUAGE=zh\n")
    assert BotSettings().language == "zh"
