"""The Dockerfile and what goes into its build, as far as that can be told without building."""

import ast
import re
import tomllib
from pathlib import Path

from bot.settings import Settings, environment_name
from tests.manifests.cluster import container, pod

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def copied() -> set[str]:
    """What is taken from the checkout."""
    return {word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]}


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for line in instructions("ENV") for word in line.split())


def test_the_build_is_sent_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied()
    assert [name for name in copied() if not (ROOT / name).exists()] == []


def test_everything_that_the_wheel_is_made_of_is_copied() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"], "pyproject.toml", PYPROJECT["project"]["readme"]} <= copied()


def test_every_package_is_held_against_a_hash() -> None:
    installs = [part for line in instructions("RUN") for part in line.split("&&") if "pip install" in part]
    ours = [part for part in installs if "/tmp/wheel/agentops-" in part]
    assert len(ours) == 1 and "--no-deps" in ours[0]
    assert all("--require-hashes" in part for part in installs if part not in ours)
    assert len(installs) == 4


def test_the_image_holds_every_extra_whose_versions_are_locked() -> None:
    """But for the sandbox's: what a feature of the bot needs is there."""
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    (names,) = re.findall(r"grep -oE '\^\(([a-z|]+)\)==\[\^ \]\+' requirements-dev\.lock", DOCKERFILE)
    extras = {
        re.sub(r"pydantic-ai-slim\[(.+)\]", r"\1", one)
        for name, (one, *_) in PYPROJECT["project"]["optional-dependencies"].items()
        if name != "sandbox"
    }
    locked = {package for package in extras if re.search(rf"^{re.escape(package)}==\S+ ", lock, re.MULTILINE)}
    assert locked == {"matplotlib", "mcp", "openai", "polars"}
    assert set(names.split("|")) == {*locked, "tiktoken"}, "pydantic-ai's extra for openai is two packages"


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    (user,) = instructions("USER")
    owner, group = (int(part) for part in user.split(":"))
    secured = pod("agentops")["securityContext"]
    assert (owner, group) == (secured["runAsUser"], secured["runAsGroup"])


def test_its_environment_names_settings_and_folders_that_may_be_written() -> None:
    given = {name: value for name, value in environment().items() if name.startswith("AGENTOPS_")}
    assert set(given) <= {environment_name(field) for field in Settings.model_fields}
    mounted = {one["mountPath"] for one in container("agentops")["volumeMounts"]}
    assert {given["AGENTOPS_DATA_DIR"], Path(environment()["MPLCONFIGDIR"]).parent.as_posix()} <= mounted


def test_its_health_check_asks_the_port_that_it_serves() -> None:
    (check,) = instructions("HEALTHCHECK")
    command: list[str] = ast.literal_eval(check[check.index("[") :])
    assert command[:2] == ["python", "-c"]
    compile(command[2], "HEALTHCHECK", "exec")
    assert "os.environ['AGENTOPS_PORT'] + '/healthz'" in command[2]
    assert instructions("EXPOSE") == [environment()["AGENTOPS_PORT"]]


def test_its_python_is_the_one_that_the_locks_are_compiled_for() -> None:
    (base,) = re.findall(r"^ARG BASE=python:(\d+\.\d+)-slim$", DOCKERFILE, re.MULTILINE)
    assert base == PYPROJECT["tool"]["pyright"]["pythonVersion"]
