"""An incident told from alert to recovery in a store on disk, for what reads it afterwards."""

from pathlib import Path
from typing import Any

from incidents.alert import Alert
from incidents.execution import ExecutionState
from incidents.policy import Policy
from tests.incidents.builders import START, alert, later, policy, proposal
from tests.stores import store_at
from tests.tools.incident_store.stage import LEASE, Stage
from tools.incident_store.database import Database

AWS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
SECRETS = (AWS_KEY, "hunter2-hunter2", "s3cr3t-value", "xoxb-1234567890-abcdef")


def store_in(folder: Path) -> Database:
    """A new store where the settings of an empty environment look for it."""
    folder.mkdir(exist_ok=True)
    database = store_at(folder / "agentops.sqlite")
    return database


def leaking() -> Alert:
    """Its labels hold what must not leave."""
    labels = {"model": "product-recommender", "endpoint": "product-recommender-prod", "severity": "critical"}
    return alert(labels={**labels, "note": f"key {AWS_KEY} | [x](http://evil)\n# heading", "password": SECRETS[1]})


def told_incident(stage: Stage, in_force: Policy | None = None) -> str:
    """A stranger is refused, an approver approves, the rollback is sent and done, the world has recovered."""
    in_force = in_force or policy()
    stage.writer.policies.remember(in_force, START)
    incident_id = stage.open(leaking())
    made = proposal("p1", incident_id).model_copy(update={"policy_hash": in_force.hash})
    stage.propose(incident_id, made)
    stage.writer.decisions.refuse("p1", "USTRANGER", "not an approver", later(seconds=20))
    assert stage.approve(at=later(minutes=1)).result == "approved"
    fence = stage.writer.executions.claim("xp1", "bot-1", later(minutes=2), LEASE)
    assert fence is not None
    answer: dict[str, Any] = {"EndpointArn": "arn:aws:x", "token": SECRETS[2], "said": f"by {SECRETS[3]}"}
    _send(stage, fence, {"request": made.requests[0].model_dump(mode="json"), "answer": answer})
    assert stage.writer.executions.finish(
        "xp1", fence, ExecutionState.SUCCEEDED, text="done", now=later(minutes=4), verify_until=later(minutes=30)
    )
    assert stage.writer.verifications.finish("xp1", "recovered", (), "p99 is inside its threshold", later(minutes=12))
    return incident_id


def _send(stage: Stage, fence: int, details: dict[str, Any]) -> None:
    executions = stage.writer.executions
    assert executions.intend("xp1", fence, 0, later(minutes=2))
    executions.sent(
        "xp1",
        fence,
        0,
        result={},
        progress="UpdateEndpoint sent",
        text="UpdateEndpoint sent",
        details=details,
        now=later(minutes=2),
        next_step_at=later(minutes=3),
    )
