"""A workspace on a free port with a small Bolt app in it, run in a thread of its own: what the page is tried on.

`python -m tests.sandbox.page.stage` keeps one running, filled with an incident, and prints its address.
"""

import asyncio
import io
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import control
from sandbox.slack.delivery import Timing
from sandbox.slack.messages import MessageStore
from sandbox.slack.server import install
from sandbox.slack.views import ViewStore
from sandbox.slack.workspace import Workspace
from tests.sandbox.page import content

Json = dict[str, Any]
T = TypeVar("T")

TOKEN = "page-tests"  # noqa: S105 - the key of a workspace that lives for one test run
SCENARIOS = [{"name": name, "title": name} for name in ("bad_deployment", "feature_drift", "upstream_nulls")]


class Stage:
    """The workspace, its app, and the world's control routes reduced to what the page reads of them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self.scenario: str | None = None
        self.cpu = 0.41
        self.submitted: list[Json] = []
        self.acted: list[Json] = []

    def start(self) -> None:
        """Listen, and connect the app."""
        self._thread.start()
        self.run(self._start())

    def stop(self) -> None:
        """Disconnect, stop listening, end the thread."""
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def clear(self) -> None:
        """An empty workspace again: no messages, no views, no faults, nothing broken."""
        self.run(self._clear())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the stage's loop and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"{self.workspace.base_url}/?token={TOKEN}"

    def post(self, blocks: list[content.Block] | None = None, **arguments: Any) -> str:
        """The app posts to #ml-incidents (or `channel`); the new message's ts."""
        given = {"channel": "CINCIDENTS", "text": "a message", **arguments}
        answer = self.run(self.client.chat_postMessage(blocks=blocks, **given))
        return str(answer["ts"])

    def update(self, ts: str, blocks: list[content.Block] | None = None, text: str = "a message") -> None:
        """The app changes a message of #ml-incidents."""
        self.run(self.client.chat_update(channel="CINCIDENTS", ts=ts, text=text, blocks=blocks))

    def ephemeral(self, user: str, text: str) -> None:
        """The app tells one person something in #ml-incidents."""
        self.run(self.client.chat_postEphemeral(channel="CINCIDENTS", user=user, text=text))

    def plant(self, ts: str, blocks: list[content.Block]) -> None:
        """Put blocks into a message past every check, as a Slack of another year might."""
        self.run(self._plant(ts, blocks))

    def upload(self, png: bytes, thread_ts: str | None = None) -> str:
        """The app shares a picture; the file's id."""
        answer = self.run(
            self.client.files_upload_v2(
                channel="CINCIDENTS",
                thread_ts=thread_ts,
                file=io.BytesIO(png),
                filename="p99.png",
                title="p99 of product-recommender",
                alt_txt="p99 latency around the onset",
            )
        )
        return str(answer["file"]["id"])

    async def _clear(self) -> None:
        self.workspace.messages = MessageStore()
        self.workspace.views = ViewStore()
        self.workspace.faults.clear()
        self.scenario = None
        self.cpu = 0.41
        self.submitted.clear()
        self.acted.clear()

    async def _plant(self, ts: str, blocks: list[content.Block]) -> None:
        message = self.workspace.messages.find("CINCIDENTS", ts)
        assert message is not None
        message.blocks = blocks
        self.workspace.changed(message)

    async def _start(self) -> None:
        self.workspace = Workspace.standard(timing=Timing(ack_seconds=0.4), rate_limited=False)
        app = web.Application(client_max_size=25_000_000)
        install(app, self.workspace, token=TOKEN)
        app.router.add_get("/_sandbox/state", self._state)
        app.router.add_get("/_sandbox/scenarios", self._scenarios)
        app.router.add_post("/_sandbox/scenarios/{name}", self._begin)
        app.router.add_post("/_sandbox/reset", self._reset)
        app.router.add_get("/_sandbox/world", self._world)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.workspace.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self._connect()

    async def _connect(self) -> None:
        credentials = self.workspace.credentials
        # Any: the SDK's signatures are only partly typed.
        self.client: Any = AsyncWebClient(token=credentials.bot_token, base_url=f"{self.workspace.base_url}/api/")
        self.slack_app: Any = AsyncApp(client=self.client, signing_secret=credentials.signing_secret)
        self._listen()
        self._handler: Any = AsyncSocketModeHandler(self.slack_app, credentials.app_token)
        await self._handler.connect_async()

    async def _stop(self) -> None:
        await self._handler.close_async()
        await self._runner.cleanup()

    def _listen(self) -> None:
        app = self.slack_app
        app.command("/agentops")(self._on_command)
        app.action("approve")(self._on_approve)
        app.action("deny")(self._on_deny)
        app.view("deny")(self._on_reason)
        app.event("app_home_opened")(self._on_home)
        app.event("app_mention")(self._on_mention)
        for quiet in ("more", "diagnosis_feedback", "pick_model", "investigate", "day", "ticks", "person"):
            app.action(quiet)(self._on_action)

    async def _on_command(self, ack: AsyncAck, respond: AsyncRespond, command: Json) -> None:
        await ack()
        await respond(f"You asked: *{command['text'] or 'help'}*")

    async def _on_action(self, ack: AsyncAck, body: Json) -> None:
        self.acted.extend(body["actions"])
        await ack()

    async def _on_approve(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        self.acted.extend(body["actions"])
        decided = f":white_check_mark: Approved by <@{body['user']['id']}>"
        await self.client.chat_update(
            channel=body["channel"]["id"],
            ts=body["message"]["ts"],
            text="Approved",
            blocks=content.proposal(decided),
        )

    async def _on_deny(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        await self.client.views_open(trigger_id=body["trigger_id"], view=content.deny_modal("p1"))

    async def _on_reason(self, ack: AsyncAck, view: Json) -> None:
        values = view["state"]["values"]
        if len(values["why"]["reason"]["value"]) < 10:
            await ack(response_action="errors", errors={"why": "Say a little more."})
            return
        self.submitted.append(values)
        await ack()

    async def _on_home(self, event: Json) -> None:
        await self.client.views_publish(user_id=event["user"], view=content.home())

    async def _on_mention(self, event: Json) -> None:
        where = event.get("thread_ts") or event["ts"]
        await self.client.chat_postMessage(channel=event["channel"], thread_ts=where, text="You asked me something.")

    async def _state(self, _: web.Request) -> web.Response:
        state = control.slack_state(self.workspace)
        return web.json_response(state | {"speed": 60, "prometheus": "real", "ready": True})

    async def _scenarios(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True, "scenarios": SCENARIOS})

    async def _begin(self, request: web.Request) -> web.Response:
        self.scenario = request.match_info["name"]
        self.workspace.changes.publish("world")
        return web.json_response({"ok": True})

    async def _reset(self, _: web.Request) -> web.Response:
        self.scenario = None
        self.workspace.changes.publish("world")
        return web.json_response({"ok": True})

    async def _world(self, _: web.Request) -> web.Response:
        metrics = {"cpu": self.cpu, "quality": {"accuracy": 0.942}, "feature_psi": {"amount": 0.03}}
        model = {"config": "fraud-detector-v41", "endpoint_status": "InService", "metrics": metrics}
        running = [{"name": self.scenario, "model": "fraud-detector", "state": "disturbed"}] if self.scenario else []
        return web.json_response({"models": {"fraud-detector": model}, "scenarios": running})


def fill(stage: Stage, png: bytes | None = None) -> str:
    """An incident as the product tells it; the root's ts."""
    stage.post(text="AgentOps is watching 3 models: `fraud-detector`, `churn-predictor`, `product-recommender`.")
    root = stage.post(content.root(), text="product-recommender: latency and errors")
    stage.post(content.progress(5), thread_ts=root, text="Investigating")
    if png:
        stage.upload(png, root)
    stage.post(content.diagnosis(), thread_ts=root, text="A bad deployment")
    stage.post(content.proposal(), thread_ts=root, text="Proposal: roll back")
    return root


def main() -> None:
    """Serve until interrupted."""
    stage = Stage()
    stage.start()
    fill(stage)
    print(stage.address, flush=True)
    try:
        threading.Event().wait()
    finally:
        stage.stop()


if __name__ == "__main__":
    main()
