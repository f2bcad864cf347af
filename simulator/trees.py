"""The tree endpoints (dvc-progress, provide-online, formality-online-payment): ``parent`` and ``children[]``."""

from __future__ import annotations

from typing import Any

from simulator import procedures
from simulator.agencies import department_id
from simulator.scores import scale, write_number
from simulator.values import NOTHING, Counts, Snapshot, Unit

Node = dict[str, Any]

LEVELS = {"department": "PROVINCE", "district": "DISTRICT", "commune": "COMMUNE"}
ALL_MONTHS = range(1, 13)

# The endpoints count dossiers differently: one in so many has no channel, by kind of period.
ONE_WITHOUT_CHANNEL_IN = {"year": 25_000, "quarter": 20, "month": 6}


def write_identity(unit: Unit) -> Node:
    """The first fields of every tree node."""
    return {
        "departmentId": department_id(unit.agency.code),
        "departmentName": unit.agency.portal_name,
        "departmentCode": unit.agency.code,
    }


def write_progress(snapshot: Snapshot) -> Node:
    """dvc-progress-tree: ``ratio`` is the on-time share here; the children add up to the parent."""
    counts = snapshot.root.counts
    points = write_number(scale(counts.on_time, counts.dossiers, 20))
    parent = write_identity(snapshot.root) | {
        "totalReceived": counts.dossiers,
        "totalOnTime": counts.on_time,
        "totalCompleted": counts.completed,
        "avgProcessingDays": write_number(scale(counts.processing_days, counts.completed, 1)),
        "ratio": write_number(scale(counts.on_time, counts.dossiers)),
        "totalScore": points,
        "totalMaxScore": 20,
    }
    chart = []
    for month in ALL_MONTHS:
        of_month = snapshot.months.get(month, NOTHING)
        on_time = scale(of_month.on_time, of_month.dossiers)
        overdue = 10_000 - on_time if of_month.dossiers else 0
        chart.append({"month": f"{month:02}", "onTimePct": write_number(on_time), "overduePct": write_number(overdue)})
    return {
        "parent": parent,
        "children": [write_progress_child(unit) for unit in snapshot.units],
        "monthlyChart": chart,
    }


def write_progress_child(unit: Unit) -> Node:
    """A child of dvc-progress-tree: a dossier that isn't on time is overdue, also while it is open."""
    counts = unit.counts
    return write_identity(unit) | {
        "level": LEVELS[unit.agency.level],
        "totalReceived": counts.dossiers,
        "totalOnTime": counts.on_time,
        "totalOverdue": counts.dossiers - counts.on_time,
        "avgProcessingDays": write_number(scale(counts.processing_days, counts.dossiers, 1)),
        "ratio": write_number(scale(counts.on_time, counts.dossiers)),
        "score": write_number(scale(counts.on_time, counts.dossiers, 20)),
        "maxScore": 20,
        "scoreDelta": None,
    }


def count_channels(counts: Counts, kind: str) -> dict[str, int]:
    """The dossiers that have a channel, by channel."""
    total = counts.dossiers - counts.dossiers // ONE_WITHOUT_CHANNEL_IN[kind]
    online = counts.online * total // counts.dossiers if counts.dossiers else 0
    postal = min(counts.postal, total - online)
    on_time = min(counts.online_on_time, online)
    return {
        "channelOnlineSum": online,
        "channelDirectSum": total - online - postal,
        "channelPostalSum": postal,
        "channelTotalSum": total,
        "onlineOnTimeSum": on_time,
        "onlineOverdueSum": online - on_time,
    }


def write_online(snapshot: Snapshot) -> Node:
    """provide-online-tree: counts for the province only; the children have a score without counts."""
    kind = snapshot.period.kind
    counts = count_channels(snapshot.root.counts, kind)
    authority, services = procedures.AUTHORITY[kind], procedures.SERVICES[kind]
    used = procedures.count_distinct(services * 2 // 5, counts["channelOnlineSum"])
    score = (
        min(200, scale(10 * (procedures.PARTIAL + procedures.FULL), 8 * authority, 2))
        + scale(used, services, 4)
        + score_online_channel(counts)
    )
    parent = write_identity(snapshot.root) | {
        "totalScore": write_number(score),
        "totalMaxScore": 12,
        "ratio": write_number(scale(score, 1200)),
        "authorityCount": authority,
        "partialCount": procedures.PARTIAL,
        "fullCount": procedures.FULL,
        "onlineDossierCount": used,
        "onlineServiceTotal": services,
        **counts,
    }
    chart = []
    for month in ALL_MONTHS:
        online = snapshot.months.get(month, NOTHING).online
        share = scale(procedures.count_distinct(services * 2 // 5, online), services)
        chart.append({"label": f"{month:02}", "onlineDossierPct": write_number(share)})
    children = [write_online_child(unit, kind) for unit in snapshot.units]
    return {"parent": parent, "children": children, "monthlyChart": chart}


def write_online_child(unit: Unit, kind: str) -> Node:
    """A child of provide-online-tree: a score without the counts behind it."""
    counts = count_channels(unit.counts, kind)
    used = procedures.count_distinct(unit.procedures.total, counts["channelOnlineSum"])
    score = score_online_channel(counts) + scale(used, unit.procedures.total, 4)
    return write_identity(unit) | {
        "level": LEVELS[unit.agency.level],
        "totalScore": write_number(score),
        "totalMaxScore": 12,
        "ratio": write_number(scale(score, 1200)),
        "scoreDelta": None,
    }


def score_online_channel(counts: dict[str, int]) -> int:
    """The score of the online channel in hundredths of a point: 600, all of it, from half of the dossiers online."""
    return min(600, scale(2 * counts["channelOnlineSum"], counts["channelTotalSum"], 6))


def write_payment(snapshot: Snapshot) -> Node:
    """formality-online-payment-tree: ``ratio`` is the share of the score, not the share paid online."""
    parent = write_payment_counts(snapshot.root, snapshot.period.kind)
    children = []
    for unit in snapshot.units:
        counts = write_payment_counts(unit, snapshot.period.kind)
        head = {"totalMaxScore": counts.pop("totalMaxScore"), "ratio": counts.pop("ratio")}
        children.append(
            write_identity(unit) | {"level": LEVELS[unit.agency.level]} | head | counts | {"scoreDelta": None}
        )
    return {"parent": write_identity(snapshot.root) | parent, "children": children}


def write_payment_counts(unit: Unit, kind: str) -> Node:
    """Dossiers paid online, dossiers that owe a fee, and three distinct counts of procedures."""
    paid, payable = unit.counts.paid_online, unit.counts.payable
    fees = unit.procedures.with_fee
    fees -= fees // 40 if kind == "month" else 0
    paid_procedures = procedures.count_distinct(fees, paid)
    dossier_procedures = procedures.count_distinct(fees // 4, paid)
    score = scale(paid, payable, 6) + min(200, scale(5 * paid_procedures, 2 * fees, 1))
    score += min(200, scale(5 * dossier_procedures, 2 * fees, 1))
    return {
        "totalMaxScore": 10,
        "totalScore": write_number(score),
        "totalDossierOnlinePaymentSuccess": paid,
        "totalDossierFinancialObligation": payable,
        "totalDossierOnlineFormalityPaymentSuccess": paid_procedures,
        "totalFeeDossierFormalityDistinct": fees,
        "totalFeeDossierFormality": dossier_procedures,
        "totalFeeFormality": fees,
        "ratio": write_number(scale(score, 1000)),
    }
