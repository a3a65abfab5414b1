"""The rig: a fleet's partners, one database, and as many bot processes on it as a test asks for.

async with fleet_in(folder, FleetSpec(models=10)) as fleet:          # SQLite; or database_url=..., for PostgreSQL
    (one,) = await fleet.start("bot-0")
    async with fleet.sender() as alertmanager:
        await fleet.break_models(["model-000"])
        alertmanager.put(*outage("model-000", 5))
        await fleet.settled(alertmanager)
    assert (await fleet.account(alertmanager)).faults == []
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.processes import free_port
from bot.settings import inherited
from tests.benchmarks.processes import Partners
from tests.fleet.account import Account, account_of
from tests.fleet.alertmanager import AlertSender
from tests.fleet.partners import API_PREFIX, channel_id
from tests.fleet.replica import START_LIMIT_S, FleetFailed, Replica
from tests.fleet.rows import Rows
from tests.fleet.spec import RULES_FOLDER, FleetSpec
from tests.scenarios.rig import approve_button
from tools.incident_store.database import Database

Json = dict[str, Any]
APPROVERS = ("UONCALL", "USECOND")
LOOK_S = 0.25
SETTLED_LOOKS = 3
"""So many looks in a row have to find nothing left to do: work that is done may wake other work."""


@dataclass
class Fleet:
    """Partners, database and replicas. `replicas` by name, those that do not run too."""

    spec: FleetSpec
    folder: Path
    partners: Partners
    http: aiohttp.ClientSession
    rows: Rows
    settings: Mapping[str, str]
    webhook_token: str
    replicas: dict[str, Replica] = field(default_factory=dict[str, Replica])

    # Processes

    def replica(self, name: str, **settings: str) -> Replica:
        """A replica by name, made but not started. `settings`: environment variables beyond the fleet's."""
        if name not in self.replicas:
            port = free_port()
            own = {
                "AGENTOPS_EXECUTOR_ID": name,
                "AGENTOPS_PORT": str(port),
                "AGENTOPS_DATA_DIR": str(self.folder / name),
            }
            environment = _environment({**self.settings, **own, **settings})
            self.replicas[name] = Replica(name, port, self.folder / name, environment)
        return self.replicas[name]

    async def start(self, *names: str, **settings: str) -> list[Replica]:
        """Start replicas of these names at the same time, and wait until each is ready."""
        replicas = [self.replica(name, **settings) for name in names]
        await asyncio.gather(*(one.start() for one in replicas))
        return replicas

    @property
    def running(self) -> list[Replica]:
        """Those whose process lives."""
        return [one for one in self.replicas.values() if one.alive]

    def sender(self, **options: Any) -> AlertSender:
        """An Alertmanager in front of all replicas that run; `options` as `AlertSender` has them."""
        return AlertSender(lambda: [one.url for one in self.running], self.webhook_token, **options)

    # The world

    async def break_models(self, models: list[str]) -> None:
        """Put a bad version of each live (once); alerts are the caller's to send. A rollback mends it."""
        async with self.http.post(f"{self.partners.prometheus_url}/fleet/break", json={"models": models}) as response:
            response.raise_for_status()

    async def aws(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call of the sandbox's control API of AWS, e.g. ``GET changes`` (sandbox/sagemaker/control.py)."""
        url = f"{self.partners.prometheus_url}/_sandbox/aws/{path}"
        async with self.http.request(method, url, json=body) as response:
            return await response.json()

    async def changes(self) -> list[Json]:
        """Every call that would change something in AWS, refused ones too; `role_session_name` is the execution."""
        return (await self.aws("GET", "changes"))["changes"]

    async def slack(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call of the workspace's control API, below ``/_sandbox/``; it must not be refused."""
        url = f"{self.partners.slack_url}/_sandbox/{path}"
        headers = {"Authorization": f"Bearer {self.partners.control_token}"}
        async with self.http.request(method, url, json=body, headers=headers) as response:
            answer: Json = await response.json()
        if not answer.get("ok", True):
            raise FleetFailed(f"the workspace refused {method} {path}: {answer.get('error')}")
        return answer

    async def llm_calls(self) -> int:
        """Requests that reached the language model."""
        async with self.http.get(f"{self.partners.prometheus_url}/fleet/llm") as response:
            return int((await response.json())["calls"])

    async def messages(self) -> list[Json]:
        """Every message in the fleet's channels, those in threads too."""
        found: list[Json] = []
        for name in self.spec.channel_names:
            place = f"slack/messages?channel={channel_id(name)}&limit=100000"
            top = (await self.slack("GET", place))["messages"]
            found += top
            for message in top:
                if message["reply_count"]:
                    thread = (await self.slack("GET", f"{place}&thread_ts={message['ts']}"))["messages"]
                    found += [one for one in thread if one["ts"] != message["ts"]]
        return found

    # People

    async def approve(self) -> int:
        """Click Approve on every card that waits, as two people would; how many proposals were waiting."""
        waiting = await self.rows.cards_waiting()
        for channel, root, ts in waiting:
            place = f"slack/messages?channel={channel}&thread_ts={root}&limit=1000"
            found = (await self.slack("GET", place))["messages"]
            card = next((one for one in found if one["ts"] == ts), None)
            button = approve_button(card) if card is not None else None
            if button is None:
                continue
            for person in APPROVERS:
                body = {
                    "persona": person,
                    "container": {"channel": channel, "ts": ts},
                    "block_id": button["block_id"],
                    "action_id": button["action_id"],
                    "value": button["value"],
                }
                with suppress(FleetFailed):  # nobody is there to take the click, or it was decided a moment ago
                    await self.slack("POST", "slack/actions", body)
        return len(waiting)

    @asynccontextmanager
    async def people(self, every_s: float = 1.0) -> AsyncGenerator[None]:
        """While inside, every card is approved soon after it stands in Slack."""

        async def click() -> None:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self.approve()
                await asyncio.sleep(every_s)

        clicking = asyncio.create_task(click(), name="people")
        try:
            yield
        finally:
            clicking.cancel()
            await asyncio.gather(clicking, return_exceptions=True)

    # What came of it

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]], limit_s: float) -> None:
        """Wait for a condition. Raises `FleetFailed` past the limit, or when a replica ended that was not killed."""
        deadline = time.monotonic() + limit_s
        while not await holds():
            if time.monotonic() > deadline:
                logs = ", ".join(str(one.log) for one in self.replicas.values())
                raise FleetFailed(f"waited {limit_s:.0f} s for {what}; logs: {logs}")
            await asyncio.sleep(LOOK_S)

    async def settled(self, sender: AlertSender | None = None, limit_s: float = 300.0) -> None:
        """Wait until everything is sent, grouped, investigated, decided, executed, verified and told."""
        looks, left = 0, "?"

        async def nothing_left() -> bool:
            nonlocal looks, left
            left = await self.rows.left_to_do()
            if sender is not None and not sender.all_taken:
                left = f"alerts not taken; {left}"
            looks = 0 if left else looks + 1
            return looks >= SETTLED_LOOKS

        try:
            await self.until("everything to be done", nothing_left, limit_s)
        except FleetFailed as error:
            raise FleetFailed(f"{error}; left to do: {left}") from error

    async def account(self, sender: AlertSender) -> Account:
        """What is lost, doubled or unfinished, from the rows, Slack and the log of AWS."""
        return await account_of(self.rows, sender.acknowledged, await self.messages(), await self.changes())


