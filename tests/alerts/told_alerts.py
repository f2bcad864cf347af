"""Alerts of every kind and step, as tests tell them: a digest for each kind of readers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cchc.alerts.model import (
    Audience,
    CellFacts,
    Change,
    Contribution,
    Facts,
    Needed,
    OperatorFacts,
    Step,
    TaskFacts,
    Told,
    name_alert,
)
from cchc.alerts.notification.rendering import Content, compose

DAY = date(2024, 6, 30)

PAYMENT = CellFacts(
    kind="missed",
    indicator_code="II.1.b-1",
    variant="primary",
    clause="II.1.b",
    name_vi="Tỷ lệ hồ sơ thanh toán trực tuyến",
    unit_vi="%",
    agency_code="H58",
    agency_name_vi="Tỉnh Tiền Giang",
    is_province=True,
    data_date=date(2024, 6, 29),
    value=Decimal("44.9"),
    comparator=">=",
    target=Decimal(45),
    change=Change(
        since=date(2024, 5, 12),
        value=Decimal("46.2"),
        contributions=(
            Contribution(
                agency_code="H58.34", agency_name_vi="UBND huyện Cái Bè", rate=Decimal("-0.8"), mix=Decimal("-0.1")
            ),
            Contribution(
                agency_code="H58.10",
                agency_name_vi="Sở Tài nguyên và Môi trường",
                rate=Decimal("-0.5"),
                mix=Decimal("0.125"),
            ),
            Contribution(agency_code=None, agency_name_vi="Chưa theo đơn vị", rate=Decimal(0), mix=Decimal("-0.02")),
        ),
    ),
    needed=Needed(
        by=date(2024, 12, 31),
        per_week=Decimal("0.412"),
        so_far_per_week=Decimal("0.319"),
        rest_pct=Decimal("57.21"),
    ),
)
DISBURSEMENT = PAYMENT.model_copy(
    update={
        "kind": "behind",
        "indicator_code": "II.7-1",
        "clause": "II.7",
        "name_vi": "Tỷ lệ giải ngân vốn đầu tư nguồn ngân sách nhà nước",
        "value": Decimal("31.5"),
        "comparator": ">",
        "target": Decimal(90),
        "pace_target": Decimal("44.5"),
        "change": None,
        "needed": Needed(by=date(2024, 12, 31), per_week=Decimal("2.26"), rest_pct=Decimal("103.4")),
    }
)
PROCESSED = PAYMENT.model_copy(
    update={
        "kind": "drop",
        "indicator_code": "PL.VII.7-1",
        "clause": "PL.VII.7",
        "name_vi": "Tỷ lệ hồ sơ xử lý trên văn phòng điện tử",
        "agency_code": "H58.02",
        "agency_name_vi": "Sở Nội vụ",
        "is_province": False,
        "value": Decimal("82.1"),
        "comparator": ">",
        "target": Decimal(80),
        "change": Change(since=date(2024, 6, 27), value=Decimal("88.4")),
        "needed": None,
    }
)
INITIATIVES = PAYMENT.model_copy(
    update={
        "kind": "behind",
        "indicator_code": "II.3-2",
        "clause": "II.3",
        "name_vi": "Số sáng kiến cải cách hành chính được công nhận",
        "unit_vi": "sáng kiến",
        "value": Decimal(2),
        "comparator": ">=",
        "target": Decimal(5),
        "pace_target": Decimal("2.5"),
        "change": Change(since=date(2024, 5, 31), value=Decimal(1)),
        "needed": Needed(by=date(2024, 12, 31), per_week=Decimal("0.115"), so_far_per_week=Decimal("0.076")),
    }
)
UNKNOWN = PAYMENT.model_copy(
    update={
        "kind": "unknown",
        "change": None,
        "needed": None,
        "data_date": date(2024, 6, 15),
        "reasons": ("stale", "provisional", "partial"),
    }
)
SILENT = UNKNOWN.model_copy(
    update={"indicator_code": "II.10-1", "value": None, "data_date": None, "reasons": ("no_such_reason",)}
)
DIFFERS = PAYMENT.model_copy(
    update={"kind": "reconciliation", "change": None, "needed": None, "flags": ("sources_differ", "no_such_flag")}
)
INSPECTION = TaskFacts(
    kind="task_overdue",
    task_code="PL.I.5",
    content_vi="Kế hoạch Kiểm tra công tác CCHC năm 2024",
    agency_code="H58.02",
    agency_name_vi="Sở Nội vụ",
    due_on=date(2024, 6, 18),
    status="in_progress",
)
OPERATION = OperatorFacts(
    kind="source_late",
    subject_vi="Văn phòng điện tử",
    told="Số liệu mới nhất là của ngày 25/06/2024, cho phép chậm 3 ngày.",
    runbook="A source is late",
    source="eoffice",
)


def _name_subject(facts: Facts) -> str:
    if isinstance(facts, CellFacts):
        return f"{facts.indicator_code}/{facts.variant}/{facts.agency_code}"
    return f"{facts.task_code}/{facts.agency_code}" if isinstance(facts, TaskFacts) else facts.subject_vi


def tell(facts: Facts, step: Step = "opened", *, begins: date = date(2024, 6, 28), **changes: Any) -> Told:
    """A step of an alert about ``facts``, found in the night of ``DAY``."""
    is_operation = isinstance(facts, OperatorFacts) or facts.kind == "reconciliation"
    written: dict[str, Any] = {
        "severity": "warning",
        "audience": "operators" if is_operation else "performance",
        "as_of_date": DAY,
        **changes,
    }
    return Told(
        alert_id=name_alert("H58", facts.kind, _name_subject(facts), begins),
        step=step,
        kind=facts.kind,
        began_on=begins,
        facts=facts,
        **written,
    )


def operate(kind: str, subject: str, told: str, runbook: str) -> OperatorFacts:
    """Something else that operators must mend."""
    return OPERATION.model_copy(
        update={"kind": kind, "subject_vi": subject, "told": told, "runbook": runbook, "source": None}
    )


def write(
    *told: Told, audience: Audience = "performance", is_urgent: bool = False, province: str = "Tỉnh Tiền Giang"
) -> Content:
    """The message that tells it, of the night of ``DAY``."""
    return compose(
        told,
        audience=audience,
        province_name_vi=province,
        day=DAY,
        open_count=5,
        acknowledged_count=2,
        is_urgent=is_urgent,
    )


def change(facts: CellFacts, **changes: Any) -> CellFacts:
    """The same figure, but."""
    return facts.model_copy(update=changes)


CAI_BE = {"agency_code": "H58.34", "agency_name_vi": "UBND huyện Cái Bè", "is_province": False}
ONLINE = change(PAYMENT, indicator_code="II.1.c-1", clause="II.1.c", name_vi="Tỷ lệ hồ sơ trực tuyến", needed=None)
DUE_SOON = INSPECTION.model_copy(
    update={
        "kind": "task_due_soon",
        "task_code": "PL.I.6",
        "content_vi": "Kế hoạch tập huấn cải cách hành chính năm 2024",
        "due_on": date(2024, 7, 4),
    }
)
DIGESTS: dict[Audience, list[Told]] = {
    "performance": [
        tell(INITIATIVES, severity="info"),
        tell(change(PAYMENT, **CAI_BE, variant="portal_only", change=None, value=Decimal("44.9967"))),
        tell(PAYMENT),
        tell(DISBURSEMENT),
        tell(PROCESSED, severity="info"),
        tell(UNKNOWN),
        tell(SILENT),
        tell(change(ONLINE, value=Decimal("52.04")), "resolved", opened_facts=change(ONLINE, value=Decimal("44.98"))),
        tell(change(DISBURSEMENT, value=Decimal("44.6")), "withdrawn", opened_facts=DISBURSEMENT),
        tell(change(PAYMENT, **CAI_BE), "escalated", begins=date(2024, 6, 14), severity="urgent"),
        tell(change(PROCESSED, kind="missed", value=Decimal("79.2")), "reopened"),
        tell(INSPECTION),
        tell(INSPECTION.model_copy(update={"task_code": "PL.I.4", "due_on": date(2024, 5, 31), "status": "no_data"})),
        tell(DUE_SOON),
        tell(DUE_SOON.model_copy(update={"due_on": DAY, "status": "no_such_status"})),
        tell(INSPECTION.model_copy(update={"status": "done"}), "resolved"),
    ],
    "operators": [
        tell(OPERATION),
        tell(operate("night_late", "Đêm 30/06/2024", "Chưa có kết quả lúc 06:30.", "Nothing ran tonight")),
        tell(operate("run_failed", "attainment.attain", "OperationalError", "A run was killed")),
        tell(operate("undelivered", "Thư gửi so_noi_vu", "SMTP 550", "Nothing ran tonight")),
        tell(DIFFERS),
        tell(OPERATION, "resolved", begins=date(2024, 6, 1)),
    ],
}
