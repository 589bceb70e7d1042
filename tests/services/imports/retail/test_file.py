import gzip

import pytest

from app.domain.imports.retail.headings import RetailFileError
from app.services.imports.retail.file import read_retail_file
from tests.support.retail_files import row, write_file

ROWS = [row("1", description='SAID "SO",\nTWICE'.replace("\n", " ")), row("2")]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_packed_or_plain_whatever_its_name(tmp_path, packed):
    lines = read_retail_file(write_file(tmp_path / "file", ROWS, packed=packed)).lines
    assert [(line.number, line.invoice) for line in lines] == [(2, "1"), (3, "2")]


def test_columns_may_come_in_another_order_and_with_others_between(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text(
        "\ufeffCountry,CustomerID,UnitPrice,InvoiceDate,Shop,Quantity,Description,StockCode,InvoiceNo\n"
        "EIRE,17850.0,2.55,2010-12-01 08:26:00,7,6,LANTERN,71053,536365\n"
    )
    (line,) = read_retail_file(path).lines
    assert (line.invoice, line.country, line.quantity) == ("536365", "EIRE", 6)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty; expected a CSV file"),
        (b"\n\r\n,,,\n", "line 1: expected the headings InvoiceNo, StockCode"),
        (b"a,b,c\n1,2,3\n", "line 1: expected the headings"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "expected a CSV file"),
        (b"PK\x03\x04 not a csv", "this is an Excel workbook or another zip file; expected a CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook of the old kind"),
        (b"%PDF-1.7", "this is a PDF file"),
        (
            gzip.compress(gzip.compress(b"x", mtime=0), mtime=0),
            "this is a gzip file in a gzip file",
        ),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"\x1f\x8bgarbage", "the gzip file is damaged or cut off"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(RetailFileError) as refusal:
        read_retail_file(path)
    assert said in str(refusal.value)
    assert str(refusal.value).endswith("Nothing was imported.")


def test_a_packed_file_that_was_cut_off_is_refused(tmp_path):
    path = write_file(tmp_path / "file.gz", [row(str(n)) for n in range(5000)], packed=True)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(RetailFileError, match="damaged or cut off"):
        read_retail_file(path)


def test_headings_alone_are_no_file(tmp_path):
    with pytest.raises(RetailFileError, match="expected invoice lines"):
        read_retail_file(write_file(tmp_path / "file.csv", []))


def test_the_wrong_line_is_named(tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1"), row("2", quantity="many")])
    with pytest.raises(RetailFileError, match="line 3: Quantity should be a whole number"):
        read_retail_file(path)


def test_a_line_with_too_few_fields_is_named(tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1"), row("2")[:-1]])
    with pytest.raises(RetailFileError, match="line 3: expected 8 fields, found 7"):
        read_retail_file(path)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(RetailFileError, match="Nothing was imported"):
        read_retail_file(tmp_path / name)
