"""One process, one region, one role to read under."""

from pathlib import Path

import pytest

from bot.partners import reader_role_of
from incidents.catalogue import Catalogue, Defaults, ModelSpec, Roles
from incidents.errors import ManifestError

FILE = Path("models.yaml")


def catalogue(*readers: str | None) -> Catalogue:
    models = {
        f"model-{number}": ModelSpec(name=f"model-{number}", channel="ml-incidents", roles=Roles(reader=reader))
        for number, reader in enumerate(readers)
    }
    return Catalogue(version=1, defaults=Defaults(channel="ml-incidents"), models=models)


def test_the_role_that_the_entries_name_is_the_one_to_read_under() -> None:
    assert reader_role_of(catalogue("a", "a", None), FILE) == "a"
    assert reader_role_of(catalogue(None, None), FILE) is None
    assert reader_role_of(catalogue(), FILE) is None


def test_different_reader_roles_are_refused_by_name() -> None:
    with pytest.raises(ManifestError, match=r"roles.reader: one process reads under one role, found a, b"):
        reader_role_of(catalogue("b", "a"), FILE)
