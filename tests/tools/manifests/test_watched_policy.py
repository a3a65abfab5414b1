import os
import threading
from pathlib import Path

import pytest

from incidents.errors import ManifestError, PolicyUnreadable
from incidents.policy import Allow, Forbid, Policy
from tools.manifests.watched_policy import WatchedPolicy

OPEN = "version: 1\nrules: [{name: all, then: {effect: allow}}]\n"
SHUT = "version: 1\nrules: [{name: all, then: {effect: forbid, because: never}}]\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "policy.yaml"
    made.write_text(OPEN, encoding="utf-8")
    return made


def effect(policy: Policy) -> object:
    return policy.rules[0].then


def test_a_change_of_the_file_is_in_force_at_the_next_question(path: Path) -> None:
    watched = WatchedPolicy(path)
    assert effect(watched()) == Allow()
    path.write_text(SHUT, encoding="utf-8")
    assert effect(watched()) == Forbid(because="never")


def test_a_file_that_did_not_change_is_not_parsed_again(path: Path) -> None:
    watched = WatchedPolicy(path)
    first = watched()
    os.utime(path, (0, 0))
    assert watched() is first


def test_a_change_that_keeps_size_and_time_is_seen(path: Path) -> None:
    watched = WatchedPolicy(path)
    before = path.stat()
    watched()
    path.write_text(OPEN.replace("name: all", "name: any"), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert watched().rules[0].name == "any"


def test_a_link_that_is_swapped_is_followed(path: Path, tmp_path: Path) -> None:
    """As a mounted config map changes."""
    (tmp_path / "new.yaml").write_text(SHUT, encoding="utf-8")
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    watched = WatchedPolicy(link)
    assert effect(watched()) == Allow()
    (tmp_path / "swap").symlink_to(tmp_path / "new.yaml")
    (tmp_path / "swap").replace(link)
    assert effect(watched()) == Forbid(because="never")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("version: 1\nrules: [\n", "is not valid YAML"),
        ("", "is empty"),
        ("version: 1\nrules: [{name: all, then: {effect: alow}}]\n", r"policy\.yaml:2: rules\[0\]\.then"),
        (OPEN.replace("]", ", {name: all, then: {effect: allow}}]"), "stands here twice"),
    ],
)
def test_a_broken_file_is_no_policy_until_it_is_right_again(path: Path, broken: str, words: str) -> None:
    watched = WatchedPolicy(path)
    path.write_text(broken, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(PolicyUnreadable, match=words) as caught:
            watched()
        assert str(caught.value).startswith("the policy file cannot be read: ")
        assert str(caught.value).endswith("; nothing may run")
    path.write_text(OPEN, encoding="utf-8")
    assert effect(watched()) == Allow()


def test_a_file_that_is_gone_is_no_policy_until_it_is_back(path: Path) -> None:
    watched = WatchedPolicy(path)
    path.unlink()
    with pytest.raises(PolicyUnreadable, match="No such file"):
        watched()
    path.write_text(OPEN, encoding="utf-8")
    assert effect(watched()) == Allow()


def test_nothing_starts_on_a_file_that_is_wrong(path: Path) -> None:
    path.write_text(OPEN.replace("1", "7"), encoding="utf-8")
    with pytest.raises(ManifestError, match="version"):
        WatchedPolicy(path)


def test_threads_see_one_of_the_files_that_were_there_and_nothing_else(path: Path, tmp_path: Path) -> None:
    watched = WatchedPolicy(path)
    over = threading.Event()
    seen: list[object] = []

    def look() -> None:
        while not over.is_set():
            seen.append(effect(watched()))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        new = tmp_path / "new.yaml"
        new.write_text(SHUT if number % 2 else OPEN, encoding="utf-8")
        new.replace(path)
    over.set()
    for thread in threads:
        thread.join(20)
    assert seen and {type(one) for one in seen} <= {Allow, Forbid}
