"""Which MCP servers may be asked, for what, and how: the file that `AGENTOPS_MCP_SERVERS_FILE` names."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from tools.manifests.problems import first_problem
from tools.manifests.yaml_lines import read

_SECRET_NAME = re.compile(r"(?i)key|token|secret|passw|authorization|cookie|credential")
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
SERVER_NAME = r"^[a-z][a-z0-9-]{0,23}$"
TOOL_NAME = r"^[A-Za-z0-9_.-]{1,64}$"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FromEnvironment(_Strict):
    """A value that stands in the bot's environment and not in the file. `prefix` is put before it, e.g. ``Bearer ``."""

    from_env: str = Field(pattern=_VARIABLE)
    prefix: str = ""


Value = str | FromEnvironment


def _no_secret_in_the_file(values: dict[str, Value]) -> dict[str, Value]:
    for name, value in values.items():
        if isinstance(value, str) and value and _SECRET_NAME.search(name):
            raise ValueError(f"{name} looks like a secret; write {{from_env: NAME}} and put it into the environment")
    return values


class Stdio(_Strict):
    """A server that is started by us. Its environment holds what `env` names and nothing else, not even PATH."""

    command: str = Field(min_length=1)
    args: tuple[str, ...] = ()
    env: dict[Annotated[str, Field(pattern=_VARIABLE)], Value] = Field(default_factory=dict[str, Value])

    _checked = field_validator("env")(_no_secret_in_the_file)


class Http(_Strict):
    """A server at an address, by streamable HTTP."""

    url: str
    headers: dict[str, Value] = Field(default_factory=dict[str, Value])

    _checked = field_validator("headers")(_no_secret_in_the_file)

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.netloc:
            raise ValueError("an address begins with http:// or https://")
        if "@" in address.netloc:
            raise ValueError("give no user name in it; a secret is a header with from_env")
        return url


class McpServer(_Strict):
    """One server.

    Attributes:
        stdio, http: how it is reached; one of them.
        tools: the tools of it that may be offered, by name; each must only read. Nothing else is offered.
        timeout_seconds: for one call. Starting and connecting get at least 15 s.
        most_bytes: of one answer that are kept as evidence; of more, head and tail are.
    """

    stdio: Stdio | None = None
    http: Http | None = None
    tools: tuple[Annotated[str, Field(pattern=TOOL_NAME)], ...] = Field(min_length=1, max_length=32)
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    most_bytes: int = Field(default=32_768, ge=1024, le=262_144)

    @model_validator(mode="after")
    def _reached_one_way(self) -> "McpServer":
        if (self.stdio is None) == (self.http is None):
            raise ValueError("a server is reached by stdio or by http: give one of them")
        return self


class McpServers(_Strict):
    """All servers by name."""

    servers: dict[Annotated[str, Field(pattern=SERVER_NAME)], McpServer] = Field(max_length=16)


def load_mcp_servers(path: Path, value_of: Callable[[str], SecretStr | None]) -> dict[str, McpServer]:
    """The servers of a file, with every reference to the environment known to lead somewhere.

    `value_of`: the value of a variable, or None.

    Raises:
        ManifestError: names the file, line and key, what is wrong and what to do.
    """
    document = read(path)
    try:
        found = McpServers.model_validate(document.mapping()).servers
    except ValidationError as error:
        raise first_problem(document, error, McpServers) from error
    for name, server in found.items():
        held = ("stdio", "env", server.stdio.env) if server.stdio else None
        if server.http is not None:
            held = ("http", "headers", server.http.headers)
        if held is None:
            continue
        way, section, values = held
        for key, value in values.items():
            if isinstance(value, FromEnvironment) and value_of(value.from_env) is None:
                where = ("servers", name, way, section, key)
                raise document.wrong(where, f"there is no variable {value.from_env} in the environment; set it")
    return found


def revealed(values: dict[str, Value], value_of: Callable[[str], SecretStr | None]) -> dict[str, str]:
    """The values themselves, for the one who hands them on."""
    shown: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, str):
            shown[name] = value
        elif (secret := value_of(value.from_env)) is not None:
            shown[name] = f"{value.prefix}{secret.get_secret_value()}"
    return shown
