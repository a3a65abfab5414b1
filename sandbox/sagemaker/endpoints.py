"""Endpoints, whose status follows from the time that has passed since the last change was asked for.

An update shifts the traffic as its deployment config says (`shifting.py`); DescribeEndpoint names the old config until
it is over. How it ends was settled when it began, well or as an armed play says, unless an alarm takes it back
meanwhile. Nothing runs in the background: `settle` brings every endpoint up to date before anyone looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.sagemaker.alarms import Alarms
from sandbox.sagemaker.arns import arn_of
from sandbox.sagemaker.autoscaling import Autoscaling, must_be_deregistered
from sandbox.sagemaker.errors import already_exists, could_not_find, in_progress, invalid, quota_exceeded
from sandbox.sagemaker.model_store import ModelStore
from sandbox.sagemaker.paging import Listing
from sandbox.sagemaker.plays import ENDPOINT_PLAYS, Plays
from sandbox.sagemaker.shifting import Shifting, check_deployment, plan_shifting
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.variants import LiveVariant, excluded_properties, retain, shares_of, variants_of
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

CREATE_MINUTES = 5.0
WEIGHTS_MINUTES = 1.0
DELETE_MINUTES = 1.0
ROLLBACK_MINUTES = 1.0
"""What it takes to go back once an alarm has fired; the old fleet still runs."""
ROLLBACK_BEGINS = 0.6
"""The part of an update after which a rollback shows as `RollingBack`."""

_CONTAINER_FAILED = (
    "The primary container for production variant {variant} did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)
_ROLLBACK_FAILED = (
    "The update failed, and SageMaker could not roll the endpoint back to its previous configuration: "
    "insufficient capacity for the requested instance type."
)


@dataclass(frozen=True)
class Pending:
    """A change under way.

    Attributes:
        status: the status while it lasts: Creating, Updating or Deleting.
        config: the config asked for; the same as the live one when only weights or counts change.
        variants: the variants the endpoint will run when the change succeeds.
        started: unix seconds.
        ends: unix seconds.
        play: how it ends, when not well.
        deployment_config: how traffic was to be shifted, as asked for.
        shifting: the stages of an update; None for other changes.
        turned: unix seconds when an alarm took it back; None while none did.
    """

    status: str
    config: str
    variants: list[LiveVariant]
    started: float
    ends: float
    play: str | None = None
    deployment_config: Json | None = None
    shifting: Shifting | None = None
    turned: float | None = None

    def share(self, now: float) -> float:
        """The share of the traffic that the new fleet serves; 0 once the update is being taken back."""
        if self.shifting is None or self.turned is not None:
            return 0.0
        return self.shifting.at(now).share


@dataclass
class Endpoint:
    """An endpoint of the account."""

    name: str
    arn: str
    created: float
    config: str
    variants: list[LiveVariant]
    modified: float
    status: str = "InService"
    failure_reason: str | None = None
    pending: Pending | None = None
    previous_config: str | None = None
    deployment_config: Json | None = None
    data_capture: Json | None = field(default=None)


class Endpoints:
    """The endpoints of the account, and every operation on them."""

    def __init__(
        self,
        clock: WorldClock,
        store: ModelStore,
        plays: Plays,
        tags: Tags,
        alarms: Alarms,
        autoscaling: Autoscaling,
    ) -> None:
        self._clock = clock
        self._store = store
        self._plays = plays
        self._tags = tags
        self._alarms = alarms
        self._autoscaling = autoscaling
        self.endpoints: dict[str, Endpoint] = {}
        self.quotas: dict[str, int] = {}
        """Instances per instance type that all endpoints together may have; a type not named has no limit."""

    def settle(self) -> None:
        """Let every change whose time has come take its end."""
        now = self._clock.now()
        for endpoint in list(self.endpoints.values()):
            pending = endpoint.pending
            if pending is None:
                continue
            pending = self._watch(endpoint, pending, now)
            if now >= pending.ends:
                self._finish(endpoint, pending)
            elif pending.play == "silent_rollback" and now >= _rollback_begins(pending):
                endpoint.status = "RollingBack"

    def traffic(self, endpoint: Endpoint) -> dict[str, float]:
        """The share of the traffic that each SageMaker model serves now, a canary's too; empty when nothing serves."""
        if endpoint.status in ("Creating", "Deleting", "Failed"):
            return {}
        pending = endpoint.pending
        new = pending.share(self._clock.now()) if pending is not None else 0.0
        shares = shares_of(endpoint.variants, 1.0 - new)
        if pending is not None:
            for model, share in shares_of(pending.variants, new).items():
                shares[model] = shares.get(model, 0.0) + share
        return shares

    def create_endpoint(self, request: Json, created: float | None = None) -> Json:
        """CreateEndpoint. With `created` (seeding) the endpoint is in service since then."""
        name, config = str(request["EndpointName"]), self._store.config(str(request["EndpointConfigName"]))
        if name in self.endpoints:
            raise already_exists("endpoint", self.endpoints[name].arn)
        variants = variants_of(config)
        self._check_quota(name, variants)
        now = self._clock.now() if created is None else created
        endpoint = Endpoint(
            name=name, arn=arn_of("endpoint", name), created=now, config=config.name, variants=variants, modified=now
        )
        if created is None:
            play = self._plays.take(name, ("update_failed",))
            ends = now + self._clock.minutes(CREATE_MINUTES)
            endpoint.status = "Creating"
            endpoint.pending = Pending("Creating", config.name, variants, now, ends, play=play.kind if play else None)
        endpoint.data_capture = config.request.get("DataCaptureConfig")
        self.endpoints[name] = endpoint
        self._tags.put(endpoint.arn, request.get("Tags"))
        return {"EndpointArn": endpoint.arn}

    def update_endpoint(self, request: Json, started: float | None = None) -> Json:
        """UpdateEndpoint. With `started` (the outside deployer) it began at that moment."""
        endpoint = self._find(str(request["EndpointName"]))
        self._refuse_when_busy(endpoint)
        config = self._store.config(str(request["EndpointConfigName"]))
        self._store.config(endpoint.config)  # SageMaker needs the config it leaves, to be able to roll back to it
        variants = variants_of(config)
        if request.get("RetainAllVariantProperties"):
            retain(endpoint.variants, variants, excluded_properties(request))
        self._refuse_autoscaled(endpoint, variants)
        self._check_quota(endpoint.name, variants)
        deployment: Json | None = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = endpoint.deployment_config
        check_deployment(deployment, self._alarms.names())
        play = self._plays.take(endpoint.name, ENDPOINT_PLAYS)
        now = self._clock.now() if started is None else started
        instances = sum(variant.desired_instances for variant in variants)
        shifting = plan_shifting(deployment, instances, now, self._clock)
        endpoint.pending = Pending(
            "Updating", config.name, variants, now, shifting.ends, play.kind if play else None, deployment, shifting
        )
        endpoint.status, endpoint.failure_reason, endpoint.modified = "Updating", None, now
        return {"EndpointArn": endpoint.arn}

    def update_weights_and_capacities(self, request: Json) -> Json:
        """UpdateEndpointWeightsAndCapacities: absolute weights and counts; what is left out stays."""
        endpoint = self._find(str(request["EndpointName"]))
        self._refuse_when_busy(endpoint)
        variants = [LiveVariant(**vars(variant)) for variant in endpoint.variants]
        by_name = {variant.name: variant for variant in variants}
        wanted: list[Json] = list(request["DesiredWeightsAndCapacities"])
        names = [str(change["VariantName"]) for change in wanted]
        for name in names:
            if names.count(name) > 1:
                raise invalid(f'The variant name "{name}" was non-unique within the request.')
            if name not in by_name:
                where = f'endpoint configuration "{endpoint.config}"'
                raise invalid(f'The variant name(s) "{name}" is/are not present within {where}.')
        for change in wanted:
            variant = by_name[str(change["VariantName"])]
            if change.get("DesiredWeight") is not None:
                variant.weight = variant.desired_weight = float(change["DesiredWeight"])
            if change.get("DesiredInstanceCount") is not None:
                variant.instances = variant.desired_instances = int(change["DesiredInstanceCount"])
        self._check_quota(endpoint.name, variants)
        for current, target in zip(endpoint.variants, variants, strict=True):
            current.desired_weight, current.desired_instances = target.weight, target.instances
        now = self._clock.now()
        ends = now + self._clock.minutes(WEIGHTS_MINUTES)
        endpoint.pending = Pending("Updating", endpoint.config, variants, now, ends)
        endpoint.status, endpoint.modified = "Updating", now
        return {"EndpointArn": endpoint.arn}

    def delete_endpoint(self, request: Json) -> Json:
        """DeleteEndpoint; it shows as Deleting for a while."""
        endpoint = self._find(str(request["EndpointName"]))
        if endpoint.pending is not None:
            raise in_progress(endpoint.arn)
        now = self._clock.now()
        ends = now + self._clock.minutes(DELETE_MINUTES)
        endpoint.pending = Pending("Deleting", endpoint.config, [], now, ends)
        endpoint.status, endpoint.modified = "Deleting", now
        return {}

    def describe_endpoint(self, request: Json) -> Json:
        """DescribeEndpoint. While an update lasts, the config is still the old one and the new one is pending."""
        endpoint = self._find(str(request["EndpointName"]))
        answer: Json = {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointConfigName": endpoint.config,
            "EndpointStatus": endpoint.status,
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
        }
        if endpoint.status != "Creating":
            answer["ProductionVariants"] = [variant.summary() for variant in endpoint.variants]
        if endpoint.failure_reason:
            answer["FailureReason"] = endpoint.failure_reason
        if endpoint.deployment_config:
            answer["LastDeploymentConfig"] = endpoint.deployment_config
        if endpoint.data_capture:
            answer["DataCaptureConfig"] = _capture_summary(endpoint.data_capture)
        pending = endpoint.pending
        if pending is not None and pending.status == "Updating":
            answer["PendingDeploymentSummary"] = {
                "EndpointConfigName": pending.config,
                "ProductionVariants": _pending_variants(pending, self._clock.now()),
                "StartTime": pending.started,
            }
        return answer

    def list_endpoints(self, request: Json) -> Json:
        """ListEndpoints."""
        return _ENDPOINTS.answer(list(self.endpoints.values()), request)

    def _watch(self, endpoint: Endpoint, pending: Pending, now: float) -> Pending:
        """Take an update back when one of its alarms has fired while the new fleet served."""
        shifting = pending.shifting
        if shifting is None or not shifting.alarms or pending.turned is not None or pending.play is not None:
            return pending
        since = self._alarms.firing_since(shifting.alarms)
        if since is None:
            return pending
        turned = max(since, shifting.watched_from)
        if not turned <= now or turned >= pending.ends:
            return pending
        ends = turned + self._clock.minutes(ROLLBACK_MINUTES)
        endpoint.status = "RollingBack"
        endpoint.pending = replace(pending, turned=turned, ends=ends, play="silent_rollback")
        return endpoint.pending

    def _finish(self, endpoint: Endpoint, pending: Pending) -> None:
        endpoint.pending, endpoint.modified = None, pending.ends
        if pending.status == "Deleting":
            del self.endpoints[endpoint.name]
            self._tags.forget(endpoint.arn)
            return
        if pending.deployment_config is not None:
            endpoint.deployment_config = pending.deployment_config
        match pending.play:
            case "silent_rollback":
                endpoint.status = "InService"
            case "rollback_failed":
                endpoint.status, endpoint.failure_reason = "UpdateRollbackFailed", _ROLLBACK_FAILED
            case "update_failed":
                endpoint.status = "Failed"
                endpoint.failure_reason = _CONTAINER_FAILED.format(variant=pending.variants[0].name)
            case _:
                if pending.config != endpoint.config:
                    endpoint.previous_config = endpoint.config
                endpoint.config, endpoint.variants = pending.config, pending.variants
                endpoint.status, endpoint.failure_reason = "InService", None
                kept = self._store.configs.get(pending.config)
                endpoint.data_capture = kept.request.get("DataCaptureConfig") if kept else endpoint.data_capture

    def _find(self, name: str) -> Endpoint:
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            raise could_not_find("endpoint", arn_of("endpoint", name))
        return endpoint

    def _refuse_when_busy(self, endpoint: Endpoint) -> None:
        if endpoint.pending is not None:
            raise in_progress(endpoint.arn)
        if endpoint.status == "Failed":
            raise invalid(f'Cannot update endpoint "{endpoint.arn}" in Failed status. Delete it and create it again.')

    def _refuse_autoscaled(self, endpoint: Endpoint, variants: list[LiveVariant]) -> None:
        types = {variant.name: variant.instance_type for variant in variants}
        changed = [variant.name for variant in endpoint.variants if types.get(variant.name) != variant.instance_type]
        scaled = [name for name in changed if self._autoscaling.scales(endpoint.name, name)]
        if scaled:
            raise must_be_deregistered(scaled)

    def _check_quota(self, name: str, variants: list[LiveVariant]) -> None:
        for instance_type, limit in self.quotas.items():
            now = sum(
                variant.instances
                for endpoint in self.endpoints.values()
                for variant in endpoint.variants
                if variant.instance_type == instance_type
            )
            own = self.endpoints[name].variants if name in self.endpoints else []
            held = sum(variant.instances for variant in own if variant.instance_type == instance_type)
            wanted = sum(variant.instances for variant in variants if variant.instance_type == instance_type)
            if wanted > held and now - held + wanted > limit:
                raise quota_exceeded(instance_type, limit, now, wanted - held)


def _pending_variants(pending: Pending, now: float) -> list[Json]:
    if pending.shifting is None:
        return [variant.summary() for variant in pending.variants]
    stage = pending.shifting.at(now)
    status, since = ("Deleting", pending.turned) if pending.turned is not None else (stage.status, stage.starts)
    return [
        variant.pending_summary(
            share=pending.share(now), created=stage.status != "Creating", status=status, since=since
        )
        for variant in pending.variants
    ]


def _rollback_begins(pending: Pending) -> float:
    return pending.started + (pending.ends - pending.started) * ROLLBACK_BEGINS


def _capture_summary(capture: Json) -> Json:
    enabled = bool(capture.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": int(capture.get("InitialSamplingPercentage", 100)),
        "DestinationS3Uri": str(capture.get("DestinationS3Uri", "")),
        "KmsKeyId": str(capture.get("KmsKeyId", "")),
    }


def _summary(endpoint: Endpoint) -> Json:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


_ENDPOINTS = Listing[Endpoint](
    key="Endpoints",
    summary=_summary,
    name=lambda endpoint: endpoint.name,
    created=lambda endpoint: endpoint.created,
    modified=lambda endpoint: endpoint.modified,
    status=lambda endpoint: endpoint.status,
)
