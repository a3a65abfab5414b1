"""The seal: SHA-256 of the case files as they stood before any reasoner ran on them. Nobody bends a case to an answer.

Lines of `SEALED.sha256` are as `sha256sum` writes them; check by `sha256sum -c SEALED.sha256` in this folder. A case
that turns out wrong is corrected together with its line, in a commit that says why.
"""

import hashlib
from pathlib import Path

from tests.evals.eval_case import FOLDER

SEAL = FOLDER / "SEALED.sha256"
SEAL_2 = FOLDER / "SEALED_2.sha256"
"""A second part, from 100 on: written on 2026-11-29 from the definitions, the catalogue and the runbooks, by somebody
who had read no rule of the offline reasoner, and sealed before anything ran on it."""
SEAL_3 = FOLDER / "SEALED_3.sha256"
"""A third part, from 300 on: written in the same way as the second, after the rules had been mended with that one."""
LATER = FOLDER / "LATER.sha256"
"""Cases that came with a mended rule: as unbending, but written by somebody who knew what was wrong."""


def sealed_files(seal: Path = SEAL) -> dict[Path, str]:
    """Files under seal and their hashes."""
    rows = (line.split(maxsplit=1) for line in seal.read_text("utf-8").splitlines())
    return {FOLDER / name: digest for digest, name in rows}


def sealed_cases(seal: Path = SEAL) -> set[str]:
    """Names of the cases whose file is as it was sealed."""
    return {
        file.parent.name
        for file, digest in sealed_files(seal).items()
        if file.name == "case.yaml" and is_whole(file, digest)
    }


def is_whole(file: Path, digest: str) -> bool:
    """Whether a file is as it was sealed."""
    return hashlib.sha256(file.read_bytes()).hexdigest() == digest
