"""What ails the endpoint where it is slow or fails: load, lost instances, something it waits for, or broken data."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from agents.readings.metrics import CapacityReading, SignalReading
from agents.rules.blamed import Blamed


class Serving(Blamed):
    """What explains, beside a new version, that serving got worse, and whether that is a trouble by itself."""

    def _departed_with(self, onset: datetime | None, others: Sequence[datetime | None]) -> bool:
        """Whether something else began when this did."""
        near = self.brief.together
        return onset is not None and any(abs(other - onset) <= near for other in others if other is not None)

    @cached_property
    def fewer_since(self) -> CapacityReading | None:
        """The number of instances, where it fell in the minutes in which serving got worse."""
        began_together = self.fewer is not None and self._departed_with(self.harm_onset, [self.fewer.onset])
        return self.fewer if self.serving_harm and began_together else None

    @cached_property
    def too_few(self) -> bool:
        """Instances are gone since the harm began, and nothing says that those left suffice.

        Where requests fail, "instances fewer than the usual count" are enough to scale (`EndpointErrorRateHigh`,
        Mitigation 4). Where they are only slow and CPU is known not to be the limit, a dependency is likelier
        (`EndpointLatencyP99High`, Mitigation 5).
        """
        cpu = self.dossier.capacity.get("cpu")
        return self.fewer_since is not None and (bool(self.failing) or self.cpu is not None or cpu is None)

    @cached_property
    def load_explains(self) -> bool:
        """CPU is saturated since the traffic grew, and the last deployment was well over by then."""
        grown = [s.onset for s in self.volume_high] + ([self.traffic_grew.onset] if self.traffic_grew else [])
        if not self.serving_harm or self.cpu is None or not self._departed_with(self.harm_onset, grown):
            return False
        return self.deployment is None or self.harm_onset - self.deployment.at >= self.brief.together

    @cached_property
    def log_explains(self) -> bool:
        """The endpoint logs since the harm began that what it waits for does not answer, and no deployment is near.

        A version that cannot live with a dependency logs that at once; code that cannot run speaks for the version.
        """
        logged = self.written.decides("dependency")
        if not self.serving_harm or not logged or self.written.logged("broken_code"):
            return False
        if self.deployment is None:
            return True
        over = self.deployment.at + self.brief.together
        return self.harm_onset >= over and all(one.first_at >= over and one.before == 0 for one in logged)

    @property
    def needs_instances(self) -> bool:
        """The endpoint has no more room, or lost instances, and no new version is why."""
        return (bool(self.full) or self.too_few) and (self.deployment is None or self.load_explains)

    @cached_property
    def serving_apart(self) -> list[SignalReading]:
        """Slow or failing beside broken data and not for it: a second trouble, which clean data does not end.

        What began with the nulls may follow from them, as a container that cannot parse them "answers with an error"
        (`EndpointErrorRateHigh`, Diagnosis 3). They fill no endpoint, and what got slow with a new version is not
        theirs.
        """
        broke = [one.onset for one in self.nulls + self.schema if one.onset is not None]
        return [
            one
            for one in self.serving_harm
            if self.full
            or (one in self.slow and self.deployment is not None)
            or (broke and one.onset is not None and not self._departed_with(one.onset, broke))
        ]
