"""One version of a model as an endpoint config serves it: what it is made of, and how it did in its evaluation.

Blocking.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tools.errors import NotFound, UpstreamError
from tools.sagemaker import evaluation
from tools.sagemaker.descriptions import Descriptions
from tools.sagemaker.objects import ObjectReader
from tools.sagemaker.states import Container, ModelPackage, ModelState

T = TypeVar("T")
MOST_FILES = 1_000


class ServedVersion(BaseModel):
    """What a config serves under one variant. Anything is None, or empty, where SageMaker does not tell it.

    Attributes:
        config: the endpoint config.
        model: the SageMaker model.
        version: in the model package group.
        artefact_bytes: size of the artefact in S3.
        environment: variables of its container. Values are whatever somebody typed, passwords too: show names.
        figures: of its evaluation report, by dotted path (see `tools.sagemaker.evaluation`).
        lacking: what was asked for and could not be read, in a word or two each.
    """

    model_config = ConfigDict(frozen=True)

    config: str
    model: str = ""
    version: int | None = None
    image: str | None = None
    instance_type: str | None = None
    instances: int | None = None
    artefact_bytes: int | None = None
    environment: Mapping[str, str] = Field(default={}, repr=False)
    figures: Mapping[str, float] = {}
    lacking: tuple[str, ...] = ()


def served_version(
    descriptions: Descriptions, objects: ObjectReader, config: str, variant: str, group: str | None
) -> ServedVersion:
    """The version. What is not there any more is left out and told as lacking.

    Raises:
        UpstreamError: the config itself could not be read; `NotFound` where there is none.
    """
    found = descriptions.endpoint_config(config)
    served = next((one for one in found.variants if one.name == variant), found.variants[0] if found.variants else None)
    if served is None or served.model_name is None:
        return ServedVersion(config=config, lacking=("model",))
    lacking: list[str] = []
    model = _or_lacking(lambda: descriptions.model(served.model_name or ""), "model", lacking)
    package = _or_lacking(lambda: _package(descriptions, model, group), "registered version", lacking)
    container = _container(model, package)
    artefact = container.artefact
    size = _or_lacking(lambda: _size(objects, artefact), "artefact", lacking) if artefact else None
    uri = package.metrics_uri if package else None
    figures = _or_lacking(lambda: evaluation.figures(objects.json(uri)), "evaluation report", lacking) if uri else None
    return ServedVersion(
        config=config,
        model=served.model_name,
        version=package.version if package else None,
        image=container.image,
        instance_type=served.instance_type,
        instances=served.initial_instances,
        artefact_bytes=size,
        environment=container.environment,
        figures=figures or {},
        lacking=tuple(lacking),
    )


def _package(descriptions: Descriptions, model: ModelState | None, group: str | None) -> ModelPackage | None:
    return descriptions.version_of(model, group) if model is not None and group is not None else None


def _container(model: ModelState | None, package: ModelPackage | None) -> Container:
    """The first container; what it leaves to its package is that package's."""
    own = model.containers[0] if model and model.containers else Container()
    packed = package.containers[0] if package and package.containers else Container()
    return Container(
        image=own.image or packed.image,
        artefact=own.artefact or packed.artefact,
        environment={**packed.environment, **own.environment},
    )


def _size(objects: ObjectReader, uri: str) -> int | None:
    """Of the object of this name, or of all below it where it ends with a slash; a listing tells it."""
    found = list(objects.listing(uri, most=MOST_FILES))
    if not uri.endswith("/"):
        found = [one for one in found if one.uri == uri]
    if not found:
        raise NotFound("S3", "ListObjectsV2", f"there is nothing at {uri}")
    return sum(one.size for one in found)


def _or_lacking(read: Callable[[], T | None], what: str, lacking: list[str]) -> T | None:
    try:
        return read()
    except UpstreamError:
        lacking.append(what)
        return None
