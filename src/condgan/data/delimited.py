"""Text files of rows and cells: encoding, delimiter, quotes."""

import codecs
import csv
import io
from collections.abc import Iterator

from condgan.data.names import tidy
from condgan.errors import InputError, in_one_line

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE = 100_000  # characters from which the delimiter is told
BYTE_ORDER_MARKS = {  # longer ones first, because that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HEADER = "a header with the file's column and one for each label, such as file,hair,eyes"

Row = tuple[str, list[str]]


def decode(content: bytes, where: str, encoding: str | None = None) -> str:
    """Decodes text by its byte order mark, in UTF-8 without one, or in `encoding`, which is that of `--encoding`.

    Raises InputError naming the file if the bytes are not of this encoding.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), None)
    try:
        text = content.decode(marked or encoding or "utf-8")
    except UnicodeError as error:
        advice = "name its encoding, e.g. --encoding cp1252 (western Europe), gbk or shift_jis, or save it as UTF-8"
        reason = getattr(error, "reason", "") or in_one_line(error)[:80]  # some codecs give no reason
        raise InputError(f"{where}: not text in {marked or encoding or 'UTF-8'} ({reason}); {advice}") from None
    if "\0" in text:
        raise InputError(f"{where}: found zero bytes, expected text; if it is UTF-16, use --encoding utf-16-le")
    return text


def read_rows(text: str, where: str, delimiter: str | None = None) -> list[Row]:
    """Returns place and cells of each row, without empty rows. The delimiter is told from the text if it is None.

    Raises InputError naming file and line: broken quotes, no rows, or two possible delimiters.
    """
    text, marked = _without_mark(text)
    lines_before = int(marked is not None)
    delimiter = _escaped(delimiter) or marked or _delimiter(text, where)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((f"{where}, line {reader.line_num + lines_before}", [tidy(cell) for cell in row]))
    except csv.Error as error:
        expected = f"expected cells separated by {DELIMITERS.get(delimiter, repr(delimiter))}, and quotes in pairs"
        raise InputError(f"{where}, line {reader.line_num + lines_before}: {error}; {expected}") from None
    if not rows:
        raise InputError(f"{where}: found no rows, expected {HEADER}, and a row for each image")
    return rows


def _without_mark(text: str) -> tuple[str, str | None]:
    """Removes a line `sep=;`, with which spreadsheets name the delimiter, and returns the delimiter."""
    text = text.removeprefix("\ufeff")
    first, newline, rest = text.partition("\n")
    mark = first.strip("\r\"' ")
    return (rest, mark[4:]) if newline and mark.lower().startswith("sep=") and len(mark) == 5 else (text, None)


def _escaped(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(f"--delimiter: found {delimiter!r}, expected one character such as ; or tab")
    return delimiter


def _delimiter(text: str, where: str) -> str:
    """Returns the delimiter with which the header has several cells and the other rows as many."""
    sample = (
        text if len(text) <= SAMPLE else text[: text.rindex("\n", 0, SAMPLE) + 1 if "\n" in text[:SAMPLE] else SAMPLE]
    )
    widths = {delimiter: list(_widths(sample, delimiter)) for delimiter in DELIMITERS}
    split = [delimiter for delimiter, found in widths.items() if found and found[0] > 1]
    even = [delimiter for delimiter in split if len(set(widths[delimiter])) == 1]
    if len(even) > 1:
        found = " and ".join(DELIMITERS[delimiter] for delimiter in even)
        raise InputError(f"{where}: the cells may be separated by {found}; choose one with --delimiter")
    return next(iter(even or split), ",")


def _widths(text: str, delimiter: str) -> Iterator[int]:
    """Yields the number of cells of each row, as far as the quotes can be read."""
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                yield len(row)
    except csv.Error:
        return
