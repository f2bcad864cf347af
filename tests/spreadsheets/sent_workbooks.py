"""Workbooks as spreadsheet programs write them, made part by part, so that a test shows its XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

HEADINGS = ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số", "Văn bản minh chứng")
TASK_HEADINGS = ("Mã nhiệm vụ", "Mã đơn vị", "Trạng thái", "Ngày hoàn thành", "Văn bản minh chứng")

ORDINARY = "http://schemas.openxmlformats.org"
NAMESPACES = {
    "main": f"{ORDINARY}/spreadsheetml/2006/main",
    "relations": f"{ORDINARY}/officeDocument/2006/relationships",
}
STRICT = {
    "main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "relations": "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
# Cell styles by number: General, 0.00%, 0%, dd/mm/yyyy, #,##0 in thousands, nothing shown, a sign beside the number.
STYLES = (
    '<numFmts count="5"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="#,##0,"/>'
    '<numFmt numFmtId="166" formatCode=";;;"/><numFmt numFmtId="167" formatCode="0.00&quot;%&quot;"/>'
    '<numFmt numFmtId="168" formatCode="0.00%;[Red]-0.00%"/></numFmts>'
    '<cellStyleXfs count="1"><xf numFmtId="10"/></cellStyleXfs>'
    '<cellXfs count="8"><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="9"/><xf numFmtId="164"/>'
    '<xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/></cellXfs>'
)
GENERAL, PERCENT, WHOLE_PERCENT, DAY, IN_THOUSANDS, NOT_SHOWN, LITERAL_PERCENT, SIGNED_PERCENT = range(8)


def text(value: str, reference: str = "") -> str:
    """A cell of text within the cell; ``value`` is escaped, so that _x000D_ can be written."""
    at = f' r="{reference}"' if reference else ""
    return f'<c{at} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def number(value: str, style: int = GENERAL, reference: str = "") -> str:
    """A numeric cell."""
    at = f' r="{reference}"' if reference else ""
    return f'<c{at} s="{style}"><v>{value}</v></c>'


def row(cells: Sequence[str], number: int | None = None, attributes: str = "") -> str:
    """A row of cells; None: without a number of its own."""
    at = f' r="{number}"' if number else ""
    return f"<row{at}{attributes}>{''.join(cells)}</row>"


def headings(names: Sequence[str] = HEADINGS) -> str:
    """The row of headings."""
    return row([text(name) for name in names], 1)


def pair(
    numerator: str, denominator: str, code: str = "II.6-1", agency: str = "H58.02", evidence: str | None = None
) -> str:
    """A row of an indicator, its parts given as cells."""
    return row(
        [text(code), text(agency), text("2024-Q4"), numerator, denominator, evidence or text("BC 1")], attributes=""
    )


def workbook(
    *sheets: str,
    states: Sequence[str] = (),
    names: Sequence[str] = ("ChiTieu", "NhiemVu", "Nháp"),
    properties: str = "",
    namespaces: Mapping[str, str] = NAMESPACES,
    styles: str = STYLES,
    before_rows: str = "",
    after_rows: str = "",
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """A package of ``sheets``, each the XML of its rows; ``parts`` are added or take another's place."""
    main, relations = namespaces["main"], namespaces["relations"]
    listed = "".join(
        f'<sheet name="{names[at]}" sheetId="{at + 1}" {f"""state="{states[at]}" """ if at < len(states) else ""}'
        f'r:id="rId{at + 1}"/>'
        for at in range(len(sheets))
    )
    targets = "".join(
        f'<Relationship Id="rId{at + 1}" Type="{relations}/worksheet" Target="worksheets/sheet{at + 1}.xml"/>'
        for at in range(len(sheets))
    )
    package = f'xmlns="{ORDINARY}/package/2006/relationships"'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{ORDINARY}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships {package}><Relationship Id="rId1" Type="{relations}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><workbookPr {properties}/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships {package}>{targets}"
        f'<Relationship Id="rId90" Type="{relations}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
        **{
            f"xl/worksheets/sheet{at + 1}.xml": f'<worksheet xmlns="{main}">{before_rows}<sheetData>{rows}</sheetData>'
            f"{after_rows}</worksheet>"
            for at, rows in enumerate(sheets)
        },
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return file.getvalue()
