"""What the runbook index holds and hands out: plain frozen records, no vendor types."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["runbook", "procedure", "incident"]


class Passage(BaseModel):
    """One piece of a Markdown file: whole lines under one heading, and one record of the Chroma collection.

    The passages of a file, in order, cover every line of it exactly once.

    Attributes:
        record_id: stable while the file's path, the heading and the text stay the same.
        file: path inside the indexed folder, with forward slashes.
        heading: headings above the text, outermost first, joined by " > "; the page's own title is left out
            unless it is the only one.
        start: first line, counted from 1.
        end: last line, included.
        text: the lines as they are in the file, line ends too.
        alert: the alert this page answers, for runbooks named after one.
        title: the page's first heading, else the file's name.
    """

    model_config = ConfigDict(frozen=True)

    record_id: str
    file: str
    heading: str
    start: int
    end: int
    text: str
    kind: Kind
    alert: str | None
    title: str


class RunbookHit(BaseModel):
    """A passage that answers a query, with the line to quote.

    Attributes:
        lines: first and last line of the quote in the file, counted from 1.
        quote: verbatim from the file; it stands under `heading`.
        score: 1 for a page asked for by name, else the mean of the page's best cosine and the share of the query's
            words it holds, and a tenth of the share that its title holds. Not a probability.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    heading: str
    lines: tuple[int, int]
    quote: str
    score: float
    kind: Kind
    record_id: str
    title: str


class IndexReport(BaseModel):
    """What one run of `RunbookIndex.index` did, in files; and how many passages the collection holds after it."""

    model_config = ConfigDict(frozen=True)

    added: int
    updated: int
    removed: int
    unchanged: int
    passages: int
