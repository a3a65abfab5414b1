"""What only this machine, or the token, may see; and the description of what is served."""

from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate as validate_openapi

from bot.web import asgi_app
from tests.bot.web.site import CAPTURES, METRICS, PAYLOAD, TOKEN, WEBHOOK, Site, changed, deps_for, served

INTERNAL = ("/metrics", "/docs", "/openapi.json", "/runbooks/ModelAccuracyLow.md")


@pytest.mark.parametrize("path", INTERNAL)
async def test_this_machine_may_look_inside(site: Site, path: str) -> None:
    assert (await site.get(path)).status == 200


@pytest.mark.parametrize("path", INTERNAL)
@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X_Real_IP": "203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"Host": "rebound.example"},
        {"Host": "localhost.example:80"},
        {"Host": "[::1"},
    ],
    ids=str,
)
async def test_nobody_elsewhere_may_look_inside(site: Site, path: str, headers: dict[str, str]) -> None:
    answer = await site.get(path, **headers)
    assert answer.status == 403
    assert "AGENTOPS_METRICS_TOKEN" in answer.json["detail"]


@pytest.mark.parametrize(
    ("client", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.5", 403), ("", 403), ("unix", 403)]
)
async def test_the_address_of_the_caller_decides(site: Site, client: str, status: int) -> None:
    app = asgi_app(deps_for(site.database, []))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "raw_path": b"/metrics",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8080")],
        "client": (client, 1) if client else None,
        "scheme": "http",
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", INTERNAL)
async def test_with_a_metrics_token_it_alone_opens_from_anywhere(site: Site, path: str) -> None:
    async with served(site.database, metrics_token=METRICS) as other:
        assert (await other.get(path)).status == 401
        assert (await other.get(path, Authorization=f"Bearer {TOKEN}")).status == 401
        assert (await other.get(path, Authorization="Bearer ")).status == 401
        allowed = await other.get(path, Authorization=f"Bearer {METRICS}", X_Forwarded_For="203.0.113.9")
        assert allowed.status == 200


async def test_an_empty_metrics_token_opens_nothing(site: Site) -> None:
    async with served(site.database, metrics_token="") as other:
        assert (await other.get("/metrics", X_Forwarded_For="203.0.113.9")).status == 403


async def test_the_description_is_valid_and_knows_the_body_of_the_webhook(site: Site) -> None:
    document = (await site.get("/openapi.json")).json
    validate_openapi(document)
    operation = document["paths"][WEBHOOK]["post"]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert {"200", "400", "401", "413", "422", "503"} <= set(operation["responses"])
    schema = {**operation["requestBody"]["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.validate(PAYLOAD, schema)
    for body in CAPTURES.values():
        jsonschema.validate(body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(version="3"), schema)
