"""Answering: a person's question, from evidence and runbooks alone."""

from pydantic_ai import Agent, ModelRetry, RunContext, ToolOutput
from pydantic_ai.models import Model

from agents.answer import AnswerDraft
from agents.grounding import checked_citations, told_problem
from agents.instructions import instructions
from agents.toolsets.investigation import investigation_toolset
from agents.toolsets.other_sources import other_sources_toolset
from agents.toolsets.repeated import guarded
from agents.workbench import Workbench


def answering_agent(model: Model) -> Agent[Workbench, AnswerDraft]:
    """Built once a process."""
    agent = Agent(
        model,
        deps_type=Workbench,
        output_type=ToolOutput(AnswerDraft, name="answer", description="Hand in the answer."),
        instructions=instructions("answering"),
        toolsets=[guarded(investigation_toolset()), guarded(other_sources_toolset())],
        name="answering",
        retries=2,
    )

    @agent.output_validator
    async def grounded(ctx: RunContext[Workbench], draft: AnswerDraft) -> AnswerDraft:
        """Sends an answer with figures or quotes of its own back once."""
        if ctx.retry > 0 or ctx.partial_output:
            return draft
        book = ctx.deps.book
        _, struck = await checked_citations(draft.citations, book, ctx.deps.lens.sources.runbooks)
        problem = told_problem(draft.text, book, english=False)
        if struck or problem:
            reasons = [f"“{one.text}”: {one.reason}" for one in struck] + ([problem] if problem else [])
            raise ModelRetry("Correct the answer:\n" + "\n".join(reasons))
        return draft

    return agent


def answering_prompt(brief: str, evidence: str, diagnosis: str) -> str:
    """What answering is told; the question stands in the brief."""
    return (
        f"A question, in the brief under `question`:\n\n{brief}\n\nWhat is known of the incident:\n\n{evidence}\n\n"
        f"Its diagnosis:\n\n{diagnosis}"
    )
