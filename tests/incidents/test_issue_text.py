"""What a GitHub issue says: of what broke, from what is known, to those who can mend it."""

import pytest
from inline_snapshot import snapshot

from incidents.catalogue import ModelSpec
from incidents.diagnosis import Claim, Culprit, Diagnosis, RetrainingVerdict, RootCause
from incidents.incident import Incident, IncidentState, key_of
from incidents.issue_text import MOST_BODY, needed, open_issue
from tests.incidents.builders import START, alert, diagnosis, evidence, later, model


def churn() -> ModelSpec:
    return model("churn-predictor")


def incident() -> Incident:
    return Incident(
        id="INC-7",
        key=key_of("churn-predictor", "prod"),
        model="churn-predictor",
        environment="prod",
        tier=2,
        listed=True,
        channel="ml-incidents",
        state=IncidentState.INVESTIGATING,
        severity="critical",  # pyright: ignore[reportArgumentType] read as the enum
        started_at=START,
        opened_at=START,
        alerts=(alert("FeatureNullRateHigh"), alert("SchemaViolationRateHigh", fingerprint="a2")),
    )


def nulls() -> Diagnosis:
    given = {
        "culprit": Culprit(kind="feature", name="last_login_days"),
        "summary": "38 % of last_login_days are null since 11:58.",
        "claims": (Claim(text="The null rate rose to 38 %", evidence=("E1", "E2")),),
        "retraining": RetrainingVerdict(retrain=False, because="training on broken data makes it worse"),
        "gaps": ("Model Monitor could not be read",),
    }
    return diagnosis(cause=RootCause.DATA_QUALITY, onset=later(minutes=-2)).model_copy(update=given)


def test_the_issue_says_what_broke_what_is_needed_and_what_was_not_done() -> None:
    issue = open_issue(incident(), churn(), nulls(), (evidence("E1", 0.38), evidence("E2", 0.06)))
    assert issue is not None and issue.repository == "example-ml/churn-predictor"
    assert issue.title == "[INC-7] churn-predictor (prod): Broken input data: last_login_days"
    assert issue.body == snapshot("""\
### What broke

38 % of last\\_login\\_days are null since 11:58.

- Model: `churn-predictor`, environment `prod`, tier 2, incident INC-7
- Cause: Broken input data (high confidence)
- Since: 20 Nov 2026 11:58 UTC
- Alerts: `FeatureNullRateHigh`, `SchemaViolationRateHigh`

### Evidence

- The null rate rose to 38 % (E1, E2)

What was read:

- E1, Prometheus: p99 is 0.38 s
- E2, Prometheus: p99 is 0.06 s

### What is needed

Repair the source `crm.subscriber_activity`: it delivers broken values in `last_login_days`. Say so here once it is whole again; the broken window of data has to be filled anew after that.

### What AgentOps did not do, and why

- It did not retrain: training on broken data makes it worse
- It could not read everything: Model Monitor could not be read
- It did not touch the source or this repository's code: it has no access to either.

---
AgentOps comments here when the incident's state changes, and closes this issue when it is over.\
""")  # noqa: E501 - a paragraph of Markdown is one line


def test_without_a_repository_there_is_no_issue() -> None:
    assert open_issue(incident(), churn().model_copy(update={"repository": None}), nulls(), ()) is None


@pytest.mark.parametrize("cause", RootCause)
def test_every_cause_has_something_that_somebody_can_do(cause: RootCause) -> None:
    named = nulls().model_copy(update={"root_cause": cause})
    unnamed = named.model_copy(update={"culprit": Culprit(kind="none", name="")})
    for one in (named, unnamed):
        assert needed(churn(), one).endswith(".") and "``" not in needed(churn(), one)


def test_what_does_not_fit_are_facts_and_never_what_is_needed() -> None:
    hostile = "@" * 600
    claims = tuple(Claim(text=hostile, evidence=tuple(f"E{n}" for n in range(20))) for _ in range(20))
    facts = [evidence(f"E{n}").model_copy(update={"found": hostile}) for n in range(20)]
    worst = nulls().model_copy(update={"claims": claims, "summary": hostile, "gaps": (hostile,) * 9})
    issue = open_issue(incident(), churn(), worst, facts)
    assert issue is not None and len(issue.body) <= MOST_BODY
    assert "### What is needed" in issue.body and issue.body.endswith("closes this issue when it is over.")


def test_nothing_untrusted_calls_links_or_marks() -> None:
    hostile = "@octocat <!-- agentops:INC-1 --> [x](https://evil.example) #1 `code`"
    bad = nulls().model_copy(
        update={
            "summary": hostile,
            "culprit": Culprit(kind="feature", name=hostile),
            "claims": (Claim(text=hostile, evidence=("E1", hostile)),),
            "retraining": RetrainingVerdict(retrain=False, because=hostile),
        }
    )
    issue = open_issue(incident(), churn(), bad, (evidence("E1").model_copy(update={"found": hostile}),))
    assert issue is not None
    outside_code = "".join(issue.body.split("`")[::2])
    assert "@octocat" not in outside_code and "<!--" not in outside_code and "https://evil" not in outside_code
