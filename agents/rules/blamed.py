"""Since when there is harm, and which change of the live config may have done it."""

from datetime import datetime, timedelta
from functools import cached_property

from agents.rules.deployment import Deployment, last_switch, over_with, overlap, times_of
from agents.rules.measured import Measured, earliest
from agents.rules.written import Written
from incidents.alert import AlertKind, Severity

LABELS_VARY = 0.1
"""A label delay is known to a tenth of it: some labels come sooner, and it is a mean."""


class Blamed(Measured):
    """The onset of the harm, and the deployment that comes into question."""

    @property
    def harm_onset(self) -> datetime:
        """When the harm began that a change may have caused; the alerts' beginning where no onset was seen."""
        return self.came_again or self.harm_from or self.brief.alerts_since

    @property
    def _seen_onset(self) -> datetime | None:
        scores = self.predictions_drifted if self.scores_jumped else []
        jumped = earliest(scores)
        if jumped is not None and self._drifted_long_before(jumped):
            return earliest(self.serving_harm or self.quality_harm or scores)
        return earliest(self.serving_harm or self.quality_harm or self.drifted or self.predictions_drifted)

    def _drifted_long_before(self, moment: datetime) -> bool:
        """Whether some inputs drifted, all of them long before a moment and none past its critical limit."""
        last = moment - self.brief.change_may_precede_onset
        return bool(self.drifted) and all(
            one.severity is Severity.WARNING
            and (one.onset < last if one.onset is not None else one.before is not None and one.before >= one.bound)
            for one in self.drifted
        )

    @cached_property
    def judged_since(self) -> datetime | None:
        """When the predictions were made by whose labels quality fell: one label delay before the drop.

        "A drop seen now belongs to predictions of one delay ago" (procedure on label delay).
        """
        began = earliest(self.quality_harm)
        return began - self._label_wait if began is not None else None

    @property
    def _label_wait(self) -> timedelta:
        delay = self.dossier.label_delay
        waits = any(signal.needs_labels for signal in self.quality_harm)
        return delay.wait if delay is not None and waits else timedelta(0)

    @property
    def _label_margin(self) -> timedelta:
        """How far off `judged_since` may be; nothing where the harm's onset does not rest on it."""
        rests = not self.serving_harm and self.harm_onset == self.judged_since
        return LABELS_VARY * self._label_wait if rests else timedelta(0)

    @property
    def _judged_at_latest(self) -> datetime:
        """Up to when a change may still have spoilt the predictions whose labels tell of harm; else the harm's onset.

        Strong drift before them explains the harm itself. Small drift does not ("feature PSI above 0.25 before the
        drop", should this be retrained at all?), so what went live between it and them comes into question, too.
        """
        small = bool(self.drifted) and all(one.severity is Severity.WARNING for one in self.drifted)
        if self.serving_harm or not small or self.judged_since is None:
            return self.harm_onset
        return self.judged_since + LABELS_VARY * self._label_wait

    @cached_property
    def harm_from(self) -> datetime | None:
        """When what did the harm began: seen at once in serving, else in inputs or scores, else by the labels.

        Scores and inputs need no labels, so where they moved shortly before the predictions that are judged, or
        after, they tell the moment best.
        """
        fell = earliest(self.quality_harm)
        if self.serving_harm or fell is None or self.judged_since is None:
            return self._seen_onset
        first = self.judged_since - 2 * self.brief.change_may_precede_onset
        signs = [r.onset for r in self.drifted + self.predictions_drifted if r.onset is not None]
        return min((at for at in signs if first <= at <= fell + self.brief.clock_slack), default=self.judged_since)

    @cached_property
    def came_again(self) -> datetime | None:
        """When the harm came back with a config that was live, and did harm, before; None where it did not.

        In the few samples between the two times a series may not be seen to be well again, so that its onset is that of
        the first time.
        """
        live, first_onset = self.dossier.live_config, self._seen_onset
        if live is None or live.since is None or first_onset is None:
            return None
        signals = [signal.breached for signal in self.serving_harm + self.quality_harm if signal.breached]
        times = [time for breached in signals for time in breached]
        if not overlap(live.earlier, times):
            return None
        return min((breached[-1][0] for breached in signals if breached[-1][0] > first_onset), default=None)

    @cached_property
    def change(self) -> Deployment | None:
        """A change of the endpoint near the onset, a way back to an older config and mere scaling among them."""
        first = self.harm_onset - self.brief.change_may_precede_onset - self._label_margin
        last = max(self.harm_onset + self._label_margin, self._judged_at_latest) + self.brief.clock_slack
        switched = last_switch(self.dossier, first, last)
        if switched is not None:
            return switched
        live, endpoint = self.dossier.live_config, self.dossier.endpoint
        previous = (live.previous if live else None) or (
            endpoint.older_configs[0] if endpoint and endpoint.older_configs else None
        )
        supporting = tuple(r.evidence for r in (live, endpoint) if r is not None)
        if endpoint and endpoint.updated_at and first <= endpoint.updated_at <= last:
            return Deployment(endpoint.config, previous, endpoint.updated_at, supporting)
        for change in self.dossier.changes:
            if change.deployment and first <= change.at <= last:
                config = endpoint.config if endpoint else change.subject
                return Deployment(config, previous, change.at, (change.evidence, *supporting))
        return None

    @property
    def third_config(self) -> bool:
        """Whether yet another config went live within the time that a change may precede its harm."""
        live, change = self.dossier.live_config, self.change
        if live is None or change is None:
            return False
        near = self.brief.change_may_precede_onset
        return any(
            config not in (change.config, change.previous) and abs(begin - change.at) <= near
            for config, begin, _ in live.times[1:]
        )

    @cached_property
    def returned(self) -> bool:
        """The change near the onset put back a config that served well before: a rollback is no new deployment.

        Served well, by the metrics: live before within the window, for longer than it takes to tell, with nothing of
        what is past its limit now past it then. Or by the catalogue: its last known good config, put back over a newer
        one. What served under its name before it was made is another config.
        """
        live, endpoint = self.dossier.live_config, self.dossier.endpoint
        if self.change is None:
            return False
        known_good = self.brief.last_known_good is not None and self.change.config == self.brief.last_known_good
        if known_good and endpoint is not None and endpoint.newer_configs:
            return True
        if live is None:
            return False
        made = endpoint.made_at if endpoint is not None and endpoint.config == self.change.config else None
        # What the config before it had done is still in the rates of the first minutes.
        settled = [
            (max(begin, made or begin) + self.brief.together, end)
            for begin, end in times_of(self.dossier, self.change.config, self.change.at)
        ]
        known = [(begin, end) for begin, end in settled if begin < end]
        versions = self.serving_harm + self.quality_harm + self.predictions_drifted
        breached = [time for signal in versions for time in signal.breached or ()]
        return bool(known) and not overlap(known, breached)

    @property
    def put_back(self) -> bool:
        """The metrics saw how the config that served well before took the place of another one."""
        live = self.dossier.live_config
        return self.returned and live is not None and live.since is not None

    @property
    def undone_in_vain(self) -> bool:
        """The config before the change is live again, and the trouble stayed: the change was not its cause.

        "If the signal did not recover within 10 minutes, the deployment was not the cause" (procedure on rollbacks).
        """
        live, change = self.dossier.live_config, self.change
        if live is None or change is None or live.since is None or live.config != change.previous:
            return False
        stays = bool(self.serving_harm) or self.scores_jumped
        return stays and live.since > change.at and self.brief.now - live.since >= self.brief.together

    @property
    def same_config_throughout(self) -> bool:
        """The change near the onset was none of the config: the metrics saw the same one before and after it."""
        live, endpoint, change = self.dossier.live_config, self.dossier.endpoint, self.change
        if live is None or endpoint is None or change is None or live.seen_from is None:
            return False
        only_one = live.since is None and live.config == endpoint.config
        made_before = endpoint.made_at is not None and endpoint.made_at < live.seen_from
        return only_one and made_before and live.seen_from + self.brief.clock_slack < change.at

    @cached_property
    def deployment(self) -> Deployment | None:
        """A change of the live config that may have caused what began at the onset.

        The metrics tell the moment best; SageMaker's last change and its list of changes stand in for them.
        """
        change = self.change
        acquitted = self.returned or self.same_config_throughout or self.undone_in_vain
        return None if change is None or acquitted else change

    @cached_property
    def drift_is_older(self) -> bool:
        """All drift is below its critical limit and was there long before the deployment, when quality still held.

        A shift "worth a look" (`ModelFeatureDriftHigh`, Meaning) that cost nothing for so long does not explain what
        began with a new version: by then it belonged to inputs that were unchanged.
        """
        return self.deployment is not None and self._drifted_long_before(self.deployment.at - self._label_margin)

    @cached_property
    def over_with(self) -> tuple[Deployment, datetime] | None:
        """A deployment that did harm until another config took its place, and since when; nothing is harmed now."""
        kinds = {AlertKind.LATENCY, AlertKind.ERROR_RATE, AlertKind.PREDICTION_DRIFT}
        return over_with(self.dossier, self.brief, [s for s in self.dossier.signals if s.kind in kinds])

    @cached_property
    def written(self) -> Written:
        """What was logged, merged and released around the onset of the harm."""
        return Written(self.dossier, self.brief, self.harm_onset)
