"""What a retail file may look like: parted, encoded, packed and headed as programs write it."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.imports.retail.dates import DateOrder
from app.domain.imports.retail.file_format import Choices
from app.domain.imports.retail.headings import RetailFileError
from app.services.imports.retail.file import read_retail_file
from tests.support.retail_files import HEADINGS, row

FILES = Path(__file__).parent / "retail_files"
HEAD = ",".join(HEADINGS)
LINE = "900102,85123A,WHITE HANGING HEART,2,2011-12-01 08:26:00,2.55,17850.0,United Kingdom"


@pytest.fixture
def read(tmp_path):
    def written(content, written_in="utf-8", **choices):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(written_in))
        return read_retail_file(path, choices=Choices(**choices))

    return written


@pytest.fixture
def refusal(read):
    def said(content, written_in="utf-8", **choices):
        with pytest.raises(RetailFileError) as refusal:
            read(content, written_in, **choices)
        message = str(refusal.value)
        assert message.endswith(". Nothing was imported.")
        assert len(message.splitlines()) == 1
        return message

    return said


def parted(delimiter, *rows):
    quoted = [[f'"{cell}"' if delimiter in cell else cell for cell in cells] for cells in rows]
    return "\n".join(delimiter.join(cells) for cells in [HEADINGS, *quoted]) + "\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("02-bom", ("900102", "85123A", "WHITE HANGING HEART", 2, "2.55")),
        (
            "03-semicolon-decimal-comma",
            ("536365", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, "2.55"),
        ),
        ("06-latin1", ("900106", "85123A", "CAFÉ £5 BOX", 2, "2.55")),
        (
            "08-oriiheadings",
            ("489434", "85048", "15CM CHRISTMAS GLASS BALL 20 LIGHTS", 12, "6.95"),
        ),
        ("14-thousands", ("900114", "85123A", "WHITE HANGING HEART", 1200, "2.55")),
        ("16-float-quantity", ("900116", "85123A", "WHITE HANGING HEART", 2, "2.55")),
        ("18-nbsp-description", ("900118", "85123A", "WHITE HEART", 2, "2.55")),
        ("22-crlf", ("900122", "85123A", "WHITE HANGING HEART", 2, "2.55")),
        ("25-excel-trailing-empty-rows", ("900125", "85123A", "WHITE HANGING HEART", 2, "2.55")),
    ],
)
def test_a_file_that_was_reported_is_read(name, expected):
    (line,) = read_retail_file(FILES / f"{name}.csv").lines
    *texts, price = expected
    assert [line.invoice, line.stock_code, line.description, line.quantity] == texts
    assert line.unit_price == Decimal(price)


def test_the_file_with_decimal_commas_has_the_day_first_and_says_so():
    file = read_retail_file(FILES / "03-semicolon-decimal-comma.csv")
    assert f"{file.lines[0].at}" == "2010-12-01 08:26:00"
    assert file.form.as_facts() == {
        "encoding": "UTF-8",
        "delimiter": "semicolon",
        "decimalMark": "comma",
        "dates": "day-first",
        "columnsIgnored": [],
        "emptyRows": 0,
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("11-dup-heading", "line 1: Quantity is there twice, as Quantity in columns 4 and 9"),
        ("27-year-9999", "line 2: InvoiceDate should be from 1970-01-01 to 2100-12-31, not '9999-"),
        ("28-year-0001", "line 2: InvoiceDate should be from 1970-01-01 to 2100-12-31, not '0001-"),
        ("30-price-underscore", "line 2: UnitPrice should be an amount such as 2.55, not '1_0'"),
    ],
)
def test_a_file_that_was_reported_is_refused_in_one_line(name, said):
    with pytest.raises(RetailFileError) as refusal:
        read_retail_file(FILES / f"{name}.csv")
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


# Delimiters and quotes


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")]
)
def test_the_delimiter_is_recognised(read, delimiter, name):
    rows = [row("1", description=f"A{delimiter} B; C, D"), row("2", description="")]
    file = read(parted(delimiter, *rows))
    assert [line.description for line in file.lines] == [
        f"A{delimiter} B; C, D".replace("\t", " ").replace("  ", " "),
        "",
    ]
    assert file.form.delimiter == name


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "^"])
def test_the_delimiter_may_be_said_as_excel_says_it(read, delimiter):
    file = read(f"sep={delimiter}\r\n" + parted(delimiter, row("1")))
    assert [(line.number, line.invoice) for line in file.lines] == [(3, "1")]


def test_decimal_commas_may_stand_in_a_file_parted_by_commas(read):
    (line,) = read(parted(",", row("1", quantity="1.200", price="2,55", customer="17850"))).lines
    assert (line.quantity, line.unit_price) == (1200, Decimal("2.55"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD.replace(",", "^") + "\n", "parted by commas, semicolons, tabs or pipes; it is"),
        (HEAD.replace(",", " ") + "\n", "line 1: expected the headings InvoiceNo"),
        ("Sales of 2011\n" + HEAD, "it is 'Sales of 2011'"),
        (f"{HEAD}\n{LINE},\n", "line 2: expected 8 fields, found 9. A field with a comma in it"),
        (f"{HEAD}\n{LINE}\n1,2,3\n", "line 3: expected 8 fields, found 3"),
        (f"{HEAD}\n{LINE.replace('2.55', '2,55')}\n", "line 2: expected 8 fields, found 9"),
        (f"{HEAD}\n{LINE.replace('WHITE', chr(34) + 'WHITE')}\n", "line 2: a quotation mark"),
        (f'{HEAD}\n{LINE}\n"a" b,1\n', "line 3: text follows a closing quotation mark"),
        (f'{HEAD}\n{LINE}\n1,2,"' + "x" * 200_000, "line 3: a quotation mark"),
        (f"{HEAD}\n\n{LINE}\n\n\n{LINE.replace('2.55', '?')}\n", "line 6: UnitPrice"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(refusal, content, said):
    assert said in refusal(content)


# Line ends and empty rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_every_way(read, end):
    second = LINE.replace("900102", "900103").replace("WHITE", f'"WHITE{end}RED"', 1)
    second = second.replace(f'"WHITE{end}RED" HANGING HEART', f'"WHITE{end}RED"')
    third = LINE.replace("900102", "900104")
    lines = read(end.join([HEAD, LINE, second, third])).lines
    assert [line.number for line in lines] == [2, 3, 5]
    assert lines[1].description == "WHITE RED"


@pytest.mark.parametrize(
    "empty", ["", ",,,,,,,", " ,\t,,,,,,", ",,,", '"","",,,,,,', "\u00a0,,,,,,,"]
)
def test_empty_rows_are_no_rows_wherever_they_stand(read, empty):
    file = read("\n".join([empty, HEAD, empty, LINE, empty, empty, LINE + "\n", *[empty] * 5000]))
    assert [line.number for line in file.lines] == [4, 7]
    assert file.form.empty_rows >= 5003


def test_thousands_of_empty_rows_in_the_middle_hide_nothing(read):
    file = read("\n".join([HEAD, LINE, *[",,,,,,,"] * 20_000, LINE]))
    assert [line.number for line in file.lines] == [2, 20_003]


# Headings


@pytest.mark.parametrize(
    "headings",
    [
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        "INVOICENO,STOCKCODE,DESCRIPTION,QUANTITY,INVOICEDATE,UNITPRICE,CUSTOMERID,COUNTRY",
        "invoice no,stock code,description,quantity,invoice date,unit price,customer id,country",
        " InvoiceNo , StockCode,Description ,Quantity,InvoiceDate,UnitPrice,CustomerID,Country ",
        "Invoice_No,Stock_Code,Description,Quantity,Invoice_Date,Unit_Price,Customer_ID,Country",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        '"InvoiceNo","StockCode","Description","Quantity","InvoiceDate","UnitPrice","CustomerID",'
        '"Country"',
        "\ufeffInvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "Invoice\u00a0No,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Customer-ID,Country",
        "Invoice No.,StockCode,Description,Quantity,InvoiceDate,Unit Price (£),CustomerID,Country",
    ],
)
def test_headings_of_both_editions_are_known_in_every_spelling(read, headings):
    (line,) = read(f"{headings}\n{LINE}\n").lines
    assert (line.invoice, line.unit_price, line.customer) == ("900102", Decimal("2.55"), "17850")


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (f"{HEAD},Price", "UnitPrice is there twice, as UnitPrice and Price in columns 6 and 9"),
        (f"Invoice,{HEAD}", "InvoiceNo is there twice, as Invoice and InvoiceNo in columns 1 and"),
        (f"{HEAD},quantity", "Quantity is there twice, as Quantity and quantity in columns 4 and"),
        (f"{HEAD},Customer ID", "CustomerID is there twice"),
        (f"{HEAD},Country,Country", "Country is there twice"),
        (HEAD.replace(",Quantity", ""), "Quantity is missing. There: 'InvoiceNo', 'StockCode'"),
        (HEAD.replace("UnitPrice", "Amount"), "UnitPrice is missing. There: 'InvoiceNo',"),
        (HEAD.replace("UnitPrice", "Amount"), "'Amount', 'CustomerID', 'Country'"),
        (HEAD.replace("InvoiceNo,", "").replace("Country", "Land"), "InvoiceNo, Country are miss"),
        ("Quantity,Price,Invoice", "StockCode, Description, InvoiceDate, CustomerID, Country are"),
    ],
)
def test_headings_that_are_there_twice_or_missing_are_named(refusal, headings, said):
    assert said in refusal(f"{headings}\n{LINE}\n")


def test_other_columns_are_passed_over_and_told(read):
    cells = LINE.split(",")
    content = f"Till,{HEAD},,Clerk \n7,{','.join(cells)},,Ada\n"
    file = read(content)
    assert file.form.columns_ignored == ("Till", "Clerk")
    assert file.lines[0].invoice == "900102"


# Encodings


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
        ("latin-1", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_encoding_is_recognised(read, encoding, name, packed):
    text = f"{HEAD}\n{LINE.replace('WHITE', 'CAFÉ À LA CRÈME, 5 £, Ñandú, crème brûlée ½')}\n"
    text = text.replace("CAFÉ À LA CRÈME, 5 £, Ñandú,", "CAFÉ À LA CRÈME 5 £ Ñandú")
    content = text.encode(encoding)
    file = read(gzip.compress(content) if packed else content)
    assert file.lines[0].description.startswith("CAFÉ À LA CRÈME 5 £ Ñandú crème brûlée ½")
    assert file.form.encoding == name


@pytest.mark.parametrize(
    "word",
    ["CAFÉ", "Crème brûlée", "Größe", "Smörgåsbord", "señor", "l’été", "5 €", "“quoted” – dash",
     "£5", "½ price", "ÆRØ", "João", "naïve", "Œuvre", "it’s", "Ångström", "25°C", "no. 3º"],
)  # fmt: skip
def test_western_words_are_read_from_windows_1252(read, word):
    file = read(f"{HEAD}\n{LINE.replace('WHITE', word)}\n", "cp1252")
    assert file.lines[0].description == f"{word} HANGING HEART"


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("CAFÉ", "mac_roman"),
        ("café", "mac_roman"),
        ("crème", "mac_roman"),
        ("Größe", "cp850"),
        ("fünf", "cp850"),
        ("кафе", "cp1251"),
        ("Łódź", "cp1250"),
        ("żółty", "cp1250"),
        ("καφές", "cp1253"),
        ("中文书", "gbk"),
        ("カフェ", "shift_jis"),
    ],
)
def test_text_in_another_encoding_is_refused_unless_it_is_named(read, refusal, word, encoding):
    content = f"{HEAD}\n{LINE}\n{LINE.replace('WHITE', word)}\n"
    said = refusal(content, encoding)
    assert "line 3: byte 0x" in said
    assert "Save the file as CSV (UTF-8), or say --encoding" in said
    named = read(content, encoding, encoding=encoding)
    assert named.lines[1].description == f"{word} HANGING HEART"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_a_byte_that_is_none_of_the_encoding_is_named(refusal, end):
    content = end.join([HEAD, LINE, LINE.replace("WHITE", "caf\u0081"), LINE])
    assert "line 3: byte 0x81" in refusal(content, "latin-1")


@pytest.mark.parametrize(
    ("content", "choice", "said"),
    [
        (f"{HEAD}\n{LINE}\n".encode("utf-16")[:-1], {}, "the text is not UTF-16"),
        (f"{HEAD}\n{LINE}É\n".encode("cp1252"), {"encoding": "ascii"}, "the text is not ascii"),
        (f"{HEAD}\n{LINE}É\n".encode("cp1252"), {"encoding": "utf-8"}, "the text is not utf-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), {}, "this is no text"),
        (f"{HEAD}\n{LINE}\n".encode() + b"\x00" * 5000, {}, "this is no text"),
        (f"{HEAD}\n{LINE}\n".encode() + b"\x81\x8d", {}, "line 3: byte 0x81"),
    ],
)
def test_what_is_no_text_is_refused(refusal, content, choice, said):
    assert said in refusal(content, **choice)


# Texts


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("WHITE\u00a0HEART", "WHITE HEART"),
        ("\u2003WHITE\u202fHEART ", "WHITE HEART"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("Cafe\u0301", "Café"),
        ("a\tb", "a b"),
    ],
)
def test_spaces_are_spaces_and_joiners_are_text(read, text, description):
    (line,) = read(f"{HEAD}\n{LINE.replace('WHITE HANGING HEART', text)}\n").lines
    assert line.description == description


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("Description", "WHITE\u0007HEART", "Character 6 is U+0007"),
        ("Description", "a\u202eb", "Character 2 is U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("StockCode", "22111\u0000", "U+0000"),
        ("Country", "x" * 101, "at most 100 characters"),
        ("StockCode", "x" * 41, "1 to 40 characters"),
    ],
)
def test_a_character_that_cannot_be_kept_is_named_with_its_place(refusal, column, text, said):
    cells = LINE.split(",")
    cells[HEADINGS.index(column)] = text
    message = refusal(f"{HEAD}\n{','.join(cells)}\n")
    assert f"line 2: {column} " in message
    assert said in message


# What the person at the keyboard says


def test_ambiguous_dates_are_read_as_they_are_said_to_be(read, refusal):
    content = f"{HEAD}\n{LINE.replace('2011-12-01 08:26:00', '1/12/2010 08:26')}\n"
    assert "--dates day-first" in refusal(content)
    for order, month in ((DateOrder.DAY_FIRST, 12), (DateOrder.MONTH_FIRST, 1)):
        assert read(content, date_order=order).lines[0].at.month == month


def test_an_ambiguous_price_is_read_as_it_is_said_to_be(read, refusal):
    cells = row("1", price="1,200", customer="17850")
    content = parted(";", cells)
    assert "--decimal-mark" in refusal(content)
    assert read(content, decimal_mark=".").lines[0].unit_price == 1200
    assert read(content, decimal_mark=",").lines[0].unit_price == Decimal("1.20")
