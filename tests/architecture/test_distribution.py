import ast
from pathlib import Path

from tests.architecture.sources import ROOT
from tests.distribution import RIG, TOLD_TO_ONE_RIG, longest_first, portion_of


def asks_for_the_shared_rig(file: Path) -> bool:
    """Whether a test or a fixture of the file takes the fixture `rig`."""
    return any(
        isinstance(node, ast.AsyncFunctionDef)
        and "rig" in {one.arg for one in node.args.args}
        and (node.name.startswith("test_") or any("fixture" in ast.unparse(one) for one in node.decorator_list))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
    )


def test_what_is_told_to_the_shared_rig_is_one_portion_and_nothing_else_is_in_it() -> None:
    asking = {file for file in (ROOT / RIG).glob("test_*.py") if asks_for_the_shared_rig(file)}
    assert {f"{RIG}/{file.name}" for file in asking} == TOLD_TO_ONE_RIG


def test_files_that_share_nothing_are_portions_of_their_own() -> None:
    assert portion_of("tests/tools/test_one.py::test_it[a::b]") == "tests/tools/test_one.py"
    assert portion_of(f"{RIG}/test_asking.py::test_it") == portion_of(f"{RIG}/test_traps.py::test_that") == RIG


def test_what_may_last_longest_begins_first_and_equals_stay_in_their_order() -> None:
    ids = ["a.py::test_1", "b.py::test_1", "b.py::test_2", "c.py::test_1", f"{RIG}/test_asking.py::test_1"]
    ids += [f"{RIG}/test_traps.py::test_1", "d.py::test_1"]
    rank = longest_first(zip(ids, (0, 300, 300, 420, 300, 300, 0), strict=True))
    assert sorted(rank, key=rank.__getitem__) == [RIG, "c.py", "b.py", "a.py", "d.py"]
