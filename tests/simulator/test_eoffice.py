"""The e-office's values: identities, corrections, agencies, levels, seeded faults."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from simulator import eoffice_records
from simulator.agencies import OFFICE_LEVELS, read_agencies
from simulator.eoffice import EOffice
from simulator.seeded_faults import read_seeded_faults

YEAR_END = date(2024, 12, 31)
LEVELS = {agency.code: agency.level for agency in read_agencies(levels=OFFICE_LEVELS)}
Row = dict[str, Any]


def list_year(seed: int, known_on: date = YEAR_END) -> list[Row]:
    """The rows of 2024 without the seeded faults."""
    faults = read_seeded_faults().eoffice.model_copy(update={"rows": ()})
    return EOffice(seed, read_agencies(levels=OFFICE_LEVELS), faults).list_rows(date(2024, 1, 1), YEAR_END, known_on)


@pytest.fixture(scope="module", params=[1, 2])
def year(request: pytest.FixtureRequest) -> list[Row]:
    return list_year(request.param)


def share_online(row: Row | Counter[str]) -> float:
    handled = row["VanBanDen"] + row["VanBanDi"] + row["HoSoCongViec"]
    return (row["VanBanXuLyTrenMang"] + row["HoSoCongViecXuLyTrenMang"]) / handled


def sum_by(year: list[Row], by: dict[str, str] | None = None) -> dict[str, Counter[str]]:
    """Counters summed over the days, by unit or by what ``by`` makes of it."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in year:
        code = row["MaDinhDanh"]
        sums[by[code] if by else code].update({key: value for key, value in row.items() if isinstance(value, int)})
    return sums


def test_identities_of_the_contract_hold(year: list[Row]) -> None:
    for row in year:
        kinds = row["VanBanDiDienTuKhongKemGiay"] + row["VanBanDiDienTuKemGiay"] + row["VanBanDiGiay"]
        assert row["VanBanDi"] == kinds
        assert row["VanBanDenDienTu"] + row["VanBanDenSoHoa"] <= row["VanBanDen"]
        assert row["VanBanXuLyTrenMang"] <= row["VanBanDen"] + row["VanBanDi"]
        assert row["HoSoCongViecXuLyTrenMang"] <= row["HoSoCongViec"]
        assert min(value for value in row.values() if isinstance(value, int)) >= 0


def test_every_unit_of_the_day_has_a_row_for_each_calendar_day(year: list[Row]) -> None:
    by_day = Counter(row["Ngay"] for row in year)
    assert len(by_day) == 366
    # 19 departments, 11 districts, 132 divisions; 172, 170 and 164 communes
    assert [by_day[day] for day in ("2024-04-30", "2024-05-01", "2024-10-31", "2024-11-01")] == [334, 332, 332, 326]
    assert len({(row["MaDinhDanh"], row["Ngay"]) for row in year}) == len(year)
    names = {row["Ngay"]: row["TenDonVi"] for row in year if row["MaDinhDanh"] == "H58.32"}
    assert (names["2024-04-30"], names["2024-05-01"]) == ("UBND thị xã Gò Công", "UBND thành phố Gò Công")


def test_weekends_are_quiet(year: list[Row]) -> None:
    received = Counter[str]()
    for row in year:
        received[row["Ngay"]] += row["VanBanDen"]
    assert received["2024-06-09"] < received["2024-06-05"] * 0.05


def test_year_ends_as_the_demonstration_needs(year: list[Row]) -> None:
    units, levels = sum_by(year), sum_by(year, LEVELS)
    total = sum(levels.values(), Counter())
    electronic = total["VanBanDiDienTuKhongKemGiay"] + total["VanBanDiDienTuKemGiay"]
    assert 0.97 < electronic / total["VanBanDi"] < 1
    assert 0.94 < total["VanBanDiDienTuKhongKemGiay"] / total["VanBanDi"] < 0.97
    assert any(unit["VanBanDiGiay"] == 0 for unit in units.values())
    assert share_online(levels["department"]) == pytest.approx(0.85, abs=0.04)
    assert share_online(levels["division"]) == pytest.approx(0.60, abs=0.03)
    for level, target in (("department", 0.8), ("division", 0.5)):
        short = [code for code, unit in units.items() if LEVELS[code] == level and share_online(unit) <= target]
        assert 0 < len(short) < sum(LEVELS[code] == level for code in units) / 3


