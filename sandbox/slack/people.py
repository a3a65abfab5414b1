"""Who and where: personas, user groups and channels of the workspace."""

from dataclasses import dataclass, field
from typing import Any

TEAM_ID = "TSANDBOX"
OTHER_TEAM_ID = "TOTHER"
TEAM_DOMAIN = "sandbox"
APP_ID = "AAGENTOPS"
BOT_ID = "BAGENTOPS"
BOT_USER_ID = "UAGENTOPS"
BOT_NAME = "agentops"
BOT_REAL_NAME = "AgentOps"
SLACKBOT_ID = "USLACKBOT"


@dataclass(frozen=True)
class Person:
    """One user of the workspace. Personas are roles, not invented people."""

    id: str
    name: str
    real_name: str
    team_id: str = TEAM_ID
    is_restricted: bool = False
    is_bot: bool = False

    @property
    def is_stranger(self) -> bool:
        """Whether this is someone of another company, met in a shared channel."""
        return self.team_id != TEAM_ID

    @property
    def dm(self) -> str:
        """The id of the direct messages between this person and the app."""
        return f"D{self.id[1:]}"

    def as_user(self) -> dict[str, Any]:
        """The user object of `users.info`."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": {
                "real_name": self.real_name,
                "real_name_normalized": self.real_name,
                "display_name": self.name,
                "display_name_normalized": self.name,
                "team": self.team_id,
            },
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": False,
            "is_bot": self.is_bot,
            "is_stranger": self.is_stranger,
            "is_app_user": False,
            "updated": 1700000000,
        }


@dataclass(frozen=True)
class UserGroup:
    """A user group, such as the approvers."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]

    def as_subteam(self, *, include_users: bool) -> dict[str, Any]:
        """The user group object of `usergroups.list`."""
        subteam: dict[str, Any] = {
            "id": self.id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": 1700000000,
            "date_update": 1700000000,
            "date_delete": 0,
            "user_count": len(self.users),
        }
        if include_users:
            subteam["users"] = list(self.users)
        return subteam


@dataclass
class Channel:
    """A public channel, or the direct messages between one person and the app."""

    id: str
    name: str
    topic: str = ""
    members: set[str] = field(default_factory=set[str])
    is_im: bool = False

    @property
    def bot_is_member(self) -> bool:
        """Whether the app was invited here."""
        return BOT_USER_ID in self.members

    def as_conversation(self, shared: bool) -> dict[str, Any]:
        """The conversation object of `conversations.info`; `shared` when another company is in it."""
        if self.is_im:
            user = next(member for member in self.members if member != BOT_USER_ID)
            return {"id": self.id, "created": 1700000000, "is_im": True, "is_archived": False, "user": user}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": 1700000000,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": False,
            "is_archived": False,
            "is_general": self.name == "general",
            "is_shared": shared,
            "is_ext_shared": shared,
            "is_member": self.bot_is_member,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.topic, "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }


def standard_people() -> list[Person]:
    """The personas a first run has, and the two bots every workspace has."""
    return [
        Person("UONCALL", "oncall", "On-call approver"),
        Person("USECOND", "second", "Second approver"),
        Person("ULEAD", "lead", "Team lead"),
        Person("UVIEWER", "viewer", "Viewer"),
        Person("UGUEST", "guest", "Guest", is_restricted=True),
        Person("USTRANGER", "stranger", "Person of another company", team_id=OTHER_TEAM_ID),
        Person(BOT_USER_ID, BOT_NAME, BOT_REAL_NAME, is_bot=True),
        # Slack marks Slackbot as a person, oddly; an app that trusts is_bot alone meets that here too.
        Person(SLACKBOT_ID, "slackbot", "Slackbot"),
    ]


def standard_user_groups() -> list[UserGroup]:
    """The approver group and the one it escalates to."""
    return [
        UserGroup("SMLONCALL", "ml-oncall", "ML on call", ("UONCALL", "USECOND")),
        UserGroup("SMLLEADS", "ml-leads", "ML leads", ("ULEAD",)),
    ]


def standard_channels() -> list[Channel]:
    """#ml-incidents is shared with another company; the app was never invited to #general."""
    full = {"UONCALL", "USECOND", "ULEAD", "UVIEWER"}
    return [
        Channel(
            "CINCIDENTS",
            "ml-incidents",
            "Incidents of models in production",
            full | {"UGUEST", "USTRANGER", BOT_USER_ID},
        ),
        Channel("CGENERAL", "general", "Everybody", full | {"UGUEST"}),
        Channel("CPLATFORM", "ml-platform", "The ML platform", full | {BOT_USER_ID}),
    ]
