"""Symptoms: the yes-and-no questions of the rule table, answered from the readings."""

from datetime import datetime
from functools import cached_property

from agents.readings.base import ReadingBase
from agents.readings.data import CapturedFeatureReading, MonitorStatisticsReading
from agents.readings.metrics import SeasonReading, SignalReading
from agents.readings.serving import ChangeReading
from agents.readings.written import LogPatternReading
from agents.rules.blamed import LABELS_VARY
from agents.rules.deployment import last_switch
from agents.rules.measured import GROWN, earliest
from agents.rules.runs import failed_run, stale_since
from agents.rules.serving import Serving
from agents.rules.written import ENOUGH
from agents.rules.wrong_values import constant, rescaled
from incidents.alert import AlertKind

NEARLY_ALL = 0.8
"""Nearly all rows are anomalous from this share on; no group of callers makes so many at the usual volume."""
AS_YESTERDAY = 0.25
"""Traffic is that of yesterday within a quarter of it."""


class Symptoms(Serving):
    """What can be said of a dossier: measurements and changes taken together."""

    @cached_property
    def odd_rows_on_top(self) -> bool:
        """Anomalous rows came together with more requests: an attack, a replay or a load test until shown otherwise."""
        if not self.anomalies:
            return False
        began = [s.onset for s in self.anomalies]
        grown = [s.onset for s in self.volume if (s.now or 0.0) >= GROWN]
        grown += [self.traffic_grew.onset] if self.traffic_grew else []
        if self.volume_high and (None in began or None in grown):
            return True
        return any(self._departed_with(onset, grown) for onset in began)

    @cached_property
    def unit_changed(self) -> list[SignalReading]:
        """Anomalies of nearly every row with a shifted feature, at the usual volume and without a deployment.

        All callers at once means a unit, a currency or a pipeline.
        """
        most = [s for s in self.anomalies if (s.now or 0.0) >= NEARLY_ALL]
        return most if self.drifted_features and self.volume_usual and self.deployment is None else []

    @property
    def data_broken(self) -> bool:
        """Nulls, schema, types, units or dead features, by the metrics, by the monitor, or in captured requests."""
        return bool(
            self.nulls or self.schema or self.broken or self.unit_changed or self.captured_broken or self.wrong_values
        )

    @property
    def inputs_flat(self) -> bool:
        """Inputs were read, and neither drifted nor broken."""
        read = any(s.kind is AlertKind.FEATURE_DRIFT for s in self.dossier.signals)
        return read and not self.drifted and not self.data_broken

    @property
    def scores_moved_alone(self) -> bool:
        """The scores jumped, and neither inputs nor a new config nor the season explain it.

        Scores follow from inputs and version alone, so one of the two changed where nothing watches it. The runbook of
        ModelPredictionDriftHigh has the model's team look.
        """
        explained = self.deployment is not None or bool(self.anomalies) or self.seasonal
        return self.scores_jumped and self.inputs_flat and not explained

    @cached_property
    def onset(self) -> datetime | None:
        """The earliest onset among what is past its limit; None where nothing was seen to begin."""
        return earliest(
            self.nulls
            + self.schema
            + self.serving_harm
            + self.drifted
            + self.quality_harm
            + self.volume_low
            + self.volume_high
            + self.unit_changed
        )

    @cached_property
    def wrong_values(self) -> list[ReadingBase]:
        """Features that are the same for everybody, or in another unit, with no config change that could do that."""
        return [*self.constant, *self.rescaled]

    @cached_property
    def constant(self) -> list[MonitorStatisticsReading]:
        """Features with one value in all rows, with no config change near."""
        return constant(self.dossier) if self.deployment is None else []

    @cached_property
    def rescaled(self) -> list[CapturedFeatureReading]:
        """Features in another unit, with no config change near."""
        return rescaled(self.dossier) if self.deployment is None else []

    @property
    def wrong_features(self) -> list[str]:
        """Their names."""
        return [name for name in (*(r.feature for r in self.constant), *(r.feature for r in self.rescaled)) if name]

    @cached_property
    def healed(self) -> list[SignalReading]:
        """Nulls or schema violations that are over, and under which the predictions were made that are judged now.

        Their labels come one delay later, so that quality falls when the data has long been well: "a drop seen now
        belongs to predictions of one delay ago" (procedure on label delay).
        """
        judged = self.judged_since
        if judged is None or self.drifted or self.deployment is not None:
            return []
        margin = self.brief.together + LABELS_VARY * self._label_wait
        return [
            one
            for one in self.dossier.signals
            if one.kind is AlertKind.DATA_QUALITY
            and one.severity is None
            and one.first_breach is not None
            and one.last_breach is not None
            and one.first_breach - margin <= judged <= one.last_breach + margin
        ]

    @cached_property
    def left_behind(self) -> list[SignalReading]:
        """Nulls or schema violations that are over, and whose rows lie where the next training reads them.

        An alert of the incident tells of them, or a training run has failed on its values since they began. New rows
        are well again, and the old ones stay as they came until the pipeline has run for them again: the quarantine is
        for that time (`FeatureNullRateHigh`, Mitigation 2 and 7).
        """
        if self.nulls or self.schema:
            return []
        near = self.brief.together
        told = [alert.starts_at for alert in self.dossier.alerts if alert.kind is AlertKind.DATA_QUALITY]
        failed = self.refused_run.at if self.refused_run is not None else None
        return [
            one
            for one in self.dossier.signals
            if one.kind is AlertKind.DATA_QUALITY
            and one.first_breach is not None
            and one.last_breach is not None
            and not self._asked_by_a_config(one, one.first_breach)
            and (
                any(one.first_breach - near <= at <= one.last_breach + near for at in told)
                or (failed is not None and failed >= one.first_breach)
            )
        ]

    def _asked_by_a_config(self, signal: SignalReading, began: datetime) -> bool:
        """Schema violations that began with a new config: it may have asked for another schema, of sound rows.

        "If our own deployment changed the schema, roll back" (`SchemaViolationRateHigh`, Mitigation 4).
        """
        first, last = began - self.brief.together, began + self.brief.clock_slack
        return signal.feature is None and last_switch(self.dossier, first, last) is not None

    @property
    def drift_came_after(self) -> bool:
        """All drift began after quality had fallen, so it is not the cause.

        A retraining for drift asks for drift "before the drop" (should this be retrained at all?).
        """
        fell = earliest(self.quality_harm)
        onsets = [r.onset for r in self.drifted]
        if fell is None or not onsets:
            return False
        return all(at is not None and at > fell + self.brief.together for at in onsets)

    @property
    def auc_alone(self) -> bool:
        """Only the AUC fell, though other measures of quality were read, too.

        With unchanged inputs, data, config and labels the cause is unknown (`ModelAucLow`, Mitigation 5).
        """
        others = [r for r in self.quality if r.signal != "auc_drop"]
        return bool(others) and all(r.signal == "auc_drop" for r in self.quality_harm)

    @property
    def drift_by_capture(self) -> bool:
        """Captured requests have drifted, and no metric tells the drift of a feature.

        They are the other place to look at the shape of the shift (`ModelFeatureDriftHigh`, Diagnosis 6).
        """
        read = any(s.kind is AlertKind.FEATURE_DRIFT and s.feature for s in self.dossier.signals)
        return bool(self.captured_drifted) and not read

    @cached_property
    def stale(self) -> ChangeReading | None:
        """The failed run of the data pipeline since which the inputs drift."""
        return stale_since(self.dossier, self.brief) if self.deployment is None else None

    @cached_property
    def training_failed(self) -> ChangeReading | None:
        """The last training run, where it failed and an alert is about a pipeline."""
        told = any(alert.kind is AlertKind.PIPELINE for alert in self.dossier.alerts)
        return failed_run(self.dossier, self.brief.training_pipeline) if told else None

    @property
    def refused_values(self) -> list[LogPatternReading]:
        """What the newest training run logged about values that it does not accept."""
        return [r for r in self.dossier.logged if r.place == "training" and r.sign == "bad_input" and r.error]

    @cached_property
    def refused_run(self) -> ChangeReading | None:
        """The last training run, where it failed and logged values that it does not accept.

        "If it fails for data, stop: the data is the incident" (procedure on retraining, Run 3).
        """
        return failed_run(self.dossier, self.brief.training_pipeline) if self.refused_values else None

    @property
    def training_refused_data(self) -> bool:
        """Whether that run failed, and an alert is about a pipeline."""
        return self.refused_run is not None and self.training_failed is not None

    @cached_property
    def schema_of_deployment(self) -> bool:
        """Rows violate the schema since the minutes of a deployment, while captured requests are as they always were.

        The callers send the same, so it is the new config that asks for something else (`SchemaViolationRateHigh`).
        """
        capture = self.dossier.capture
        if self.deployment is None or not self.schema or capture is None or not capture.stable:
            return False
        if self.nulls or self.broken or self.captured_broken or self.captured_drifted:
            return False
        live = self.deployment.at
        first, last = live - self.brief.clock_slack, live + self.brief.together
        return all(s.onset is not None and first <= s.onset <= last for s in self.schema)

    @property
    def _requests(self) -> SeasonReading | None:
        """Requests now, at this hour yesterday and a week ago."""
        return next((one for one in self.dossier.seasons if one.signal == "traffic"), None)

    @cached_property
    def rows_doubled(self) -> list[SignalReading]:
        """Far more rows than a week ago with the requests of a week ago: rows are delivered more than once.

        The volume of a source is data quality, that of the callers is traffic (design of the domain).
        """
        requests = self._requests
        if requests is None or requests.last_week is None or self.traffic_grew:
            return []
        return self.volume_high if requests.now < GROWN * requests.last_week else []

    @property
    def odd_last_week(self) -> bool:
        """The volume is unusual against last week only: requests are those of yesterday, and last week's were not.

        `InputVolumeAbnormal`: a holiday, a campaign or an outage last week makes it fire by itself.
        """
        requests = self._requests
        if (
            requests is None
            or not requests.last_week
            or not requests.yesterday
            or self.traffic_grew
            or self.traffic_fell
        ):
            return False
        as_yesterday = abs(requests.now - requests.yesterday) <= AS_YESTERDAY * requests.yesterday
        then = requests.now / requests.last_week
        return as_yesterday and (
            (bool(self.volume_high) and then >= GROWN) or (bool(self.volume_low) and then <= 1 / GROWN)
        )

    @property
    def traffic_of_the_hour(self) -> bool:
        """The traffic is that of this hour a week ago, however it grew or fell since."""
        return self._requests is not None and self._requests.usual and self._requests.last_week is not None

    @property
    def fails_unwitnessed(self) -> bool:
        """Requests fail and are not slow, nothing else is unusual, and no log was read.

        It is the log that tells a caller who changed its request from a dependency (`EndpointErrorRateHigh`,
        Mitigation 3 and 5); without it no line of that page fits.
        """
        log = any(one.place == "endpoint" for one in (*self.dossier.logs, *self.dossier.logged))
        calm = self.deployment is None and self.inputs_flat and not (self.full or self.too_few or self.slow)
        return bool(self.failing) and calm and not log and not (self.traffic_grew or self.traffic_fell)

    @cached_property
    def skew_shown(self) -> bool:
        """The served features moved in the minutes of a deployment while the data upstream is sound.

        Sound: nulls, schema and volume are read and inside their limits, and Model Monitor, which watches the data
        itself, finds nothing broken about these features.
        """
        if self.deployment is None or not self.drifted_features or not (self.quality_harm or self.scores_jumped):
            return False
        live = self.deployment.at
        moved = all(
            s.onset is not None and live - self.brief.clock_slack <= s.onset <= live + self.brief.together
            for s in self.drifted_features
        )
        found = {violation.feature for violation in self.broken}
        monitored = self.dossier.monitor is not None and not found & {s.feature for s in self.drifted_features}
        return moved and monitored and self.data_readable and not self.data_broken and self.volume_usual

    @cached_property
    def skew_logged(self) -> bool:
        """Scores or quality changed with a new version over unchanged inputs, and its log tells why: features differ.

        By themselves such scores are "the signature of a bad deployment or of training-serving skew"
        (`ModelPredictionDriftHigh`, Mitigation 1). The way back is the same, so that the line gives the cause its name
        and permits nothing more.
        """
        moved = bool(self.quality_harm) or self.scores_jumped
        if self.deployment is None or self.serving_harm or not moved or not self.inputs_flat:
            return False
        first, last = self.deployment.at - self.brief.clock_slack, self.deployment.at + self.brief.together
        return any(
            one.times >= ENOUGH and one.before == 0 and first <= one.first_at <= last
            for one in self.written.logged("skew")
        )

    @property
    def version_worse(self) -> bool:
        """Quality fell or the scores jumped right after the deployment, beside sound data and an older, small drift."""
        worse = bool(self.quality_harm) or self.scores_jumped
        return worse and self.drift_is_older and self.data_readable and not self.data_broken

    @property
    def rollback_helps(self) -> bool:
        """Harm that began with a deployment and that nothing upstream explains."""
        if self.deployment is None or self.load_explains or self.log_explains:
            return False
        worse = bool(self.quality_harm) or self.scores_jumped
        schema = self.schema_of_deployment
        return (
            bool(self.serving_harm) or schema or (worse and self.inputs_flat) or self.version_worse or self.skew_shown
        )
