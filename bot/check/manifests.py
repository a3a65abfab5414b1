"""Whether the policy can be read, and the runbooks are there."""

from collections.abc import Iterator

from bot.check.finding import Finding
from bot.settings import Settings
from incidents.catalogue import Catalogue
from incidents.errors import ManifestError
from incidents.policy_notes import notes
from tools.manifests.load import load_policy


def examine_policy(settings: Settings, catalogue: Catalogue | None) -> Iterator[Finding]:
    """The policy, with what is worth knowing of it beside the catalogue."""
    try:
        policy = load_policy(settings.policy_file)
    except ManifestError as error:
        yield Finding("wrong", "policy", str(error))
        return
    yield Finding("right", "policy", f"{len(policy.rules)} rules in {settings.policy_file}, hash {policy.hash[:8]}")
    for note in notes(policy, catalogue) if catalogue is not None else ():
        yield Finding("note", "policy", note)


def examine_runbooks(settings: Settings) -> Finding:
    """Whether there is any page for an alert."""
    pages = sorted(settings.runbooks_dir.glob("*.md")) if settings.runbooks_dir.is_dir() else []
    if pages:
        return Finding("right", "runbooks", f"{len(pages)} for alerts in {settings.runbooks_dir}")
    return Finding("wrong", "runbooks", f"{settings.runbooks_dir} has no runbooks; set AGENTOPS_RUNBOOKS_DIR")
