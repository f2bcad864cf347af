"""Faults in the content of lists of records: functions of a page or of a payload, without state."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta

from simulator.faults import HUGE, Fault
from simulator.records import DISBURSEMENT, DOCUMENTS, Page, Payload

COUNTS = {DOCUMENTS: "VanBanDi", DISBURSEMENT: "KeHoachVon"}  # the field that is hit where the fault names none
KEYS = {DOCUMENTS: "MaDinhDanh", DISBURSEMENT: "MaDuAn"}
LAGGING = "repeated_snapshot"


def set_field(value: int | None) -> Callable[[Payload, Page, Fault], Payload]:
    """A fault that puts ``value`` into ``field`` of the first ``n`` rows."""

    def alter(payload: Payload, page: Page, fault: Fault) -> Payload:
        for row in payload["data"][: fault.n]:
            row[fault.field or COUNTS[page.endpoint]] = value
        return payload

    return alter


def remove_field(payload: Payload, page: Page, fault: Fault) -> Payload:
    """Remove ``field`` from the first ``n`` rows."""
    for row in payload["data"][: fault.n]:
        del row[fault.field or COUNTS[page.endpoint]]
    return payload


def add_field(payload: Payload, _: Page, __: Fault) -> Payload:
    """Add an unknown field to every row."""
    for row in payload["data"]:
        row["NguonDuLieu"] = "LGSP"
    return payload


def shorten_list(payload: Payload, _: Page, fault: Fault) -> Payload:
    """Drop ``n`` rows of this page; TotalCount still counts them."""
    del payload["data"][-fault.n :]
    return payload


def leave_page_out(payload: Payload, page: Page, fault: Fault) -> Payload:
    """Empty page ``n``."""
    return payload | {"data": []} if page.number == fault.n else payload


def repeat_rows(payload: Payload, page: Page, _: Fault) -> Payload:
    """Repeat the first half of a one-page list in place of its second half."""
    rows = payload["data"]
    if page.is_last and page.number == 1:
        half = len(rows) // 2
        rows[len(rows) - half :] = deepcopy(rows[:half])
    return payload


def miscount(payload: Payload, _: Page, fault: Fault) -> Payload:
    """Raise TotalCount by ``n``."""
    return payload | {"TotalCount": payload["TotalCount"] + fault.n}


def change_envelope(payload: Payload, _: Page, __: Fault) -> Payload:
    """An error of the interface under a good HTTP status."""
    code = "99" if isinstance(payload["error_code"], str) else 99
    return {"error_code": code, "message": "Lỗi hệ thống, vui lòng thử lại sau", "TotalCount": 0, "data": []}


def add_rows(payload: Payload, page: Page, fault: Fault) -> Payload:
    """Add ``n`` rows with a negative count each, then ``good`` ones without, all on the last page and counted."""
    if page.is_last:
        for number in range(1, fault.n + fault.good + 1):
            row = deepcopy(payload["data"][0])
            row[KEYS[page.endpoint]] = f"H58.X{number:05}" if page.endpoint == DOCUMENTS else f"{number:07}"
            if number <= fault.n:
                row[COUNTS[page.endpoint]] = -number
            payload["data"].append(row)
    return payload | {"TotalCount": payload["TotalCount"] + fault.n + fault.good}


def change_closing_day(payload: Payload, page: Page, _: Fault) -> Payload:
    """Set the day of every row to the day before."""
    field = "Ngay" if page.endpoint == DOCUMENTS else "NgayKetSo"
    for row in payload["data"]:
        row[field] = (date.fromisoformat(row[field]) - timedelta(days=1)).isoformat()
    return payload


PAGE_FAULTS: dict[str, Callable[[Page], Page]] = {"repeated_page": lambda page: replace(page, number=1)}
LIST_FAULTS: dict[str, Callable[[Payload, Page, Fault], Payload]] = {
    "short_list": shorten_list,
    "missing_page": leave_page_out,
    "repeated_page": repeat_rows,
    "wrong_total": miscount,
    "wrong_envelope_code": change_envelope,
    "wrong_day": change_closing_day,
    "unknown_field": add_field,
    "missing_field": remove_field,
    "null_number": set_field(None),
    "huge_count": set_field(HUGE),
    "negative_count": set_field(-1),
    "many_bad_rows": add_rows,
}


def alter_day(day: date, fault: Fault | None) -> date:
    """The newest day of an e-office with ``fault``: one that wasn't renewed is a day behind."""
    return day - timedelta(days=1) if fault and fault.kind == LAGGING else day


def alter_page(page: Page, fault: Fault | None) -> Page:
    """``page`` as an interface with ``fault`` understands the question."""
    return PAGE_FAULTS[fault.kind](page) if fault and fault.kind in PAGE_FAULTS else page


def alter_list(payload: Payload, page: Page, fault: Fault | None) -> Payload:
    """A copy of ``payload`` with ``fault`` in it."""
    if fault and fault.kind in LIST_FAULTS:
        return LIST_FAULTS[fault.kind](deepcopy(payload), page, fault)
    return payload
