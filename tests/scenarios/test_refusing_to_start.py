"""What `agentops serve` says, and does not do, when it is not set up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.thoroughness import thorough

# What is said is tested in one process as well (`tests/bot/test_cli.py`); this is the process that people start.
pytestmark = thorough

ROOT = Path(__file__).parents[2]
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-none", "SLACK_APP_TOKEN": "xapp-none"}


def _serve(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it with nothing but these settings."""
    environment = {"PATH": os.environ["PATH"], "AGENTOPS_DATA_DIR": str(folder / "data"), **settings}
    return subprocess.run(
        [sys.executable, "-m", "bot", "serve"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_slack_tokens_it_says_which_are_needed_and_where_to_begin(tmp_path: Path) -> None:
    done = _serve(tmp_path)
    assert done.returncode == 2
    assert "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are needed" in done.stderr
    assert "agentops demo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "shipped", "before", "after", "key"),
    [
        ("AGENTOPS_MODELS_FILE", "models.yaml", "tier: 1", "tier: first", "models.fraud-detector.tier"),
        ("AGENTOPS_POLICY_FILE", "policy.yaml", "effect: forbid", "effect: forbids", "rules[0].then: needs 'effect'"),
    ],
)
def test_a_wrong_manifest_is_named_with_file_line_and_key(
    tmp_path: Path, setting: str, shipped: str, before: str, after: str, key: str
) -> None:
    text = (ROOT / "manifests" / shipped).read_text()
    file = tmp_path / shipped
    file.write_text(text.replace(before, after, 1))
    line = text[: text.index(before)].count("\n") + 1
    done = _serve(tmp_path, **TOKENS, **{setting: str(file)})
    assert done.returncode == 2
    assert f"{file}:{line}" in done.stderr
    assert key in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()
