"""From what a person typed after `propose` to a typed remediation of the closed union; what is missing is named."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar, assert_never, cast, get_args

from pydantic import ValidationError

from incidents.catalogue import Catalogue, ModelSpec
from incidents.errors import UnknownModel
from incidents.origin import VariantWeight
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.spoken_time import FORMS, moment_of
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.sagemaker.states import ModelPackage

T = TypeVar("T")

Verb = Literal["rollback", "retrain", "promote", "quarantine", "release", "rerun", "shift", "issue", "notify"]
VERBS: tuple[Verb, ...] = get_args(Verb)
_USAGE: dict[Verb, tuple[str, str]] = {
    "rollback": ("rollback <model> [config]", "rollback product-recommender product-recommender-v23"),
    "retrain": ("retrain <model> [days]", "retrain fraud-detector 28"),
    "promote": ("promote <model> <version>", "promote fraud-detector 42"),
    "quarantine": ("quarantine <model> <from> <until>", "quarantine churn-predictor 2h now"),
    "release": ("release <model> <from> <until>", "release churn-predictor 2h now"),
    "rerun": ("rerun <model> <from>", "rerun churn-predictor 2h"),
    "shift": ("shift <model> <variant>=<weight> ...", "shift product-recommender v23=1 v24=0"),
    "issue": ("issue <model> <title>", "issue churn-predictor last_login_days is null since noon"),
    "notify": ("notify <model> <text>", "notify churn-predictor please look at the source of last_login_days"),
}
_COMMAND = "/agentops propose "
_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<prefix>.+/)")
_PACKAGES = 50
LONGEST_WINDOW_DAYS = 730
"""As the catalogue's own limit of a training window."""


@dataclass(frozen=True)
class Wanted:
    """What a person chose, for which model, and in which words."""

    model: ModelSpec
    remediation: AnyRemediation
    reason: str


@dataclass(frozen=True)
class Unusable:
    """What is missing or wrong, and how it is typed."""

    problem: str
    usage: str = ""
    example: str = ""


class _Wrong(Exception):
    """What is wrong with what was typed, in plain words."""


