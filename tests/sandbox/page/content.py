"""What the product posts, as blocks: enough to judge and to test how the page shows it."""

from typing import Any

Block = dict[str, Any]

QUOTE = "If the regression began with a deployment and inputs are unchanged, roll back before anything else."


REPORT = """## Resolved: product-recommender

Rolled back to **product-recommender-v23**; p99 is `0.34 s` again.

| Step | Took |
|---|---:|
| Detect | 1 min 52 s |
| Diagnose | 2.1 s |
| Decide | 41 s |
| Recover | 4 min 10 s |

1. Read [the deployment checklist](https://runbooks.example/deploy)
2. Find out why v24 passed its tests

> One effect: `UpdateEndpoint`, by the on-call approver.
"""


def mrkdwn(text: str) -> Block:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def rich(*pieces: Block) -> Block:
    """A rich_text block of one section."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(pieces)}]}


def words(text: str, **style: bool) -> Block:
    """A text piece of rich text."""
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def root(state: str = "Waiting for a decision", sign: str = ":large_orange_circle:") -> list[Block]:
    """The incident's first post."""
    return [
        {"type": "header", "text": plain(":rotating_light: product-recommender: latency and errors")},
        {
            "type": "section",
            "fields": [
                mrkdwn(f"*State*\n{sign} {state}"),
                mrkdwn("*Severity*\ncritical · tier 2"),
                mrkdwn("*Fired*\nEndpointLatencyP99High, EndpointErrorRateHigh"),
                mrkdwn("*Since*\n<!date^1732128000^{date_short_pretty} {time_secs}|20 Nov, 18:40:00>"),
            ],
        },
        {
            "type": "context",
            "elements": [
                mrkdwn(
                    "prod · shop-ml · <https://grafana.example/d/ml|Dashboard> · "
                    "<https://runbooks.example/p99|Runbook> · `INC-0012`"
                )
            ],
        },
    ]


def progress(done: int = 3) -> list[Block]:
    """The plan message while agents work; `done` of its five tasks."""
    titles = ["Gather evidence", "Search the runbooks", "Diagnose", "Check the diagnosis", "Propose what to do"]
    outputs = ["14 facts from Prometheus and SageMaker", "3 passages fit", "bad_deployment, high confidence", "", ""]
    tasks = [
        {
            "type": "task_card",
            "task_id": f"step-{index}",
            "title": title,
            "status": "complete" if index < done else "in_progress" if index == done else "pending",
            **({"output": rich(words(outputs[index]))} if index < done and outputs[index] else {}),
            **({"details": rich(words("Every claim must name its evidence"))} if index == done else {}),
        }
        for index, title in enumerate(titles)
    ]
    return [{"type": "plan", "title": "Investigating product-recommender", "tasks": tasks}]


def diagnosis() -> list[Block]:
    """Class, culprit, evidence, citation, author."""
    evidence = [
        ("p99 rose from 0.35 s to 2.51 s at 18:40:12", "E3"),
        ("errors rose from 0.1 % to 6.4 % within the same minute", "E4"),
        ("product-recommender-v24 went live at 18:39:58", "E7"),
        ("no feature moved: the largest PSI is 0.03", "E9"),
    ]
    items = [
        {"type": "rich_text_section", "elements": [words(f"{text} "), words(f"[{name}]", code=True)]}
        for text, name in evidence
    ]
    return [
        {"type": "header", "text": plain("A bad deployment")},
        {
            "type": "section",
            "text": mrkdwn(
                "*product-recommender-v24* is slow and fails requests. It went live 14 seconds before the first "
                "symptom, and what it is asked has not changed."
            ),
        },
        {
            "type": "section",
            "fields": [
                mrkdwn("*Class*\n`bad_deployment`"),
                mrkdwn("*Culprit*\n`product-recommender-v24`"),
                mrkdwn("*Onset*\n18:40:12 UTC"),
                mrkdwn("*Confidence*\nhigh (27 of 28 such cases)"),
            ],
        },
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": items}]},
        {
            "type": "section",
            "text": mrkdwn(
                f"> {QUOTE}\n<https://runbooks.example/p99|runbooks/EndpointLatencyP99High.md>, _Mitigation_"
            ),
        },
        {"type": "context", "elements": [mrkdwn("Written by the offline rules · 0 tokens · $0.00 · 2.1 s")]},
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "diagnosis_feedback",
                    "positive_button": {"text": plain("Right"), "value": "right"},
                    "negative_button": {"text": plain("Wrong"), "value": "wrong"},
                }
            ],
        },
    ]


CONFIRM = {
    "title": plain("Roll back product-recommender?"),
    "text": mrkdwn(
        "The endpoint goes back to *product-recommender-v23*. This is one `UpdateEndpoint` call, about 4 minutes."
    ),
    "confirm": plain("Roll back"),
    "deny": plain("Not yet"),
}


def cell(text: str) -> Block:
    """A table cell of raw text."""
    return {"type": "raw_text", "text": text}


