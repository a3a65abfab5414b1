"""Whether a case fits a catalogue and has its files: what the shape of `case.yaml` alone cannot tell."""

import difflib
from collections.abc import Callable

from incidents.catalogue import Catalogue, ModelSpec
from incidents.errors import ManifestError
from tools.case_files.case_file import CaseFile
from tools.case_files.reading import document_of
from tools.case_files.recorded_prometheus import PER_FEATURE
from tools.case_files.series import HEALTHY, SAME_SERIES, rows_of
from tools.manifests.yaml_lines import Where

LIVE_CONFIG = "config_info"
"""The series that tells which config served when; it can only be missing."""


def model_of(case: CaseFile, catalogue: Catalogue) -> ModelSpec:
    """The model that a case measures: its own entry, or the catalogue's of that name.

    Raises:
        ManifestError: there is no such model, it has no such series or feature, or a series' file cannot be read; the
            message names the line and key of the case and what to do.
    """

    def wrong(key: Where, problem: str) -> ManifestError:
        # The file is read again only to say where in it a mistake stands.
        return document_of(case.folder).wrong(key, problem)

    model = _named(case.model, catalogue, wrong) if isinstance(case.model, str) else case.model
    known = _series(model)
    for key, course in case.metrics.items():
        if key not in known:
            raise wrong(("metrics", key), f"is no series of {model.name}{_instead(key, known)}")
        if course.csv is not None:
            try:
                rows_of(case.folder, course.csv)
            except ValueError as error:
                raise wrong(("metrics", key, "csv"), str(error)) from error
    for key, told in (("capture", case.capture), ("statistics", case.statistics)):
        for feature in told.features if told is not None else ():
            if feature not in model.features:
                instead = _instead(feature, set(model.features))
                raise wrong((key, "features", feature), f"is no feature of {model.name}{instead}")
    return model


def with_model_of(case: CaseFile, catalogue: Catalogue) -> tuple[ModelSpec, Catalogue]:
    """The model that a case measures, and the catalogue with it. Raises `ManifestError` as `model_of` does."""
    model = model_of(case, catalogue)
    return model, catalogue.model_copy(update={"models": {**catalogue.models, model.name: model}})


def _named(name: str, catalogue: Catalogue, wrong: Callable[[Where, str], ManifestError]) -> ModelSpec:
    if name in catalogue.models:
        return catalogue.models[name]
    raise wrong(("model",), f"{name!r} is no model of the catalogue{_instead(name, set(catalogue.models))}")


def _series(model: ModelSpec) -> set[str]:
    """The keys under which a course may stand."""
    signals = {*model.signals, *HEALTHY} - set(SAME_SERIES)
    features = {f"{signal}.{feature}" for signal in PER_FEATURE for feature in model.features}
    return {*signals, *features, LIVE_CONFIG}


def _instead(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(sorted(known))}"