class ByHand:
    """Reads what was typed. Looks things up where the words leave them open; changes nothing."""

    def __init__(
        self,
        reader: StoreReader,
        catalogue: Catalogue,
        packages: Callable[[str, int], Awaitable[list[ModelPackage]]],
        clock: Callable[[], datetime],
    ) -> None:
        """`packages`: the newest versions in a model package group."""
        self._reader = reader
        self._catalogue = catalogue
        self._packages = packages
        self._clock = clock

    async def read(self, words: str) -> Wanted | Unusable:
        """What is wanted. Raises `UnknownModel`."""
        verb, _, rest = words.strip().partition(" ")
        if verb.lower() not in VERBS:
            known = ", ".join(VERBS)
            return Unusable(f"“{verb[:40]}” is nothing that can be proposed; there are {known}", *_usage("rollback"))
        chosen = cast("Verb", verb.lower())
        name, _, given = rest.strip().partition(" ")
        if not name:
            return Unusable("Which model?", *_usage(chosen))
        model = self._catalogue.models.get(name)
        if model is None:
            raise UnknownModel(name, tuple(self._catalogue.models))
        try:
            remediation = await self._remediation(chosen, model, given.strip())
        except _Wrong as wrong:
            return Unusable(str(wrong), *_usage(chosen))
        except ValidationError as error:
            first = error.errors()[0]
            named = ".".join(str(part) for part in first["loc"]) or "what was typed"
            return Unusable(f"{named}: {first['msg']}", *_usage(chosen))
        except UpstreamError as error:
            return Unusable(f"{error.service} could not be read, so nothing is proposed; try again in a minute")
        return Wanted(model, remediation, f"Chosen by hand: {words.strip()}"[:600])

    async def _remediation(self, verb: Verb, model: ModelSpec, given: str) -> AnyRemediation:
        words = given.split()
        match verb:
            case "rollback":
                return await self._rollback(model, words)
            case "retrain":
                return self._retraining(model, words)
            case "promote":
                return await self._promotion(model, words)
            case "quarantine" | "release":
                return self._quarantine(verb, model, words)
            case "rerun":
                _exactly(words, 1, "from when on it is run again")
                pipeline = _needed(model.data.pipeline, f"{model.name} has no data pipeline in manifests/models.yaml")
                return RerunDataPipeline(pipeline=pipeline, window_start=self._moment(words[0]))
            case "shift":
                return ShiftTraffic(endpoint=_endpoint(model), weights=tuple(_weight(word) for word in words))
            case "issue":
                named = f"{model.name} has no repository in manifests/models.yaml"
                repository = _needed(model.repository, named)
                title = _needed(given, "Give the issue a title")
                return OpenIssue(repository=repository, title=title, body=f"{title}\n\nAsked for by hand in Slack.")
            case "notify":
                owners = _needed(model.owners, f"{model.name} has no owners in manifests/models.yaml")
                return NotifyOwners(owners=owners, text=_needed(given, "What should they be told?"))
            case _:
                assert_never(verb)

    async def _rollback(self, model: ModelSpec, words: list[str]) -> RollbackEndpoint:
        endpoint = _endpoint(model)
        if len(words) > 1:
            raise _Wrong("Give at most one endpoint config")
        if words:
            return RollbackEndpoint(endpoint=endpoint, to_config=words[0])
        seen = [config for config, _ in await asyncio.to_thread(self._reader.configs_seen, endpoint)]
        last_known_good = model.endpoint.last_known_good if model.endpoint else None
        before = next(iter(seen[1:]), None) or (last_known_good if last_known_good not in seen[:1] else None)
        return RollbackEndpoint(
            endpoint=endpoint,
            to_config=_needed(before, f"No earlier endpoint config of {endpoint} is known; name the one to go back to"),
        )

    def _retraining(self, model: ModelSpec, words: list[str]) -> StartRetraining:
        retraining = _needed(model.retraining, f"{model.name} has no retraining section in manifests/models.yaml")
        if len(words) > 1:
            raise _Wrong("Give at most the number of days")
        days = words[0] if words else str(retraining.window_days)
        if not days.isdecimal() or not 1 <= int(days) <= LONGEST_WINDOW_DAYS:
            raise _Wrong(f"Days must be a number from 1 to {LONGEST_WINDOW_DAYS}, not “{days[:40]}”")
        end = self._clock()
        return StartRetraining(
            pipeline=retraining.pipeline, window_start=end - timedelta(days=int(days)), window_end=end
        )

    async def _promotion(self, model: ModelSpec, words: list[str]) -> PromoteModel:
        retraining = _needed(model.retraining, f"{model.name} has no retraining section in manifests/models.yaml")
        canary = _needed(
            retraining.promotion,
            f"{model.name} has no alarms under retraining.promotion in manifests/models.yaml, "
            "and nothing is promoted without one",
        )
        _exactly(words, 1, "the version to promote")
        if not words[0].isdecimal():
            raise _Wrong(f"The version must be a number, not “{words[0][:40]}”")
        listed = await self._packages(retraining.model_package_group, _PACKAGES)
        package = next((one for one in listed if one.version == int(words[0])), None)
        if package is None:
            newest = ", ".join(str(one.version) for one in listed[:5]) or "none"
            raise _Wrong(f"{model.name} has no version {words[0][:10]}; the newest are {newest}")
        return PromoteModel(
            model=model.name,
            endpoint=_endpoint(model),
            model_package=package.arn,
            version=package.version,
            canary_percent=canary.canary_percent,
            bake_minutes=canary.bake_minutes,
            alarms=canary.alarms,
        )

    def _quarantine(self, mode: Literal["quarantine", "release"], model: ModelSpec, words: list[str]) -> QuarantineData:
        _exactly(words, 2, "from when until when")
        capture = _needed(model.data.capture, f"{model.name} has no data.capture in manifests/models.yaml")
        place = _S3.fullmatch(capture)
        if place is None:
            raise _Wrong(f"data.capture of {model.name} in manifests/models.yaml is no s3://bucket/prefix/")
        start, end = self._moment(words[0]), self._moment(words[1])
        if start >= end:
            raise _Wrong("The window has to begin before it ends")
        return QuarantineData(
            mode=mode, bucket=place["bucket"], prefix=place["prefix"], window_start=start, window_end=end
        )

    def _moment(self, typed: str) -> datetime:
        return _needed(moment_of(typed, self._clock()), f"“{typed[:40]}” is no moment; write {FORMS}")


def _usage(verb: Verb) -> tuple[str, str]:
    usage, example = _USAGE[verb]
    return f"{_COMMAND}{usage} [--dry-run]", f"{_COMMAND}{example}"


def _needed(value: T | None, problem: str) -> T:
    if value is None or value == "":
        raise _Wrong(problem)
    return value


def _exactly(words: list[str], count: int, what: str) -> None:
    if len(words) != count:
        raise _Wrong(f"Say {what}" if len(words) < count else f"Say only {what}")


def _endpoint(model: ModelSpec) -> str:
    endpoint = _needed(model.endpoint, f"{model.name} has no endpoint in manifests/models.yaml")
    return endpoint.name


def _weight(word: str) -> VariantWeight:
    variant, _, weight = word.partition("=")
    try:
        return VariantWeight(variant=variant, weight=float(weight))
    except ValueError as error:
        raise _Wrong(f"“{word[:40]}” is no variant with its weight; write for example v23=1") from error
