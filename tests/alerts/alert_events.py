"""Alert events of every kind and step, and a digest of them for each audience."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cchc.alerts.model import (
    AlertEvent,
    Audience,
    Change,
    Contribution,
    Facts,
    IndicatorFacts,
    OperatorFacts,
    RequiredRate,
    Step,
    TaskFacts,
    make_alert_id,
)
from cchc.alerts.notification.rendering import Content, render_message

DAY = date(2024, 6, 30)

PAYMENT = IndicatorFacts(
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
    required_rate=RequiredRate(
        by_date=date(2024, 12, 31),
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
        "required_rate": RequiredRate(by_date=date(2024, 12, 31), per_week=Decimal("2.26"), rest_pct=Decimal("103.4")),
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
        "required_rate": None,
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
        "required_rate": RequiredRate(
            by_date=date(2024, 12, 31), per_week=Decimal("0.115"), so_far_per_week=Decimal("0.076")
        ),
    }
)
UNKNOWN = PAYMENT.model_copy(
    update={
        "kind": "unknown",
        "change": None,
        "required_rate": None,
        "data_date": date(2024, 6, 15),
        "reasons": ("stale", "provisional", "partial"),
    }
)
SILENT = UNKNOWN.model_copy(
    update={"indicator_code": "II.10-1", "value": None, "data_date": None, "reasons": ("no_such_reason",)}
)
DIFFERS = PAYMENT.model_copy(
    update={
        "kind": "reconciliation",
        "change": None,
        "required_rate": None,
        "flags": ("sources_differ", "no_such_flag"),
    }
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
    details_vi="Số liệu mới nhất là của ngày 25/06/2024, cho phép chậm 3 ngày.",
    runbook="A source is late",
    source="eoffice",
)


def _name_subject(facts: Facts) -> str:
    if isinstance(facts, IndicatorFacts):
        return f"{facts.indicator_code}/{facts.variant}/{facts.agency_code}"
    return f"{facts.task_code}/{facts.agency_code}" if isinstance(facts, TaskFacts) else facts.subject_vi


def make_event(facts: Facts, step: Step = "opened", *, begins: date = date(2024, 6, 28), **changes: Any) -> AlertEvent:
    """A step of an alert about ``facts``, found by the run for ``DAY``."""
    is_operation = isinstance(facts, OperatorFacts) or facts.kind == "reconciliation"
    written: dict[str, Any] = {
        "severity": "warning",
        "audience": "operators" if is_operation else "performance",
        "as_of_date": DAY,
        **changes,
    }
    return AlertEvent(
        alert_id=make_alert_id("H58", facts.kind, _name_subject(facts), begins),
        step=step,
        kind=facts.kind,
        began_on=begins,
        facts=facts,
        **written,
    )


def make_operation(kind: str, subject: str, details: str, runbook: str) -> OperatorFacts:
    """Facts of another fault that operators must mend."""
    return OPERATION.model_copy(
        update={"kind": kind, "subject_vi": subject, "details_vi": details, "runbook": runbook, "source": None}
    )


def write(
    *events: AlertEvent, audience: Audience = "performance", is_urgent: bool = False, province: str = "Tỉnh Tiền Giang"
) -> Content:
    """The message with these events, of the run for ``DAY``."""
    return render_message(
        events,
        audience=audience,
        province_name_vi=province,
        day=DAY,
        open_count=5,
        acknowledged_count=2,
        is_urgent=is_urgent,
    )


def change(facts: IndicatorFacts, **changes: Any) -> IndicatorFacts:
    """The same facts with ``changes``."""
    return facts.model_copy(update=changes)


CAI_BE = {"agency_code": "H58.34", "agency_name_vi": "UBND huyện Cái Bè", "is_province": False}
ONLINE = change(
    PAYMENT, indicator_code="II.1.c-1", clause="II.1.c", name_vi="Tỷ lệ hồ sơ trực tuyến", required_rate=None
)
DUE_SOON = INSPECTION.model_copy(
    update={
        "kind": "task_due_soon",
        "task_code": "PL.I.6",
        "content_vi": "Kế hoạch tập huấn cải cách hành chính năm 2024",
        "due_on": date(2024, 7, 4),
    }
)
DIGESTS: dict[Audience, list[AlertEvent]] = {
    "performance": [
        make_event(INITIATIVES, severity="info"),
        make_event(change(PAYMENT, **CAI_BE, variant="portal_only", change=None, value=Decimal("44.9967"))),
        make_event(PAYMENT),
        make_event(DISBURSEMENT),
        make_event(PROCESSED, severity="info"),
        make_event(UNKNOWN),
        make_event(SILENT),
        make_event(
            change(ONLINE, value=Decimal("52.04")), "resolved", opened_facts=change(ONLINE, value=Decimal("44.98"))
        ),
        make_event(change(DISBURSEMENT, value=Decimal("44.6")), "withdrawn", opened_facts=DISBURSEMENT),
        make_event(change(PAYMENT, **CAI_BE), "escalated", begins=date(2024, 6, 14), severity="urgent"),
        make_event(change(PROCESSED, kind="missed", value=Decimal("79.2")), "reopened"),
        make_event(INSPECTION),
        make_event(
            INSPECTION.model_copy(update={"task_code": "PL.I.4", "due_on": date(2024, 5, 31), "status": "no_data"})
        ),
        make_event(DUE_SOON),
        make_event(DUE_SOON.model_copy(update={"due_on": DAY, "status": "no_such_status"})),
        make_event(INSPECTION.model_copy(update={"status": "done"}), "resolved"),
    ],
    "operators": [
        make_event(OPERATION),
        make_event(make_operation("run_late", "Đêm 30/06/2024", "Chưa có kết quả lúc 06:30.", "Nothing ran today")),
        make_event(make_operation("run_failed", "attainment.attain", "OperationalError", "A run was killed")),
        make_event(make_operation("undelivered", "Thư gửi so_noi_vu", "SMTP 550", "Nothing ran today")),
        make_event(DIFFERS),
        make_event(OPERATION, "resolved", begins=date(2024, 6, 1)),
    ],
}
