"""A runbook as a page: its Markdown line by line, every line with an address that citations can lead to."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from tools.runbook_index.passages import split_lines

TEMPLATE = Path(__file__).with_suffix(".html")
FILE = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)*[A-Za-z0-9][\w.-]*\.md", re.ASCII)


class RunbookPage:
    """Pages of the runbooks in one folder. `headers` go with every page."""

    def __init__(self, folder: Path) -> None:
        """Read the template; the folder is read at each call."""
        self._folder = folder
        self._template = TEMPLATE.read_text(encoding="utf-8")
        self.headers = {
            "Content-Security-Policy": _policy_of(self._template),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def of(self, file: str) -> str | None:
        """The page of a file, or None when there is no such runbook in the folder."""
        text = _text_of(self._folder, file)
        if text is None:
            return None
        lines = [line.rstrip("\r\n") for line in split_lines(text)]
        title = next((line.lstrip("# ") for line in lines if line.startswith("# ")), file)
        return Template(self._template).substitute(
            title=escape(title), path=escape(file).replace("/", " / "), rows="\n".join(_rows(lines))
        )


def _text_of(folder: Path, file: str) -> str | None:
    if not FILE.fullmatch(file):
        return None
    root = folder.resolve()
    path = (root / file).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        return None
    return path.read_bytes().decode("utf-8-sig", "replace")


def _policy_of(page: str) -> str:
    """A content security policy under which the page's own style and script run, and nothing else."""
    shown = Template(page).safe_substitute()
    allowed: dict[str, str] = {}
    for tag in ("style", "script"):
        own = shown.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        allowed[tag] = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{allowed['style']}'; script-src 'sha256-{allowed['script']}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """Each line with its number and, where Markdown gives it one, its look. Every word of the file is escaped."""
    fence = ""
    for number, line in enumerate(lines, start=1):
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        heading = re.match(r"(#{1,6}) +(.+)$", line)
        if fence or mark:
            shown = f"<pre>{escape(line)}</pre>"
            if mark:
                fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        elif heading:
            level = len(heading[1])
            shown = f"<h{level}>{_inline(heading[2])}</h{level}>"
        else:
            shown = f"<p>{_inline(line)}</p>"
        link = f'<a href="#L{number}" aria-label="Line {number}">{number}</a>'
        yield f'<div class="row" id="L{number}">{link}{shown}</div>'


def _inline(line: str) -> str:
    """Code, bold words and links of one line; links lead to other runbooks or to the web, never elsewhere."""

    def part(found: re.Match[str]) -> str:
        code, bold, label, target = found.groups()
        if code is not None:
            return f"<code>{code}</code>"
        if bold is not None:
            return f"<strong>{bold}</strong>"
        if re.fullmatch(r"(?:\.\.?/)*\w[\w./-]*\.md(?:#[\w-]*)?|https?://[^\s]+", target, re.ASCII):
            return f'<a href="{target}" rel="noreferrer">{label}</a>'
        return found[0]

    return re.sub(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^()\s]+)\)", part, escape(line))
