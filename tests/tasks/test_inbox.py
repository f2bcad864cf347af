"""choose_new_files: which new files a run loads, some of every sender."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from cchc.settings import SOURCES
from cchc.sources.inbox_store import DiskInbox
from cchc.sources.profile import read_all_profiles, read_profile
from cchc.sources.raw_archive import Archive
from cchc.tasks import inbox as tasks_inbox
from cchc.tasks.inbox import choose_new_files


def test_flood_of_one_sender_keeps_nobody_waiting_and_the_log_names_those_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks_inbox, "MAX_FILES", 4)
    monkeypatch.setattr("cchc.sources.inbox.QUIET_TIME", timedelta(0))
    names = [f"H58.02/{number}.csv" for number in range(9)] + ["H58.31/a.csv", "H58.40/b.csv", "c.csv"]
    for name in names:
        path = tmp_path / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    archive = Archive(tmp_path / "archive", "returns", "H58")
    monkeypatch.setattr(logging.getLogger("cchc"), "propagate", True)  # a run by hand in another test takes it away
    with caplog.at_level(logging.WARNING, "cchc"):
        chosen = choose_new_files(DiskInbox(tmp_path / "inbox"), read_profile(SOURCES / "returns.yaml"), archive)
    assert sorted(file.name for file in chosen) == ["H58.02/0.csv", "H58.31/a.csv", "H58.40/b.csv", "c.csv"]
    assert "4 files are loaded now; 8 wait for the next run, of: H58.02 8" in caplog.text


ORIGINAL = {source: (SOURCES / f"{source}.yaml").read_text(encoding="utf-8") for source in ("returns", "treasury")}


@pytest.mark.parametrize(
    ("name", "content", "is_chosen"),
    [
        ("returns (1).yaml", ORIGINAL["returns"].encode(), True),
        ("returns - Copy.yaml", ORIGINAL["returns"].encode("utf-16"), True),
        ("r2.yaml", ORIGINAL["returns"].encode(), True),
        (".#treasury.yaml", None, True),
        ("eoffice.yaml", b"protocol: records\n", True),
        ("treasury.yaml", ORIGINAL["treasury"].replace("owner:", "owners:").encode(), False),
        ("treasury.yaml", ORIGINAL["treasury"].encode("utf-16"), False),
        ("treasury.yaml", ORIGINAL["treasury"].replace("inbox:", "inbx:").encode(), False),
        ("treasury.yaml", None, False),
    ],
    ids=[
        "copy of a download", "copy in another encoding", "copy under another name", "link of an editor",
        "source without files", "source of files", "source in another encoding", "inbox mistyped", "dangling link",
    ],
)  # fmt: skip
def test_unknown_file_waits_only_for_a_rejected_source_that_may_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, is_chosen: bool
) -> None:
    monkeypatch.setattr("cchc.sources.inbox.QUIET_TIME", timedelta(0))
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "returns.yaml").write_text(ORIGINAL["returns"], encoding="utf-8")
    if content is None:
        (folder / name).symlink_to("nowhere")
    else:
        (folder / name).write_bytes(content)
    monkeypatch.setattr(tasks_inbox, "SOURCES", folder)
    monkeypatch.setattr(tasks_inbox, "read_all_profiles", lambda: read_all_profiles(folder))
    path = tmp_path / "inbox" / "H58.02" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("nobody;knows;this")
    archive = Archive(tmp_path / "archive", "returns", "H58")
    chosen = choose_new_files(DiskInbox(tmp_path / "inbox"), read_profile(SOURCES / "returns.yaml"), archive)
    assert [file.name for file in chosen] == ["H58.02/a.csv"] * is_chosen
