"""The root of every error this project raises, and the errors of the domain.

AgentOpsError
├── IllegalTransition     an incident cannot go from this state to that one
├── LlmUnusable          (agents.llm_config) the language model that the settings name cannot be used
├── ManifestError         a file under manifests/ is wrong; names file, line and key
├── PolicyUnreadable      the policy file cannot be read now, so nothing may run
├── UnknownModel         no model of the catalogue has this name
└── UpstreamError         (tools.errors) a partner could not do what was asked
"""


class AgentOpsError(Exception):
    """Anything this project raises on purpose."""


class IllegalTransition(AgentOpsError):
    """An incident cannot go from one state to the other."""

    def __init__(self, before: str, after: str) -> None:
        """Keep both states."""
        super().__init__(f"an incident cannot go from {before} to {after}")
        self.before = before
        self.after = after


class ManifestError(AgentOpsError):
    """A file under manifests/ is wrong. The message is fit to show: file, line, key and what to do."""

    def __init__(self, file: str, line: int | None, key: str, problem: str) -> None:
        """`line` counts from 1; None where the file as a whole is meant."""
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {key}: {problem}" if key else f"{where}: {problem}")
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem


class PolicyUnreadable(AgentOpsError):
    """The policy file is missing, cannot be read or is wrong: nothing may run. The message is fit to show."""

    def __init__(self, problem: str) -> None:
        """`problem` names the file, and line and key where they are known."""
        super().__init__(f"the policy file cannot be read: {problem}; nothing may run")
        self.problem = problem


class UnknownModel(AgentOpsError):
    """The catalogue has no model of this name; `known` are those it has."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Keep both."""
        super().__init__(f"no model is called {name}")
        self.name = name
        self.known = known
