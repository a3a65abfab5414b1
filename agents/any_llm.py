"""Any other language model that Pydantic AI knows by name, and servers of one's own that speak chat completions."""

import re
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model, known_model_names
from pydantic_ai.providers import Provider, infer_provider, infer_provider_class

from agents.llm_config import LlmConfig, LlmUnusable
from agents.llm_transport import patient_client

OWN_SERVER = "own-server"
"""The provider's name of a server at an address of one's own: no price of its models is known."""
EXTRAS = frozenset({"openai", "google", "groq", "mistral", "cohere", "bedrock", "huggingface", "xai"})
"""Our optional dependencies, named as Pydantic AI names them."""
_CHAT_COMPLETIONS = frozenset({"openai", "openai-chat"})
_RENAMED = {"google-gla": "google", "google-vertex": "google-cloud"}
"""Providers under names that Pydantic AI gave them before."""
_ADDRESS = ("base_url", "api_base", "azure_endpoint")
"""What the providers call the parameter for an address."""
_GROUP = re.compile(r"pydantic-ai-slim\[([\w-]+)]")


class _Choice(BaseModel):
    message: dict[str, Any]


class _Completion(BaseModel):
    """As much of a chat completion's shape as everything after it relies on."""

    choices: list[_Choice]


_COMPLETION = TypeAdapter(_Completion)


def any_llm(config: LlmConfig) -> tuple[Model, httpx2.AsyncClient]:
    """The model of a configuration, and the HTTP client to close at the end.

    Raises `LlmUnusable` for a provider that is unknown or not installed, or whose client lacks something.
    """
    own = config.base_url if config.provider in _CHAT_COMPLETIONS else None
    client = patient_client(config, _is_completion if own else None)
    provider = _RENAMED.get(config.provider, config.provider)
    if not config.model_name:
        raise LlmUnusable(f"AGENTOPS_LLM: {provider}: needs the name of a model after it")
    try:
        model = infer_model(
            f"{'openai-chat' if own else provider}:{config.model_name}",
            lambda name: _own_server(own, config, client) if own else _provider(name, config, client),
        )
    except ImportError as error:
        raise LlmUnusable(f"AGENTOPS_LLM: {config.provider}: needs {_install(error)}") from error
    except (UserError, ValueError) as error:
        # The clients' own words say which of their variables is missing; they hold no value of any.
        raise LlmUnusable(f"AGENTOPS_LLM: {config.provider}: {error}") from error
    if model.profile.get("supports_tools", True) is False:
        raise LlmUnusable(f"AGENTOPS_LLM: {config.model} cannot call tools, and an investigation needs them")
    return model, client


def _own_server(address: str, config: LlmConfig, client: httpx2.AsyncClient) -> Provider[Any]:
    """A server that speaks chat completions. A key of OpenAI's in the environment is not sent to it."""
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    return OpenAICompatibleProvider(OWN_SERVER, base_url=address, api_key=config.key or "none", http_client=client)


def _provider(name: str, config: LlmConfig, client: httpx2.AsyncClient) -> Provider[Any]:
    """The provider with as much of the configuration as its constructor takes."""
    if name.startswith("gateway/"):
        return infer_provider(name)
    try:
        made = infer_provider_class(name)
    except ValueError as error:
        raise LlmUnusable(_unknown(name)) from error
    takes = signature(made.__init__).parameters
    given: dict[str, Any] = {}
    if config.key is not None:
        parameter = next((one for one in ("api_key", "token") if one in takes), None)
        if parameter is None:
            raise LlmUnusable(f"AGENTOPS_LLM_API_KEY: {name} takes no key")
        given[parameter] = config.key
    if config.base_url is not None:
        parameter = next((one for one in _ADDRESS if one in takes), None)
        if parameter is None:
            raise LlmUnusable(f"AGENTOPS_LLM_BASE_URL: {name} takes no other address; openai:NAME does")
        given[parameter] = config.base_url
    if "http_client" in takes and _is_ours(takes["http_client"]):
        given["http_client"] = client
    return made(**given)


def _is_ours(parameter: Parameter) -> bool:
    """Whether a client of httpx2 is taken; some providers still want one of httpx, and then make their own."""
    words = str(parameter.annotation)
    return "httpx2" in words or "HTTPClient" in words


def _unknown(name: str) -> str:
    known = {one.partition(":")[0] for one in known_model_names()}
    near = get_close_matches(name, known, n=1)
    hint = f"; is {near[0]} meant?" if near else "; a server of your own is openai:NAME with AGENTOPS_LLM_BASE_URL"
    return f"AGENTOPS_LLM: there is no provider {name}{hint}"


def _install(error: ImportError) -> str:
    group = _GROUP.search(str(error))
    if group is None:
        return "a package that is not installed"
    name = group[1]
    return f"agentops[{name}], which is not installed" if name in EXTRAS else f"pydantic-ai-slim[{name}]"


def _is_completion(body: bytes) -> bool:
    try:
        return bool(_COMPLETION.validate_json(body).choices)
    except ValidationError:
        return False
