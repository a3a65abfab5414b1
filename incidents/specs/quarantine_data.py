"""QuarantineData: a manifest of a window's S3 objects, and a tag on each. Nothing is deleted, moved or rewritten."""

import json

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, DataObject, DataOrigin
from incidents.remediation import QuarantineData
from incidents.specs.base import Spec, Undo, stamp

TAG = "agentops:quarantine"
"""Training must leave out objects that carry it; its value is the execution's id."""
MOST_OBJECTS = 500
"""More is a job for S3 Batch Operations, which a person sets up."""


class QuarantineDataSpec(Spec[QuarantineData]):
    """Marks, or takes the mark off; other tags of an object stay as they are."""

    risk = RiskClass.LOW
    role = "retrainer"
    iam_actions = frozenset({"s3:PutObject", "s3:PutObjectTagging"})

    @property
    def title(self) -> str:
        """One line."""
        window = f"{self.remediation.window_start:%d %b %H:%M} to {self.remediation.window_end:%d %b %H:%M} UTC"
        verb = "Quarantine" if self.remediation.mode == "quarantine" else "Release"
        return f"{verb} the data of {window} in {self.remediation.bucket}"

    @property
    def target(self) -> str:
        """The place."""
        return f"data/{self.remediation.bucket}/{self.remediation.prefix}"

    def manifest_key(self, execution_id: str) -> str:
        """Where the manifest is put: beside the data, never inside a window."""
        return f"quarantine/{execution_id}.json"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """The manifest first, then a tag an object: whoever reads the tag finds the manifest.

        Raises:
            ValueError: also where the window holds no object, or more than `MOST_OBJECTS`.
        """
        found = self._of(origin, DataOrigin)
        if not 0 < len(found.objects) <= MOST_OBJECTS:
            raise ValueError(f"the window holds {len(found.objects)} objects; it needs 1 to {MOST_OBJECTS}")
        manifest = {
            "execution": execution_id,
            "mode": self.remediation.mode,
            "window": [stamp(self.remediation.window_start), stamp(self.remediation.window_end)],
            "objects": [{"key": one.key, "etag": one.etag} for one in found.objects],
        }
        put = ApiRequest(
            service="s3",
            operation="PutObject",
            parameters={
                "Bucket": found.bucket,
                "Key": self.manifest_key(execution_id),
                "Body": json.dumps(manifest, indent=1, sort_keys=True),
                "ContentType": "application/json",
            },
        )
        return (put, *(self._tagging(found.bucket, one, execution_id) for one in found.objects))

    def _tagging(self, bucket: str, one: DataObject, execution_id: str) -> ApiRequest:
        # PutObjectTagging replaces the whole set, so the others are sent along.
        tags = {key: value for key, value in one.tags.items() if key != TAG}
        if self.remediation.mode == "quarantine":
            tags[TAG] = execution_id
        wanted = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
        parameters = {"Bucket": bucket, "Key": one.key, "Tagging": {"TagSet": wanted}}
        return ApiRequest(service="s3", operation="PutObjectTagging", parameters=parameters)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Objects, content, training."""
        count = len(self._of(origin, DataOrigin).objects)
        marked = "tagged as quarantined" if self.remediation.mode == "quarantine" else "no longer tagged"
        training = "leaves them out" if self.remediation.mode == "quarantine" else "may read them again"
        objects = f"{count} object{'' if count == 1 else 's'} under {self.remediation.prefix}"
        return (
            PlanRow(what="Data of the window", before=objects, after=marked),
            PlanRow(what="Content", before="as it is", after="unchanged: nothing is deleted, moved or rewritten"),
            PlanRow(what="Training", before="may read them", after=training),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """The other mode."""
        self._of(origin, DataOrigin)
        if self.remediation.mode == "release":
            return Undo("Quarantine the same window again.", self.remediation.model_copy(update={"mode": "quarantine"}))
        words = "Release the window: the tags are taken off again, the data is untouched."
        return Undo(words, self.remediation.model_copy(update={"mode": "release"}))

    def estimate(self, model: ModelSpec) -> Estimate:
        """Calls of milliseconds."""
        return Estimate(minutes=1, cost_usd=0.0, basis="one small call an object")

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """Read back."""
        has = "carries the tag" if self.remediation.mode == "quarantine" else "no longer carries the tag"
        return (f"every object of the window {has}, with its content unchanged",)
