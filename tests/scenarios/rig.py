"""The whole works for a test: a real sandbox process, a real bot process, and a person's hands on them."""

import asyncio
import hashlib
import io
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from bot.demo import Driver
from bot.processes import DemoOptions, SandboxAddress, Webhook, bot_log, bot_running, free_port, sandbox_running
from incidents.incident import Incident
from incidents.ledger import IncidentFile
from tests.stores import engine_url_at, store_at
from tests.waiting import eventually
from tools.incident_store.reader import StoreReader

Json = dict[str, Any]
T = TypeVar("T")

SPEED = 240.0
"""Five minutes pass in 1.25 s. Scrapes, and with them every rate, stay at a second."""
PATIENCE_S = 90.0
LOOK_S = 0.15
"""Between two looks; each reads all of an incident, or of a channel, in two processes that have a world to run."""
INCIDENTS = "CINCIDENTS"


@dataclass
class Rig:
    """Both processes, and what a person or Alertmanager can do to them."""

    options: DemoOptions
    webhook: Webhook
    sandbox: SandboxAddress
    http: aiohttp.ClientSession
    reader: StoreReader
    models: Path
    """The sandbox's catalogue, with the fraud detector's incidents in #ml-platform: each team reads its own channel."""
    bot: asyncio.subprocess.Process | None = None
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    fired: list[Json] = field(default_factory=list[Json])
    _bot: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_bot(self, **settings: str) -> None:
        """Start it, on the data folder that stays; `settings` are environment variables beyond the usual ones."""
        self.settings = settings
        # Stories follow each other within minutes of the wall clock; together they are not meant to be a storm.
        own = {"AGENTOPS_MODELS_FILE": str(self.models), "AGENTOPS_STORM_INCIDENTS": "300"}
        self.bot = await self._bot.enter_async_context(
            bot_running(self.options, self.sandbox, self.webhook, **{**own, **settings})
        )

        async def connected() -> bool:
            return (await self.call("GET", "state"))["connections"] > 0

        # Ready means ready for alerts; Slack is reached a moment later.
        await self.until(connected, "the bot to be connected to Slack")

    async def stop_bot(self) -> None:
        """As a deployment would: SIGTERM, and wait."""
        await self._bot.aclose()
        self._bot, self.bot = AsyncExitStack(), None

    async def kill_bot(self) -> None:
        """As the kernel would: SIGKILL, no goodbye."""
        assert self.bot is not None
        self.bot.send_signal(signal.SIGKILL)
        await self.bot.wait()
        await self.stop_bot()

    async def restart_bot(self, **settings: str) -> None:
        """Stop it and start it on the same data."""
        await self.stop_bot()
        await self.start_bot(**settings)

    async def as_usual(self) -> None:
        """A calm world without faults, and a bot with the usual settings in it."""
        await self.mend()
        if self.bot is None or self.settings:
            await self.restart_bot()
        await self.calm()

    def log(self) -> list[Json]:
        """What the bot has logged, all its lives."""
        lines = bot_log(self.options).read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def driver(self) -> Driver:
        """What `agentops demo --headless` plays a scenario with."""
        driver = Driver(self.http, self.sandbox.url, self.reader, time.monotonic() + PATIENCE_S)
        driver.marks["processes_ready"] = 0.0
        return driver

    async def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call of the control API, which must not refuse it."""
        answer = await self.ask(method, path, body)
        assert answer.get("ok", True) is True, answer
        return answer

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call of the control API."""
        async with self.http.request(method, f"{self.sandbox.url}/_sandbox/{path}", json=body) as response:
            return await response.json()

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, patience: float = PATIENCE_S) -> T:
        """The first thing found, looked for again and again until the patience ends."""
        return await eventually(look, what, within=patience, every=LOOK_S)

    # What Alertmanager does

    async def fire(self, *alerts: Json) -> None:
        """Send alerts as Alertmanager would; the bot must take them. `calm` resolves what fires still."""
        self.fired += [one for one in alerts if one["status"] == "firing"]
        status, answer = await self.post(payload_of(*alerts))
        assert status == 200, answer

    async def post(self, payload: Json | bytes, token: str | None = None) -> tuple[int, Json]:
        """Send anything to the webhook: the status and the answer."""
        url, bearer = f"{self.webhook.bot_url}/webhooks/alertmanager", token or self.webhook.token
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        async with self.http.post(
            url, data=io.BytesIO(body), headers={"Authorization": f"Bearer {bearer}"}
        ) as response:
            return response.status, await response.json()

    # What a person reads

    async def messages(self, channel: str = INCIDENTS, thread: str = "", persona: str = "") -> list[Json]:
        """What is in a channel, or in a thread of it; with a persona, what only that person sees too."""
        query = f"channel={channel}" + (f"&thread_ts={thread}" if thread else "")
        query += f"&persona={persona}" if persona else ""
        return (await self.call("GET", f"slack/messages?{query}"))["messages"]

    async def thread_of(self, incident_id: str, persona: str = "") -> list[Json]:
        """The incident's thread as it stands, the first post included; empty before that is posted."""
        where = await asyncio.to_thread(self.reader.threads, [incident_id])
        ref = where.get(incident_id)
        return await self.messages(ref.channel, ref.ts, persona) if ref else []

    async def told(self, persona: str, incident_id: str) -> list[Json]:
        """What only this person sees in the thread of an incident."""
        return [one for one in await self.thread_of(incident_id, persona) if one["ephemeral"]]

    # What a person does

    async def click(self, persona: str, message: Json, action_id: str, value: str | None = None) -> Json:
        """Click a button of a message; `value` forges another than the button's own."""
        body = {"persona": persona, "container": {"channel": message["channel"], "ts": message["ts"]}}
        button = next((one for one in buttons(message) if one["action_id"] == action_id), None)
        block = {"block_id": button["block_id"]} if button else {}
        own = button["value"] if button else ""
        chosen = {**body, **block, "action_id": action_id, "value": own if value is None else value}
        return await self.call("POST", "slack/actions", chosen)

    async def command(self, persona: str, text: str) -> Json:
        """Run a slash command in the incidents' channel; what that person, and nobody else, is told."""
        before = {one["ts"] for one in await self.messages(persona=persona)}
        await self.call("POST", "slack/commands", {"persona": persona, "channel": INCIDENTS, "text": text})

        async def answered() -> Json | None:
            found = await self.messages(persona=persona)
            return next((one for one in found if one["ephemeral"] and one["ts"] not in before), None)

        return await self.until(answered, f"the answer to {text}", 15)

    # What came of it

    async def incident(self, model: str) -> Incident:
        """The live incident of a model."""

        async def opened() -> Incident | None:
            found = await asyncio.to_thread(self.reader.incidents, live=True, limit=1, model=model)
            return found[0] if found else None

        return await self.until(opened, f"an incident of {model}")

    async def file(self, incident_id: str) -> IncidentFile:
        """All that is kept of an incident."""
        return await asyncio.to_thread(self.reader.file, incident_id)

    async def when(self, incident_id: str, condition: Callable[[IncidentFile], Any], what: str) -> IncidentFile:
        """The incident's file once the condition holds."""

        async def look() -> IncidentFile | None:
            file = await self.file(incident_id)
            return file if condition(file) else None

        return await self.until(look, what)

    async def diagnosed(self, incident_id: str) -> IncidentFile:
        """Once there is a diagnosis and its plan."""
        return await self.when(
            incident_id, lambda f: f.findings and f.incident.state not in {"new", "investigating"}, "the diagnosis"
        )

    async def card(self, incident_id: str) -> Json:
        """The message with the buttons, once it stands in Slack."""

        async def posted() -> Json | None:
            return next((one for one in await self.thread_of(incident_id) if approve_button(one)), None)

        return await self.until(posted, "the card")

    async def settled(self) -> None:
        """Everything that is to be told stands in Slack."""

        async def empty() -> bool:
            return await asyncio.to_thread(self.reader.outbox_depth) == 0

        await self.until(empty, "the outbox to be empty")

    async def changes(self, since: float = 0.0) -> list[Json]:
        """Every call that would change something in AWS, refused ones too."""
        found: list[Json] = (await self.call("GET", "aws/changes"))["changes"]
        return [one for one in found if one["at"] >= since]

    async def fault(self, part: str, kind: str, **details: Any) -> None:
        """Break a stand-in."""
        await self.call("POST", f"faults/{part}", {"kind": kind, **details})

    async def mend(self) -> None:
        """End every fault."""
        await self.call("DELETE", "faults")

    async def calm(self) -> None:
        """Undo everything in the world, and wait until no incident is open and everything is told."""
        await self.call("POST", "reset")
        over_now, self.fired = [resolved(one) for one in self.fired], []
        if over_now:
            await self.fire(*over_now)

        async def over() -> bool:
            return await asyncio.to_thread(self.reader.count_incidents, live=True) == 0

        await self.until(over, "every incident to be over")
        await self.settled()


