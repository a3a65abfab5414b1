"""One issue, one comment, one closing, whatever happens on the way."""

import asyncio

import pytest

from incidents.effect import ApiRequest
from incidents.origin import IncidentOrigin
from incidents.remediation import OpenIssue
from incidents.spec import spec_of
from tests.incidents.builders import START, later
from tests.tools.github.conftest import REPOSITORY, Local
from tools.errors import AccessDenied, InvalidRequest, NotFound, Throttled, Unavailable
from tools.github.errors import Gone
from tools.github.operator import PAGES, PER_PAGE

MARKER = "<!-- agentops:INC-1 after 3 -->"


def request(incident: str = "INC-1", repository: str = REPOSITORY) -> ApiRequest:
    remediation = OpenIssue(repository=repository, title="Nulls in last_login_days", body="38 % are null.")
    (made,) = spec_of(remediation).requests(IncidentOrigin(incident_id=incident, opened_at=START), "xp1")
    return made


async def test_an_issue_is_opened_with_title_body_and_label(local: Local) -> None:
    answer = await local.operator.send(request())
    (issue,) = local.repository.issues
    assert answer == {"number": "1", "url": f"{local.github.base_url}/{REPOSITORY}/issues/1"}
    assert (issue.title, issue.labels, issue.state) == ("Nulls in last_login_days", ["agentops"], "open")
    assert issue.body.startswith("38 % are null.") and "<!-- agentops:INC-1 2026-11-20T12:00:00Z -->" in issue.body


async def test_sent_again_by_another_process_it_is_the_same_issue(local: Local) -> None:
    answers = [await local.new_operator().send(request()) for _ in range(3)]
    assert len(local.repository.issues) == 1 and answers[0] == answers[1] == answers[2]


async def test_a_lost_answer_is_found_and_not_opened_again(local: Local) -> None:
    local.github.faults.add("lost_answer", count=1, match="POST")
    with pytest.raises(Unavailable):
        await local.operator.send(request())
    assert len(local.repository.issues) == 1
    assert (await local.operator.send(request()))["number"] == "1"
    assert len(local.repository.issues) == 1


async def test_a_closed_issue_of_the_incident_is_ours_too(local: Local) -> None:
    await local.operator.send(request())
    local.repository.issue(1).state = "closed"
    assert (await local.operator.send(request()))["number"] == "1"


async def test_an_issue_of_another_incident_or_another_database_is_not_ours(local: Local) -> None:
    await local.operator.send(request("INC-11"))
    remediation = OpenIssue(repository=REPOSITORY, title="t", body="b")
    other = IncidentOrigin(incident_id="INC-1", opened_at=later(days=-30))
    await local.operator.send(spec_of(remediation).requests(other, "xp9")[0])
    assert (await local.operator.send(request("INC-1")))["number"] == "3"


async def test_a_marker_without_our_label_or_in_a_pull_request_is_not_ours(local: Local) -> None:
    marker = str(request().parameters["marker"])
    local.repository.open("mine", marker, [], author="stranger")
    local.repository.open("pull", marker, ["agentops"], author="stranger", pull_request=True)
    assert (await local.operator.send(request()))["number"] == "3"


async def test_the_issue_is_found_on_a_later_page_and_the_search_has_an_end(local: Local) -> None:
    await local.operator.send(request())
    for n in range(PER_PAGE * 2):
        local.repository.open(f"other {n}", "", ["agentops"])
    assert (await local.operator.send(request()))["number"] == "1"
    for n in range(PER_PAGE * 2):
        local.repository.open(f"more {n}", "", ["agentops"])
    local.github.requests.clear()
    await local.operator.send(request("INC-2"))
    assert len(local.asked("GET")) == PAGES


@pytest.mark.parametrize("service", ["github", "sagemaker"])
async def test_what_no_spec_declares_is_not_sent(local: Local, service: str) -> None:
    wrong = ApiRequest(
        service=service,  # pyright: ignore[reportArgumentType] one of the two
        operation="DeleteRepository" if service == "github" else "CreateIssue",
        parameters=request().parameters,
    )
    with pytest.raises(InvalidRequest):
        await local.operator.send(wrong)
    assert not local.github.requests


async def test_a_comment_is_made_once(local: Local) -> None:
    await local.operator.send(request())
    bodies = [await local.new_operator().comment(REPOSITORY, 1, f"news {n}\n{MARKER}", MARKER) for n in range(3)]
    (comment,) = local.repository.issue(1).comments
    assert comment.body == f"news 0\n{MARKER}" and bodies == [comment.body] * 3


async def test_a_comment_whose_answer_was_lost_is_found(local: Local) -> None:
    await local.operator.send(request())
    local.github.faults.add("lost_answer", count=1, match="POST")
    with pytest.raises(Unavailable):
        await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)
    assert await local.operator.comment(REPOSITORY, 1, f"newer\n{MARKER}", MARKER) == f"news\n{MARKER}"
    assert len(local.repository.issue(1).comments) == 1


