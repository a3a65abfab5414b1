"""The evidence bundle and the commands of `agentops audit`."""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.bundle import bundle, seal
from bot.commands.bundle_markdown import markdown
from incidents.proposal import digest_of
from tests.bot.quiet import restored_logging
from tests.bot.told_incident import SECRETS, store_in, told_incident
from tests.incidents.builders import policy
from tests.tools.incident_store.stage import Stage
from tools.incident_store.audit_reader import AuditReader
from tools.incident_store.database import Database
from tools.sagemaker.roles import session_name

Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Runs a command in an empty folder, with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "SLACK_", "ANTHROPIC_")):
            monkeypatch.delenv(name)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), catch_exceptions=False)

    with restored_logging():
        yield run


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = store_in(tmp_path / "data")
    yield one
    one.close()


@pytest.fixture
def incident_id(database: Database) -> str:
    return told_incident(Stage(database))


def exported(database: Database, incident_id: str) -> dict[str, Any]:
    return bundle(AuditReader(database).rows(incident_id))


def tamper(database: Database, sql: str) -> None:
    with database.write() as session:
        session.connection().execute(text(sql))


# The bundle.


def test_the_bundle_holds_who_decided_what_was_sent_and_what_was_answered(database: Database, incident_id: str) -> None:
    told = exported(database, incident_id)
    (made,), (run,), (watch,), (rules,) = (
        told[key] for key in ("proposals", "executions", "verifications", "policies")
    )
    assert told["chain"]["intact"] and told["incident"]["state"] == "resolved"
    assert made["digest_fits_requests_and_origin"] is True and made["state"] == "approved"
    assert [vote["person"] for vote in made["votes"]] == ["UONCALL"]
    assert [refused["actor"] for refused in told["refusals"]] == ["USTRANGER"]
    (call,) = run["calls"]
    assert call["request"] == made["requests"][0] and call["answer"]["EndpointArn"] == "arn:aws:x"
    assert (run["role"], run["role_session_name"]) == ("roller", session_name(run["id"]))
    assert watch["state"] == "recovered" and told["report"]["milestones"]
    assert rules["hash"] == policy().hash and rules["content"] == policy().model_dump(mode="json")
    assert told["investigations"][0]["diagnosis"]["root_cause"] == "bad_deployment"
    assert [fact["id"] for fact in told["investigations"][0]["evidence"]] == ["E1", "E2"]


def test_the_same_rows_make_the_same_bytes(database: Database, incident_id: str) -> None:
    first, second = (json.dumps(exported(database, incident_id)) for _ in range(2))
    assert first == second


