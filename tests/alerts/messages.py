"""Recipients, facts and a message for the tests of recipients, channels and delivery."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cchc.alerts.model import Change, Contribution, IndicatorFacts
from cchc.alerts.notification.channels.channel import Message
from cchc.alerts.recipients import Recipient
from cchc.calendar import LOCAL

MESSAGE_ID = UUID("3f1c1f04-6a0e-5d6b-9a53-8d3c5b5e9a01")
SENDER, ADDRESS = "cchc@tinh.example.invalid", "so-y-te@tinh.example.invalid"
COMPOSED_AT = datetime(2024, 12, 31, 7, 0, tzinfo=LOCAL)


def make_recipient_of_agency(**fields: Any) -> Recipient:
    """A recipient for one agency; by e-mail unless ``fields`` set another channel."""
    channel = fields.setdefault("channel", "email")
    if channel == "email":
        fields.setdefault("address", ADDRESS)
    else:
        fields.setdefault("connection", "alerts_so_y_te")
    agency = {"id": "so-y-te", "name_vi": "Sở Y tế", "audience": "performance", "agencies": ["H58.16"]}
    return Recipient.model_validate({**agency, **fields})


def write_message(subject: str = "Cảnh báo: 2 chỉ tiêu dưới mức") -> Message:
    """A digest."""
    return Message(
        message_id=MESSAGE_ID,
        is_urgent=False,
        subject=subject,
        body_text="Thanh toán trực tuyến đạt 43,20 %, dưới mục tiêu 45 %.\n",
        body_html="<p>Thanh toán trực tuyến đạt <b>43,20 %</b>, dưới mục tiêu 45 %.</p>\n",
        composed_at=COMPOSED_AT,
    )


def make_facts(agency: str = "H58.16", contributions: tuple[str | None, ...] = ()) -> IndicatorFacts:
    """Facts of a result below its target; ``contributions``: the agencies that have a part in its fall."""
    parts = tuple(
        Contribution(agency_code=code, agency_name_vi="Cơ quan", rate=Decimal(-1), mix=Decimal(0))
        for code in contributions
    )
    return IndicatorFacts(
        kind="missed",
        indicator_code="II.1.b-1",
        variant="primary",
        clause="II.1.b",
        name_vi="Thanh toán trực tuyến",
        unit_vi="%",
        agency_code=agency,
        agency_name_vi="Sở Y tế",
        is_province=agency == "H58",
        data_date=date(2024, 12, 30),
        value=Decimal("43.2"),
        comparator=">=",
        target=Decimal(45),
        change=Change(since=date(2024, 12, 1), value=Decimal("-2.1"), contributions=parts),
    )


LEADER = make_recipient_of_agency(id="lanh-dao", agencies=["H58"], with_below=True)
OPERATOR = make_recipient_of_agency(id="van-hanh", audience="operators", agencies=[])
