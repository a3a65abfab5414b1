"""How often diagnoses of each confidence were right: the counts behind the three bands.

Of the offline rules, over the first runs of all sealed parts of the evals: on cases that they had not seen. A figure
of cases that the rules were mended on would promise too much. No language model was measured.
"""

from collections.abc import Mapping

from incidents.diagnosis import Confidence, Reasoner

RIGHT_OF: Mapping[Confidence, tuple[int, int]] = {
    Confidence.HIGH: (81, 94),
    Confidence.MEDIUM: (43, 55),
    Confidence.LOW: (28, 34),
}
"""Root-cause class right, of how many diagnoses with that confidence."""


def track_record(confidence: Confidence, reasoner: Reasoner) -> str:
    """What this confidence was worth, or that it was not measured."""
    if not reasoner.offline:
        return f"{confidence.value} confidence: not measured for this reasoner"
    right, of = RIGHT_OF[confidence]
    return f"{confidence.value} confidence: right in {right} of {of} test cases not seen before"
