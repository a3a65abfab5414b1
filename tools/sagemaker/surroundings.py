"""What an endpoint depends on outside SageMaker: alarms, images, artefacts, autoscaling and quotas. Blocking."""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from tools.errors import NotFound
from tools.sagemaker import answers
from tools.sagemaker.clients import ReadingClients
from tools.sagemaker.errors import upstream
from tools.sagemaker.objects import ObjectReader, split_uri
from tools.sagemaker.states import AlarmState

QUOTAS_KEPT_S = 3600.0
"""Quotas change by a request to AWS that takes days, and there are more than a thousand to read."""
MAX_QUOTA_PAGES = 40

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@\s]+)(?::(?P<tag>[^@\s]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_QUOTA = re.compile(r"(ml\.[a-z0-9.-]+) for endpoint usage")


class Surroundings:
    """Every method raises `tools.errors.UpstreamError`."""

    def __init__(self, clients: ReadingClients, objects: ObjectReader, region: str) -> None:
        self._clients = clients
        self._objects = objects
        self._region = region
        self._lock = threading.Lock()
        self._quotas: dict[str, float] | None = None
        self._quotas_at = 0.0

    def alarms(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """CloudWatch's alarms of these names, metric alarms and composite ones, in this order."""
        if not names:
            return ()
        with upstream("CloudWatch", "DescribeAlarms"):
            answer: dict[str, Any] = self._clients.of("cloudwatch").describe_alarms(
                AlarmNames=list(dict.fromkeys(names)), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
            )
        rows: list[dict[str, Any]] = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        found = answers.read(
            "DescribeAlarms",
            lambda: {
                row["AlarmName"]: AlarmState(
                    name=row["AlarmName"], state=row["StateValue"], reason=row.get("StateReason", "")
                )
                for row in rows
            },
        )
        return tuple(found.get(name) or AlarmState(name=name, state="missing") for name in names)

    def image_exists(self, image: str, account: str) -> bool | None:
        """Whether a container image is in this account's ECR; None where it lies elsewhere and cannot be seen."""
        found = _IMAGE.fullmatch(image)
        if found is None or (found["account"], found["region"]) != (account, self._region):
            return None
        wanted = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
        try:
            with upstream("ECR", "DescribeImages"):
                self._clients.of("ecr").describe_images(
                    registryId=account, repositoryName=found["repository"], imageIds=[wanted]
                )
        except NotFound:
            return False
        return True

    def artefact_exists(self, uri: str) -> bool:
        """Whether a model's artefact lies in S3: an object of this name, or any below it where it ends with a slash.

        A listing is asked, not the object: to know that it is there needs no right to read models.
        """
        _, key = split_uri(uri)
        try:
            first = next(islice(self._objects.listing(uri, most=1), 1), None)
        except NotFound:
            return False
        return first is not None and (key.endswith("/") or first.key == key)

    def autoscaled(self, endpoint: str, variants: Iterable[str]) -> set[str]:
        """The variants whose instance count is a scalable target of Application Auto Scaling."""
        resources = {f"endpoint/{endpoint}/variant/{variant}": variant for variant in variants}
        with upstream("Auto Scaling", "DescribeScalableTargets"):
            answer: dict[str, Any] = self._clients.of("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="sagemaker",
                ResourceIds=list(resources),
                ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            )
        return {
            resources[row["ResourceId"]]
            for row in answer.get("ScalableTargets", [])
            if row.get("ResourceId") in resources
        }

    def endpoint_quota(self, instance_type: str) -> float:
        """How many instances of a type the account's endpoints may have together. Read again after an hour.

        Raises:
            NotFound: Service Quotas tells none for this type.
        """
        with self._lock:
            if self._quotas is None or time.monotonic() - self._quotas_at > QUOTAS_KEPT_S:
                self._quotas = self._read_quotas()
                self._quotas_at = time.monotonic()
            found = self._quotas.get(instance_type)
        if found is None:
            raise NotFound("Service Quotas", "ListServiceQuotas", f"no quota for {instance_type} on endpoints")
        return found

    def _read_quotas(self) -> dict[str, float]:
        found: dict[str, float] = {}
        with upstream("Service Quotas", "ListServiceQuotas"):
            pages: Any = self._clients.of("service-quotas").get_paginator("list_service_quotas")
            for number, page in enumerate(
                pages.paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 100}), start=1
            ):
                rows: list[dict[str, Any]] = page.get("Quotas", [])
                for row in rows:
                    named = _QUOTA.fullmatch(str(row.get("QuotaName", "")))
                    if named is not None and isinstance(row.get("Value"), (int, float)):
                        found[named[1]] = float(row["Value"])
                if number == MAX_QUOTA_PAGES:
                    break
        return found