@asynccontextmanager
async def rig_in(
    folder: Path, *, speed: float = SPEED, reasoner: str = "offline", **settings: str
) -> AsyncGenerator[Rig]:
    """A sandbox without a real Prometheus and a bot beside it; `settings` as `Rig.start_bot` takes them."""
    options = DemoOptions(
        port=free_port(),
        speed=speed,
        real_prometheus=False,
        require_prometheus=False,
        scenario=None,
        data_dir=folder,
        reasoner=reasoner,
        log_level="info",
    )
    webhook = Webhook.new()
    # What the bot would make at its first start, as the headless demo and the browser's see it do.
    engine_url_at(folder / "engine.sqlite")
    database = store_at(folder / "agentops.sqlite")
    async with AsyncExitStack() as closing:
        closing.callback(database.close)
        sandbox = await closing.enter_async_context(sandbox_running(options, webhook))
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        http = await closing.enter_async_context(
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=20))
        )
        rig = Rig(options, webhook, sandbox, http, StoreReader(database), _models(sandbox, folder))
        closing.push_async_callback(rig.stop_bot)
        await rig.start_bot(**settings)
        yield rig


def _models(sandbox: SandboxAddress, folder: Path) -> Path:
    before, fraud, after = Path(sandbox.models_path).read_text().partition("  fraud-detector:")
    file = folder / "models.yaml"
    file.write_text(before + fraud + after.replace("channel: ml-incidents", "channel: ml-platform", 1))
    return file


