"""Before a pipeline run: is the pipeline active, and is the pinned version there?"""

from tools.errors import NotFound, UpstreamError
from tools.sagemaker.preflight import Findings, Preflight, why
from tools.sagemaker.preflights.parts import Sight


def pipeline_preflight(sight: Sight, name: str, version: int | None) -> Preflight:
    """Of starting a run of pipeline `name`, of the pinned version where there is one."""
    findings = Findings()
    try:
        pipeline = sight.descriptions.pipeline(name)
    except NotFound:
        findings.problem(f"pipeline {name} does not exist")
        return findings.preflight()
    except UpstreamError as error:
        findings.problem(f"pipeline {name} could not be read ({why(error)})")
        return findings.preflight()
    findings.must(
        pipeline.status == "Active", f"pipeline {name} is Active", f"pipeline {name} is {pipeline.status}, not Active"
    )
    if version is None:
        return findings.preflight()
    try:
        sight.descriptions.pipeline(name, version)
    except NotFound:
        findings.problem(f"version {version} of pipeline {name}, which models.yaml pins, does not exist")
    except UpstreamError as error:
        findings.problem(f"version {version} of pipeline {name} could not be read ({why(error)})")
    else:
        findings.checked(f"version {version} of pipeline {name} exists, as models.yaml pins it")
    return findings.preflight()
