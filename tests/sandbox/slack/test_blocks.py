"""Every limit Slack enforces is enforced here, at the right place."""

from typing import Any

import pytest
from slack_sdk.models.blocks import (
    ContextActionsBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    MarkdownBlock,
    PlanBlock,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    TableBlock,
    TaskCardBlock,
)

from sandbox.slack.blocks import Surface, block_problems, check_message_blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.view_rules import check_view

Json = dict[str, Any]


def is_file(file_id: str) -> bool:
    return file_id == "FKNOWN"


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**fields: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **fields}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def text_input(**fields: Any) -> Json:
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "a"}, **fields}


def option(value: str = "v") -> Json:
    return {"text": plain(value), "value": value}


def select(**fields: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option()], **fields}


def rich(*leaves: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(leaves)}]}


def cell(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def task(**fields: Any) -> Json:
    return {"type": "task_card", "task_id": "t1", "title": "Look", "status": "pending", **fields}


def modal(**fields: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": [{"type": "divider"}], **fields}


ACCEPTED: list[Json] = [
    {"type": "section", "text": mrkdwn("x" * 3000)},
    {"type": "section", "fields": [mrkdwn("x" * 1000)] * 10},
    {"type": "section", "text": mrkdwn(), "accessory": select()},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {"type": "image", "image_url": "http://localhost/x.png", "alt_text": "x"},
    {"type": "image", "slack_file": {"id": "FKNOWN"}, "alt_text": "x"},
    {"type": "context", "elements": [mrkdwn(), {"type": "image", "image_url": "http://x/y.png", "alt_text": "y"}]},
    actions(*(button(action_id=str(number)) for number in range(25))),
    actions(button(style="danger", confirm={"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()})),
    actions({"type": "overflow", "action_id": "o", "options": [option()]}),
    text_input(),
    rich({"type": "text", "text": "x", "style": {"code": True}}, {"type": "user", "user_id": "U1"}),
    {"type": "markdown", "text": "x" * 12_000},
    {"type": "table", "rows": [[cell(), {"type": "raw_number", "value": 1.5}, rich({"type": "text", "text": "x"})]]},
    {"type": "plan", "title": "Plan", "tasks": [task(details=rich({"type": "text", "text": "x"}))]},
    task(sources=[{"type": "url", "url": "http://x", "text": "x"}]),
    {"type": "card", "title": mrkdwn(), "actions": [button()]},
]

REFUSED: list[tuple[Json, str]] = [
    ({"text": mrkdwn()}, "missing required field: type [json-pointer:/blocks/0]"),
    ({"type": "marquee"}, "unsupported type: marquee [json-pointer:/blocks/0/type]"),
    ({"type": "alert", "text": plain()}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
    ({"type": "divider", "block_id": "x" * 256}, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ({"type": "divider", "colour": "red"}, "invalid additional property: colour [json-pointer:/blocks/0]"),
    ({"type": "section"}, "must provide at least one of text or fields [json-pointer:/blocks/0]"),
    (
        {"type": "section", "text": mrkdwn("x" * 3001)},
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    ({"type": "section", "text": mrkdwn("")}, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section", "text": "x"}, "must provide an object [json-pointer:/blocks/0/text]"),
    ({"type": "section", "fields": [mrkdwn()] * 11}, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    (
        {"type": "section", "fields": [mrkdwn("x" * 2001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        {"type": "section", "text": mrkdwn(), "accessory": {"type": "plain_text_input"}},
        "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory/type]",
    ),
    (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    ({"type": "header", "text": mrkdwn()}, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    ({"type": "context", "elements": []}, "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (
        {"type": "context", "elements": [mrkdwn()] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        {"type": "image", "alt_text": "x"},
        "must provide exactly one of image_url or slack_file [json-pointer:/blocks/0]",
    ),
    (
        {"type": "image", "alt_text": "x", "slack_file": {"id": "F0"}},
        "invalid slack file [json-pointer:/blocks/0/slack_file/id]",
    ),
    ({"type": "image", "image_url": "http://x"}, "missing required field: alt_text [json-pointer:/blocks/0]"),
    (
        actions(*(button(action_id=str(number)) for number in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        actions(button(), button()),
        "`action_id` 'go' already exists for another element [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button(action_id="x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (actions(button(style="huge")), "must be one of: danger, primary [json-pointer:/blocks/0/elements/0/style]"),
    (
        actions(select(options=[option()] * 2)),
        "`value` 'v' already exists for another element [json-pointer:/blocks/0/elements/0/options/1/value]",
    ),
    (
        actions(select(options=[option(str(number)) for number in range(101)])),
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        actions(select(placeholder=plain("x" * 151))),
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/placeholder/text]",
    ),
    (
        actions({"type": "overflow", "options": [option(str(number)) for number in range(6)]}),
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    ({"type": "markdown", "text": "x" * 12_001}, "must be less than 12001 characters [json-pointer:/blocks/0/text]"),
    ({"type": "table", "rows": []}, "no fewer than 1 items allowed [json-pointer:/blocks/0/rows]"),
    ({"type": "table", "rows": [[cell()]] * 101}, "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ({"type": "table", "rows": [[cell()] * 21]}, "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    ({"type": "table", "rows": [[cell("")]]}, "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"),
    ({"type": "table", "rows": [[mrkdwn()]]}, "unsupported type: mrkdwn [json-pointer:/blocks/0/rows/0/0/type]"),
    (
        rich({"type": "text", "text": ""}),
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    (rich({"type": "sound"}), "unsupported type: sound [json-pointer:/blocks/0/elements/0/elements/0/type]"),
    (
        task(status="waiting"),
        "must be one of: complete, error, in_progress, pending [json-pointer:/blocks/0/status]",
    ),
    (
        {"type": "plan", "title": "Plan", "tasks": [task(), task()]},
        "`task_id` 't1' already exists for another element [json-pointer:/blocks/0/tasks/1/task_id]",
    ),
    ({"type": "plan", "tasks": []}, "missing required field: title [json-pointer:/blocks/0]"),
    ({"type": "context_actions", "elements": [button()]}, "unsupported type: button"),
    (
        {"type": "card", "body": mrkdwn("x" * 201)},
        "must be less than 201 characters [json-pointer:/blocks/0/body/text]",
    ),
]


@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: block["type"])
def test_blocks_within_the_limits_are_accepted(block: Json) -> None:
    assert block_problems([block], "message", is_file) == []


@pytest.mark.parametrize(("block", "complaint"), REFUSED, ids=lambda case: case if isinstance(case, str) else "")
def test_blocks_beyond_a_limit_are_refused_where_it_lies(block: Json, complaint: str) -> None:
    problems = block_problems([block], "message", is_file)
    assert any(problem.startswith(complaint) for problem in problems), problems


def test_what_the_sdk_makes_is_accepted() -> None:
    good = FeedbackButtonObject(text="Good", value="good")
    bad = FeedbackButtonObject(text="Bad", value="bad")
    text = RichTextSectionElement(elements=[RichTextElementParts.Text(text="x")])
    blocks: list[Any] = [
        PlanBlock(title="Plan", tasks=[TaskCardBlock(task_id="1", title="Look", status="complete")]),
        TaskCardBlock(task_id="2", title="Think", status="in_progress", details=RichTextBlock(elements=[text])),
        TableBlock(rows=[[cell()]], column_settings=[{"align": "right", "is_wrapped": True}]),
        MarkdownBlock(text="**x**"),
        ContextActionsBlock(
            elements=[FeedbackButtonsElement(action_id="f", positive_button=good, negative_button=bad)]
        ),
    ]
    assert block_problems([block.to_dict() for block in blocks], "message", is_file) == []


def test_fifty_blocks_are_enough_for_a_message_and_a_hundred_for_a_view() -> None:
    divider = {"type": "divider"}
    surfaces: list[tuple[Surface, int]] = [("message", 50), ("modal", 100), ("home", 100)]
    for surface, limit in surfaces:
        assert block_problems([divider] * limit, surface, is_file) == []
        assert block_problems([divider] * (limit + 1), surface, is_file) == [
            f"no more than {limit} items allowed [json-pointer:/blocks]"
        ]


def test_block_ids_are_unique_and_tables_single() -> None:
    named = {"type": "divider", "block_id": "b"}
    assert "`block_id` 'b' already exists" in block_problems([named, named], "message", is_file)[0]
    table = {"type": "table", "rows": [[cell()]]}
    assert "only one table is allowed" in block_problems([table, table], "message", is_file)[0]
    half = {"type": "markdown", "text": "x" * 7000}
    assert "together" in block_problems([half, half], "message", is_file)[0]


def test_too_much_text_in_all_blocks_is_msg_blocks_too_long() -> None:
    section = {"type": "section", "text": mrkdwn("x" * 2700)}
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        check_message_blocks([section] * 5, is_file)


def test_the_error_carries_messages_as_slack_does() -> None:
    with pytest.raises(ApiError) as caught:
        check_message_blocks([{"type": "section"}], is_file)
    assert caught.value.body() == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": ["must provide at least one of text or fields [json-pointer:/blocks/0]"],
        "response_metadata": {
            "messages": ["[ERROR] must provide at least one of text or fields [json-pointer:/blocks/0]"]
        },
    }


def test_ids_are_made_up_where_they_are_missing() -> None:
    (block,) = check_message_blocks([actions({"type": "button", "text": plain()})], is_file)
    assert block["block_id"]
    assert block["elements"][0]["action_id"]


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
        (modal(blocks=[text_input()]), "submit is required when an input block is used"),
        (modal(blocks=[{"type": "plan", "title": "x"}]), "unsupported type: plan [json-pointer:/view/blocks/0/type]"),
        (modal(id="V1"), "invalid additional property: id [json-pointer:/view]"),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
    ],
)
def test_views_beyond_a_limit_are_refused(view: Json, complaint: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_view(view, "modal", is_file)
    assert caught.value.code == "invalid_arguments"
    assert any(message.startswith(complaint) for message in caught.value.messages), caught.value.messages


def test_an_alert_may_stand_in_a_modal() -> None:
    view = modal(blocks=[{"type": "alert", "text": plain(), "level": "warning"}])
    assert check_view(view, "modal", is_file)["blocks"][0]["level"] == "warning"