def alert_of(name: str, status: str = "firing", since: datetime | None = None, **labels: str) -> Json:
    """One alert as Alertmanager sends it, of a rule that exists."""
    told = {"alertname": name, "severity": "critical", **labels}
    return {
        "status": status,
        "labels": told,
        "annotations": {"summary": f"{name} of {labels.get('model', '?')}"},
        "startsAt": (since or datetime.now(UTC)).isoformat(),
        "endsAt": datetime.now(UTC).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16],
    }


def resolved(alert: Json) -> Json:
    """The same alert, over."""
    return {**alert, "status": "resolved", "endsAt": datetime.now(UTC).isoformat()}


def payload_of(*alerts: Json) -> Json:
    """Alertmanager's payload, version 4."""
    return {
        "version": "4",
        "receiver": "agentops",
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "groupKey": '{}:{model="m"}',
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
    }


def buttons(message: Json) -> list[Json]:
    """The buttons of a message, each with its block's id."""
    blocks: list[Json] = message["blocks"] or []
    found: list[Json] = []
    for block in blocks:
        elements: list[Json] = block["elements"] if block["type"] == "actions" else []
        found += [{**one, "block_id": block["block_id"]} for one in elements if one["type"] == "button"]
    return found


def approve_button(message: Json) -> Json | None:
    """The button that lets a proposal run, where the message has one."""
    return next((one for one in buttons(message) if one.get("style") == "primary"), None)


def words(message: Mapping[str, Any]) -> str:
    """Everything a person can read in a message, markup included."""
    return "\n".join([message["text"], *_texts(message["blocks"])])


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]  # pyright: ignore[reportUnknownVariableType] JSON
    if isinstance(value, dict):
        found: list[str] = []
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType] JSON
            if key in {"text", "alt_text", "title", "label"} and isinstance(item, str):
                found.append(item)
            else:
                found += _texts(item)
        return found
    return []


def require(*programs: str) -> None:
    """Skip where a program is missing; fail instead where every optional service is required."""
    missing = [one for one in programs if shutil.which(one) is None]
    if missing:
        reason = f"needs {' and '.join(missing)} on the PATH"
        if os.environ.get("AGENTOPS_TEST_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
