from typing import Any

import pytest

from bot.workflows.likeness import config_as_asked, holds, model_as_asked
from incidents.specs.promote_model import PromoteModelSpec
from tests.bot.workflows.fakes import Clock, World
from tests.incidents.builders import promotion, promotion_origin


def created() -> tuple[World, dict[str, Any], dict[str, Any]]:
    requests = PromoteModelSpec(promotion()).requests(promotion_origin(), "xp1")
    world = World(Clock())
    for request in requests[1:3]:
        world.apply(request)
    return world, requests[1].parameters, requests[2].parameters


def test_what_was_created_as_asked_is_like_it() -> None:
    world, model, config = created()
    assert model_as_asked(world.models[model["ModelName"]], model)
    assert config_as_asked(world.configs[config["EndpointConfigName"]], config)


@pytest.mark.parametrize("change", [{"execution_role": "arn:other"}, {"containers": ()}])
def test_a_model_of_another_role_or_package_is_not(change: dict[str, Any]) -> None:
    world, model, _ = created()
    assert not model_as_asked(world.models[model["ModelName"]].model_copy(update=change), model)


@pytest.mark.parametrize("change", [{"instance_type": "ml.t2"}, {"model_name": "other"}, {"name": "other"}])
def test_a_config_with_another_variant_is_not(change: dict[str, Any]) -> None:
    world, _, config = created()
    found = world.configs[config["EndpointConfigName"]]
    variant = found.variants[0].model_copy(update=change)
    assert not config_as_asked(found.model_copy(update={"variants": (variant,)}), config)


def test_what_sagemaker_adds_by_itself_is_no_difference_and_what_it_lacks_is() -> None:
    assert holds({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2, "c": 3}], "d": 4})
    assert not holds({"a": 1, "b": 2}, {"a": 1})
    assert not holds({"a": [1]}, {"a": [1, 2]})
    assert not holds({"a": {"b": 1}}, {"a": "b"})
