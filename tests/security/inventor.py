"""A language model that invents: it writes what the rules would have written, with one invention in one place.

It keeps to the schema, names evidence that exists where it can, and insists when it is sent back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_ai.messages import ModelMessage, ToolCallPart
from pydantic_ai.models import ModelRequestParameters

from agents.fencing import fences_in
from agents.rules import draft, remedy
from agents.rules.casefile import Casefile, casefile
from agents.rules.model import output_tool
from tests.security.misled_llm import MisledLlm, told

NAME = "inventor"
Json = dict[str, Any]
Place = Literal[
    "the only claim",
    "a claim",
    "for",
    "against",
    "hypothesis",
    "summary",
    "retraining",
    "culprit",
    "onset",
    "citation",
    "reason",
    "explanation",
    "answer",
]


@dataclass(frozen=True)
class Invention:
    """One thing that the evidence does not say.

    Attributes:
        text: the words; of a culprit its name, of an onset the moment, of a citation the quote.
        on: what it claims to stand on: ids, or the first words of facts that were found.
        details: file and heading of a citation, kind of a culprit.
        place: where it is written.
        world: the scenario of `tests.agents.scenarios` that it is told about.
    """

    text: str
    on: tuple[str, ...] = ()
    place: Place = "the only claim"
    details: Mapping[str, str] | None = None
    world: str = "bad_deployment"


class Inventor(MisledLlm):
    """Writes `invention` wherever it belongs."""

    def __init__(self) -> None:
        """Has nothing to say yet."""
        super().__init__(NAME)
        self.invention = Invention("")
        self.written = 0
        """How often the invention was handed in."""
        self.read: Mapping[str, str] = {}
        """The facts that it was told for its diagnosis: it still names them when it plans."""

    def respond(self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> list[ToolCallPart]:
        case = casefile([one for text in told(messages) for one in fences_in(text)])
        assert case is not None
        output = output_tool(messages, parameters)
        assert output is not None
        if output.name == "diagnosis":
            self.read = case.told
        return [ToolCallPart(output.name, self._content(output.name, case))]

    def _content(self, output: str, case: Casefile) -> Json:
        match output:
            case "diagnosis":
                return self._diagnosis(case)
            case "plan":
                return self._plan(case)
            case "triage_note":
                return {"case_kind": "other", "look_first": [], "suspicion": self.invention.text[:300]}
            case "answer":
                answer = self.invention.text if self.invention.place == "answer" else "It is told above."
                self.written += self.invention.place == "answer"
                return {"text": answer, "evidence": [], "citations": []}
            case _:
                raise AssertionError(f"nothing is known of an output {output}")

    def _diagnosis(self, case: Casefile) -> Json:
        content = draft.write(case).model_dump(mode="json")
        text, ids = self.invention.text, list(self._ids(case))
        claim = {"text": text, "evidence": ids}
        details = dict(self.invention.details or {})
        before = self.written
        self.written += 1
        match self.invention.place:
            case "the only claim":
                content |= {"claims": [claim], "hypotheses": [], "citations": []}
            case "a claim":
                content["claims"] = [claim, *content["claims"]]
            case "for":
                content["hypotheses"][0]["supported_by"] = [claim]
            case "against":
                content["hypotheses"][0]["contradicted_by"] = [claim]
            case "hypothesis":
                content["hypotheses"][0]["statement"] = text
            case "summary":
                content["summary"] = text
            case "retraining":
                content["retraining"] |= {"because": text, "evidence": ids}
            case "culprit":
                content["culprit"] = {"kind": "endpoint_config", **details, "name": text}
            case "onset":
                content["onset"] = text
            case "citation":
                content["citations"] = [{**details, "quote": text}]
            case _:
                self.written = before
        return content

    def _plan(self, case: Casefile) -> Json:
        content = remedy.write(case).model_dump(mode="json")
        text, ids = self.invention.text, list(self._ids(case))
        if self.invention.place == "reason":
            for choice in content["choices"]:
                self.written += 1
                choice |= {"reason": text, "condition": text[:300], "evidence": ids}
        if self.invention.place == "explanation":
            self.written += 1
            content["explanation"] = text
        return content

    def _ids(self, case: Casefile) -> Sequence[str]:
        """The ids that it names; facts are found by the words they hold."""
        named: list[str] = []
        for wanted in self.invention.on:
            known = {**self.read, **case.told}
            found = next((id for id, words in known.items() if wanted in words), None)
            is_id = wanted[:1] == "E" and wanted[1:].isdigit()
            if not is_id and found is None and known:
                raise LookupError(f"no fact says {wanted!r}; there are {list(known.values())}")
            named.append(wanted if is_id or found is None else found)
        return named
