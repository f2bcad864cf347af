"""Questions and pages of the interfaces of records: the e-office's documents and the treasury's payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.eoffice import EOffice
from simulator.periods import RefusedError
from simulator.seeded_faults import Row
from simulator.treasury import treasury_records

Payload = dict[str, Any]
Q = TypeVar("Q", bound=BaseModel)

DOCUMENTS, TOKEN, DISBURSEMENT = "van-ban", "token", "giai-ngan"
GOOD: dict[str, int | str] = {DOCUMENTS: 0, DISBURSEMENT: "0"}  # the error_code of a good answer, as each writes it


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentsQuestion(_Question):
    """A page of the days from TuNgay to DenNgay, both included."""

    TuNgay: date
    DenNgay: date
    PageNumber: Annotated[int, Field(ge=1)]
    PageSize: Annotated[int, Field(ge=1, le=500)]


class DisbursementQuestion(_Question):
    """One closing day of one budget year, without pages."""

    NienDo: int
    NgayKetSo: date


@dataclass(frozen=True, slots=True)
class Page:
    """Page ``number`` of ``rows``, which nobody changes; ``size`` None: one page of all rows."""

    endpoint: str
    rows: list[Row]
    number: int = 1
    size: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether no row comes after it."""
        return self.size is None or self.number * self.size >= len(self.rows)


def read_question(model: type[Q], body: bytes) -> Q:
    """The JSON ``body``; raises RefusedError 400 where it doesn't fit the interface."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RefusedError(400, "BAD_REQUEST", reasons) from error


def find_documents(office: EOffice, body: bytes, day: date) -> Page:
    """The e-office's answer at the end of ``day``."""
    question = read_question(DocumentsQuestion, body)
    if question.TuNgay > question.DenNgay:
        raise RefusedError(400, "BAD_REQUEST", f"TuNgay {question.TuNgay} is after DenNgay {question.DenNgay}")
    rows = office.list_rows(question.TuNgay, question.DenNgay, day)
    return Page(DOCUMENTS, rows, question.PageNumber, question.PageSize)


def find_disbursement(seed: int, body: bytes, day: date) -> Page:
    """The treasury's answer for the closing day asked for; raises RefusedError 400 where it is after ``day``."""
    question = read_question(DisbursementQuestion, body)
    if question.NgayKetSo > day:
        raise RefusedError(400, "BAD_REQUEST", f"NgayKetSo {question.NgayKetSo}: not closed, the newest is {day}")
    return Page(DISBURSEMENT, treasury_records(question.NienDo, question.NgayKetSo, seed=seed))


def write_list(page: Page) -> Payload:
    """The envelope around the page's rows, none beyond the last page. TotalCount counts all pages."""
    start = (page.number - 1) * (page.size or 0)
    return {
        "error_code": GOOD[page.endpoint],
        "message": "",
        "TotalCount": len(page.rows),
        "data": page.rows[start : start + page.size if page.size else None],
    }