@asynccontextmanager
async def fleet_in(
    folder: Path,
    spec: FleetSpec | None = None,
    *,
    database_url: str = "",
    settings: Mapping[str, str] | None = None,
) -> AsyncGenerator[Fleet]:
    """The partners of a fleet and its database; no bot runs yet. All that was started is stopped at the end.

    `database_url`: of an empty PostgreSQL database; a SQLite file in `folder` when not given. `settings`: environment
    variables of every bot, beyond or instead of `settings_of`.
    """
    spec = spec or FleetSpec()
    spec.write(folder)
    url = database_url or f"sqlite:///{folder / 'agentops.sqlite'}"
    async with AsyncExitStack() as closing:
        partners = await closing.enter_async_context(_partners(folder, spec))
        timeout = aiohttp.ClientTimeout(total=60)
        http = await closing.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        database = Database(url)
        closing.callback(database.close)
        token = secrets.token_urlsafe(24)
        base = settings_of(spec, folder, partners, url, token)
        fleet = Fleet(spec, folder, partners, http, Rows(database), {**base, **(settings or {})}, token)
        try:
            yield fleet
        finally:
            await asyncio.gather(*(one.kill() for one in fleet.replicas.values()))


def settings_of(spec: FleetSpec, folder: Path, partners: Partners, database_url: str, token: str) -> dict[str, str]:
    """The environment of every bot of a fleet, but for what is a replica's own."""
    return {
        "SLACK_BOT_TOKEN": partners.bot_token,
        "SLACK_APP_TOKEN": partners.app_token,
        "SLACK_API_URL": partners.slack_api_url,
        "ANTHROPIC_API_KEY": "fleet",
        "ANTHROPIC_BASE_URL": f"{partners.prometheus_url}{API_PREFIX}",
        "AGENTOPS_SANDBOX": "true",
        "AGENTOPS_SPEED": f"{spec.speed:g}",
        "AGENTOPS_SETTLE_SECONDS": spec.seconds(1.0),
        "AGENTOPS_OBSERVE_SECONDS": spec.seconds(60.0),
        "AGENTOPS_LEASE_SECONDS": "10",
        "AGENTOPS_WEBHOOK_TOKENS": token,
        "AGENTOPS_PROMETHEUS_URL": partners.prometheus_url,
        "AGENTOPS_RULES_DIR": str(folder / RULES_FOLDER),
        "AGENTOPS_MODELS_FILE": str(folder / "models.yaml"),
        "AGENTOPS_POLICY_FILE": str(folder / "policy.yaml"),
        "AGENTOPS_DATABASE_URL": database_url,
        "AGENTOPS_AWS_ENDPOINT_URL": partners.aws_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@asynccontextmanager
async def _partners(folder: Path, spec: FleetSpec) -> AsyncGenerator[Partners]:
    log = folder / "partners.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fleet.partners",
            json.dumps(asdict(spec)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            env=_environment({}),
        )
    try:
        if process.stdout is None or process.stdin is None:
            raise FleetFailed("the partners have no pipes")
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        if not line:
            raise FleetFailed(f"the partners did not start; their log is {log}")
        yield Partners(**json.loads(line))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """As inherited but for our own settings; modules are compiled once and not at each of a hundred starts."""
    kept = {key: value for key, value in inherited().items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **settings}
