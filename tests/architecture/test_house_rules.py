import ast
import re

import pytest
import yaml

from incidents.alert import KIND_BY_ALERT_NAME
from tests.architecture.sources import PACKAGES, ROOT, called_name, callers, calls, modules, texts

OURS_MADE_IN_BOOTSTRAP = {
    "Database",
    "DatasetReader",
    "Decisions",
    "Dispatcher",
    "Engine",
    "GitHubOperator",
    "Investigator",
    "IssueFollower",
    "PrometheusClient",
    "RepositoryReader",
    "SageMakerOperator",
    "SageMakerReader",
    "SlackSide",
    "WatchedPolicy",
    "open_writer",
}
"""What talks to the outside, or decides: constructed in one place and passed on."""

ALSO_MADE_IN = {
    # Commands beside `serve`, each a process of its own.
    "Database": {"bot/check/database.py", "bot/check/replicas.py", "bot/demo.py", "bot/commands/stored.py"},
    # The sandbox's own class of that name.
    "Engine": {"sandbox/world/monitoring.py"},
}

VENDORS_MADE_IN = {
    "AnthropicModel": {"agents/claude.py"},
    "AsyncAnthropic": {"agents/claude.py"},
    "AsyncClient": {"tools/github/session.py", "tools/mcp_servers/bounded_http.py"},
    "AsyncApp": {"bot/slack/app.py"},
    "AsyncSocketModeHandler": {"bot/slack/app.py"},
    "AsyncWebClient": {"bot/slack/clients.py"},
    "Client": {"tools/mcp_servers/connection.py"},
    "DBOS": {"bot/workflows/engine.py"},
    "FastAPI": {"bot/web.py"},
    "HttpClient": {"tools/runbook_index/chroma.py"},
    "OpenAICompatibleProvider": {"agents/any_llm.py"},
    "PersistentClient": {"tools/runbook_index/chroma.py"},
    "PrometheusConnect": {"tools/prometheus/client.py"},
    "create_engine": {"bot/workflows/engine.py", "tools/incident_store/database.py"},
}
"""The one module that wraps each vendor's client."""


def test_every_init_file_is_empty() -> None:
    full = [path for package in PACKAGES for path in (ROOT / package).rglob("__init__.py") if path.stat().st_size]
    assert full == []


def test_tests_have_no_init_files() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def _reads_environment(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv"):
                return True
            case ast.ImportFrom(module="os", names=names) if {n.name for n in names} & {"environ", "getenv"}:
                return True
            case _:
                continue
    return False


def test_only_the_settings_read_the_environment() -> None:
    assert [path for path, tree in modules(*PACKAGES) if _reads_environment(tree)] == ["bot/settings.py"]


@pytest.mark.parametrize("name", sorted(OURS_MADE_IN_BOOTSTRAP))
def test_clients_are_constructed_in_bootstrap(name: str) -> None:
    made = callers()[name] - ALSO_MADE_IN.get(name, set())
    assert made and all(path.startswith("bot/bootstrap/") or path == "bot/partners.py" for path in made)


@pytest.mark.parametrize("name", sorted(VENDORS_MADE_IN))
def test_a_vendors_client_is_constructed_only_in_the_module_that_wraps_it(name: str) -> None:
    assert callers()[name] == VENDORS_MADE_IN[name]


def _at_import(body: list[ast.stmt]) -> list[ast.Call]:
    """Calls that run when the module is imported: not those in functions, nor under the guard of a script."""
    found: list[ast.Call] = []
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.ClassDef(body=inner):
                found += _at_import(inner)
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                continue
            case _:
                found += calls(statement)
    return found


def test_importing_a_module_constructs_no_client() -> None:
    clients = OURS_MADE_IN_BOOTSTRAP | set(VENDORS_MADE_IN) | {"client", "Session", "ClientSession", "Agent", "open"}
    made = [
        (path, name)
        for path, tree in modules(*PACKAGES)
        for c in _at_import(tree.body)
        if (name := called_name(c)) in clients
    ]
    assert made == []


@pytest.mark.parametrize(
    "pattern",
    [
        # Put together from halves, so that this file does not name them either.
        "py" + r"pi\.org",
        "python" + r"hosted\.org",
        "npm" + r"js\.(org|com)",
        "ana" + r"conda\.(org|com)",
        "/ro" + "ot/",
        "/wo" + r"rk/(main|shared)",
        "/tmp/" + "plan",
        r"/ho" + r"me/[a-z]+/",
        "/Us" + "ers/[A-Za-z]+/",
    ],
)
def test_no_file_names_a_package_registry_or_a_path_of_somebodys_machine(pattern: str) -> None:
    assert [path for path, text in texts() if re.search(pattern, text)] == []


def test_nothing_is_left_to_be_done_in_the_code() -> None:
    words = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]) + r")\b")
    left = [path for path, text in texts() if path.split("/")[0] in {*PACKAGES, "tests"} and words.search(text)]
    assert left == []


def test_no_test_sleeps_or_is_marked_as_failing() -> None:
    guilty: list[str] = []
    for path, tree in modules("tests"):
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                    guilty.append(f"{path} sleeps")
                case ast.Attribute(attr="xfail" | "skipif"):
                    guilty.append(f"{path} is marked {node.attr}")
                case _:
                    continue
    assert guilty == []


def test_a_file_of_production_code_is_not_longer_than_400_lines() -> None:
    long: list[str] = []
    for path, text in texts():
        written = [line for line in text.splitlines() if line.strip()]
        if path.endswith(".py") and path.split("/")[0] in PACKAGES and len(written) > 400:
            long.append(path)
    assert long == []


def test_broad_excepts_are_told_in_a_log() -> None:
    silent: list[str] = []
    for path, tree in modules(*PACKAGES):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            told = any(called_name(c) in {"exception", "error", "warning"} for c in calls(node))
            if broad and not raises and not told:
                silent.append(f"{path}:{node.lineno}")
    assert silent == []


def _shipped_rules() -> list[tuple[str, str]]:
    """Those about models; the rules that watch the bot itself are told of in `tests/manifests`."""
    document = yaml.safe_load((ROOT / "manifests" / "prometheus" / "agentops.rules.yml").read_text())
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    return [(rule["alert"], rule["annotations"]["runbook_url"]) for rule in rules]


def test_every_alert_rule_has_its_runbook_and_links_to_it() -> None:
    rules = _shipped_rules()
    assert len(rules) >= 15
    assert [name for name, _ in rules if not (ROOT / "runbooks" / f"{name}.md").is_file()] == []
    assert [name for name, url in rules if not url.endswith(f"/{name}.md")] == []


def test_every_runbook_of_an_alert_has_its_rule() -> None:
    pages = {path.stem for path in (ROOT / "runbooks").glob("*.md") if path.stem[0].isupper() and path.stem != "README"}
    assert pages == {name for name, _ in _shipped_rules()}


def test_the_domain_knows_the_kind_of_every_alert_that_is_shipped() -> None:
    assert set(KIND_BY_ALERT_NAME) == {name for name, _ in _shipped_rules()}
