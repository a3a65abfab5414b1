"""The demo without a person: start a scenario, answer its cards as a persona would, and tell what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import aiohttp

from bot.demo_report import told
from bot.processes import DemoFailed, DemoOptions, Running, running
from incidents.approval import ApprovalState
from incidents.execution import FINAL_EXECUTION_STATES
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile
from tools.incident_store.database import Database
from tools.incident_store.reader import StoreReader

Answer = Literal["approve", "deny", "ignore"]
T = TypeVar("T")

ENDED = frozenset({IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.ESCALATED})
FIRST_APPROVER, SECOND_APPROVER = "UONCALL", "USECOND"
NOBODY_ASKS_S = 8.0
"""An incident that waits for a decision while no card asks for one, this long and with nothing new, is at its end."""
CLICK_AGAIN_S = 5.0
LOOK_S = 0.2
"""Between two looks; each reads everything about the incident."""


@dataclass
class Driver:
    """A person's hands: the sandbox's control API and, for reading, the bot's own store."""

    api: aiohttp.ClientSession
    base: str
    reader: StoreReader
    deadline: float
    marks: dict[str, float] = field(default_factory=dict[str, float])
    seen: tuple[int, float] = (0, 0.0)
    clicks: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def quiet_for(self, file: IncidentFile) -> float:
        """Seconds since anything new happened to the incident, while it waits for a decision that no card asks for."""
        if file.incident.state is not IncidentState.AWAITING_DECISION or not file.verifications:
            self.seen = (0, 0.0)
            return 0.0
        if self.seen[0] != len(file.timeline):
            self.seen = (len(file.timeline), time.monotonic())
        return time.monotonic() - self.seen[1]

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the control API."""
        async with self.api.request(method, f"{self.base}/_sandbox/{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            if response.status >= 400 or answer.get("ok") is False:
                raise DemoFailed(f"the sandbox refused {method} {path}: {answer.get('error', response.status)}")
            return answer

    async def until(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        """The first thing that `look` finds. Raises `DemoFailed` at the deadline."""
        while time.monotonic() < self.deadline:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(LOOK_S)
        raise DemoFailed(f"waited too long for {what}")

    async def file(self, incident_id: str) -> IncidentFile:
        """Everything about the incident as the bot keeps it."""
        return await asyncio.to_thread(self.reader.file, incident_id)


async def headless(options: DemoOptions, scenario: str, answer: Answer, limit_s: float) -> dict[str, Any]:
    """Run one scenario to its end; returns the object that `--json` prints. Raises `DemoFailed`."""
    started = time.time()
    async with running(options) as demo, _session(demo) as api:
        database = Database(options.database)
        try:
            driver = Driver(api, demo.sandbox.url, StoreReader(database), time.monotonic() + limit_s)
            driver.marks["processes_ready"] = (time.time() - started) * 1000
            return await play(driver, scenario, answer)
        finally:
            database.close()


def _session(demo: Running) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {demo.sandbox.token}"}, timeout=aiohttp.ClientTimeout(total=15)
    )


async def play(driver: Driver, scenario: str, answer: Answer) -> dict[str, Any]:
    """Start a scenario in a world where its model is well, answer each card, and tell what came of it."""
    begun = time.time()
    known = [str(one["name"]) for one in (await driver.call("GET", "scenarios"))["scenarios"]]
    if scenario not in known:
        raise DemoFailed(f"--scenario: there is no {scenario}; there are {', '.join(known)}")
    model = (await driver.call("POST", f"scenarios/{scenario}"))["scenario"]["model"]

    async def opened() -> str | None:
        found = await asyncio.to_thread(driver.reader.incidents, live=True, limit=1, model=model)
        return found[0].id if found else None

    incident_id = await driver.until("the incident", opened)

    async def diagnosed() -> IncidentFile | None:
        file = await driver.file(incident_id)
        return file if file.findings is not None and file.incident.state is not IncidentState.INVESTIGATING else None

    await driver.until("the diagnosis", diagnosed)

    async def decided() -> IncidentFile | None:
        file = await driver.file(incident_id)
        return file if await _settled(driver, file, answer) else None

    file = await driver.until("the outcome", decided)
    changes = [one for one in (await driver.call("GET", "aws/changes"))["changes"] if one["at"] >= begun]
    timings = {"processes_ready": round(driver.marks["processes_ready"])}
    return told(scenario, file, changes, await _thread(driver, file), begun, timings)


async def _settled(driver: Driver, file: IncidentFile, answer: Answer) -> bool:
    """Do what the person would do now; True when there is nothing left to do."""
    pending = [view for view in file.proposals if view.approval.state is ApprovalState.PENDING]
    for view in pending:
        if answer == "approve":
            voted = {vote.person for vote in view.approval.votes}
            persona = SECOND_APPROVER if FIRST_APPROVER in voted else FIRST_APPROVER
            await _approve(driver, file, view.proposal.id, persona)
        elif answer == "deny":
            await _deny(driver, file, view.proposal.id)
    if pending or any(one.state not in FINAL_EXECUTION_STATES for one in file.executions):
        return False
    ended = file.incident.state in ENDED or file.incident.state is IncidentState.MONITORING
    return (ended or driver.quiet_for(file) > NOBODY_ASKS_S) and await _everything_posted(driver)


async def _thread(driver: Driver, file: IncidentFile) -> list[dict[str, Any]]:
    """The messages of the incident's thread, oldest first."""
    if file.thread is None:
        return []
    place = f"slack/messages?channel={file.thread.channel}&thread_ts={file.thread.ts}"
    messages: list[dict[str, Any]] = (await driver.call("GET", place))["messages"]
    return messages


