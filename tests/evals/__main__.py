"""`python -m tests.evals`: run the cases and report. The report is no test: it ends with 0 whenever it could run."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from agents.llm_config import LlmConfig
from tests.evals import baselines, report, runner
from tests.evals.eval_case import all_cases
from tests.evals.figures import figures
from tests.evals.grading import Grade

AT_ONCE = 4
"""Investigations side by side where a language model is waited for; offline they only share the processor."""


def main() -> int:
    """Run, print, and write JSON where it was asked for."""
    words = argparse.ArgumentParser(prog="python -m tests.evals", description="Diagnosis evals of AgentOps.")
    words.add_argument(
        "--llm",
        nargs="?",
        const="",
        metavar="NAME",
        help="let a language model reason (NAME: e.g. anthropic:claude-sonnet-5-5, openai:gpt-5; default by settings)",
    )
    words.add_argument("--json", type=Path, metavar="FILE", help="also write the figures and every case as JSON")
    words.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains TEXT")
    asked = words.parse_args()
    cases = [case for case in all_cases() if asked.only in case.name]
    if not cases:
        print(f"no case is named like {asked.only!r}", file=sys.stderr)
        return 2
    llm = LlmConfig() if asked.llm is None else _configured(asked.llm)
    if asked.llm is not None and llm.offline:
        print("Claude needs ANTHROPIC_API_KEY; without --llm the offline rules are measured", file=sys.stderr)
        return 2
    done: list[str] = []

    def told(grade: Grade) -> None:
        done.append(grade.case)
        if not sys.stderr.isatty():
            return
        print(f"\r{len(done)}/{len(cases)} {grade.case:<50.50}", end="", file=sys.stderr, flush=True)

    with runner.shipped_runbooks() as runbooks:
        at_once = 1 if llm.offline else AT_ONCE
        grades = asyncio.run(runner.run(cases, llm, runbooks, at_once=at_once, told=told))
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    answers = asyncio.run(baselines.answers(cases, runner.shipped_catalogue()))
    told_all = figures(cases, grades, answers)
    if llm.base_url and not llm.offline:
        print(f"The language model was asked at {llm.base_url}, which may be a stand-in.\n")
    print(report.as_text(told_all))
    if asked.json is not None:
        asked.json.write_text(json.dumps(told_all, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0


def _configured(name: str) -> LlmConfig:
    """As the bot would be configured; only bot.settings reads the environment."""
    from bot.partners import llm_config
    from bot.settings import Settings

    return llm_config(Settings(), name or None)


if __name__ == "__main__":
    sys.exit(main())
