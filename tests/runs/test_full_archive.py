"""A full disk: each window fails with its reason, published windows count, no partial file is left."""

from __future__ import annotations

import logging
import os
from datetime import date

import pytest

from tests.runs.conftest import FILES_WELL, PORTAL_WELL, set_portal_clock
from tests.spreadsheets.hostile_workbooks import GOOD_ROW, HEADINGS, REJECTED, write_workbook

DAY = date(2024, 12, 31)
BLOCKED = ("dossier-digitized.2024", "transparency.2024")


@pytest.fixture
def troubles():
    """The log lines of the test's runs about failed tasks."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("cchc.tasks.nightly")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def read_trouble(troubles):
    """The line of an ingest's last task."""
    (trouble,) = [message for message in troubles if "close_source" in message]
    return trouble


def test_windows_that_the_archive_cannot_store_fail_with_their_reason_and_are_published_later(
    installation, portal, troubles
):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    set_portal_clock(portal, DAY)
    windows = installation.home / "archive" / "national_portal" / "H58" / DAY.isoformat()
    windows.mkdir(parents=True)
    blocks = [installation.home / "pages", *(windows / name for name in BLOCKED)]
    for block in blocks:  # a file in place of a folder: even root can't write into it
        block.write_bytes(b"")

    assert installation.run_dags(DAY) == PORTAL_WELL | {"ingest_national_portal": "failed"}
    assert installation.query("select status, count(*) from ops.load group by status order by status") == [
        ("failed", 2),
        ("published", 4),
    ]
    errors = [error for (error,) in installation.query("select error from ops.load where status = 'failed'")]
    assert all("the archive can't be written or read" in error for error in errors)
    trouble = read_trouble(troubles)
    assert "2 of 6 windows not published: " in trouble
    assert "The quality page can't be written" in trouble
    for name in BLOCKED:
        assert f"{name} of {DAY}: the archive can't be written or read" in trouble
    assert list(windows.rglob(".*")) == []

    for block in blocks:
        block.unlink()
    assert installation.run_day(DAY) == PORTAL_WELL
    assert installation.query("select count(*) from ops.load where status = 'published'") == [(6,)]
    assert (installation.home / "pages" / DAY.isoformat() / "national_portal.html").exists()


def test_hostile_sender_stops_no_other_and_the_run_names_the_missing_report(installation, troubles):
    installation.connect_inbox()
    inbox, elsewhere = installation.inbox, installation.home / "elsewhere"
    elsewhere.mkdir()
    names = ["bc::x.xlsx", "a::b.xlsx", "báo\ncáo.xlsx", "%0a#?.xlsx", "x" * 250 + ".xlsx"]
    for number, name in enumerate(names):
        row = [*GOOD_ROW[:1], f"H58.{31 + number}", *GOOD_ROW[2:]]
        path = inbox / f"H58.{31 + number}" / name
        path.parent.mkdir()
        path.write_bytes(write_workbook([HEADINGS, row]))
    (inbox / "H58.40").mkdir()
    (inbox / "H58.40" / "locked.xlsx").write_bytes(REJECTED["locked"][0]())
    (inbox / "H58.40" / "tra-lai").symlink_to(elsewhere)
    os.mkfifo(inbox / "H58.40" / "pipe.xlsx")

    assert installation.run_dags(DAY) == FILES_WELL | {"ingest_returns": "failed"}
    assert list(elsewhere.iterdir()) == []
    assert installation.query("select status, count(*) from ops.load group by status order by status") == [
        ("failed", 1),
        ("published", len(names)),
        ("stopped", 1),
    ]
    trouble = read_trouble(troubles)
    assert "not published" not in trouble
    assert "Accounted for, but: locked.xlsx: its rejection report can't be written" in trouble
    assert "is a link or no folder" in trouble

    (inbox / "H58.40" / "tra-lai").unlink()
    assert installation.run_day(DAY) == FILES_WELL
    assert len(list((inbox / "H58.40" / "tra-lai").iterdir())) == 1
