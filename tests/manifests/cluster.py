"""What manifests/kubernetes/ holds, read with the strict types of the Kubernetes API (its official client's models)."""

from pathlib import Path
from typing import Any, cast

import yaml
from kubernetes import client
from pydantic import BaseModel

FOLDER = Path(__file__).parents[2] / "manifests" / "kubernetes"
BASE, EXAMPLE = FOLDER / "base", FOLDER / "example"

KINDS: dict[tuple[str, str], type[BaseModel]] = {
    ("v1", "Namespace"): client.V1Namespace,
    ("v1", "Service"): client.V1Service,
    ("v1", "ServiceAccount"): client.V1ServiceAccount,
    ("apps/v1", "StatefulSet"): client.V1StatefulSet,
    ("policy/v1", "PodDisruptionBudget"): client.V1PodDisruptionBudget,
    ("networking.k8s.io/v1", "NetworkPolicy"): client.V1NetworkPolicy,
}
"""Every kind that is shipped. Their models forbid unknown fields and turn nothing into another type."""

Json = dict[str, Any]


def documents(path: Path) -> list[Json]:
    """The objects of one file."""
    return [cast("Json", one) for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def files() -> list[Path]:
    """All but the kustomizations, which are read by kustomize and not by the API."""
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")


def typed(document: Json) -> BaseModel:
    """As the API's own type. Raises `ValidationError` for a field that it does not know, and for a wrong type."""
    kind = KINDS[document["apiVersion"], document["kind"]]
    return kind.model_validate(document, by_alias=True, by_name=False)


def named(kind: str, name: str) -> Json:
    """The one object of that kind and name."""
    (found,) = [
        one for path in files() for one in documents(path) if (one["kind"], one["metadata"]["name"]) == (kind, name)
    ]
    return found


def pod(name: str) -> Json:
    """The pod's spec of a StatefulSet."""
    return named("StatefulSet", name)["spec"]["template"]["spec"]


def container(name: str) -> Json:
    """The only container of a StatefulSet."""
    (one,) = pod(name)["containers"]
    return one
