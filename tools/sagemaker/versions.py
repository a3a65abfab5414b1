"""One version of a model as an endpoint config serves it: what it is made of, and how it did in its evaluation."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


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
    environment: Mapping[str, str] = {}
    figures: Mapping[str, float] = {}
    lacking: tuple[str, ...] = ()
