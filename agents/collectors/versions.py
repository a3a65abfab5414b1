"""The live version beside the one before it: what it is made of, how either did in its evaluation, and how they serve.

Read only where the live config was changed lately: an old difference explains nothing new.
"""

import asyncio
from collections.abc import Sequence

from agents.collectors.by_version import by_version
from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.serving import EndpointReading, EvaluationsReading, LiveConfigReading, VersionsReading
from agents.redaction import redact
from agents.wording import as_name, listed, sentence
from incidents.catalogue import ModelSpec
from incidents.comparison import Comparison, compare
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError
from tools.sagemaker.versions import ServedVersion

SOURCE = "SageMaker"
SAME_SIZE = 0.02
"""Artefacts whose sizes differ by less than this share count as alike: two trainings of one model do."""
MOST_VARIABLES = 6
MOST_METRICS = 3
MOST_SLICES = 2
_PLAIN = frozenset("0123456789.")
_DEFAULT_METRIC, _DEFAULT_MARGIN = "f1", 0.01


async def versions(lens: Lens, changes: Sequence[Found]) -> Sequence[Found]:
    """What differs, and the evaluations side by side. `changes`: the endpoint's state and its recent changes."""
    model = lens.model
    pair = _live_and_previous(lens, changes)
    if model is None or model.endpoint is None or pair is None:
        return ()
    asked = f"{pair[0]} against {pair[1]}"
    group, variant = model.retraining.model_package_group if model.retraining else None, model.endpoint.variant
    sagemaker = lens.sources.sagemaker
    try:
        live, previous, serving = await asyncio.gather(
            sagemaker.served_version(pair[0], variant, group),
            sagemaker.served_version(pair[1], variant, group),
            by_version(lens),
        )
    except UpstreamError as error:
        # What was changed, and when, is known all the same.
        return (lens.gap(SOURCE, "versions", asked, why(error, SOURCE), failed=False),)
    evaluated = _evaluated(lens, model, live, previous)
    return [_made_of(lens, asked, live, previous), *([evaluated] if evaluated else []), *serving]


def _live_and_previous(lens: Lens, changes: Sequence[Found]) -> tuple[str, str] | None:
    """The live config and the one that served before it, where that changed lately; the metrics know best."""
    since = lens.now - lens.timing.changes_lookback
    for _, reading in changes:
        if isinstance(reading, LiveConfigReading) and reading.previous and reading.since and reading.since >= since:
            return reading.config, reading.previous
    for _, reading in changes:
        if isinstance(reading, EndpointReading) and reading.older_configs:
            lately = [at for at in (reading.updated_at, reading.made_at) if at is not None and at >= since]
            return (reading.config, reading.older_configs[0]) if lately else None
    return None


def _made_of(lens: Lens, asked: str, live: ServedVersion, previous: ServedVersion) -> Found:
    figures: list[Figure] = []
    differences: list[str] = []
    for what, now, before in (
        ("image", live.image, previous.image),
        ("instance type", live.instance_type, previous.instance_type),
    ):
        if now is not None and before is not None and now != before:
            differences.append(f"{what} {_short(now)} instead of {_short(before)}")
    if live.instances is not None and previous.instances is not None and live.instances != previous.instances:
        differences.append(f"{live.instances} instances asked for instead of {previous.instances}")
    if live.artefact_bytes is not None and previous.artefact_bytes is not None:
        now, before = live.artefact_bytes / 1e6, previous.artefact_bytes / 1e6
        if abs(now - before) > SAME_SIZE * max(before, 0.001):
            differences.append(f"artefact of {now:.4g} MB instead of {before:.4g} MB")
            figures += [Figure(name="artefact", value=now, unit="MB"), Figure(name="before", value=before, unit="MB")]
    differences += _variables(live, previous)
    differs = "; ".join(differences) or _alike(live, previous)
    lacking = list(dict.fromkeys((*live.lacking, *previous.lacking)))
    missing = f" Not to be had: {listed(lacking)}." if lacking else ""
    evidence = lens.fact(
        EvidenceKind.CHANGE,
        SOURCE,
        asked,
        sentence(f"{_called(live)} against {_called(previous)} before it: {differs}") + missing,
        figures=tuple(figures),
        subject=live.config,
    )
    reading = VersionsReading(live=live.config, previous=previous.config, differences=tuple(differences))
    return Found(evidence, reading)


