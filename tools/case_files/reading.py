"""Reading a case from its folder."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from incidents.errors import ManifestError
from tools.case_files.case_file import CaseFile
from tools.manifests.problems import first_problem
from tools.manifests.yaml_lines import Document, read

FILE = "case.yaml"
OF_THE_ANSWER = frozenset({"why", "traps", "expected"})
"""Keys by which the evals grade. No investigation reads them."""
C = TypeVar("C", bound=CaseFile)


def read_case(folder: Path) -> CaseFile:
    """The case of a folder, without what it says of the right answer.

    Raises:
        ManifestError: names the file, line and key, what is wrong and what to do.
    """
    return read_as(CaseFile, folder, without=OF_THE_ANSWER)


def document_of(folder: Path) -> Document:
    """The file of a folder, with the line of every key. Raises `ManifestError`."""
    if not folder.is_dir():
        raise ManifestError(str(folder), None, "", "is no folder; name one that holds a case.yaml")
    return read(folder / FILE)


def read_as(schema: type[C], folder: Path, *, without: frozenset[str] = frozenset()) -> C:
    """Like `read_case`, as a case that says more; keys `without` which it is read are not looked at."""
    document = document_of(folder)
    content = {key: value for key, value in document.mapping().items() if key not in without}
    for key in ("name", "folder"):
        if key in content:
            raise document.wrong((key,), "is the folder's own and is not written down; remove it")
    try:
        return schema.model_validate({**content, "name": folder.resolve().name, "folder": folder})
    except ValidationError as error:
        raise first_problem(document, error, schema) from error
