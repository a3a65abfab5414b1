"""The file of MCP servers: what it may say, and that no secret stands in it."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from incidents.errors import ManifestError
from tools.mcp_servers.spec import Value, load_mcp_servers, revealed

ROOT = Path(__file__).parents[3]
KNOWN = {
    "A_TOKEN": SecretStr("s3cret-value"),
    "GRAFANA_READ_TOKEN": SecretStr("a"),
    "DATADOG_READ_TOKEN": SecretStr("b"),
}


def wrong(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mcp.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ManifestError) as refused:
        load_mcp_servers(file, KNOWN.get)
    return str(refused.value).removeprefix(str(file))


def test_the_shipped_example_is_right():
    found = load_mcp_servers(ROOT / "manifests" / "mcp-servers.example.yaml", KNOWN.get)
    assert list(found) == ["logs", "datadog"]
    assert found["logs"].tools == ("query_loki_logs", "list_loki_label_values")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("servers: {a: {tools: [x]}}", "reached by stdio or by http"),
        ("servers: {a: {stdio: {command: x}, http: {url: 'http://h'}, tools: [x]}}", "give one of them"),
        ("servers: {a: {stdio: {command: x}, tools: []}}", "servers.a.tools"),
        ("servers: {a: {stdio: {command: x}}}", "servers.a"),
        ("servers: {a: {stdio: {command: x}, tools: [x], secret: 1}}", "secret"),
        ("servers: {a: {stdio: {command: x, env: {API_KEY: abc}}, tools: [x]}}", "looks like a secret"),
        (
            "servers: {a: {http: {url: 'http://h', headers: {Authorization: Bearer x}}, tools: [x]}}",
            "looks like a secret",
        ),
        ("servers: {a: {http: {url: 'https://me:pw@h'}, tools: [x]}}", "no user name in it"),
        ("servers: {a: {http: {url: 'ftp://h'}, tools: [x]}}", "begins with http"),
        ("servers: {A b: {stdio: {command: x}, tools: [x]}}", "servers"),
        ("servers: {a: {stdio: {command: x}, tools: ['x y']}}", "tools"),
        ("servers: {a: {stdio: {command: x}, tools: [x], timeout_seconds: 600}}", "timeout_seconds"),
        (
            "servers:\n  a:\n    stdio:\n      command: x\n      env:\n        B: {from_env: NO_SUCH}\n    tools: [x]",
            ":6: servers.a.stdio.env.B: there is no variable NO_SUCH",
        ),
    ],
)
def test_what_is_wrong_is_pointed_at(tmp_path: Path, text: str, words: str):
    told = wrong(tmp_path, text)
    assert words in told
    assert "s3cret" not in told


def test_a_reference_is_replaced_by_what_it_refers_to_with_its_prefix(tmp_path: Path):
    file = tmp_path / "mcp.yaml"
    header = "{Authorization: {from_env: A_TOKEN, prefix: 'Bearer '}}"
    file.write_text(f"servers: {{a: {{http: {{url: 'http://h', headers: {header}}}, tools: [x]}}}}", "utf-8")
    http = load_mcp_servers(file, KNOWN.get)["a"].http
    assert http is not None
    values: Mapping[str, Value] = http.headers
    assert revealed(dict(values), KNOWN.get) == {"Authorization": "Bearer s3cret-value"}
    assert "s3cret" not in repr(http)