def _alike(live: ServedVersion, previous: ServedVersion) -> str:
    """What is known of both, and the same."""
    known = {
        "image": live.image and previous.image,
        "instance type": live.instance_type and previous.instance_type,
        "size": live.artefact_bytes is not None and previous.artefact_bytes is not None,
        "environment": "model" not in (*live.lacking, *previous.lacking) and live.model and previous.model,
    }
    same = [what for what, both in known.items() if both]
    return f"the same {listed(same)}" if same else "what either is made of is not known"


def _called(version: ServedVersion) -> str:
    return as_name(version.config) + (f" (version {version.version})" if version.version is not None else "")


def _short(text: str) -> str:
    """An image without its registry: who compares two wants the name and the tag."""
    return as_name(text.rsplit("/", 1)[-1])


def _variables(live: ServedVersion, previous: ServedVersion) -> list[str]:
    """Variables that differ. Values may be secrets; only plain numbers are told."""
    names = sorted(live.environment.keys() | previous.environment.keys())
    changed = [name for name in names if live.environment.get(name) != previous.environment.get(name)]
    told: list[str] = []
    for name in changed[:MOST_VARIABLES]:
        now, before = live.environment.get(name), previous.environment.get(name)
        word = as_name(redact(name), 60)
        if now is None or before is None:
            told.append(f"variable {word} {'is new' if before is None else 'is gone'}")
        elif _is_plain(now) and _is_plain(before):
            told.append(f"variable {word} {now} instead of {before}")
        else:
            told.append(f"variable {word} has another value")
    if len(changed) > MOST_VARIABLES:
        told.append(f"{len(changed) - MOST_VARIABLES} more variables")
    return told


def _is_plain(value: str) -> bool:
    return 0 < len(value) <= 6 and set(value) <= _PLAIN


def _evaluated(lens: Lens, model: ModelSpec, live: ServedVersion, previous: ServedVersion) -> Found | None:
    result = _compared(model, live, previous)
    if result is None:
        return None
    overall = [row for row in result.rows if row.slice is None and row.live is not None]
    shown = overall[:1] + sorted(overall[1:], key=lambda row: row.candidate - (row.live or 0.0))[: MOST_METRICS - 1]
    parts = [f"{row.metric} {row.candidate:.3f}, {row.live:.3f} before" for row in shown]
    worse = [row for row in result.worse if row.slice is not None][:MOST_SLICES]
    parts += [f"slice {as_name(row.slice or '')}: {row.candidate:.3f}, {row.live:.3f} before" for row in worse]
    where = "on the same holdout" if result.same_holdout else "each on its own holdout"
    figures = [Figure(name=f"{row.metric} of {live.config}", value=row.candidate) for row in shown]
    figures += [Figure(name=f"{row.metric} of {previous.config}", value=row.live or 0.0) for row in shown]
    evidence = lens.fact(
        EvidenceKind.MODEL_COMPARISON,
        SOURCE,
        f"evaluation reports of {live.config} and {previous.config}",
        sentence(f"{_called(live)} in its evaluation ({where}): {'; '.join(parts)}"),
        figures=tuple(figures),
        subject=live.config,
    )
    reading = EvaluationsReading(live=live.config, previous=previous.config, worse=not result.passed)
    return Found(evidence, reading)


def _compared(model: ModelSpec, live: ServedVersion, previous: ServedVersion) -> Comparison | None:
    """By the gate's own rules. The live model is on the same holdout only where its report is of that version."""
    figures = dict(live.figures)
    champion = figures.get("champion.version")
    if champion is not None and previous.version is not None and champion != previous.version:
        figures = {name: value for name, value in figures.items() if not name.startswith("champion.")}
    return compare(
        figures,
        metric=model.retraining.metric if model.retraining else _DEFAULT_METRIC,
        margin=model.retraining.margin if model.retraining else _DEFAULT_MARGIN,
        candidate_version=live.version or 0,
        live_version=previous.version,
        live_figures=previous.figures,
    )
