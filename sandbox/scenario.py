"""Scenarios: what goes wrong, as data. Read from sandbox/scenarios/*.yaml, checked, started and undone.

A scenario changes only what a person or the world outside would change: the inputs, the traffic, a deployment. What the
metrics then do, and whether anything heals, follows from the world.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FOLDER = Path(__file__).parent / "scenarios"


class ScenarioError(Exception):
    """A scenario file is wrong: `file:line: key: what is wrong`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deploy(_Strict):
    """A team deploys a new endpoint config that turns out to be defective."""

    kind: Literal["deploy"]
    config: str
    latency: float = Field(1.0, ge=1.0, description="latency multiplied by")
    errors: float = Field(0.0, ge=0.0, le=1.0, description="share of requests that fail")
    logs: str = Field("", description="what is logged for each of them; {n} becomes the request's number")


class Drift(_Strict):
    """The values of an input move."""

    kind: Literal["drift"]
    feature: str
    scale: float = Field(1.0, gt=0)
    offset: float = 0.0
    weights: tuple[Annotated[float, Field(gt=0)], ...] = ()


class Nulls(_Strict):
    """A source delivers nulls."""

    kind: Literal["nulls"]
    feature: str
    ratio: float = Field(gt=0, le=1)


class ConceptChange(_Strict):
    """The same inputs come to mean something else; no input moves."""

    kind: Literal["concept"]
    loss: float = Field(gt=0, le=0.3, description="relative loss of accuracy of models trained before")
    retrained: float = Field(gt=0, le=0.3, description="the same for models trained since")
    versions: dict[str, Annotated[float, Field(ge=0, le=0.3)]] = {}


class Traffic(_Strict):
    """More, or fewer, requests arrive."""

    kind: Literal["traffic"]
    factor: float = Field(gt=0)


Change = Annotated[Deploy | Drift | Nulls | ConceptChange | Traffic, Field(discriminator="kind")]

_KINDS = ("deploy", "drift", "nulls", "concept", "traffic")

MonitorCheck = Literal[
    "missing_column_check",
    "data_type_check",
    "completeness_check",
    "baseline_drift_check",
    "categorical_values_check",
]


class Merged(_Strict):
    """A commit that came into the model's repository before. `minutes` are the world's, before the start."""

    minutes: float = Field(gt=0)
    message: str


class Released(_Strict):
    """A release of the model's repository before the start."""

    minutes: float = Field(gt=0)
    tag: str
    name: str = ""


class Violation(_Strict):
    """What Model Monitor finds: an entry of `constraint_violations.json`."""

    feature: str
    check: MonitorCheck
    description: str


class ExpectedAlert(_Strict):
    """An alert that must fire, and that no inhibition hides."""

    alertname: str
    severity: Literal["critical", "warning"]
    feature: str | None = None


class RightAnswer(_Strict):
    """What a good diagnosis says; for tests and readers, never shown to the bot."""

    root_cause: str
    remediation: str | None = None
    advice: str


class Scenario(_Strict):
    """One scenario. `autonomy` is the level that the policy gives the model while it runs; its own when None."""

    name: str
    title: str
    description: str
    model: str
    autonomy: Literal["observe", "suggest", "execute_low", "execute_high"] | None = None
    changes: tuple[Change, ...] = Field(min_length=1)
    violations: tuple[Violation, ...] = ()
    commits: tuple[Merged, ...] = ()
    releases: tuple[Released, ...] = ()
    alerts: tuple[ExpectedAlert, ...] = Field(min_length=1)
    right_answer: RightAnswer


def load_scenario(path: Path) -> Scenario:
    """Read one file. Raises ScenarioError that names file, line and key."""
    text = path.read_text()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{path}:{line}: {error.problem}") from error
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"] if part not in _KINDS)
        key = ".".join(str(part) for part in place) or "(file)"
        raise ScenarioError(f"{path}:{_line(root, place)}: {key}: {first['msg']}") from error
    if scenario.name != path.stem:
        raise ScenarioError(f"{path}:{_line(root, ('name',))}: name: must be {path.stem!r}, as the file is called")
    return scenario


def load_scenarios(folder: Path = FOLDER) -> dict[str, Scenario]:
    """All scenarios of a folder by name. Raises ScenarioError."""
    found = [load_scenario(path) for path in sorted(folder.glob("*.yaml"))]
    return {scenario.name: scenario for scenario in found}


def check_against(scenarios: Iterable[Scenario], features: dict[str, set[str]]) -> None:
    """Refuse scenarios that name a model or a feature the world does not have."""
    for scenario in scenarios:
        known = features.get(scenario.model)
        if known is None:
            raise ScenarioError(f"{scenario.name}: model: no model {scenario.model!r} in the world")
        for change in scenario.changes:
            if isinstance(change, Drift | Nulls) and change.feature not in known:
                raise ScenarioError(f"{scenario.name}: changes: {scenario.model} has no feature {change.feature!r}")


def _line(root: Any, place: tuple[int | str, ...]) -> int:
    """The line of the deepest part of a path that is in the file."""
    node, line = root, 1
    for part in place:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            entry = next(((k, v) for k, v in node.value if k.value == part), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
