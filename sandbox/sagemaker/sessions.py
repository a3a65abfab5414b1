"""Who signs a call: the sessions that AssumeRole handed out, by access key."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from urllib.parse import parse_qs

from sandbox.sagemaker.arns import ACCOUNT


@dataclass(frozen=True)
class Session:
    """An assumed role's session.

    Attributes:
        role_arn: the role that was assumed.
        name: the role session name.
        source_identity: the source identity, when one was given.
        policy: the session policy as JSON, when one was given.
    """

    role_arn: str
    name: str
    source_identity: str | None
    policy: str | None

    @property
    def caller_arn(self) -> str:
        """The caller's ARN as error messages and CloudTrail show it."""
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role_arn.rsplit('/', 1)[-1]}/{self.name}"


def external_id_of(body: bytes) -> str | None:
    """The external id that an AssumeRole call brings."""
    return parse_qs(body.decode(errors="replace")).get("ExternalId", [None])[0]


ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
"""The caller of calls that are not signed by an assumed role."""

_ACCESS_KEY = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")


class Sessions:
    """The sessions handed out so far. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[str, Session] = {}

    def learn(self, request_body: bytes, answer_body: bytes) -> None:
        """Remember the session that an AssumeRole call was answered with."""
        found = _ACCESS_KEY.search(answer_body)
        form = parse_qs(request_body.decode())
        if found is None or "RoleArn" not in form:
            return
        session = Session(
            role_arn=form["RoleArn"][0],
            name=form.get("RoleSessionName", [""])[0],
            source_identity=form.get("SourceIdentity", [None])[0],
            policy=form.get("Policy", [None])[0],
        )
        with self._lock:
            self._by_key[found.group(1).decode()] = session

    def of(self, access_key: str) -> Session | None:
        """The session this access key belongs to; None for a user's key."""
        with self._lock:
            return self._by_key.get(access_key)
