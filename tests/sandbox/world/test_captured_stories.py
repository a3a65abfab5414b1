"""What an investigator reads in captured requests while a scenario runs in the sandbox."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incidents.catalogue import ModelSpec
from sandbox.app import Sandbox, SandboxConfig
from sandbox.sagemaker.iam import ADMIN_ACCESS_KEY
from sandbox.world.capture_log import ROWS_A_MINUTE
from tests.agents.world import CATALOGUE
from tests.waiting import eventually
from tools.datasets.captured import CapturedData, CapturedFeature
from tools.datasets.reader import DatasetReader
from tools.datasets.window import Window
from tools.sagemaker.connection import AwsCredentials

SPEED = 60.0
SETTLED = timedelta(seconds=2)


@dataclass
class Story:
    """A scenario that has begun, and a reader of its data."""

    model: ModelSpec
    began: datetime
    reader: DatasetReader

    async def captured(self, rows: int) -> CapturedData:
        """What was captured since it began, once there are so many rows.

        Read but once: each look writes a file of what was captured since the one before, and of many files a reader
        takes some.
        """
        first = self.began + SETTLED
        enough = first + timedelta(seconds=(rows + 1) / (ROWS_A_MINUTE / 60 * SPEED))

        async def over() -> bool:
            return datetime.now(UTC) > enough

        await eventually(over, f"{rows} rows to be captured")
        before = Window(self.began - timedelta(seconds=60), self.began - SETTLED)
        return await self.reader.captured(self.model, Window(first, datetime.now(UTC)), before)


@asynccontextmanager
async def story(scenario: str, model: str) -> AsyncGenerator[Story]:
    config = SandboxConfig(speed=SPEED, monitoring="built-in", history_seconds=5)
    async with Sandbox(config) as sandbox:
        run = sandbox.stage.start(scenario)
        sandbox.stage.write_data(run)
        credentials = AwsCredentials(ADMIN_ACCESS_KEY, "secret")
        reader = DatasetReader(region="eu-west-1", endpoint_url=sandbox.sagemaker.url, credentials=credentials)
        yield Story(CATALOGUE.models[model], datetime.fromtimestamp(run.started_at, UTC), reader)
        reader.close()


def named(found: CapturedData, feature: str) -> CapturedFeature:
    return next(one for one in found.features if one.feature == feature)


async def test_drifted_inputs_and_scores_are_in_the_requests_from_the_moment_they_drift():
    async with story("feature_drift", "fraud-detector") as told:
        found = await told.captured(300)
        assert (found.reference, found.reference_name, found.reference_rows) == ("table", "train.csv", 5000)
        amount = named(found, "amount")
        assert amount.verdict == "drifted"
        assert amount.psi_before is not None
        assert amount.psi_before < 0.1
        assert named(found, "country").verdict == "stable"
        assert found.predictions is not None
        assert found.predictions.verdict == "drifted"
        monitored = await told.reader.monitored(told.model)
        assert monitored is not None
        assert {one.feature for one in monitored.features if one.verdict == "drifted"} >= {"amount"}


async def test_nulls_are_in_the_requests_and_in_the_monitors_statistics():
    async with story("upstream_nulls", "churn-predictor") as told:
        broken = named(await told.captured(300), "last_login_days")
        assert broken.verdict == "broken"
        assert broken.nulls_before == 0.0
        assert broken.nulls.current > 0.2
        monitored = await told.reader.monitored(told.model)
        assert monitored is not None
        assert (monitored.features[0].feature, monitored.features[0].verdict) == ("last_login_days", "broken")
