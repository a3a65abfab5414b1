"""The bot as it is deployed: an environment with what it needs and no more.

The environment of development holds packages that others use once they find them (SciPy, trio), and so more memory.
"""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

LIMIT_S = 300.0
LOCK, LOCK_WITH_EXTRAS = Path("requirements.lock"), Path("requirements-dev.lock")
CHARTS = "matplotlib"


class NotInstalled(Exception):
    """The packages could not be had; the message says why."""


@dataclass(frozen=True)
class BotAlone:
    """An environment in a folder, made at the first call for it; later ones find it."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def _whole(self) -> Path:
        return self.folder / "whole"

    async def install(self) -> None:
        """requirements.lock, from uv's cache where it can, and our own wheel, all compiled as pip does.

        Raises `NotInstalled` when uv is not there or the packages cannot be had.
        """
        if self._whole.exists():
            return
        await _run(_uv(), "venv", "--quiet", "--clear", "--python", sys.executable, str(self.folder))
        await self._packages("--require-hashes", "-r", str(LOCK))
        with TemporaryDirectory() as out:
            # What builds it is in this environment, and stays out of the other.
            build = ["build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", out]
            await _run(_uv(), *build, "--python", sys.executable)
            wheels = [str(Path(out, name)) for name in os.listdir(out) if name.endswith(".whl")]
            await self._packages("--no-deps", *wheels)
        await _run(str(self.python), "-P", "-c", "import bot.bootstrap.process")
        self._whole.touch()

    async def install_charts(self) -> None:
        """The extra that the README advises, in the version of the lock. Raises `NotInstalled` as `install` does."""
        await self.install()
        await self._packages("--require-hashes", "--constraint", str(LOCK_WITH_EXTRAS), _pinned(CHARTS))

    async def _packages(self, *what: str) -> None:
        install = [_uv(), "pip", "install", "--quiet", "--python", str(self.python), "--compile-bytecode"]
        install += ["--link-mode=copy", *what]
        try:
            await _run(*install, "--offline")
        except NotInstalled:
            await _run(*install)


def _pinned(package: str) -> str:
    found = re.search(rf"^{package}==\S+", LOCK_WITH_EXTRAS.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise NotInstalled(f"{package} is not in {LOCK_WITH_EXTRAS}")
    return found[0]


def _uv() -> str:
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        raise NotInstalled("uv is not in this environment")
    return str(uv)


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