def proposal(decided: str = "") -> list[Block]:
    """The card: plan, exact call, risk, who may decide; without buttons once decided."""
    rows = [
        [cell("What"), cell("Before"), cell("After")],
        [cell("Endpoint config"), cell("product-recommender-v24"), cell("product-recommender-v23")],
        [cell("Variant"), cell("AllTraffic, 2 × ml.c5.xlarge"), cell("AllTraffic, 2 × ml.c5.xlarge")],
        [cell("Expected p99"), cell("2.51 s"), cell("0.35 s")],
    ]
    buttons: Block = {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "style": "primary",
                "text": plain("Approve"),
                "value": "p1",
                "confirm": CONFIRM,
            },
            {"type": "button", "action_id": "deny", "style": "danger", "text": plain("Deny…"), "value": "p1"},
            {
                "type": "overflow",
                "action_id": "more",
                "options": [
                    {"text": plain("Show the exact request"), "value": "request"},
                    {"text": plain("Ask for another diagnosis"), "value": "again"},
                ],
            },
        ],
    }
    closing: Block = {"type": "section", "text": mrkdwn(decided)} if decided else buttons
    return [
        {"type": "header", "text": plain("Proposal: roll back to product-recommender-v23")},
        {"type": "table", "rows": rows, "column_settings": [{"is_wrapped": True}]},
        {
            "type": "section",
            "fields": [
                mrkdwn("*Risk*\nlow: v23 served until today"),
                mrkdwn("*Undo*\nupdate to product-recommender-v24"),
                mrkdwn("*Takes*\nabout 4 minutes, no cost"),
                mrkdwn("*May approve*\none of <!subteam^SMLONCALL>"),
            ],
        },
        {
            "type": "section",
            "text": mrkdwn(
                "```sagemaker:UpdateEndpoint\n  EndpointName        product-recommender-prod\n"
                "  EndpointConfigName  product-recommender-v23```"
            ),
        },
        closing,
        {
            "type": "context",
            "elements": [mrkdwn("Digest `7f3a90c1` · waits 5 minutes, then <!subteam^SMLLEADS> is asked")],
        },
    ]


def report() -> list[Block]:
    """The closing report, in the markdown block."""
    return [{"type": "markdown", "text": REPORT}]


def deny_modal(private: str) -> Block:
    """The dialog that asks for a reason."""
    return {
        "type": "modal",
        "callback_id": "deny",
        "private_metadata": private,
        "title": plain("Deny the rollback"),
        "submit": plain("Deny"),
        "close": plain("Cancel"),
        "blocks": [
            {
                "type": "alert",
                "level": "warning",
                "text": plain("Denying is final. The incident stays open and is watched."),
            },
            {
                "type": "input",
                "block_id": "why",
                "label": plain("Why?"),
                "hint": plain("Shown in the thread, and kept in the audit."),
                "element": {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": 300},
            },
            {
                "type": "input",
                "block_id": "kind",
                "optional": True,
                "label": plain("What was wrong with it"),
                "element": {
                    "type": "radio_buttons",
                    "action_id": "kind",
                    "options": [
                        {"text": plain("The diagnosis"), "value": "diagnosis"},
                        {
                            "text": plain("The timing"),
                            "value": "timing",
                            "description": plain("Right, but not now"),
                        },
                    ],
                },
            },
        ],
    }


def home() -> Block:
    """A Home tab."""
    models = [
        (":large_green_circle:", "fraud-detector", "tier 1 · v41 · healthy"),
        (":large_green_circle:", "churn-predictor", "tier 2 · v17 · healthy"),
        (":red_circle:", "product-recommender", "tier 2 · v24 · p99 2.51 s, errors 6.4 %"),
    ]
    health: list[Block] = [
        {"type": "section", "text": mrkdwn(f"{sign} *{name}*\n{text}")} for sign, name, text in models
    ]
    health[2]["accessory"] = {
        "type": "button",
        "action_id": "investigate",
        "text": plain("Investigate"),
        "value": "rec",
    }
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("Models")},
            *health,
            {"type": "divider"},
            {"type": "header", "text": plain("Waiting for approval")},
            {"type": "section", "text": mrkdwn("Roll back *product-recommender* · `7f3a90c1` · asked 2 minutes ago")},
        ],
    }


def every_block() -> list[Block]:
    """One message with the blocks and elements the product's own messages do not use."""
    options = [{"text": plain(name), "value": name} for name in ("fraud-detector", "churn-predictor")]
    return [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        words("bold", bold=True),
                        words(" "),
                        words("struck", strike=True),
                        words(" "),
                        {"type": "user", "user_id": "USECOND"},
                        words(" "),
                        {"type": "channel", "channel_id": "CPLATFORM"},
                        words(" "),
                        {"type": "emoji", "name": "white_check_mark"},
                        words(" "),
                        {"type": "link", "url": "https://example.com/a", "text": "a link"},
                    ],
                },
                {"type": "rich_text_quote", "elements": [words("quoted")]},
                {"type": "rich_text_preformatted", "elements": [words("SELECT 1;")]},
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "elements": [{"type": "rich_text_section", "elements": [words("first")]}],
                },
            ],
        },
        {
            "type": "section",
            "text": mrkdwn("Pick a model"),
            "accessory": {
                "type": "static_select",
                "action_id": "pick_model",
                "placeholder": plain("Model"),
                "options": options,
            },
        },
        {
            "type": "actions",
            "block_id": "odds",
            "elements": [
                {"type": "button", "action_id": "unheard", "text": plain("Nobody listens"), "value": "x"},
                {"type": "datepicker", "action_id": "day", "initial_date": "2024-11-20"},
                {"type": "checkboxes", "action_id": "ticks", "options": options},
                {"type": "users_select", "action_id": "person", "placeholder": plain("Who")},
            ],
        },
        {
            "type": "task_card",
            "task_id": "alone",
            "title": "Chart the metric",
            "status": "error",
            "output": rich(words("matplotlib is not installed")),
        },
    ]
