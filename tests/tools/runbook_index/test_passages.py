from hypothesis import example, given
from hypothesis import strategies as st

from tools.runbook_index.passages import PASSAGE_CHARS, has_content, kind_of, passages, split_lines

MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "# Title",
                "## Meaning",
                "## Meaning ##",
                "####### seven",
                "#no space",
                "Underlined",
                "=====",
                "---",
                "```bash",
                "```",
                "~~~~",
                "# not a heading in a fence",
                "- item",
                "1. step",
                "| a | b |",
                "",
                "   ",
                "    # indented code",
                "Überschrift – naïve 漢字 🙂",
            ]
        ),
        st.text(max_size=60),
        st.text(alphabet="ab \t", min_size=PASSAGE_CHARS, max_size=PASSAGE_CHARS + 300),
    ),
    max_size=40,
)
LINE_END = st.sampled_from(["\n", "\r\n", "\r"])


@given(MARKDOWN, LINE_END, st.booleans())
@example(["a\u2028b\x0bc\x85d"], "\n", True)
def test_passages_rebuild_the_file_exactly(lines: list[str], end: str, ends: bool) -> None:
    text = end.join(lines) + (end if ends else "")
    cut = passages("Page.md", text)
    assert "".join(piece.text for piece in cut) == text
    whole = split_lines(text)
    for piece in cut:
        assert piece.text == "".join(whole[piece.start - 1 : piece.end])
        assert piece.heading and piece.title
    assert [piece.start for piece in cut] == [1, *(piece.end + 1 for piece in cut)][: len(cut)]
    assert not cut or cut[-1].end == len(whole)
    assert len({piece.record_id for piece in cut}) == len(cut)


@given(MARKDOWN)
def test_cutting_twice_gives_the_same_ids(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert passages("a.md", text) == passages("a.md", text)


def headings(text: str) -> list[str]:
    return [piece.heading for piece in passages("Page.md", text)]


def test_an_empty_file_has_no_passages() -> None:
    assert passages("Page.md", "") == []


def test_blank_lines_and_bare_headings_have_nothing_to_find() -> None:
    assert not any(
        has_content(piece) for piece in passages("Page.md", "\n\n# Title\n\n## Empty\n\n---\n\nUnder\n=====\n")
    )


def test_a_file_without_a_heading_is_named_after_the_file() -> None:
    (piece,) = passages("notes/late-labels.md", "Wait for the labels.\n")
    assert (piece.title, piece.heading, piece.start, piece.end) == ("late-labels", "late-labels", 1, 1)


def test_the_path_of_headings_leaves_the_title_out() -> None:
    assert headings("# Page\n\nIntro\n\n## Run\n\nx\n\n### Twice\n\ny\n\n## Verify\n\nz\n") == [
        "Page",
        "Run",
        "Run > Twice",
        "Verify",
    ]


def test_a_skipped_level_and_a_second_title_keep_their_path() -> None:
    assert headings("# A\n\n### Deep\n\nx\n\n# B\n\ny\n") == ["A", "Deep", "B"]


def test_hashes_in_code_front_matter_and_words_are_no_headings() -> None:
    front_matter = "---\n# comment: yes\n---\n"
    code = "```bash\n# shell comment\n```\n\n~~~\n```\n# still code\n~~~\n\n"
    text = f"{front_matter}# T\n\n{code}#hashtag\n\n    # indented\n"
    assert headings(text) == ["T", "T"]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert headings("# T\n\n```\n# code\n## code\n") == ["T"]


def test_closing_hashes_and_underlines_are_read_as_commonmark_does() -> None:
    assert headings("Title\n=====\n\nx\n\nPart\n----\n\ny\n\n## Named ##\n\nz\n") == ["Title", "Part", "Named"]


def test_a_rule_after_a_paragraph_of_two_lines_or_a_list_is_no_heading() -> None:
    assert headings("# T\n\none\ntwo\n---\n\n- item\n---\n") == ["T"]


def test_the_same_heading_and_text_twice_make_two_records() -> None:
    first, second = passages("Page.md", "## Same\n\ntext\n\n## Same\n\ntext\n\n")
    assert first.record_id != second.record_id


def test_ids_depend_on_path_and_content_but_not_on_the_place() -> None:
    (here,) = passages("a.md", "## Part\n\ntext\n")
    _, moved = passages("a.md", "Before.\n\n## Part\n\ntext\n")
    (elsewhere,) = passages("b.md", "## Part\n\ntext\n")
    assert here.record_id == passages("a.md", "## Part\n\ntext\n")[0].record_id
    assert elsewhere.record_id != here.record_id
    assert moved.start == 3


def test_a_long_section_is_cut_between_list_items_and_keeps_its_heading() -> None:
    steps = "".join(f"{number}. {'word ' * 40}\n" for number in range(1, 21))
    cut = passages("Page.md", f"# T\n\n## Steps\n\n{steps}")
    long = [piece for piece in cut if piece.heading == "Steps"]
    assert len(long) > 2
    assert all(len(piece.text) <= PASSAGE_CHARS for piece in long)
    assert all(piece.text.lstrip("#Steps \n")[0].isdigit() for piece in long)


def test_a_page_is_a_runbook_a_procedure_or_an_incident_by_its_folder() -> None:
    assert kind_of("EndpointLatencyP99High.md") == "runbook"
    assert kind_of("procedures/rollback.md") == "procedure"
    assert kind_of("incidents/INC-2026-0003.md") == "incident"


def test_only_runbooks_named_like_an_alert_answer_one() -> None:
    assert passages("ModelF1Low.md", "x")[0].alert == "ModelF1Low"
    assert passages("README.md", "x")[0].alert is None
    assert passages("procedures/Rollback.md", "x")[0].alert is None
