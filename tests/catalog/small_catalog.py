"""A small valid catalog: one indicator, one task, one set, four agencies."""

from __future__ import annotations

from collections.abc import Callable

from cchc.catalog import Catalog

PLAN = """\
year: 2024
province: H58
name_vi: Kế hoạch
legal_basis_vi: Quyết định số 35/QĐ-UBND
signed_on: 2024-01-11
valid_from: 2024-01-01
valid_to: 2024-12-31
clauses:
  - clause: II.1.b
    wording_vi: tối thiểu 45%
    indicators:
      - code: II.1.b-1
        name_vi: Tỷ lệ thanh toán trực tuyến
        short_name_vi: Thanh toán
        unit: "%"
        counts: whole
        comparator: ">="
        targets: [{valid_from: 2024-01-01, value: 45}]
        judged: as_reported
        population: {set: huyen, levels: [province, district]}
        source: national_portal
        metric: national_portal.online_payment
        period: year_to_date
        variants:
          - variant: portal_only
            explanation_vi: Chỉ Cổng quốc gia
            explanation: Only the national portal
            source: one_stop
            metric: one_stop.paid_on_national_portal
        lead_agency_vi: Sở Nội vụ
        lead_agency_code: H58.02
        ruling: The portal's counters.
"""
TASKS = """\
year: 2024
province: H58
due_soon_days: 14
groups:
  - group_vi: CHỈ ĐẠO, ĐIỀU HÀNH
    tasks:
      - code: PL.I.1
        content_vi: Kế hoạch thanh toán trực tuyến
        lead_agency_vi: Sở Nội vụ, UBND cấp huyện
        deadline_vi: Quý I năm 2024
        deadline_kind: quarter
        starts_on: 2024-01-01
        due_on: 2024-03-31
        indicators: [II.1.b-1]
        agencies: {codes: [H58.02], sets: [huyen]}
"""
SETS = """\
sets:
  - code: huyen
    name_vi: UBND cấp huyện
    levels: [district]
    except_codes: [H58.31]
    valid_from: 2024-01-01
    is_list_complete: true
"""
AGENCIES = """\
code,gso_code,name_vi,level,parent_code,valid_from,valid_to_exclusive,is_synthetic_code,note
H58,82,Tỉnh Tiền Giang,province,,2024-01-01,2025-07-01,no,
H58.02,,Sở Nội vụ,department,H58,2024-01-01,2025-07-01,yes,
H58.31,815,UBND thành phố Mỹ Tho,district,H58,2024-01-01,2025-07-01,yes,
H58.32,816,UBND thị xã Gò Công,district,H58,2024-01-01,2024-05-01,yes,
H58.32,816,UBND thành phố Gò Công,district,H58,2024-05-01,2025-07-01,yes,
"""
FILES = {"plan_2024.yaml": PLAN, "tasks_2024.yaml": TASKS, "agency_sets.yaml": SETS, "agencies.csv": AGENCIES}

Load = Callable[..., Catalog]


def edited(file: str, old: str, new: str) -> dict[str, str]:
    """The file with one place edited; an edit that finds no place, or several, is a mistake of the test."""
    assert FILES[file].count(old) == 1, old
    return {file: FILES[file].replace(old, new)}
