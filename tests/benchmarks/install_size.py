"""How much disk the bot alone takes: requirements.lock, without the extras for charts and the sandbox."""

import asyncio
import sys
from pathlib import Path

from tests.benchmarks.figures import Figure, Target, figure

LIMIT_S = 300.0
OURS = ("bot", "agents", "tools", "incidents", "runbooks", "manifests")


class NotInstalled(Exception):
    """The packages could not be had; the message says why."""


async def install_size(folder: Path) -> list[Figure]:
    """Installs into a new environment, from uv's cache where it can, compiled as pip does, and measures it.

    Raises `NotInstalled` when uv is not there or the packages cannot be had.
    """
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        raise NotInstalled("uv is not in this environment")
    home = folder / "install"
    await _run(str(uv), "venv", "--quiet", "--python", sys.executable, str(home))
    install = [str(uv), "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), "--compile-bytecode"]
    install += ["--require-hashes", "--link-mode=copy", "-r", "requirements.lock"]
    try:
        await _run(*install, "--offline")
    except NotInstalled:
        await _run(*install)
    await _run(str(home / "bin" / "python"), "-c", "import bot.bootstrap.process")
    size = sum(disk_mb(Path(part)) for part in OURS) + disk_mb(home)
    how = (
        "disk use of a new environment with requirements.lock (no extras), compiled, and of our own packages; "
        "the bot's modules import in it"
    )
    return [figure("install size, bot alone", "MB", [size], how, Target(803))]


def disk_mb(folder: Path) -> float:
    """Disk use in MB (1,000,000 bytes), as `du` counts it, links not followed."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1_000_000


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NotInstalled(f"{Path(command[0]).name} took longer than {LIMIT_S:.0f} s") from None
    if process.returncode != 0:
        raise NotInstalled(
            f"{Path(command[0]).name} {command[1]} failed: {said.decode(errors='replace').strip()[-300:]}"
        )
