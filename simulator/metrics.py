"""The metrics endpoints (transparency, handling-satisfaction, dossier-digitized): ``overview`` and ``evaluation[]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simulator import procedures
from simulator.agencies import department_id
from simulator.scores import scale, write_number
from simulator.values import Snapshot, Unit

Node = dict[str, Any]
Parts = tuple[int, int]
Number = int | float | None

# Level → department type and level. In the captured excerpts the province and its departments both have level PROVINCE.
# Districts had ended by then: their values are formed alike.
DEPARTMENT_TYPES = {
    "province": ("PROVINCE", "PROVINCE"),
    "department": ("PROVINCIAL_DEPARTMENT", "PROVINCE"),
    "district": ("DISTRICT_PEOPLE_COMMITTEE", "DISTRICT"),
    "commune": ("COMMUNE_PEOPLE_COMMITTEE", "COMMUNE"),
}
PROVISIONAL = {
    "dataQualityStatus": "TEMP_NATIONAL_REPORT_DENOMINATOR",
    "dataQualityMessage": "Mẫu số BCQG/GRIS đang dùng số tạm, cần thay bằng dữ liệu crawl hệ thống cũ.",
}
NO_DATA = {
    "dataQualityStatus": "NO_NATIONAL_REPORT_DATA",
    "dataQualityMessage": "Không có dữ liệu báo cáo tổng hợp.",
}


class Metric(NamedTuple):
    """A metric of the portal. ``full_from``: the percentage for full points; ``empty``: (ratio, score) of 0/0."""

    code: str
    name: str
    max_score: int
    full_from: int = 100
    empty: tuple[int | None, int | None] = (None, None)


TRANSPARENCY = (
    Metric("PUBLISH_ON_TIME", "Tỷ lệ TTHC công bố đúng hạn", 6),
    Metric("PUBLIC_UPDATE_ON_TIME", "Tỷ lệ TTHC cập nhật, công khai đúng hạn", 4),
    Metric("PUBLIC_CONTENT_FULL", "Tỷ lệ TTHC công khai đầy đủ nội dung", 2),
    Metric("DOSSIER_SYNC", "Tỷ lệ hồ sơ đồng bộ lên Cổng DVCQG", 6),
)
SATISFACTION = (
    Metric("PETITION_CLASSIFICATION_TTHC", "Tỷ lệ PAKN về quy định, thủ tục hành chính", 0, empty=(0, None)),
    Metric("DOSSIER_RECEIVING_SATISFACTION", "Tỷ lệ hài lòng trong tiếp nhận, giải quyết TTHC", 6, 90, (0, 0)),
    Metric("PETITION_PROCESSING_ON_TIME", "Tỷ lệ PAKN xử lý đúng hạn", 6, empty=(0, 6)),
    Metric("PETITION_HANDLING_SATISFACTION", "Tỷ lệ hài lòng trong xử lý PAKN", 6, empty=(0, 6)),
    Metric("PETITION_CLASSIFICATION_STAFF", "Tỷ lệ PAKN về hành vi cán bộ, công chức, viên chức", 0, empty=(0, None)),
)
DIGITIZED = (
    Metric(
        "ORIGINAL_RESULT_AVAILABLE",
        "Tỷ lệ hồ sơ thủ tục hành chính có cấp kết quả giải quyết thủ tục hành chính điện tử",
        6,
    ),
    Metric("SO_HOA_GIAY_TO_GIAI_QUYET", "Tỷ lệ hồ sơ thủ tục hành chính thực hiện số hóa hồ sơ", 4),
    Metric("REUSED_DIGITIZED_DATA", "Tỷ lệ hồ sơ khai thác, sử dụng lại thông tin, dữ liệu số hóa", 2, 80),
    Metric(
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE",
        "Tỷ lệ hồ sơ TTHC được số hóa có kết nối, chia sẻ dữ liệu phục vụ tái sử dụng",
        4,
    ),
    Metric("CITIZEN_DATA_CONNECTED_DOSSIER", "Tỷ lệ hồ sơ TTHC có sử dụng thông tin, dữ liệu dân cư", 2),
    Metric(
        "CITIZEN_DATA_CONNECTED_FORMALITY",
        "Tỷ lệ TTHC triển khai kết nối, chia sẻ dữ liệu dân cư phục vụ GQ TTHC",
        2,
    ),
    Metric("ELECTRONIC_CERTIFIED_COPY", "Tỷ lệ cung cấp dịch vụ chứng thực bản sao điện tử từ bản chính", 2),
)


def write_metric(metric: Metric, parts: Parts) -> Node:
    """One entry of ``metrics[]``. A metric without a score has maximum 0."""
    numerator, denominator = parts
    ratio: Number = metric.empty[0]
    score: Number = metric.empty[1]
    if denominator:
        ratio = write_number(scale(numerator, denominator))
        points = scale(100 * numerator, metric.full_from * denominator, metric.max_score)
        score = write_number(min(100 * metric.max_score, points)) if metric.max_score else None
    return {
        "code": metric.code,
        "name": metric.name,
        "numerator": numerator,
        "denominator": denominator,
        "ratio": ratio,
        "score": score,
        "maxScore": metric.max_score,
    }


def write_node(stt: int, unit: Unit, metrics: list[Node], *, coded: bool = False) -> Node:
    """A node of the metrics endpoints; ``coded``: with departmentCode and, last, scoreDelta (dossier-digitized)."""
    kind, level = DEPARTMENT_TYPES[unit.agency.level]
    score = sum(round(100 * metric["score"]) for metric in metrics if metric["score"] is not None)
    top = sum(metric["maxScore"] for metric in metrics)
    node: Node = {
        "stt": stt,
        "departmentId": department_id(unit.agency.code),
        "departmentName": unit.agency.portal_name,
        **({"departmentCode": unit.agency.code} if coded else {}),
        "departmentType": kind,
        "departmentLevel": level,
        "agencyLevel": "level_1" if kind == "PROVINCE" else "level_2",
        "totalScore": write_number(score),
        "totalMaxScore": top,
        "ratio": write_number(scale(score, 100 * top)),
    }
    return node | ({"metrics": metrics, "scoreDelta": None} if coded else {"scoreDelta": None, "metrics": metrics})


def write_transparency(snapshot: Snapshot) -> Node:
    """Three of the four metrics are the province's on every node; only DOSSIER_SYNC is the unit's own."""
    decisions = procedures.list_publications(snapshot.seed, snapshot.period, snapshot.day)
    announced = sum(decision.announced for decision in decisions)
    opened = sum(decision.opened for decision in decisions)
    late = sum(decision.opened_late for decision in decisions)
    authority = procedures.AUTHORITY["year"]
    of_province = ((announced, announced), (opened - late, opened), (procedures.CONTENT_FULL, authority))

    def write(stt: int, unit: Unit) -> Node:
        synced = unit.counts.synced
        all_parts = (*of_province, (synced, synced))
        metrics = [write_metric(metric, parts) for metric, parts in zip(TRANSPARENCY, all_parts, strict=True)]
        metrics[-1] |= PROVISIONAL if synced else NO_DATA
        return write_node(stt, unit, metrics)

    data = write_data(snapshot, write, "reporting_766_transparency_* and reporting_dvc_calendar Mongo collections")
    totals = [round(100 * node["totalScore"]) for node in data["evaluation"]]
    data["overview"]["averageScore"] = write_number(scale(sum(totals), 100 * len(totals), 1))
    return {"overview": data["overview"], "monthlyChart": [], **data}


def write_satisfaction(snapshot: Snapshot) -> Node:
    """Satisfaction with dossiers is, in the portal, their being on time; at the root it is a little less than that."""

    def write(stt: int, unit: Unit) -> Node:
        counts = unit.counts
        satisfied = counts.on_time - (counts.on_time // 2400 if unit is snapshot.root else 0)
        all_parts = (
            (counts.petitions_on_procedures, counts.petitions),
            (satisfied, counts.dossiers),
            (counts.petitions - counts.petitions_late, counts.petitions),
            (counts.petitions_satisfied, counts.petitions),
            (counts.petitions_on_staff, counts.petitions),
        )
        metrics = [write_metric(metric, parts) for metric, parts in zip(SATISFACTION, all_parts, strict=True)]
        return write_node(stt, unit, metrics) | {
            "totalPetitions": counts.petitions,
            "classifiedPetitions": counts.petitions,
            "totalDossiers": counts.dossiers,
            "averageScore": None,
        }

    return write_data(
        snapshot, write, "reporting_766_satisfaction_petition_months, reporting_766_satisfaction_dossier_periods"
    )


def write_digitized(snapshot: Snapshot) -> Node:
    """Nothing reaches the citizens' personal storage (seen: 0 everywhere); certified copies come without parts."""

    def write(stt: int, unit: Unit) -> Node:
        counts = unit.counts
        is_root = unit is snapshot.root
        total = procedures.CITIZEN_DATA[snapshot.period.kind] if is_root else unit.procedures.total
        all_parts = (
            (counts.e_results, counts.dossiers),
            (counts.digitised, counts.dossiers),
            (counts.reused, counts.dossiers),
            (0, counts.dossiers),
            (counts.citizen_data, counts.dossiers),
            (procedures.count_distinct(total * 2 // 5, counts.citizen_data), total),
        )
        metrics = [write_metric(metric, parts) for metric, parts in zip(DIGITIZED[:-1], all_parts, strict=True)]
        metrics.append(write_metric(DIGITIZED[-1], (1, 1)) | {"numerator": None, "denominator": None})
        return write_node(stt, unit, metrics, coded=True)

    return write_data(snapshot, write, "reporting_digitized_dossiers_daily Mongo collection")


def write_data(snapshot: Snapshot, write: Callable[[int, Unit], Node], source: str) -> Node:
    """The root with number 1 and all units, numbered from 1 again; not yet in pages."""
    return {
        "overview": write(1, snapshot.root),
        "evaluation": [write(stt, unit) for stt, unit in enumerate(snapshot.units, 1)],
        "pagination": {},
        "source": source,
    }
