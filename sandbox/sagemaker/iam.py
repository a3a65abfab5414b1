"""IAM, as far as manifests/iam uses it: who signs a call, what the role's policy says, what the session policy says.

Allowed is what both the role's policy and the session policy allow; there are no resource policies, no boundaries and
no statements that deny. A policy that uses more than this understands is refused when it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sandbox.sagemaker.arns import ACCOUNT, role_arn
from sandbox.sagemaker.authorisation import Need
from sandbox.sagemaker.errors import ApiError, access_denied
from sandbox.sagemaker.sessions import Session

Json = dict[str, Any]

BOT_ACCESS_KEY = "sandbox"
"""The bot's own credentials: those of the role agentops-executor, which may assume roles and nothing else."""

ADMIN_ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
"""Credentials that may do everything: for tests that act as somebody other than the bot. AWS's own example key."""

EXTERNAL_ID = "agentops-external"
"""What the roles' trust asks for, unless the sandbox is told another."""

EXECUTOR, TRUST = "executor", "trust"
_UNDERSTOOD = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


class PolicyError(ValueError):
    """A policy under manifests/iam is not understood; the message names the file."""


@dataclass(frozen=True)
class Statement:
    """One statement that allows."""

    actions: tuple[re.Pattern[str], ...]
    resources: tuple[re.Pattern[str], ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def allows(self, need: Need) -> bool:
        """Whether it allows a need."""
        return (
            any(action.fullmatch(need.action) for action in self.actions)
            and any(resource.fullmatch(need.resource) for resource in self.resources)
            and all(_holds(operator, need.facts.get(key), values) for operator, key, values in self.conditions)
        )


@dataclass(frozen=True)
class Iam:
    """Roles and their policies.

    Attributes:
        roles: the statements of each role, by its name.
        external_id: what AssumeRole has to bring; None when the trust asks for nothing.
    """

    roles: dict[str, tuple[Statement, ...]]
    external_id: str | None

    @classmethod
    def read(cls, folder: Path, external_id: str = EXTERNAL_ID) -> Iam:
        """Read `<role>.json` for each role `agentops-<role>`, and `trust.json`, which all of them share.

        Raises:
            PolicyError: a policy is not understood.
        """
        roles: dict[str, tuple[Statement, ...]] = {}
        asks = False
        for path in sorted(folder.glob("*.json")):
            document: Json = json.loads(path.read_text())
            if path.stem == TRUST:
                asks = "sts:ExternalId" in json.dumps(document)
            else:
                roles[f"agentops-{path.stem}"] = statements_of(document, str(path))
        return cls(roles, external_id if asks else None)

    def authorise(
        self, access_key: str, session: Session | None, needs: Iterable[Need], external_id: str | None
    ) -> None:
        """Let a call pass.

        Args:
            access_key: what it was signed with.
            session: the session of that key, when it is an assumed role's.
            needs: everything that must be allowed.
            external_id: what an AssumeRole brings.

        Raises:
            ApiError: the key is unknown, or something is not allowed.
        """
        for need in needs:
            if need.action == "sts:AssumeRole":
                self._check_trust(access_key, session, need, external_id)
            if access_key == ADMIN_ACCESS_KEY:
                continue
            role = _role_of(access_key, session)
            if role is None:
                raise ApiError(
                    "UnrecognizedClientException", "The security token included in the request is invalid.", 403
                )
            if not _allowed(self.roles.get(role, ()), need):
                raise self._denied(access_key, session, need, "identity-based")
            if session is not None and session.policy is not None:
                if not _allowed(statements_of(json.loads(session.policy), "the session policy"), need):
                    raise self._denied(access_key, session, need, "session")

    def _check_trust(self, access_key: str, session: Session | None, need: Need, external_id: str | None) -> None:
        known = need.resource.rsplit("/", 1)[-1] in self.roles
        if not known or (self.external_id is not None and external_id != self.external_id):
            raise access_denied(caller(access_key, session), need.action, need.resource)

    def _denied(self, access_key: str, session: Session | None, need: Need, kind: str) -> ApiError:
        because = f"no {kind} policy allows the {need.action} action"
        return access_denied(caller(access_key, session), need.action, need.resource, because)


def caller(access_key: str, session: Session | None) -> str:
    """The caller's ARN as error messages show it."""
    if session is not None:
        return session.caller_arn
    if access_key == BOT_ACCESS_KEY:
        return Session(role_arn(f"agentops-{EXECUTOR}"), "sandbox", None, None).caller_arn
    return f"arn:aws:iam::{ACCOUNT}:user/sandbox"


def statements_of(document: Json, place: str) -> tuple[Statement, ...]:
    """The statements of a policy. Raises PolicyError, naming `place`, for what is not understood."""
    found: list[Statement] = []
    for one in _listed(document.get("Statement", [])):
        if one.get("Effect") != "Allow" or set(one) - _UNDERSTOOD:
            raise PolicyError(
                f"{place}: only Allow with Action, Resource and Condition is understood, found {sorted(one)}"
            )
        conditions: list[tuple[str, str, tuple[str, ...]]] = []
        given: dict[str, Json] = one.get("Condition") or {}
        for operator, wanted in given.items():
            if operator not in ("Null", "StringEquals", "StringLike"):
                raise PolicyError(f"{place}: the condition operator {operator} is not understood")
            conditions += [(operator, key.lower(), tuple(_listed(values))) for key, values in wanted.items()]
        found.append(
            Statement(
                actions=tuple(_pattern(action, re.IGNORECASE) for action in _listed(one.get("Action", []))),
                resources=tuple(_pattern(resource) for resource in _listed(one.get("Resource", []))),
                conditions=tuple(conditions),
            )
        )
    return tuple(found)


def _role_of(access_key: str, session: Session | None) -> str | None:
    if session is not None:
        return session.role_arn.rsplit("/", 1)[-1]
    return f"agentops-{EXECUTOR}" if access_key == BOT_ACCESS_KEY else None


def _allowed(statements: Iterable[Statement], need: Need) -> bool:
    return any(statement.allows(need) for statement in statements)


def _holds(operator: str, fact: str | None, values: tuple[str, ...]) -> bool:
    match operator:
        case "Null":
            return any((fact is None) == (value == "true") for value in values)
        case "StringEquals":
            return fact is not None and fact in values
        case _:
            return fact is not None and any(_pattern(value).fullmatch(fact) for value in values)


_WILDCARD = re.compile(r"\$\{([*?$])\}|([*?])|([^*?$]+|\$)")


def _pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern with `*` and `?`; `${*}`, `${?}` and `${$}` stand for the letters themselves."""
    parts: list[str] = []
    for literal, wildcard, rest in _WILDCARD.findall(text):
        parts.append(re.escape(literal or rest) if not wildcard else ".*" if wildcard == "*" else ".")
    return re.compile("".join(parts), flags | re.DOTALL)


def _listed(given: Any) -> list[Any]:
    return cast(list[Any], given) if isinstance(given, list) else [given]