async def _everything_posted(driver: Driver) -> bool:
    return await asyncio.to_thread(driver.reader.outbox_depth) == 0


async def _approve(driver: Driver, file: IncidentFile, proposal_id: str, persona: str) -> None:
    """Click once; again only when nothing has come of it."""
    clicked = driver.clicks.get((proposal_id, persona), -CLICK_AGAIN_S)
    if time.monotonic() - clicked >= CLICK_AGAIN_S and await _press(driver, file, proposal_id, persona, "primary"):
        driver.clicks[proposal_id, persona] = time.monotonic()


async def _press(driver: Driver, file: IncidentFile, proposal_id: str, persona: str, style: str) -> bool:
    """Click the card's button, once the card stands in Slack."""
    for message in await _thread(driver, file):
        button = _button(message, proposal_id, style)
        if button is not None:
            await driver.call(
                "POST",
                "slack/actions",
                {
                    "persona": persona,
                    "container": {"channel": message["channel"], "ts": message["ts"]},
                    "action_id": button["action_id"],
                    "block_id": button["block_id"],
                    "value": proposal_id,
                },
            )
            return True
    return False


def _button(message: dict[str, Any], proposal_id: str, style: str) -> dict[str, str] | None:
    blocks: list[dict[str, Any]] = message.get("blocks") or []
    for block in blocks:
        elements: list[dict[str, Any]] = block["elements"] if block["type"] == "actions" else []
        for element in elements:
            if element.get("value") == proposal_id and element.get("style") == style:
                return {"action_id": element["action_id"], "block_id": block["block_id"]}
    return None


async def _deny(driver: Driver, file: IncidentFile, proposal_id: str) -> None:
    if not await _press(driver, file, proposal_id, FIRST_APPROVER, "danger"):
        return

    async def modal() -> dict[str, Any] | None:
        views = (await driver.call("GET", f"slack/views?persona={FIRST_APPROVER}"))["views"]
        return views[-1] if views else None

    view = await driver.until("the dialog that asks for a reason", modal)
    reason = next(block for block in view["blocks"] if block["type"] == "input")
    value = {"type": "plain_text_input", "value": "Not now: answered by the demo."}
    await driver.call(
        "POST",
        f"slack/views/{view['id']}/submit",
        {"persona": FIRST_APPROVER, "values": {reason["block_id"]: {reason["element"]["action_id"]: value}}},
    )

    async def denied() -> bool | None:
        state = (await asyncio.to_thread(driver.reader.proposal, proposal_id)).approval.state
        return True if state is not ApprovalState.PENDING else None

    await driver.until("the denial", denied)


async def interactive(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Start both processes, print the address, and stay until interrupted."""
    async with running(options) as demo:
        say(f"{demo.sandbox.url}/?token={demo.sandbox.token}")
        code = await demo.bot.wait()
        raise DemoFailed(f"the bot stopped (exit {code}); its log is {demo.bot_log}")
