"""The local SageMaker: moto's server in a thread, with a layer of time and trouble on top.

S3, STS, CloudWatch and Application Auto Scaling are moto's. Of SageMaker, this package answers everything about models,
endpoint configs, endpoints, training jobs, pipelines and the model registry itself, because moto finishes everything at
once, accepts duplicate and invalid names, ignores ClientRequestToken and lacks UpdateEndpoint; the rest of SageMaker is
moto's.

With `iam`, calls are allowed as manifests/iam says, see `iam.py`. What it does not do: CloudWatch percentiles (moto has
none; latency lives in Prometheus here). An endpoint serves no inference.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sagemaker.account import Account
from sandbox.sagemaker.candidates import Judge, TrainingWorld
from sandbox.sagemaker.changelog import ChangeLog, ChangingCall
from sandbox.sagemaker.evaluation import Metrics
from sandbox.sagemaker.faults import Faults
from sandbox.sagemaker.fleet import SeedModel
from sandbox.sagemaker.gateway import Gateway
from sandbox.sagemaker.iam import Iam
from sandbox.sagemaker.logs import Event
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.plays import Plays
from sandbox.sagemaker.runs import CandidateDefect
from sandbox.sagemaker.sessions import Sessions
from sandbox.sagemaker.world_clock import WorldClock

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


@dataclass(frozen=True)
class TrafficShare:
    """A SageMaker model that takes a part of an endpoint's traffic.

    Attributes:
        model: the SageMaker model.
        share: of the endpoint's traffic, 0 to 1.
        trained_at: unix seconds when its training began; None when not known.
        defect: what is wrong with it since its training; None when nothing is.
    """

    model: str
    share: float
    trained_at: float | None
    defect: CandidateDefect | None


@dataclass(frozen=True)
class EndpointView:
    """An endpoint as the sandbox sees it.

    Attributes:
        name: its name.
        config_name: the config in service; during an update still the old one.
        previous_config: the config that was in service before; None when there was none.
        pending_config: the config of the update under way; None when there is none.
        status: SageMaker's EndpointStatus.
        instances: instances in service, over all variants.
        failure_reason: why it failed; None when it did not.
        last_modified: unix seconds of its last change of status.
        trained_at: unix seconds when the training behind the live config began; None when not known.
        traffic: what serves now, a canary beside the old fleet too; the shares add up to 1.
    """

    name: str
    config_name: str
    previous_config: str | None
    pending_config: str | None
    status: str
    instances: int
    failure_reason: str | None
    last_modified: float
    trained_at: float | None
    traffic: tuple[TrafficShare, ...] = ()


class LocalSageMaker:
    """SageMaker, S3, STS and CloudWatch of account 123456789012 in eu-west-1, on a port of this machine.

    moto keeps its state in globals: run one of these in a process at a time.

    Args:
        speed: how many times faster than life updates, training and pipelines go.
        clock: unix seconds now.
        iam: who may do what; None lets everybody do everything.
    """

    def __init__(self, *, speed: float, clock: Callable[[], float] = time.time, iam: Iam | None = None) -> None:
        self.clock = WorldClock(speed=speed, clock=clock)
        self.faults = Faults(clock)
        self.plays = Plays()
        self.objects = Objects()
        self._iam = iam
        self._log = ChangeLog()
        self._sessions = Sessions()
        self._judge = Judge(self.objects)
        self._account = Account(self.clock, self.plays, self.objects, self._judge)
        self._seeds: tuple[SeedModel, ...] = ()
        self._listing: Callable[[str, str], None] = lambda bucket, prefix: None
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:40123`.

        Raises:
            RuntimeError: it is not running.
        """
        if self._server is None:
            raise RuntimeError("the local SageMaker is not running")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, port: int = 0) -> str:
        """Start serving on this port of 127.0.0.1, or on a free one; answers the url."""
        if self._server is not None:
            return self.url
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        from sandbox.sagemaker.http import QuietRequestHandler

        _forget_everything_in_moto()
        gateway = Gateway(
            moto=DomainDispatcherApplication(create_backend_app),
            account=lambda: self._account,
            faults=self.faults,
            log=self._log,
            sessions=self._sessions,
            clock=self.clock,
            iam=self._iam,
            listing=lambda bucket, prefix: self._listing(bucket, prefix),
        )
        server = make_server("127.0.0.1", port, gateway, threaded=True, request_handler=QuietRequestHandler)
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="local-sagemaker", daemon=True
        )
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """Stop serving and forget everything in S3; a second call does nothing."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        server.shutdown()
        thread.join()
        server.server_close()
        _forget_everything_in_moto()

    def seed(self, models: Iterable[SeedModel]) -> None:
        """Put these models in place; needs `start` first, as buckets live in moto."""
        self._seeds = tuple(models)
        with self._account.lock:
            for model in self._seeds:
                self._account.fleet.seed(model)

    def reset(self, models: Iterable[SeedModel] | None = None) -> None:
        """Back to the moment after seeding: no faults, no plays, no log, the seeded models as new.

        Whoever assumed a role goes on under it: sessions are no part of the world, and last for an hour.

        Args:
            models: what to seed from now on; what was seeded last when None.
        """
        self.faults.clear()
        self.plays.clear()
        self._log.clear()
        with self._account.lock:
            _forget_everything_in_moto()
            self._account = Account(self.clock, self.plays, self.objects, self._judge)
        self.seed(self._seeds if models is None else models)

    @property
    def changes(self) -> list[ChangingCall]:
        """Every changing call that came in over HTTP, oldest first."""
        return self._log.calls("outside")

    @property
    def deployments(self) -> list[ChangingCall]:
        """What the outside deployer did, oldest first."""
        return self._log.calls("deployer")

    def on_change(self, callback: Callable[[ChangingCall], None]) -> Callable[[], None]:
        """Have every later changing call told, the deployer's too; the returned function ends it.

        The callback runs in the thread that served the call: hand over to your own, and do not raise.
        """
        return self._log.listen(callback)

    def endpoint(self, name: str) -> EndpointView | None:
        """An endpoint as it stands now; None when there is none of this name."""
        account = self._account
        with account.lock:
            account.settle()
            endpoint = account.endpoints.endpoints.get(name)
            if endpoint is None:
                return None
            pending = endpoint.pending
            return EndpointView(
                name=endpoint.name,
                config_name=endpoint.config,
                previous_config=endpoint.previous_config,
                pending_config=pending.config if pending else None,
                status=endpoint.status,
                instances=sum(variant.instances for variant in endpoint.variants),
                failure_reason=endpoint.failure_reason,
                last_modified=endpoint.modified,
                trained_at=account.fleet.trained_at(endpoint.variants[0].model_name) if endpoint.variants else None,
                traffic=tuple(
                    TrafficShare(model, share, account.fleet.trained_at(model), account.fleet.defect(model))
                    for model, share in account.endpoints.traffic(endpoint).items()
                ),
            )

    def endpoint_names(self) -> list[str]:
        """The endpoints there are, in order of their names."""
        with self._account.lock:
            return sorted(self._account.endpoints.endpoints)

    def deploy(
        self,
        model: str,
        version: int | None = None,
        *,
        instance_type: str | None = None,
        instance_count: int | None = None,
        started: float | None = None,
        share: float | None = None,
    ) -> str:
        """Put a version live as the model's own team would; answers the name of its endpoint config.

        Args:
            model: the model's name.
            version: which version; the next free one when None. An existing version is deployed as it is.
            instance_type: of the new config; that of the model when None.
            instance_count: of the new config; as many as run now when None.
            started: unix seconds when the update began; now when None.
            share: of the traffic, to put it beside the live version; in its place when None.

        Raises:
            KeyError: no such model was seeded.
            ApiError: the endpoint is busy.
        """
        account = self._account
        with account.lock:
            account.settle()
            config = account.fleet.deploy(
                model,
                version,
                instance_type=instance_type,
                instance_count=instance_count,
                started=started,
                share=share,
            )
            endpoint = account.fleet.models[model].endpoint
        self._log.record(
            ChangingCall(
                service="sagemaker",
                operation="UpdateEndpoint",
                at=self.clock.now() if started is None else started,
                request={"EndpointName": endpoint, "EndpointConfigName": config},
                outcome="ok",
                role_session_name="deployer",
                source="deployer",
            )
        )
        return config

    def set_live_metrics(self, model: str, metrics: Metrics | None) -> None:
        """Say how a live model does on today's holdout, for reports of later candidates; None forgets it."""
        with self._account.lock:
            if metrics is None:
                self._account.fleet.live_metrics.pop(model, None)
            else:
                self._account.fleet.live_metrics[model] = dict(metrics)

    def set_training_world(self, world: TrainingWorld | None) -> None:
        """Say what later training runs learn from; None makes every candidate a little better than its predecessor."""
        with self._account.lock:
            self._judge.world = world

    def before_listing(self, listing: Callable[[str, str], None]) -> None:
        """Call this with bucket and prefix before objects are listed, from the threads that serve."""
        self._listing = listing

    def measure_alarm(self, name: str, value: float) -> None:
        """Tell the latest value of an alarm's metric: a share of requests, or seconds."""
        with self._account.lock:
            self._account.alarms.measure(name, value)

    def pin_alarm(self, name: str, state: str) -> None:
        """Hold an alarm in a state, whatever its metric does. Raises ValueError when there is no such thing."""
        with self._account.lock:
            self._account.alarms.pin(name, state)

    def release_alarms(self) -> None:
        """Let every pinned alarm follow its metric again."""
        with self._account.lock:
            self._account.alarms.release()

    @property
    def alarms(self) -> list[dict[str, object]]:
        """Name, state, since when, and whether it is pinned, of every CloudWatch alarm."""
        with self._account.lock:
            return self._account.alarms.listed()

    def log(self, endpoint: str, lines: Iterable[tuple[str, str]], at: float) -> None:
        """Write lines of an endpoint, each with its stream, into its log."""
        with self._account.lock:
            for stream, text in lines:
                self._account.logs.write(endpoint, Event(at, stream, text))

    def set_autoscaled(self, endpoint: str, variant: str, *, least: int = 1, most: int = 8) -> None:
        """Make a variant a scalable target of Application Auto Scaling; with `most` 0 it no longer is one."""
        with self._account.lock:
            if most > 0:
                self._account.autoscaling.register(endpoint, variant, least, most)
            else:
                self._account.autoscaling.deregister(endpoint, variant)

    def delete_config(self, name: str) -> None:
        """Delete an endpoint config, as somebody who tidies up would. Raises ApiError when there is none."""
        with self._account.lock:
            self._account.store.delete_endpoint_config({"EndpointConfigName": name})

    def refilled_since(self, pipeline: str, moment: float) -> list[float]:
        """The starts of the windows that runs of a data pipeline, begun after a moment and ended well, have filled."""
        account = self._account
        with account.lock:
            runs = [run for run in account.pipelines.succeeded(pipeline) if run.started >= moment]
            windows = [run.moment("WindowStart") for run in runs]
        return [window for window in windows if window is not None]

    def set_pipeline_minutes(self, pipeline: str, minutes: float) -> None:
        """Change how many world minutes later runs of a pipeline take."""
        with self._account.lock:
            self._account.pipelines.pipelines[pipeline].minutes = minutes

    def set_quota(self, instance_type: str, instances: int | None) -> None:
        """Limit how many instances of a type all endpoints together may have; None lifts the limit."""
        with self._account.lock:
            if instances is None:
                self._account.endpoints.quotas.pop(instance_type, None)
            else:
                self._account.endpoints.quotas[instance_type] = instances


def _forget_everything_in_moto() -> None:
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
