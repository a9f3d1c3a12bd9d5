"""An encoder made by the real worker, what it says of itself, and how the index goes over to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from records import NOON, enqueue
from sqlite_utils import Database
from working import get, has_ended, make_worker, work_until

from bot.team.index import Seen, decide
from storage import encoders, jobs
from storage.database import migrate, opened
from storage.records import Job
from storage.talent import Encoder as Registered
from trainer.predict import Encoder
from trainer.spec import EncoderResult, text_hash

TEXTS = ["out of memory while training", "How to run a survey", "梯度裁剪与学习率"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Job]:
    data_dir = tmp_path_factory.mktemp("coach") / "data"
    migrate(data_dir)
    with opened(data_dir) as db:
        work = {"kind": "encoder", "base_model": "minilm", "texts": TEXTS[:2]}
        job = enqueue(db, work=work, channel="")
    work_until(make_worker(data_dir), lambda: has_ended(data_dir, job.id))
    return data_dir, get(data_dir, job.id)


def test_a_job_makes_an_encoder_and_registers_it(made: tuple[Path, Job]) -> None:
    data_dir, job = made
    assert job.state == "succeeded", job.failure
    result = EncoderResult.model_validate(job.result)
    with opened(data_dir) as db:
        registered = encoders.newest(db, "minilm")
        assert jobs.to_announce(db, after=NOON) == []
    assert registered is not None
    assert (registered.id, registered.path, registered.dimensions) == (result.id, result.path, 384)
    folder = data_dir / result.path
    assert {path.name for path in folder.iterdir()} == {
        "model.onnx",
        "tokenizer.json",
        "encoder.json",
    }
    assert json.loads((folder / "encoder.json").read_text())["format"] == result.format
    assert (result.format == "int8") == (result.agreement >= 0.98)


def test_its_vectors_are_those_of_torch(made: tuple[Path, Job]) -> None:
    import torch  # noqa: PLC0415 - only this test needs it
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    from trainer.spec import resolve_base_model  # noqa: PLC0415

    data_dir, job = made
    found = Encoder.load(data_dir / EncoderResult.model_validate(job.result).path).encode(TEXTS)
    source = resolve_base_model("minilm")
    model, tokenizer = AutoModel.from_pretrained(source), AutoTokenizer.from_pretrained(source)
    for text, vector in zip(TEXTS, found, strict=True):
        with torch.inference_mode():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = hidden.mean(dim=0).numpy()
        assert vector @ mean / np.linalg.norm(mean) >= 0.97  # int8 against fp32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_same_text_alone_and_among_others_has_one_vector(made: tuple[Path, Job]) -> None:
    data_dir, job = made
    encoder = Encoder.load(data_dir / EncoderResult.model_validate(job.result).path)
    alone, among = encoder.encode(TEXTS[:1])[0], encoder.encode(["long " * 200, *TEXTS])[1]
    # int8 takes the range of its activations from the whole batch.
    assert alone @ among >= 0.99


# --- the index ------------------------------------------------------------------------------


def registered(name: str) -> Registered:
    return Registered(name, "minilm", f"encoders/{name}", 2, NOON)


def job(state: str) -> Job:
    work = {"kind": "encoder", "base_model": "minilm"}
    return Job(1, "k", "encoder", state, work, 0, "U1", "", NOON, 1)  # type: ignore[arg-type]


def step(*, retry: bool = False, **changes: object) -> str:
    usual: dict[str, object] = {"texts": ["a", "b"], "made": None, "serving": None, "job": None}
    return decide(Seen(**(usual | {"indexed": frozenset()} | changes)), retry=retry)  # type: ignore[arg-type]


def test_the_index_takes_one_step_at_a_time() -> None:
    whole = frozenset(map(text_hash, ["a", "b"]))
    old, new = registered("old"), registered("new")
    assert step(texts=[]) == "nothing"
    assert step() == "queue"
    assert step(job=job("running")) == "nothing"
    assert step(job=job("failed")) == "tell"
    assert step(job=job("failed"), retry=True) == "queue"
    assert step(made=new, serving=old) == "index"
    assert step(made=new, serving=new, indexed=whole) == "nothing"
    assert step(made=new, serving=new, indexed=whole, texts=["a", "b", "c"]) == "index"


def test_vectors_of_two_encoders_never_meet(db: Database) -> None:
    for name in ("old", "new"):
        result = {"id": name, "base_model": name, "path": f"encoders/{name}", "dimensions": 2}
        encoders.register(db, job=enqueue(db), encoder=result, now=NOON)
        encoders.keep(db, name, {"h": np.array([len(name), 0], np.float32)})
    encoders.serve(db, "old", now=NOON)
    serving = encoders.serving(db)
    assert serving is not None
    assert serving.id == "old"
    assert encoders.vectors(db, "new") == {}
    assert encoders.vectors(db, "old")["h"].tolist() == [3, 0]
