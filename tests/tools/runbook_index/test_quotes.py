from tools.runbook_index.passages import passages
from tools.runbook_index.quotes import find_quote, sentences

PAGE = """# EndpointSlow

It is slow. Callers wait, e.g. Payments do! See the log.

## Mitigation

Decide in this order.

1. If the config changed, roll
   back to the last one. Then verify.
2. Scale out.

### After a deployment

> Stop the pipeline first.

| Model | Time |
|---|---|
| fraud-detector | 42 min |

```bash
aws sagemaker update-endpoint
```
"""
CUT = passages("EndpointSlow.md", PAGE)


def test_sentences_are_verbatim_and_know_their_lines() -> None:
    lines = PAGE.split("\n")
    found = [sentence for piece in CUT for sentence in sentences(piece)]
    assert found
    for sentence in found:
        assert sentence.text in "\n".join(lines[sentence.start - 1 : sentence.end])


def test_sentences_leave_markers_code_and_headings_out() -> None:
    texts = [sentence.text for piece in CUT for sentence in sentences(piece)]
    assert texts == [
        "It is slow.",
        "Callers wait, e.g. Payments do!",
        "See the log.",
        "Decide in this order.",
        "If the config changed, roll\n   back to the last one.",
        "Then verify.",
        "Scale out.",
        "Stop the pipeline first.",
        "Model | Time",
        "fraud-detector | 42 min",
    ]


def test_a_passage_of_code_alone_is_quoted_as_code() -> None:
    (piece,) = passages("a.md", "```\nmake check\n```\n")
    assert [sentence.text for sentence in sentences(piece)] == ["make check"]


def test_a_quote_is_found_with_its_lines() -> None:
    assert find_quote(CUT, "Mitigation", "Scale out. Then") is None
    assert find_quote(CUT, "Mitigation", "Decide in this order.") == (7, 7)


def test_a_quote_may_cross_a_line_end() -> None:
    assert find_quote(CUT, "Mitigation", "roll back to the last one") == (9, 10)


def test_a_quote_under_another_heading_is_refused() -> None:
    assert find_quote(CUT, "Meaning", "Decide in this order.") is None
    assert find_quote(CUT, "After a deployment", "Decide in this order.") is None


def test_a_heading_may_be_the_path_its_end_or_one_above() -> None:
    for heading in ("Mitigation > After a deployment", "after a deployment", "Mitigation", "EndpointSlow"):
        assert find_quote(CUT, heading, "Stop the pipeline first.") == (15, 15)


def test_changed_words_case_or_too_few_words_are_no_quote() -> None:
    assert find_quote(CUT, "Mitigation", "If the config changed, roll forward") is None
    assert find_quote(CUT, "Mitigation", "decide in this order.") is None
    assert find_quote(CUT, "Mitigation", "this order.") is None
    assert find_quote(CUT, "Mitigation", "") is None


def test_lines_are_counted_the_same_for_every_line_end() -> None:
    cut = passages("a.md", PAGE.replace("\n", "\r\n"))
    assert find_quote(cut, "Mitigation", "roll back to the last one") == (9, 10)
