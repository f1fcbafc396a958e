"""CSV files are read whatever their encoding, or refused with the place that is wrong."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from core.cli.failures import sentence
from core.entities import csvfile
from core.entities.csvfile import CsvFile, Row
from core.errors import Invalid

TEXT = "客户名称,备注\n𠮷野家,喜欢鱼\n上海华达机械有限公司,联通\n"
CELLS = [("𠮷野家", "喜欢鱼"), ("上海华达机械有限公司", "联通")]


def read(path: Path, content: bytes) -> CsvFile:
    path.write_bytes(content)
    return CsvFile(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def refusal(path: Path, content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read(path, content)
    return sentence(refused.value)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8-sig"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("gb18030"), "gb18030"),
        (b"\x84\x31\x95\x33" + TEXT.encode("gb18030"), "gb18030"),  # with the mark that some editors write
    ],
)
def test_encodings(path: Path, content: bytes, encoding: str) -> None:
    table = read(path, content)
    assert table.encoding == encoding
    assert table.headers == ("客户名称", "备注")
    assert [row.cells for row in table.rows()] == CELLS
    assert [row.line for row in table.rows()] == [2, 3]
    assert table.count == 2


def test_gb18030_that_begins_with_a_lot_of_ascii(path: Path) -> None:
    rows = "name\n" + "Acme\n" * 300_000
    table = read(path, (rows + "联通\n").encode("gb18030"))
    assert table.encoding == "gb18030"
    assert list(table.rows())[-1].cells == ("联通",)


def test_one_bad_byte_does_not_make_utf8_gb18030(path: Path) -> None:
    rows = [f"上海公司{number}".encode() for number in range(100)]
    rows[60] += b"\xff"
    said = refusal(path, b"\n".join([b"name", *rows]))
    byte = len(b"\n".join([b"name", *rows[:61]]))
    assert f"byte {byte} (0xff) in line 62" in said
    assert "not UTF-8:" in said


def test_a_fault_beyond_the_first_block_is_counted_from_the_start_of_the_file(path: Path) -> None:
    head = b"name\n" + "上海\n".encode() * 200_000
    assert f"byte {len(head) + 1} (0xe4) in line 200002" in refusal(path, head + b"\xe4")


def test_a_cut_character_at_the_end(path: Path) -> None:
    assert "cannot be read" in refusal(path, (TEXT * 5).encode()[:-3])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        ("name\nAcme\n".encode("utf-16-le"), "UTF-16"),
        (b"\x89PNG\x00\x00\n\x00\x01", "binary"),
        (b"name\n\xff\xfe\xfd\n", "GB18030: byte 6 (0xff) in line 2"),
        (b"", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\n\n , \n", "empty"),
    ],
)
def test_what_is_no_csv_is_refused(path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(path, content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(path: Path, delimiter: str) -> None:
    table = read(path, f'"na,me"{delimiter}note\r\n"a{delimiter}b"{delimiter}"c\r\nd"\r\nx{delimiter}y'.encode())
    assert table.headers == ("na,me", "note")
    assert list(table.rows()) == [Row(2, (f"a{delimiter}b", "c\r\nd")), Row(4, ("x", "y"))]


def test_rows_of_another_width_and_bad_quotes_are_marked_and_the_rest_goes_on(path: Path) -> None:
    table = read(path, b'name,note\n\nonly\na,b,c\n,,\n , \n"Smith" Bob,x\nlast,"one"\nodd,"end')
    rows = {row.line: row for row in table.rows()}
    assert {line for line, row in rows.items() if row.fault} == {3, 4, 7, 9}
    assert rows[3].fault.interpolate() == "This row has 1 cells, the header has 2."  # type: ignore[union-attr]
    assert rows[7].cells == ('"Smith" Bob,x',)
    assert rows[8] == Row(8, ("last", "one"))


def test_a_quote_that_never_closes_refuses_the_file(path: Path) -> None:
    assert "opened in line 3" in refusal(path, b'name,note\na,b\nc,"d\ne,f\ng,h\n')


def test_a_huge_cell_fails_its_row_and_a_huge_line_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = b"x" * (csvfile.CELL_MOST + 1)
    table = read(path, b"name,note\na," + huge + b"\nb,c\n")
    assert [(row.line, row.fault is None) for row in table.rows()] == [(2, False), (3, True)]
    assert "line 2" in refusal(path, b'name,note\na,"' + b"x\n" * csvfile.CELL_MOST)
    monkeypatch.setattr(csvfile, "_LINE_MOST", 1000)
    assert "Line 2 is far too long" in refusal(path, b"name,note\na," + huge)


def test_nul_stays_in_its_cell(path: Path) -> None:
    table = read(path, b"name\na\x00b\nc\n")
    assert [row.cells for row in table.rows()] == [("a\x00b",), ("c",)]
