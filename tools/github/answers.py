"""What of GitHub's answers is read; the rest is left alone."""

from pydantic import AwareDatetime, BaseModel, ConfigDict


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


class Signature(_Answer):
    """When somebody put a commit there. Their name and address are left alone."""

    date: AwareDatetime


class CommitBody(_Answer):
    """What Git knows of a commit."""

    message: str
    committer: Signature


class CommitAnswer(_Answer):
    """A commit; `author` is None, or has no login, where GitHub knows no account."""

    sha: str
    html_url: str
    commit: CommitBody
    author: dict[str, object] | None = None

    @property
    def login(self) -> str:
        """The account that wrote it."""
        return str((self.author or {}).get("login") or "")


class ReleaseAnswer(_Answer):
    """A release; a draft has no `published_at`."""

    tag_name: str
    html_url: str
    name: str | None = None
    draft: bool = False
    published_at: AwareDatetime | None = None
    author: Account | None = None
