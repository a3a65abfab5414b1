"""What was merged and released in the model's repository before the trouble began."""

import re
from collections.abc import Sequence
from datetime import datetime

from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.written import CommitReading, NoHistoryReading, ReleaseReading
from agents.redaction import redact
from agents.wording import as_name, duration_in_words, in_its_words, moment_in_words
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError
from tools.github.history import Commit, History, Release

SOURCE = "GitHub"
MOST_COMMITS = 6
MOST_RELEASES = 3
LONGEST_MESSAGE = 160
_SHA = re.compile(r"[0-9a-f]{7,64}")


async def commits(lens: Lens, onset: datetime) -> Sequence[Found]:
    """Releases and commits, newest first, each with how long before the onset it came."""
    model, reader = lens.model, lens.sources.history
    if model is None or model.repository is None or reader is None:
        return ()
    repository = model.repository
    since = onset - lens.timing.changes_lookback
    until = min(lens.now, onset + lens.timing.slack)
    asked = f"commits and releases of {repository} from {_moment(since)} to {_moment(until)}"
    try:
        history = await reader.history(repository, since, until)
    except UpstreamError as error:
        # Not `failed`: what runs is told by SageMaker and by the metrics, so what the rules see is no poorer for it.
        return (lens.gap(SOURCE, "history", asked, why(error, SOURCE), failed=False),)
    releases = [_release(lens, asked, repository, one, onset) for one in history.releases[:MOST_RELEASES]]
    told = [one for one in history.commits if _SHA.fullmatch(one.sha)]
    more = _more(len(told) - MOST_COMMITS, history)
    merged = [
        _commit(lens, asked, repository, one, onset, more if number == MOST_COMMITS else "")
        for number, one in enumerate(told[:MOST_COMMITS], start=1)
    ]
    if not releases and not merged:
        words = f"Nothing was merged or released in {repository} between {_moment(since)} and {_moment(until)}."
        evidence = lens.fact(EvidenceKind.CHANGE, SOURCE, asked, words)
        return (Found(evidence, NoHistoryReading(since=since)),)
    return [*releases, *merged]


def _release(lens: Lens, asked: str, repository: str, release: Release, onset: datetime) -> Found:
    tag = as_name(release.tag)
    who = f" by {as_name(release.login, 40)}" if release.login else ""
    found = (
        f"Release {tag} of {repository} was published{who} at {_moment(release.at)}, {_from(release.at, onset)}."
        f"{in_its_words(_first_line(release.name), LONGEST_MESSAGE) if release.name != release.tag else ''}"
    )
    evidence = lens.fact(
        EvidenceKind.CHANGE, SOURCE, asked, found, subject=tag, link=release.compare_url or release.url
    )
    return Found(evidence, ReleaseReading(at=release.at, tag=tag, repository=repository))


def _commit(lens: Lens, asked: str, repository: str, commit: Commit, onset: datetime, more: str) -> Found:
    sha = commit.sha[:10]
    who = f" by {as_name(commit.login, 40)}" if commit.login else ""
    found = (
        f"Commit {sha}{who} was merged into {repository} at {_moment(commit.at)}, {_from(commit.at, onset)}.{more}"
        f"{in_its_words(_first_line(commit.message), LONGEST_MESSAGE)}"
    )
    evidence = lens.fact(EvidenceKind.CHANGE, SOURCE, asked, found, subject=sha, link=commit.url)
    return Found(evidence, CommitReading(at=commit.at, sha=sha, repository=repository))


def _more(left_out: int, history: History) -> str:
    if left_out <= 0:
        return ""
    return f" {left_out}{'' if history.whole else ' or more'} older ones of the same time are not told here."


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return redact(lines[0], emails=True) if lines else ""


def _from(at: datetime, onset: datetime) -> str:
    apart = duration_in_words(abs((onset - at).total_seconds()))
    return f"{apart} {'before' if at <= onset else 'after'} the trouble began"


def _moment(at: datetime) -> str:
    return f"{moment_in_words(at)} on {at:%d %b}"