def test_no_row_is_of_a_day_after_the_one_known() -> None:
    rows = eoffice_records(date(2024, 6, 28), date(2024, 7, 5), date(2024, 6, 30))
    assert max(row["Ngay"] for row in rows) == "2024-06-30"
    assert eoffice_records(date(2024, 7, 1), date(2024, 7, 5), date(2024, 6, 30)) == []
    assert eoffice_records(date(2023, 12, 1), date(2023, 12, 31), date(2024, 6, 30)) == []


def test_corrections_come_within_45_days_and_only_add_what_was_missing() -> None:
    june = [row for row in list_year(1) if row["Ngay"].startswith("2024-06")]
    at_first = {(row["MaDinhDanh"], row["Ngay"]): row for row in list_year(1, date(2024, 6, 30))}
    changed = [row for row in june if row != at_first[row["MaDinhDanh"], row["Ngay"]]]
    assert 0 < len(changed) < len(june) * 0.005
    for row in changed:
        before = at_first[row["MaDinhDanh"], row["Ngay"]]
        assert all(before[key] <= row[key] for key in row if isinstance(row[key], int))
    final = date(2024, 6, 30) + timedelta(days=45)
    assert june == [row for row in list_year(1, final) if row["Ngay"].startswith("2024-06")]


def test_same_seed_gives_the_same_rows_whatever_is_asked_before_and_around() -> None:
    day = date(2024, 3, 11)
    alone = eoffice_records(day, day, YEAR_END, seed=4)
    within = eoffice_records(date(2024, 3, 1), date(2024, 3, 31), YEAR_END, seed=4)
    assert alone == [row for row in within if row["Ngay"] == "2024-03-11"]
    assert alone != eoffice_records(day, day, YEAR_END, seed=5)


def test_window_may_span_two_years() -> None:
    rows = eoffice_records(date(2024, 12, 30), date(2025, 1, 2), date(2025, 1, 2))
    assert sorted({row["Ngay"] for row in rows}) == ["2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02"]


def test_fewer_units_have_the_rows_that_they_have_among_all() -> None:
    day = date(2024, 3, 13)
    few = eoffice_records(day, day, YEAR_END, units=2)
    assert [row["MaDinhDanh"] for row in few if LEVELS[row["MaDinhDanh"]] != "commune"] == [
        "H58.01",
        "H58.02",
        "H58.31",
        "H58.31.P01",
        "H58.31.P02",
        "H58.32",
    ]
    assert len(few) == 8
    everyone = eoffice_records(day, day, YEAR_END)
    assert all(row in everyone for row in few)


def test_rows_given_away_can_be_changed_without_harm() -> None:
    day = date(2024, 3, 14)
    eoffice_records(day, day, YEAR_END)[0].clear()
    assert eoffice_records(day, day, YEAR_END)[0]["MaDinhDanh"] == "H58.01"


def test_a_quarter_is_drawn_in_about_a_second() -> None:
    started = time.perf_counter()
    rows = list_year(99)[:30_000]
    assert len(rows) == 30_000
    assert time.perf_counter() - started < 5  # a busy machine; alone it takes a tenth of that


def find_faulty(rows: list[Row], code: str) -> Row:
    (row,) = [row for row in rows if row["MaDinhDanh"] == code]
    return row


def test_seeded_fault_lasts_until_its_correction() -> None:
    day = date(2024, 7, 9)
    before, after = (
        find_faulty(eoffice_records(day, day, known_on), "H58.32")["VanBanXuLyTrenMang"]
        for known_on in (date(2024, 8, 22), date(2024, 8, 23))
    )
    assert before == 0 < after


def test_seeded_unit_is_not_in_the_catalog_and_has_complete_rows() -> None:
    rows = eoffice_records(date(2024, 6, 23), date(2024, 7, 1), YEAR_END)
    strange = [row for row in rows if row["MaDinhDanh"] == "H58.99"]
    assert [row["Ngay"] for row in strange] == [f"2024-06-{day}" for day in range(24, 31)]
    assert list(strange[0]) == list(rows[0])


def test_no_row_is_wrong_but_the_seeded_faults() -> None:
    faults = read_seeded_faults().eoffice.rows
    reported = eoffice_records(date(2024, 1, 1), YEAR_END, YEAR_END)
    pairs = zip((row for row in reported if row["MaDinhDanh"] != "H58.99"), list_year(1), strict=True)
    wrong = {(sound["MaDinhDanh"], date.fromisoformat(sound["Ngay"])) for row, sound in pairs if row != sound}
    seeded = {
        (fault.unit, fault.first_day + timedelta(days=number))
        for fault in faults
        for number in range(((fault.last_day or fault.first_day) - fault.first_day).days + 1)
        if fault.unit != "H58.99" and fault.corrected_on is None
    }
    assert wrong == seeded
