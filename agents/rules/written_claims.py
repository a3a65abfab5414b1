"""What logs, commits and releases give to claims."""

from agents.rules.casefile import Casefile
from incidents.diagnosis import Claim, RootCause


def written(case: Casefile, cause: RootCause) -> list[Claim]:
    """What the logs say for a cause, and the release that came before a bad deployment."""
    s = case.symptoms
    claims = [case.claim(one.evidence) for one in s.written.for_cause(cause)[:2]]
    if cause in {RootCause.BAD_DEPLOYMENT, RootCause.TRAINING_SERVING_SKEW} and s.deployment:
        claims += [case.claim(one.evidence) for one in s.written.releases_before(s.deployment.at)[:1]]
    return claims


def new_code(case: Casefile) -> list[Claim]:
    """What was released or merged shortly before: weak, as long as no new version is seen to serve."""
    texts, onset = case.symptoms.written, case.symptoms.harm_onset
    lately = [*texts.releases_before(onset), *texts.commits_before(onset)]
    return [case.claim(one.evidence) for one in lately[:2]]


def quiet_log(case: Casefile) -> list[Claim]:
    """That the endpoint logged nothing of trouble, where that is known."""
    quiet = case.symptoms.written.quiet
    return [case.claim(quiet)] if quiet else []
