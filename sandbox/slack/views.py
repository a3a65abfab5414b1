"""Modals (a stack for each person) and App Homes (one for each person)."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.errors import ApiError
from sandbox.slack.people import APP_ID, BOT_ID, TEAM_ID

MAX_STACK = 3
"""A root modal and two pushed on top of it."""


@dataclass
class View:
    """One view as it is now; `spec` is what the app sent."""

    id: str
    user: str
    spec: dict[str, Any]
    root_view_id: str
    previous_view_id: str | None = None
    hash: str = ""
    state: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def as_view(self) -> dict[str, Any]:
        """The view object of the Web API and of payloads, but for `state`, which payloads add."""
        spec = self.spec
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": spec["type"],
            "blocks": spec["blocks"],
            "private_metadata": spec.get("private_metadata", ""),
            "callback_id": spec.get("callback_id", ""),
            "state": {"values": self.state},
            "hash": self.hash,
            "title": spec.get("title"),
            "clear_on_close": spec.get("clear_on_close", False),
            "notify_on_close": spec.get("notify_on_close", False),
            "close": spec.get("close"),
            "submit": spec.get("submit"),
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
            "app_id": APP_ID,
            "external_id": spec.get("external_id", ""),
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


class ViewStore:
    """Every open modal and every published home."""

    def __init__(self):
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._revision = 0

    def stack(self, user: str) -> list[View]:
        """The open modals of a person, the last on top."""
        return list(self._stacks.get(user, []))

    def home(self, user: str) -> View | None:
        """The home published for a person."""
        return self._homes.get(user)

    def find(self, view_id: str) -> View | None:
        """An open modal or a published home."""
        return next((view for view in self._all() if view.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        """The view the app gave this external id."""
        return next((view for view in self._all() if view.spec.get("external_id") == external_id), None)

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + list(self._homes.values())

    def open(self, user: str, spec: dict[str, Any]) -> View:
        """Open a modal in place of whatever the person had open."""
        self._check_external_id(spec, None)
        view = self._new(user, spec)
        self._stacks[user] = [view]
        return view

    def push(self, user: str, spec: dict[str, Any]) -> View:
        """Put a modal on top of the open ones.

        Raises:
            ApiError: `push_limit_reached` beyond three, `not_found` when none is open.
        """
        stack = self._stacks.get(user)
        if not stack:
            raise ApiError("not_found")
        if len(stack) >= MAX_STACK:
            raise ApiError("push_limit_reached")
        self._check_external_id(spec, None)
        view = self._new(user, spec)
        view.root_view_id = stack[0].id
        view.previous_view_id = stack[-1].id
        stack.append(view)
        return view

    def update(self, view: View, spec: dict[str, Any], expected_hash: str | None = None) -> None:
        """Replace what a view shows. What was typed into inputs of the same block and action id is kept.

        Raises:
            ApiError: `hash_conflict` when the view is no longer the one of `expected_hash`.
        """
        if expected_hash and expected_hash != view.hash:
            raise ApiError("hash_conflict")
        self._check_external_id(spec, view)
        view.spec = spec
        view.hash = self._next_hash()

    def publish(self, user: str, spec: dict[str, Any], expected_hash: str | None = None) -> View:
        """Publish a person's home."""
        view = self._homes.get(user)
        if view is None:
            view = self._homes[user] = self._new(user, spec)
        else:
            self.update(view, spec, expected_hash)
        return view

    def pop(self, view: View) -> None:
        """Close one modal; the one below shows again."""
        stack = self._stacks.get(view.user, [])
        self._stacks[view.user] = [other for other in stack if other is not view]

    def clear(self, user: str) -> None:
        """Close all modals of a person."""
        self._stacks.pop(user, None)

    def _new(self, user: str, spec: dict[str, Any]) -> View:
        view_id = f"V{secrets.token_hex(5).upper()}"
        return View(view_id, user, spec, root_view_id=view_id, hash=self._next_hash())

    def _next_hash(self) -> str:
        self._revision += 1
        return f"{self._revision}.{secrets.token_hex(4)}"

    def _check_external_id(self, spec: dict[str, Any], owner: View | None) -> None:
        external_id = spec.get("external_id")
        other = self.by_external_id(external_id) if external_id else None
        if other is not None and other is not owner:
            raise ApiError("duplicate_external_id")
