"""What Model Monitor says about the data itself."""

from collections.abc import Sequence

from agents.collectors.lens import Lens, why
from agents.readings import Found, MonitorReading, ViolationReading
from agents.redaction import redact
from agents.wording import as_name, in_its_words
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError

SOURCE = "Model Monitor"
MOST_VIOLATIONS = 12
_SHIFT_CHECKS = ("drift", "distribution")
"""Checks whose names hold one of these tell of a shift; all others (completeness, types, columns) of broken data."""


async def data_quality(lens: Lens) -> Sequence[Found]:
    """The constraint violations of the last monitoring run."""
    model = lens.model
    if model is None or model.data.monitor is None:
        return ()
    asked = f"constraint violations under {model.data.monitor}"
    try:
        violations = await lens.sources.datasets.violations(model)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "violations", asked, why(error, SOURCE)),)
    count = len(violations)
    words = "one constraint violation" if count == 1 else f"{count or 'no'} constraint violations"
    found = f"The last monitoring run of {model.name} found {words}."
    facts = [Found(lens.fact(EvidenceKind.DATA_QUALITY, SOURCE, asked, found), MonitorReading(violations=count))]
    for violation in violations[:MOST_VIOLATIONS]:
        feature, check = as_name(violation.feature), as_name(violation.check)
        evidence = lens.fact(
            EvidenceKind.DATA_QUALITY,
            SOURCE,
            asked,
            f"Model Monitor's {check} failed for {feature}.{in_its_words(redact(violation.description), 240)}",
            subject=feature,
        )
        breaks = not any(word in check.lower() for word in _SHIFT_CHECKS)
        facts.append(Found(evidence, ViolationReading(feature=feature, check=check, breaks_data=breaks)))
    return facts