def test_what_the_bundle_says_of_checking_it_is_true(database: Database, incident_id: str) -> None:
    """An auditor with the JSON alone, and nothing of ours."""
    told = json.loads(json.dumps(exported(database, incident_id)))
    content = json.dumps(
        {k: v for k, v in told.items() if k != "sha256"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert told["sha256"] == hashlib.sha256(content.encode()).hexdigest() == seal(told)
    previous = "0" * 64
    assert told["redacted_entries"] and len(told["redacted_entries"]) < len(told["timeline"])
    for entry in told["timeline"]:
        assert entry["previous"] == previous
        fields = ("incident_id", "number", "at", "actor", "kind", "text", "details", "previous")
        again = hashlib.sha256(json.dumps([entry[name] for name in fields], sort_keys=True).encode()).hexdigest()
        assert (again == entry["hash"]) == (entry["number"] not in told["redacted_entries"])
        previous = entry["hash"]
    assert previous == told["chain"]["head"] == told["chain"]["kept_head"]
    (made,) = told["proposals"]
    signed = {"origin": made["origin"]["identity"], "requests": made["requests"]}
    canonical = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert made["digest"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_no_secret_leaves_in_either_form(database: Database, incident_id: str) -> None:
    told = exported(database, incident_id)
    for form in (json.dumps(told), markdown(told)):
        assert [secret for secret in SECRETS if secret in form] == []
        assert "removed" in form


def test_what_was_tampered_with_is_exported_and_named(database: Database, incident_id: str) -> None:
    tamper(database, "UPDATE timeline SET text = 'nothing' WHERE number = 2")
    told = exported(database, incident_id)
    assert told["chain"]["intact"] is False and told["chain"]["broken"]["number"] == 2
    assert "**No.** Entry 2" in markdown(told)
    tamper(database, """UPDATE proposal SET body = '{"kind": "x"}'""")
    tamper(database, "UPDATE timeline SET details = '{' WHERE number = 3")
    told = exported(database, incident_id)
    assert told["proposals"][0]["digest_fits_requests_and_origin"] is None
    assert told["timeline"][2] == {"number": 3, "unreadable": True}
    assert "cannot be read any more" in markdown(told)


def test_a_proposal_whose_requests_were_changed_does_not_fit_its_digest(database: Database, incident_id: str) -> None:
    tamper(database, "UPDATE proposal SET body = replace(body, 'product-recommender-v23', 'product-recommender-v99')")
    told = exported(database, incident_id)
    assert told["proposals"][0]["digest_fits_requests_and_origin"] is False
    assert "| digest is that of requests and origin | NO |" in markdown(told)


def test_words_from_outside_begin_nothing_in_the_markdown(database: Database, incident_id: str) -> None:
    tamper(database, "UPDATE alert SET labels = json_set(labels, '$.alertname', '`x` | # [a](http://evil) <b>')")
    tamper(database, "UPDATE proposal SET reason = '```' || char(10) || '# Approved' || char(10)")
    told = markdown(exported(database, incident_id))
    assert "\n# Approved" not in told and "[a](http" not in told and "<b>" not in told
    fences = told.count("\n```json\n") + told.count("\n```mermaid\n")
    assert fences * 2 == sum(line.startswith("```") for line in told.split("\n"))


def test_the_digest_of_the_bundle_is_that_of_the_proposal() -> None:
    assert digest_of((), {}) == hashlib.sha256(b'{"origin":{},"requests":[]}').hexdigest()


# The commands.


def test_verify_says_that_a_timeline_is_intact(typed: Typed, incident_id: str) -> None:
    result = typed("audit", "verify", incident_id)
    assert result.exit_code == 0 and f"{incident_id}  intact" in result.output
    told = json.loads(typed("audit", "verify", "--all", "--json").output)
    assert told["intact"] and told["incidents"][0]["incident_id"] == incident_id


def test_verify_names_the_first_broken_entry_and_fails(typed: Typed, incident_id: str, database: Database) -> None:
    tamper(database, "UPDATE timeline SET actor = 'UOTHER' WHERE number = 4")
    result = typed("audit", "verify", incident_id)
    assert result.exit_code == 1 and "BROKEN  at entry 4: its content was changed" in result.output
    result = typed("audit", "verify", "--all", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["incidents"][0]["broken"]["fault"] == "changed"


def test_a_tail_cut_off_with_its_row_shows_only_with_a_head_from_slack(
    typed: Typed, incident_id: str, database: Database
) -> None:
    entries = Stage(database).reader.timeline(incident_id)
    shown = f"{entries[-1].number}:{entries[-1].hash[:8]}"
    assert typed("audit", "verify", incident_id, "--head", shown).exit_code == 0
    tamper(database, "DELETE FROM timeline WHERE number > 3")
    tamper(database, f"UPDATE incident SET chain_length = 3, chain_head = '{entries[2].hash}'")  # noqa: S608 - our own
    assert typed("audit", "verify", incident_id).exit_code == 0
    result = typed("audit", "verify", incident_id, "--head", f"2:{entries[1].hash[:8]}", "--head", shown)
    assert result.exit_code == 1 and f"entry {len(entries)}: it was shown as" in result.output
    assert "outside of the database" in " ".join(typed("audit", "verify", "--help").output.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), "give one incident"),
        (("verify", "INC-1", "--all"), "give one incident"),
        (("verify", "--all", "--head", "1:12345678"), "give one incident"),
        (("verify", "INC-1", "--head", "seven"), "7:1a2b3c4d"),
        (("verify", "INC-404"), "there is no incident INC-404"),
        (("export", "INC-404"), "there is no incident INC-404"),
    ],
)
def test_wrong_use_is_explained(typed: Typed, database: Database, words: tuple[str, ...], said: str) -> None:
    result = typed("audit", *words)
    assert result.exit_code == 2 and said in result.output


def test_without_a_store_nothing_is_made_and_it_says_so(typed: Typed, tmp_path: Path) -> None:
    result = typed("audit", "verify", "--all")
    assert result.exit_code == 1 and "there is no file data/agentops.sqlite" in result.output
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "data").mkdir()
    file = tmp_path / "data/agentops.sqlite"
    file.touch()
    assert "it holds no tables yet; agentops serve makes them" in typed("audit", "verify", "--all").output
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    assert "of another version" in typed("audit", "verify", "--all").output


def test_export_writes_the_bundle_to_a_file_and_says_its_hash(typed: Typed, incident_id: str, tmp_path: Path) -> None:
    result = typed("audit", "export", incident_id, "--out", "evidence.json")
    told = json.loads((tmp_path / "evidence.json").read_text())
    assert result.exit_code == 0 and told["sha256"] in result.output and seal(told) == told["sha256"]
    assert json.loads(typed("audit", "export", incident_id).output) == told
    readable = typed("audit", "export", incident_id, "--format", "md").output
    assert readable.startswith(f"# Evidence of {incident_id}") and told["sha256"] in readable.splitlines()[-1]
    assert typed("audit", "export", incident_id, "--out", "no/such/folder").exit_code == 1
