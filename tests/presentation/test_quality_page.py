"""The quality page of a run: all that went wrong, without the network and without payloads."""

from __future__ import annotations

import errno
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cchc.presentation.quality_page import write_page
from cchc.sources.errors import SourceRefusedError
from cchc.warehouse.ingest_runs import halt_run, open_run
from cchc.warehouse.ledger import record_failure
from simulator.faults import entries_of
from tests.warehouse.pipeline import DAY, RUN, Pipeline, answer, choose_window

ATTACK = "<script>alert('Sở Y tế')</script>"
IMAGE = '"><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """A page as a browser parses it: its tags, its attributes and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += f"{data.strip()} " if data.strip() else ""


@pytest.fixture
def page_path(pipeline: Pipeline, tmp_path: Path) -> Path:
    """The page of a run with a published, a stopped and a failed load, a halt, and names that are attacks."""
    progress = answer("dvc-progress-tree")
    unregistered, negative, *_ = entries_of(progress)
    unregistered |= {"departmentCode": "H58.NEW", "departmentName": ATTACK}
    negative |= {"departmentId": IMAGE, "departmentName": "Sở giữ kín", "totalOnTime": -770077}
    pipeline.run("dvc-progress-tree", progress)
    stopped = answer("dossier-digitized")
    del entries_of(stopped)[5:]
    pipeline.run("dossier-digitized", stopped)
    with pipeline.connect() as connection:
        open_run(connection, "national_portal", DAY, RUN)
        window = choose_window("transparency", DAY)
        record_failure(connection, "national_portal", window, DAY, RUN, str(SourceRefusedError(f"HTTP 403 {ATTACK}")))
        halt_run(connection, "national_portal", DAY, RUN, "tường lửa <b>chặn</b>")
        return write_page(connection, tmp_path / "pages", "national_portal", DAY, RUN)


def test_page_shows_the_run_and_nothing_of_its_payloads(page_path: Path) -> None:
    text = page_path.read_text(encoding="utf-8")
    page = Page(text)
    for shown in (
        "đã công bố", "bị chặn", "không lấy được", "tường lửa <b>chặn</b>", "incomplete_list", "negative_count",
        "children_differ", f"{IMAGE} on_time", ATTACK, "H58.NEW", "HTTP 403", RUN,
    ):  # fmt: skip
        assert shown in page.words, shown
    for kept in ("Sở giữ kín", "-770077", "/data/children", "pointer", "payload"):
        assert kept not in text, kept
    assert page_path.name == "national_portal.html"
    assert page_path.parent.name == DAY.isoformat()
    assert not stat.S_IMODE(page_path.stat().st_mode) & stat.S_IWOTH


def test_page_needs_no_network_and_runs_no_script(page_path: Path) -> None:
    page = Page(page_path.read_text(encoding="utf-8"))
    assert page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "b"} == set()
    assert [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "style")] == []
    styles = re.findall(r"<style>(.*?)</style>", page_path.read_text(encoding="utf-8"), re.DOTALL)
    assert not any(re.search(r"url\(|@import", style) for style in styles)


def test_page_counts_the_rows_that_it_does_not_list(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.run("dossier-digitized", answer("dossier-digitized", kind="short_list"))
    with pipeline.connect() as connection:
        path = write_page(connection, tmp_path, "national_portal", DAY, RUN)
    assert f"… và {7 * 200 - 200} dòng nữa trong ops.quarantine." in path.read_text(encoding="utf-8")


def test_page_of_a_run_without_loads_states_so(pipeline: Pipeline, tmp_path: Path) -> None:
    with pipeline.connect() as connection:
        path = write_page(connection, tmp_path, "national_portal", DAY, RUN)
    assert "Không có lần nạp nào cho ngày này." in path.read_text(encoding="utf-8")


def test_page_that_cannot_be_written_leaves_the_earlier_page_whole(
    page_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = page_path.read_bytes()
    written = Path.write_text

    def write_half(path: Path, text: str, **options: str) -> None:
        written(path, text[:100], **options)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pipeline.connect() as connection, monkeypatch.context() as full:
        full.setattr(Path, "write_text", write_half)
        with pytest.raises(OSError, match="No space left"):
            write_page(connection, page_path.parents[1], "national_portal", DAY, RUN)
    assert [path.read_bytes() for path in page_path.parent.iterdir()] == [before]
