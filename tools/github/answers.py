"""What of GitHub's answers is read; the rest is left alone."""

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Answer):
    """Who wrote something."""

    login: str


class Label(_Answer):
    """A label of an issue."""

    name: str


class Issue(_Answer):
    """An issue. `pull_request` is there on those that are pull requests, which GitHub lists among issues."""

    number: int
    html_url: str
    state: str
    body: str | None = None
    user: Account | None = None
    labels: tuple[Label, ...] = ()
    comments: int = 0
    pull_request: dict[str, object] | None = None


class Comment(_Answer):
    """A comment of an issue; `user` is None where the account is gone."""

    body: str | None = None
    user: Account | None = None


class Permissions(_Answer):
    """What the token's account may do in a repository."""

    push: bool = False
    triage: bool = False


class Repository(_Answer):
    """A repository, as far as issues are concerned."""

    full_name: str
    has_issues: bool = True
    archived: bool = False
    permissions: Permissions | None = None
