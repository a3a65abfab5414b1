"""How much disk the bot alone takes: requirements.lock, without the extras for charts and the sandbox."""

from pathlib import Path

from tests.benchmarks.bot_alone import BotAlone
from tests.benchmarks.figures import Figure, Target, figure


async def install_size(alone: BotAlone) -> list[Figure]:
    """Measures a new environment, before anything is added to it. Raises `NotInstalled` as `BotAlone` does."""
    await alone.install()
    how = "disk use of a new environment with requirements.lock (no extras) and our wheel, compiled; the bot imports"
    return [figure("install size, bot alone", "MB", [disk_mb(alone.folder)], how, Target(803))]


def disk_mb(folder: Path) -> float:
    """Disk use in MB (1,000,000 bytes), as `du` counts it, links not followed."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1_000_000
