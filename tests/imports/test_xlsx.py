"""Workbooks are read as they look in a spreadsheet; what is hostile is refused before it is parsed."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from core.cli.failures import sentence
from core.entities.cells import original
from core.entities.xlsxfile import XlsxFile, XlsxWriter
from core.errors import Invalid
from tests.imports.conftest import Importer, Said
from tests.support.site import Site

SHEET = "xl/worksheets/sheet1.xml"


def book(path: Path, *rows: Sequence[Any], **sheets: Sequence[Sequence[Any]]) -> Path:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(list(row))
    for name, content in sheets.items():
        sheet = made.create_sheet(name)
        for row in content:
            sheet.append(list(row))
    made.save(path)
    return path


def rewritten(path: Path, **members: bytes | Callable[[bytes], bytes]) -> Path:
    """The workbook with some members (`__` for `/`, `_xml` for `.xml`) replaced or added."""
    names = {name.replace("__", "/").replace("_xml", ".xml"): content for name, content in members.items()}
    with zipfile.ZipFile(path) as old:
        content = {one: old.read(one) for one in old.namelist()}
    for name, new in names.items():
        content[name] = new if isinstance(new, bytes) else new(content[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def cells(path: Path) -> list[tuple[str, ...]]:
    return [row.cells for row in XlsxFile(path).rows()]


def refusal(path: Path) -> str:
    with pytest.raises(Invalid) as refused:
        list(XlsxFile(path).rows())
    return sentence(refused.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.xlsx"


# --- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("客户 𠮷", "客户 𠮷"),
        ("two\nlines", "two\nlines"),
        (13938, "13938"),
        (13938.0, "13938"),
        (13800138000, "13800138000"),
        (1.38e10, "13800000000"),
        (1234.5, "1234.5"),
        (0.1 + 0.2, "0.3"),
        (-0.0001, "-0.0001"),
        (1e-7, "0.0000001"),
        (True, "true"),
        (dt.date(2026, 6, 30), "2026-06-30"),
        (dt.datetime(2026, 6, 30, 9, 5), "2026-06-30T09:05:00"),
        (dt.date(1900, 3, 1), "1900-03-01"),
        ("1899-05-01", "1899-05-01"),
        ("=SUM(A1:A2)", "=SUM(A1:A2)"),
    ],
)
def test_cells_are_read_without_loss(path: Path, value: Any, text: str) -> None:
    assert cells(book(path, ("x", "y"), (value, "end"))) == [(text, "end")]


def test_what_lost_digits_fails_its_row(path: Path) -> None:
    rows = list(XlsxFile(book(path, ("x",), (91310000123456789,), ("91310000123456789",))).rows())
    assert rows[0].fault is not None
    assert "A2" in rows[0].fault.interpolate()  # type: ignore[attr-defined]
    assert rows[1].fault is None


def test_an_error_value_fails_its_row(path: Path) -> None:
    book(path, ("name", "phone"), ("Acme",))
    error = b'<c r="B2" t="e"><v>#REF!</v></c></row></sheetData>'
    broken = rewritten(path, xl__worksheets__sheet1_xml=lambda xml: xml.replace(b"</row></sheetData>", error))
    (row,) = XlsxFile(broken).rows()
    assert row.fault is not None
    assert row.fault.interpolate() == "Cell B2 holds the error #REF!."  # type: ignore[attr-defined]


def test_gaps_blank_rows_and_lines(path: Path) -> None:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet["B3"], sheet["C3"] = "name", " phone "
    sheet["B6"] = "Acme"
    sheet["E9"] = "stray"
    made.save(path)
    file = XlsxFile(path)
    assert file.headers == ("", "name", "phone")
    acme, stray = file.rows()
    assert (acme.line, acme.cells) == (6, ("", "Acme", ""))
    assert (stray.line, stray.fault is not None) == (9, True)


def test_a_sheet_by_name(path: Path) -> None:
    book(path, ("wrong",), 客户=[("name",), ("Acme",)])
    assert XlsxFile(path).headers == ("wrong",)
    assert [row.cells for row in XlsxFile(path, "客户").rows()] == [("Acme",)]
    with pytest.raises(Invalid) as refused:
        XlsxFile(path, "nope")
    assert sentence(refused.value) == "There is no sheet nope. The workbook has: Sheet, 客户."


def test_rows_come_into_the_site(site: Site, bring: Importer, path: Path) -> None:
    rows = [("Acme", 12, dt.date(2001, 2, 28), 1234.5678), ("Beta", "x", None, None)]
    book(path, ("name", "employees", "founded_on", "annual_revenue"), *rows)
    said = bring.bring(XlsxFile(path), match="name")
    assert said.counts == (1, 0, 0, 1)
    assert said.failed == {3: "employees: Give a whole number."}
    assert bring.bring(XlsxFile(path), match="name").counts == (0, 0, 1, 1)


# --- hostile ---------------------------------------------------------------------------------------


def test_what_is_no_workbook(path: Path) -> None:
    path.write_text("name,phone\nAcme,1\n")
    assert "not an XLSX workbook" in refusal(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    assert "locked by a password" in refusal(path)
    path.write_bytes(b"")
    assert "not an XLSX workbook" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("name.txt", "Acme")
    assert "not an XLSX workbook" in refusal(path)


def test_a_workbook_cut_off(path: Path) -> None:
    whole = book(path, ("name",), ("Acme",)).read_bytes()
    for end in (5, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:end])
        assert "damaged" in refusal(path)


def test_a_bomb_is_not_unpacked(path: Path) -> None:
    book(path, ("name",))
    filling = b"<row>" * ((40 << 20) // 5)
    assert "too large" in refusal(rewritten(path, xl__worksheets__sheet1_xml=filling))


def test_a_member_that_lies_about_its_size(path: Path) -> None:
    content = bytearray(rewritten(book(path, ("name",)), xl__worksheets__sheet1_xml=b"<x>" + b"y" * 9000).read_bytes())
    directory = content.rindex(SHEET.encode())
    at = directory - 46 + 24  # the size in the central directory
    content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    assert "damaged" in refusal(path)


def test_members_that_share_their_bytes(path: Path) -> None:
    book(path, ("name",))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SHEET, "<x/>")
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("head", [b'<!DOCTYPE x [<!ENTITY a "b">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'])
def test_entities_are_not_read(path: Path, head: bytes) -> None:
    book(path, ("name",))
    for name in ("xl__worksheets__sheet1_xml", "xl__workbook_xml", "docProps__core_xml"):
        assert "XML entities" in refusal(rewritten(book(path, ("name",)), **{name: lambda xml: head + xml}))
    utf16 = rewritten(book(path, ("name",)), xl__workbook_xml=lambda xml: (head + xml).decode().encode("utf-16-le"))
    assert "damaged" in refusal(utf16)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="1"', b'<row r="2147483647"'),
        (b'<row r="1"', b'<row r="-1"'),
        (b'r="A1"', b'r="XFD999999999"'),
        (b'r="A1"', b'r="!!"'),
        (b"</sheetData>", b"</sheet>"),
    ],
)
def test_sheets_that_no_spreadsheet_writes(path: Path, old: bytes, new: bytes) -> None:
    book(path, ("name",), ("Acme",))
    refused = refusal_or_rows(rewritten(path, xl__worksheets__sheet1_xml=lambda xml: xml.replace(old, new, 1)))
    assert isinstance(refused, list) or any(one in refused for one in ("damaged", "too large", "empty", "columns"))


def refusal_or_rows(path: Path) -> Any:
    try:
        return list(XlsxFile(path).rows())
    except Invalid as error:
        return sentence(error)


def test_a_width_that_is_only_claimed_costs_nothing(path: Path) -> None:
    book(path, ("name",), ("Acme",))
    claim = rewritten(path, xl__worksheets__sheet1_xml=lambda xml: xml.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'))
    assert cells(claim) == [("Acme",)]


def test_too_many_columns(path: Path) -> None:
    assert "1000 columns" in refusal(book(path, [f"c{at}" for at in range(16_384)]))


def test_merged_cells_and_macros(path: Path) -> None:
    made = Workbook()
    assert made.active is not None
    made.active.append(["name", "phone"])
    made.active.merge_cells("A2:B2")
    made.save(path)
    assert "Unmerge" in refusal(path)
    assert "macros" in refusal(rewritten(book(path, ("name",)), **{"xl__vbaProject.bin": b"x"}))


def test_the_command_says_it_in_one_sentence(kehu: Callable[..., Said], site: Site, path: Path) -> None:
    path.write_text("name\nAcme\n")
    said = kehu("import", "core.customer", str(path))
    assert (said.code, said.out) == (1, "")
    assert said.err == "kehu: This is not an XLSX workbook. Save it as XLSX or as CSV UTF-8.\n"
    book(path, ("name",), ("Acme",))
    assert kehu("import", "core.customer", str(path), "--json").out.startswith('{"created": 1')
    assert kehu("import", "core.customer", str(path), "--sheet", "Nope").code == 1
    (path.parent / "rows.csv").write_text("name\n")
    assert kehu("import", "core.customer", str(path.parent / "rows.csv"), "--sheet", "x").code == 2


# --- out and in again ------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)
ODD = st.lists(st.sampled_from(["_", "x", "005F", "FFFE", "x0041_", "\ufffe", "\uffff", "\x01", "\x1f"])).map("".join)
VALUES = st.one_of(
    TEXT,
    ODD,
    st.sampled_from(["=1+1", "'=x", "+a", "-1", "@x", "a\nb", "1", "true", "_x0041_", "#REF!", "2026-06-30"]),
    st.integers(-(2**31), 2**31),
    st.decimals(-(10**14), 10**14, places=4),
    st.dates(),
    st.booleans(),
)


@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, Any]]) -> None:
    path = tmp_path_factory.mktemp("x") / "rows.xlsx"
    writer = XlsxWriter(path, "core.customer")
    for row in (("x", "y", "end"), *((*row, "end") for row in rows)):
        writer.write(row)
    writer.close()
    read = [tuple(original(cell) for cell in row.cells[:2]) for row in XlsxFile(path).rows()]
    assert read == [tuple(text_of(value) for value in row) for row in rows]
    book = load_workbook(path)
    assert book.active is not None
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value) >= 10**11 else plain(value)
    return str(value)


def plain(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


def test_a_text_too_long_for_a_cell(path: Path) -> None:
    writer = XlsxWriter(path, "x")
    with pytest.raises(Invalid) as refused:
        writer.write(["y" * 32_768])
    assert "Export to CSV" in sentence(refused.value)


def test_half_a_symbol_is_written_out_and_said_to_be_one(path: Path) -> None:
    writer = XlsxWriter(path, "x")
    for cell in ("x", "a\ud800", "b\0"):
        writer.write([cell])
    writer.close()
    assert [row.cells for row in XlsxFile(path).rows()] == [("a_xD800_",), ("b_x0000_",)]


def test_what_another_program_has_written_out_is_read(path: Path) -> None:
    book(path, ("name",), ("a_x000D_",), ("_x005F_x000D_",))
    assert [row.cells for row in XlsxFile(path).rows()] == [("a\r",), ("_x000D_",)]
