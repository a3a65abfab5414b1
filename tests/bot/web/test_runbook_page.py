"""Runbooks as pages."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.bot.web.site import (
    ROOT,
    Site,
    served,
)


async def test_a_runbook_is_a_page_of_its_lines_with_anchors(site: Site) -> None:
    answer = await site.get("/runbooks/procedures/retraining.md")
    lines = (ROOT / "runbooks" / "procedures" / "retraining.md").read_text(encoding="utf-8").splitlines()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r'<div class="row" id="L(\d+)">', answer.text) == [str(n) for n in range(1, len(lines) + 1)]
    assert f"<h1>{lines[0].removeprefix('# ')}</h1>" in answer.text


async def test_the_lines_of_a_page_are_counted_as_citations_count_them(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.md").write_bytes("# A\r\nform\x0cfeed and \u2028 separator\rthird\n".encode())
    async with served(site.database, runbooks_dir=tmp_path) as other:
        page = (await other.get("/runbooks/a.md")).text
    assert page.count('class="row"') == 3
    assert "<p>third</p>" in page.split('id="L3"')[1]


async def test_what_a_runbook_says_stays_text(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.md").write_text(
        "# <script>alert(1)</script> $title $rows\n<img src=x onerror=alert(1)>\n"
        '[go](javascript:alert(1)) [far](https://wiki.example/x) [near](../b.md#L3) ["](a"b.md)\n'
        "**bold** and `<b>code</b>`\n```\n# no heading **plain**\n```\nafter **all**\n",
        encoding="utf-8",
    )
    async with served(site.database, runbooks_dir=tmp_path) as other:
        page = (await other.get("/runbooks/a.md")).text
    body = page.split("<body>")[1].split("<script>")[0]
    assert "<img" not in body and "javascript:" in body and 'href="javascript' not in body
    assert "$title $rows" in body
    assert '<a href="https://wiki.example/x" rel="noreferrer">far</a>' in body
    assert '<a href="../b.md#L3" rel="noreferrer">near</a>' in body
    assert "<strong>bold</strong> and <code>&lt;b&gt;code&lt;/b&gt;</code>" in body
    assert "<pre># no heading **plain**</pre>" in body and "after <strong>all</strong>" in body


async def test_only_the_pages_own_script_may_run(site: Site) -> None:
    answer = await site.get("/runbooks/ModelAccuracyLow.md")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "../manifests/models.yaml",
        "..%2f..%2fREADME.md",
        "%2e%2e/README.md",
        "procedures/../../README.md",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "link.md",
        ".hidden.md",
        "ModelAccuracyLow.md%00.md",
        "ModelAccuracyLow",
        "nothing.md",
        "procedures",
        "",
    ],
)
async def test_nothing_but_the_runbooks_is_shown(tmp_path: Path, site: Site, path: str) -> None:
    inside = tmp_path / "runbooks"
    inside.mkdir()
    (tmp_path / "README.md").write_text("outside", encoding="utf-8")
    (inside / ".hidden.md").write_text("hidden", encoding="utf-8")
    (inside / "link.md").symlink_to(tmp_path / "README.md")
    async with served(site.database, runbooks_dir=inside) as other:
        async with other.session.get(other.url + "/runbooks/" + path, allow_redirects=False) as answer:
            assert answer.status == 404
        reader, writer = await asyncio.open_connection("127.0.0.1", int(other.url.rpartition(":")[2]))
        writer.write(f"GET /runbooks/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        raw = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert raw.startswith(b"HTTP/1.1 404")
    assert b"outside" not in raw and b"hidden" not in raw


async def test_without_a_folder_no_runbook_is_shown(site: Site) -> None:
    async with served(site.database, runbooks_dir=None) as other:
        assert (await other.get("/runbooks/ModelAccuracyLow.md")).status == 404