async def test_a_strangers_comment_with_our_marker_does_not_silence_ours(local: Local) -> None:
    await local.operator.send(request())
    local.repository.comment(1, f"gotcha {MARKER}", author="stranger")
    await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)
    assert [one.author for one in local.repository.issue(1).comments] == ["stranger", "agentops-bot"]


async def test_a_comment_is_found_behind_hundreds_of_others(local: Local) -> None:
    await local.operator.send(request())
    for n in range(PER_PAGE * 2 + 40):
        local.repository.comment(1, f"me too {n}", author="stranger")
    await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)
    for n in range(70):
        local.repository.comment(1, f"and me {n}", author="stranger")
    await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)
    assert sum(MARKER in one.body for one in local.repository.issue(1).comments) == 1


async def test_an_issue_is_closed_once_with_its_resolution(local: Local) -> None:
    await local.operator.send(request())
    local.github.faults.add("lost_answer", count=1, match="PATCH")
    with pytest.raises(Unavailable):
        await local.operator.close_issue(REPOSITORY, 1, f"over\n{MARKER}", MARKER)
    for _ in range(2):
        await local.operator.close_issue(REPOSITORY, 1, f"over\n{MARKER}", MARKER)
    issue = local.repository.issue(1)
    assert (issue.state, issue.state_reason, len(issue.comments)) == ("closed", "completed", 1)
    assert len(local.asked("PATCH")) == 1


async def test_an_issue_that_a_person_closed_gets_the_resolution_all_the_same(local: Local) -> None:
    await local.operator.send(request())
    local.repository.issue(1).state = "closed"
    await local.operator.close_issue(REPOSITORY, 1, f"over\n{MARKER}", MARKER)
    assert len(local.repository.issue(1).comments) == 1 and not local.asked("PATCH")


async def test_standing_tells_what_stands_and_changes_nothing(local: Local) -> None:
    await local.operator.send(request())
    assert await local.operator.standing(REPOSITORY, 1, MARKER) is None
    local.repository.comment(1, f"news {MARKER}")
    assert await local.operator.standing(REPOSITORY, 1, MARKER) == f"news {MARKER}"
    assert len(local.asked("POST")) == 1


async def test_a_comment_without_its_marker_is_not_sent(local: Local) -> None:
    await local.operator.send(request())
    with pytest.raises(InvalidRequest):
        await local.operator.comment(REPOSITORY, 1, "news", MARKER)
    assert not local.repository.issue(1).comments


async def test_a_changing_call_is_sent_once_and_not_again_by_itself(local: Local) -> None:
    local.github.faults.add("unavailable", match="POST")
    with pytest.raises(Unavailable):
        await local.operator.send(request())
    assert len(local.asked("POST")) == 1


async def test_the_limit_of_requests_says_when_it_ends(local: Local) -> None:
    local.github.faults.add("rate_limited", count=1)
    with pytest.raises(Throttled) as limited:
        await local.operator.send(request())
    assert limited.value.retry_after_s is not None and 20 <= limited.value.retry_after_s <= 32
    local.github.faults.add("secondary_limit", count=1)
    with pytest.raises(Throttled) as limited:
        await local.operator.send(request())
    assert limited.value.retry_after_s == 5.0


async def test_each_refusal_is_one_of_ours_and_says_what_to_do(local: Local) -> None:
    with pytest.raises(AccessDenied, match="token is not valid"):
        await local.new_operator(token="github_pat_wrong").send(request())
    with pytest.raises(NotFound, match="does not exist, or the token does not cover it"):
        await local.operator.send(request(repository="example-ml/nowhere"))
    local.repository.writable = False
    with pytest.raises(AccessDenied, match="does not allow it"):
        await local.operator.send(request())
    local.repository.has_issues = False
    with pytest.raises(Gone, match="switched off"):
        await local.operator.send(request())


async def test_a_deleted_issue_is_gone(local: Local) -> None:
    await local.operator.send(request())
    local.repository.issue(1).gone = True
    with pytest.raises(Gone):
        await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)


async def test_nobody_at_home_is_unavailable(local: Local) -> None:
    with pytest.raises(Unavailable):
        await local.new_operator(url="http://127.0.0.1:9/github").send(request())
    local.github.faults.add("down", count=1)
    with pytest.raises(Unavailable):
        await local.operator.send(request())


async def test_many_processes_after_a_crash_find_the_one_comment(local: Local) -> None:
    await local.operator.send(request())
    await local.operator.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER)
    operators = [local.new_operator() for _ in range(6)]
    await asyncio.gather(*(one.comment(REPOSITORY, 1, f"news\n{MARKER}", MARKER) for one in operators))
    assert len(local.repository.issue(1).comments) == 1
