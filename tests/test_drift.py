"""What a model reads is compared with what it learnt from, and a drift is told once."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from office import Desktop, open_desktop
from results import assert_postable
from test_alerts import BEGIN, Time
from test_sentiment import let_serve

from bot.monitor import drift, drift_watch
from bot.workspace.server import Workspace
from storage import alerts, monitors
from storage.answering import Monitor, Monitored
from trainer.spec import dataset_dir

REVIEWS = "the food here was good and the waiters were friendly but the room is bad and loud"


def write(chance: random.Random, words: str = REVIEWS, size: int = 12) -> str:
    return " ".join(chance.choices(words.split(), k=chance.randint(size // 2, size)))


def many(seed: int, count: int = 300, **about: object) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [write(chance, **about) for _ in range(count)]  # type: ignore[arg-type]


def make_profile(texts: list[str], sureness: float = 0.9) -> drift.Profile:
    chance = random.Random(len(texts))  # noqa: S311 - no secret
    confidences = [min(1.0, chance.gauss(sureness, 0.02)) for _ in texts]
    return drift.profile(texts, confidences, frozenset(drift.words(REVIEWS)))


@pytest.mark.parametrize(
    ("texts", "sureness", "traits"),
    [
        (many(2), 0.9, []),
        (many(2, size=40), 0.9, ["length"]),
        (many(2), 0.7, ["sureness"]),
        (many(2, 20), 0.9, []),  # of so few anything may be
    ],
)
def test_what_has_drifted(texts: list[str], sureness: float, traits: list[str]) -> None:
    before = make_profile(many(1))
    found = drift.find(before, make_profile(texts, sureness))
    assert [one.trait for one in found] == traits


def test_another_language_has_other_words_too() -> None:
    chinese = ["味道很好，送餐也快，就是价格有点贵" for _ in range(300)]
    found = {one.trait: one for one in drift.find(make_profile(many(1)), make_profile(chinese))}
    assert {"unknown", "language"} <= set(found)
    assert (found["language"].before, found["language"].now) == ("en", "zh")
    assert found["unknown"].now == 1.0


def test_the_index_is_nought_for_the_same_and_grows_with_the_difference() -> None:
    assert drift.stability_index([50, 50], [500, 500]) == pytest.approx(0, abs=1e-4)
    assert drift.stability_index([50, 50], [60, 40]) < drift.stability_index([50, 50], [90, 10])


def test_of_many_rows_each_has_the_same_chance(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps({"text": str(n)}) + "\n" for n in range(1_000)))
    drawn = drift_watch.draw(path, 200)
    assert len(set(drawn)) == 200
    assert 400 < sum(map(int, drawn)) / 200 < 600
    assert drift_watch.draw(tmp_path / "gone.jsonl") == []


# --- told -----------------------------------------------------------------------------------


def prepare(desk: Desktop, texts: list[str]) -> Monitor:
    """Let a model serve, with rows held out of it, and a monitor that read these texts."""
    model = let_serve(desk)
    folder = dataset_dir(desk.office.settings.data_dir, model.dataset_hash)
    folder.mkdir(parents=True)
    rows = [json.dumps({"row": n, "text": row}) for n, row in enumerate(many(3, 400))]
    (folder / "test.jsonl").write_text("\n".join(rows))
    with desk.database() as db:
        monitor = monitors.add(
            db,
            key="k",
            kind="channel",
            source=desk.channel,
            alias="sentiment",
            alarms_a_month=1,
            channel=desk.channel,
            by=desk.user("bo"),
            now=BEGIN,
        )
        monitors.note_texts(
            db,
            monitor.id,
            [
                Monitored(
                    monitor=monitor.id,
                    key=str(n),
                    at=BEGIN,
                    topic="all",
                    label="negative",
                    confidence=0.9,
                    text=said,
                    keep_until=BEGIN + timedelta(days=90),
                )
                for n, said in enumerate(texts)
            ],
        )
    return monitor


async def test_a_drift_is_told_once_a_model_in_the_monitors_channel(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path, clock=Time()) as desk:
        monitor = prepare(desk, many(4, words="the app hangs when a login fails again", size=40))
        for _ in range(2):
            await drift_watch.look(desk.office)
            await desk.outbox.drain()
        (told,) = [m for m in workspace.messages("general") if "has drifted" in m.text]
        assert "• Length: half of the texts have up to" in told.text
        assert "• Words: in half of the texts more than" in told.text
        assert "`/train reviews`" in told.text
        assert_postable(told.text, told.blocks)
        with desk.database() as db:
            assert alerts.has_drifted(db, monitor=monitor.id, model=1)


async def test_too_few_texts_are_no_drift(workspace: Workspace, tmp_path: Path) -> None:
    async with open_desktop(workspace, tmp_path, clock=Time()) as desk:
        prepare(desk, many(4, 100, size=40))
        await drift_watch.look(desk.office)
        await desk.outbox.drain()
        assert not workspace.messages("general")
