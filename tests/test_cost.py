"""What training costs: pure arithmetic of seconds, rates, months and budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot import language
from bot.cost import Cost, Standing, cost_of, find_exceeded, month_of, rate_of, say_money, sum_by
from bot.settings import BotSettings
from storage.records import Use

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
RATES = {"H100": 2.5, "A10": 0.7, "cpu": 0.05, "*": 1.0}
HOUR = timedelta(hours=1)


def make_use(**changes: Any) -> Use:
    values: dict[str, Any] = {
        "job": 1,
        "attempt": 1,
        "requested_by": "U1",
        "channel": "C1",
        "dataset": "reviews",
        "device": "NVIDIA H100 80GB HBM3, bf16",
        "started_at": START + HOUR,
        "ended_at": START + 3 * HOUR,
    }
    return Use(**values | changes)


@pytest.mark.parametrize(
    ("device", "rate"),
    [
        ("NVIDIA H100 80GB HBM3, bf16", 2.5),
        ("NVIDIA A10, bf16", 0.7),
        ("NVIDIA A100-SXM4-80GB, bf16", 1.0),
        ("CPU, 2 threads, bf16", 0.05),
        ("cpu:0", 0.05),
        ("GPU-5b1c", 1.0),
    ],
)
def test_a_rate_is_found_by_a_whole_word_of_the_devices_name(device: str, rate: float) -> None:
    assert rate_of(device, RATES) == rate


def test_without_a_rate_for_the_rest_a_device_costs_nothing() -> None:
    assert rate_of("TPU", {"H100": 2.5}) == 0


def test_only_the_part_within_the_month_counts_and_a_running_attempt_goes_on() -> None:
    over = make_use(started_at=START - HOUR, ended_at=START + HOUR)
    assert cost_of(over, START, END, RATES) == Cost(3600, 2.5)
    running = make_use(ended_at=None)
    assert cost_of(running, START, START + 5 * HOUR, RATES) == Cost(4 * 3600, 10)
    assert cost_of(make_use(), END, END + HOUR, RATES) == Cost()


def test_costs_are_summed_up_by_any_key_the_longest_first() -> None:
    uses = [
        make_use(dataset="chat", device="cpu:0", ended_at=START + 2 * HOUR),
        make_use(),
        make_use(attempt=2),
    ]
    sums = sum_by(uses, lambda use: use.dataset, start=START, end=END, rates=RATES)
    assert list(sums.items()) == [("reviews", Cost(14_400, 10)), ("chat", Cost(3_600, 0.05))]


def test_a_month_ends_where_the_next_begins() -> None:
    december = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    first, following = month_of(december)
    assert (first.isoformat(), following.isoformat()) == (
        "2026-12-01T00:00:00+00:00",
        "2027-01-01T00:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("spent", "warned", "exceeded"), [(79, False, False), (80, True, False), (100, True, True)]
)
def test_a_budget_warns_at_80_percent_and_is_used_up_at_100(
    spent: float, warned: bool, exceeded: bool
) -> None:
    standing = Standing("U1", 100, spent)
    assert standing.is_running_out is warned
    assert bool(find_exceeded([standing], 0)) is exceeded


def test_a_job_that_would_not_fit_beside_what_is_on_its_way_exceeds_the_budget() -> None:
    standing = Standing("U1", 100, 60, committed=30)
    assert find_exceeded([standing], 10) == []
    assert find_exceeded([standing], 10.5) == [standing]


def test_money_is_written_as_its_reader_does() -> None:
    assert say_money(1234.5, "USD") == "$1,234.50"
    with language.use("zh"):
        assert say_money(1234.5, "CNY") == "¥1,234.50"


def test_rates_are_read_from_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_HOUR_RATES", "H100=2.5, cpu=0.05,*=1")
    monkeypatch.setenv("CURRENCY", "eur")
    settings = BotSettings(_env_file=None)
    assert settings.gpu_hour_rates == {"H100": 2.5, "cpu": 0.05, "*": 1}
    assert settings.currency == "EUR"


@pytest.mark.parametrize(
    ("name", "value"), [("GPU_HOUR_RATES", "H100"), ("GPU_HOUR_RATES", "a=-1"), ("CURRENCY", "XX1")]
)
def test_what_is_no_rate_and_no_currency_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        BotSettings(_env_file=None)
