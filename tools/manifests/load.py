"""Reads manifests/models.yaml and manifests/policy.yaml into the domain's types."""

from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from incidents.catalogue import Catalogue
from incidents.policy import Policy
from incidents.policy_review import contradictions, rehearse
from tools.manifests.problems import first_problem
from tools.manifests.queries import wrong_query
from tools.manifests.yaml_lines import Document, parse, read, read_bytes


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue. A model's key is its `name`; `defaults` give the channel and environment an entry leaves out.

    Raises:
        ManifestError: names the file, line and key, what is wrong and what to do.
    """
    document = read(path)
    content = document.mapping()
    models = content.get("models")
    if isinstance(models, dict):
        content["models"] = {
            key: _named(document, key, entry, content.get("defaults"))
            for key, entry in cast(dict[str, Any], models).items()
        }
    try:
        catalogue = Catalogue.model_validate(content)
    except ValidationError as error:
        raise first_problem(document, error, Catalogue) from error
    _refuse_shared_endpoints(document, catalogue)
    for name, model in catalogue.models.items():
        for key, signal in model.signals.items():
            problem = wrong_query(model.query_of(signal))
            if problem:
                raise document.wrong(("models", name, "signals", key, "query"), problem)
    return catalogue


def load_policy(path: Path) -> Policy:
    """The policy. A file that contradicts itself, or whose examples fail, is as wrong as one with a misspelt key.

    Raises:
        ManifestError: names the file, line and key, what is wrong and what to do.
    """
    return parse_policy(read_bytes(path), str(path))


def parse_policy(raw: bytes, file: str, *, examples: bool = True) -> Policy:
    """Like `load_policy`, from the bytes of `file`; `examples` may fail where they are not to be looked at."""
    document = parse(raw, file)
    content = document.mapping()
    for section in ("rules", "freezes", "examples"):
        _refuse_names_given_twice(document, section, content.get(section))
    try:
        policy = Policy.model_validate(content)
    except ValidationError as error:
        raise first_problem(document, error, Policy) from error
    wrong = next(contradictions(policy), None)
    if wrong is not None:
        raise document.wrong(wrong.path, wrong.problem)
    for number, played in enumerate(rehearse(policy) if examples else ()):
        if played.problem:
            problem = f"the example {played.example.name!r} fails: {played.problem}"
            raise document.wrong(("examples", number, "expect"), problem)
    return policy


def _refuse_names_given_twice(document: Document, section: str, entries: Any) -> None:
    first: dict[str, int] = {}
    for number, entry in enumerate(cast(list[Any], entries) if isinstance(entries, list) else []):
        name: Any = cast(dict[str, Any], entry).get("name") if isinstance(entry, dict) else None
        path = (section, number, "name")
        if isinstance(name, str) and first.setdefault(name, number) != number:
            there = document.line((section, first[name], "name"))
            raise document.wrong(path, f"{name!r} stands here twice, first on line {there}; a name is given once")


def _named(document: Document, key: str, entry: Any, defaults: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    filled = dict(cast(dict[str, Any], entry))
    if filled.setdefault("name", key) != key:
        raise document.wrong(("models", key, "name"), f"says {filled['name']}, its key says {key}; remove it")
    if isinstance(defaults, dict):
        for field in ("channel", "environment"):
            if field in defaults:
                filled.setdefault(field, cast(dict[str, Any], defaults)[field])
    return filled


def _refuse_shared_endpoints(document: Document, catalogue: Catalogue) -> None:
    owner: dict[str, str] = {}
    for name, model in catalogue.models.items():
        if model.endpoint is None:
            continue
        first = owner.setdefault(model.endpoint.name, name)
        if first != name:
            raise document.wrong(
                ("models", name, "endpoint", "name"),
                f"{model.endpoint.name} already belongs to {first}; an endpoint has one entry",
            )
