"""What this process counts about itself: one object, made by bootstrap and passed to whoever counts.

What can be read from rows is not counted here but read when Prometheus asks (`row_metrics`): a count in memory starts
at 0 with every process, a row does not. docs/metrics.md lists every metric; a test compares.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from incidents.diagnosis import Reasoner

WEBHOOK_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. Alertmanager gives up after 10."""
INVESTIGATION_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 300.0)
"""Seconds. The deadline of the language model is 90 unless set otherwise."""


class Metrics:
    """Every counter of the process, and the registry they are in."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """`registry`: one of its own where none is given, never the library's global one."""
        self.registry = registry if registry is not None else CollectorRegistry()
        counter, gauge = self._counter, self._gauge

        self.build_info = gauge("build_info", "1; the label tells the version that runs.", "version")
        self.ready = gauge("ready", "1 when /readyz would answer 200, else 0.")

        self._deliveries = counter("webhook_deliveries", "Webhook calls by HTTP code of the answer.", "code")
        self.alerts_stored = counter("alerts_stored", "Alerts that were news and are on disk.")
        self.webhook_seconds = Histogram(
            "agentops_webhook_seconds",
            "Seconds from a webhook call to its durable answer.",
            buckets=WEBHOOK_BUCKETS,
            registry=self.registry,
        )
        self.deliveries_refused = counter(
            "deliveries_refused", "Webhook calls turned away with 503, by reason.", "reason"
        )

        self.investigation_seconds = Histogram(
            "agentops_investigation_seconds",
            "Seconds that an investigation took, by outcome (done, failed, left to another replica).",
            ["outcome"],
            buckets=INVESTIGATION_BUCKETS,
            registry=self.registry,
        )
        self.llm_tokens = counter(
            "llm_tokens", "Language-model tokens, by llm and direction (input, output).", "llm", "direction"
        )
        self.llm_cost_usd = counter("llm_cost_usd", "US dollars that language-model tokens cost at list price.", "llm")
        self.llm_fallbacks = counter(
            "llm_fallbacks", "Times the offline rules reasoned where a language model was wanted."
        )

        self.executions = counter(
            "executions", "Executions that ended, by remediation kind and outcome.", "kind", "outcome"
        )
        self.failovers = counter(
            "failovers", "Pieces of work taken over from a replica that died, by kind of work.", "work"
        )

        self.retention_rows_pruned = counter("retention_rows_pruned", "Rows pruned by retention, by table.", "table")
        self.retention_swept_at = gauge(
            "retention_swept_timestamp_seconds", "Unix time of this process' last whole sweep of retention; 0 for none."
        )

        self.watch_series = gauge(
            "watch_series", "Series of the watch's last round, by where they stand against their bound.", "standing"
        )
        self.watch_looked_at = gauge(
            "watch_looked_timestamp_seconds", "Unix time of this process' last whole round of the watch; 0 for none."
        )

        # Counted from 0, so that Prometheus sees the first one as an increase.
        for code in ("200", "401", "500", "503"):
            self._deliveries.labels(code)
        for work in ("replica", "workflow", "investigation", "execution"):
            self.failovers.labels(work)

    def delivered(self, code: int) -> None:
        """A webhook call was answered."""
        self._deliveries.labels(str(code)).inc()

    def reasoned(self, reasoner: Reasoner) -> None:
        """A diagnosis or an answer was written: what its language model took."""
        # The note says why it was this one: there is none where no language model was set up.
        self.llm_fallbacks.inc(bool(reasoner.note))
        if reasoner.requests:
            self.llm_tokens.labels(reasoner.name, "input").inc(reasoner.input_tokens)
            self.llm_tokens.labels(reasoner.name, "output").inc(reasoner.output_tokens)
        if reasoner.cost_usd is not None:
            self.llm_cost_usd.labels(reasoner.name).inc(float(reasoner.cost_usd))

    def value(self, name: str, **labels: str) -> float:
        """The value of one sample, 0 where there is none yet; for tests and benchmarks."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(f"agentops_{name}", help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        return Gauge(f"agentops_{name}", help, labels, registry=self.registry)
