"""Who may do what, asked at the moment they do it: the table of acts, the policy in force, our own workspace."""

from collections.abc import Callable, Collection

from incidents.approval import REFUSAL_WORDS, Person, membership_refusal
from incidents.errors import PolicyUnreadable
from incidents.permissions import WHO_MAY, Act, Circle, why_not
from incidents.policy import PolicySource, RequireApproval


class Authority:
    """Answers with the words of a refusal, or None. Fails closed."""

    def __init__(self, policy: PolicySource, home_team: Callable[[], str]) -> None:
        """`policy`: the one in force; `home_team`: the Slack workspace the bot belongs to, empty until it is known."""
        self._policy = policy
        self._home_team = home_team

    def refusal(
        self,
        act: Act,
        person: Person,
        *,
        approvers: Collection[str] | None = None,
        chosen_by: str | None = None,
    ) -> str | None:
        """Why `person` may not, in words. `approvers` of this very thing; all whom the policy names where left out."""
        named = approvers or ()
        if approvers is None and WHO_MAY[act] is Circle.APPROVERS and self.is_member(person):
            try:
                named = self._named()
            except PolicyUnreadable as error:
                return f"Nobody may do this now: {error}."
        why = why_not(act, person, home_team=self._home_team(), approvers=named, chosen_by=chosen_by)
        return None if why is None else REFUSAL_WORDS[why]

    def is_member(self, person: Person) -> bool:
        """A full member of this workspace: somebody who may be shown data."""
        return membership_refusal(person, home_team=self._home_team()) is None

    def _named(self) -> frozenset[str]:
        policy = self._policy()
        escalated = (
            group for rule in policy.rules if isinstance(rule.then, RequireApproval) for group in rule.then.escalate_to
        )
        return policy.approvers | frozenset(escalated)
