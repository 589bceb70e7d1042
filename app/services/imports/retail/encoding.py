"""Decodes a retail file: packed or plain, in which encoding."""

import codecs
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from app.domain.imports.retail.headings import RetailFileError

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 20
START_BYTES = 4096
OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"%PDF": "a PDF file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    GZIP_MAGIC: "a gzip file in a gzip file",
}
#: The longer ones first: UTF-32's begins like UTF-16's.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NO_TEXT = RetailFileError("this is no text; expected a CSV file, plain or gzip")
NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
}
#: What Windows-1252 makes of other encodings, and western Europeans do not write: a sign inside of
#: a word, a capital after a small letter, three letters with accents in a row.
NOT_WESTERN = re.compile(
    r"[^\W\d_][¡-©«-³µ¶¸¹»-¿×÷€‚ƒ„…†‡ˆ‰‹“”•˜™›][^\W\d_]"
    r"|[a-zß-öø-ÿšœž][ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŠŒŽŸ]"
    r"|[À-ÖØ-öø-ÿŠŒŽšœžŸƒ]{3}|[ƒ‚„†‡ˆ‰˜][^\W\d_]|[^\W\d_][ƒ‚†‡ˆ˜¤]"
)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked if they are packed."""
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file


def recognise_encoding(path: Path) -> str:
    """The encoding of the text, as Python calls it. RetailFileError where none is certain.

    A byte order mark tells; else zeros in every other byte, as UTF-16 has them; else what is valid
    UTF-8 is that; else it is Windows-1252, as long as that gives words as they are written in
    western Europe. Statistics do worse on files that are ASCII but for a few letters.
    """
    with opened(path) as file:
        start = file.read(START_BYTES)
        _refuse_other_files(start)
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if start.startswith(mark):
                return encoding
    if by_zeros := _by_zeros(start):
        return by_zeros
    if _is_utf8(path):
        return "utf-8-sig"
    if b"\x00" in start:
        raise NO_TEXT
    _check_western(path)
    return "cp1252"


def _refuse_other_files(start: bytes) -> None:
    if not start:
        raise RetailFileError("the file is empty; expected a CSV file with headings and lines")
    for magic, kind in OTHER_FILES.items():
        if start.startswith(magic):
            raise RetailFileError(
                f"this is {kind}; expected a CSV file, plain or gzip. Save it as CSV (UTF-8)"
            )


def _by_zeros(start: bytes) -> str | None:
    """UTF-16 without its mark: what is ASCII in it has a zero in every other byte."""
    halves = start[0::2].count(0), start[1::2].count(0)
    if halves[0] * 20 <= halves[1] and halves[1] * 5 >= len(start):
        return "utf-16-le"
    if halves[1] * 20 <= halves[0] and halves[0] * 5 >= len(start):
        return "utf-16-be"
    if sum(halves) * 20 > len(start):
        raise NO_TEXT
    return None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(path) as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _check_western(path: Path) -> None:
    with opened(path) as file, TextIOWrapper(file, encoding="latin-1", newline="") as texts:
        for number, text in enumerate(texts, start=1):
            if text.isascii():
                continue
            line = text.encode("latin-1")
            try:
                wrong = NOT_WESTERN.search(line.decode("cp1252"))
            except UnicodeDecodeError as error:
                raise _unknown(number, line, error.start) from None
            if wrong:
                place = next(at for at in range(wrong.start(), wrong.end()) if line[at] > 0x7F)
                raise _unknown(number, line, place)


def _unknown(number: int, line: bytes, place: int) -> RetailFileError:
    around = line[max(0, place - 10) : place + 10].decode("ascii", "replace")
    return RetailFileError(
        f"line {number}: byte 0x{line[place]:02X} in '{around.strip()}' is neither UTF-8 nor "
        "Windows-1252 as western Europeans write. Save the file as CSV (UTF-8), or say "
        "--encoding and its name, such as mac_roman, cp850 or cp1250"
    )
