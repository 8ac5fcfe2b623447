"""Workbooks written by hand: as little of OpenDocument and of Office Open XML as a sheet needs."""

import zipfile
from xml.sax.saxutils import escape, quoteattr

OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_xlsx(path, sheets):
    """Write sheets, each a list of rows of texts, numbers, booleans and None."""
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType="{KIND}.worksheet+xml"/>'
            for k in numbers
        )
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
            f"{parts}</Types>",
        )
        book.writestr("_rels/.rels", _relations({"r1": ("officeDocument", "xl/workbook.xml")}))
        named = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{k}" r:id="r{k}"/>'
            for k, name in zip(numbers, sheets, strict=True)
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>',
        )
        linked = {f"r{k}": ("worksheet", f"worksheets/sheet{k}.xml") for k in numbers}
        book.writestr("xl/_rels/workbook.xml.rels", _relations(linked))
        for k, rows in zip(numbers, sheets.values(), strict=True):
            filled = "".join(
                f'<row r="{r}">{"".join(_cell(r, c, value) for c, value in enumerate(row))}</row>'
                for r, row in enumerate(rows, 1)
            )
            book.writestr(
                f"xl/worksheets/sheet{k}.xml",
                f'<worksheet xmlns="{SHEETS}"><sheetData>{filled}</sheetData></worksheet>',
            )


def _relations(targets):
    links = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'


def _cell(row, column, value):
    place = f"{chr(ord('A') + column)}{row}"
    match value:
        case None:
            return ""
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        case _:
            return f'<c r="{place}"><v>{value}</v></c>'


def write_ods(path, sheets):
    """The same as OpenDocument."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(f"<table:table-row>{''.join(map(_field, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0"><manifest:file-entry '
            'manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        )
        book.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{OFFICE}:office:1.0" '
            f'xmlns:table="{OFFICE}:table:1.0" xmlns:text="{OFFICE}:text:1.0">'
            f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )


def _field(value):
    match value:
        case None:
            return "<table:table-cell/>"
        case bool():
            said = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
        case str():
            said = 'office:value-type="string"'
        case _:
            said = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {said}><text:p>{escape(str(value))}</text:p></table:table-cell>"
