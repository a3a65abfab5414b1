"""A candidate beside the live model, metric by metric and slice by slice, as the gate saw them."""

from collections.abc import Iterator

from bot.slack.blocks.kit import paragraph, preformatted, rich, section, words
from bot.slack.blocks.text import line, mrkdwn
from bot.slack.rendered import Block
from incidents.comparison import ComparedFigure, Comparison

_ROWS = 24
_NAME = 28
"""Characters of a name: five columns side by side on a narrow screen."""
_VERDICT = {"better": "better", "same": "within margin", "worse": "WORSE", "not_judged": "not judged"}


def comparison_blocks(comparison: Comparison) -> Iterator[Block]:
    """The gate's verdict in a sentence, then a line for each figure; slices stand under what decides."""
    live = f"version {comparison.live_version}" if comparison.live_version is not None else "the live version"
    sign, verdict = (":white_check_mark:", "passes") if comparison.passed else (":x:", "fails")
    apart = "" if comparison.same_holdout else "\n:warning: The live model's figures are from its own, older holdout."
    yield section(
        f"{sign} *Candidate version {comparison.candidate_version} {verdict} its gate against {live}*, by "
        f"{mrkdwn(comparison.metric, 40)} with a margin of {comparison.margin:g}{apart}"
    )
    rows = [_row(one) for one in comparison.rows[:_ROWS]]
    head = ("figure", "candidate", "live", "change", "")
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    more = len(comparison.rows) - _ROWS
    parts = [paragraph(words("Candidate and live, on the same rows", bold=True))] if comparison.same_holdout else []
    rest = [paragraph(words(f"and {more} more figures in its evaluation report", 80))] if more > 0 else []
    yield rich(*parts, preformatted("\n".join(one.rstrip() for one in lines), 2_600), *rest)


def _row(one: ComparedFigure) -> tuple[str, str, str, str, str]:
    name = line(one.metric, _NAME) if one.slice is None else f"  {line(one.slice, _NAME - 2)}"
    live = "–" if one.live is None else f"{one.live:.3f}"
    change = "–" if one.live is None else f"{one.candidate - one.live:+.3f}"
    rows = f", {one.rows:,} rows" if one.rows is not None else ""
    return name, f"{one.candidate:.3f}", live, change, f"{_VERDICT[one.verdict]}{rows}"
