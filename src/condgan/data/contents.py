"""What a file contains, judged by its first bytes, in words for people."""

HEAD_BYTES = 512  # as much as `describe` and `is_image` look at

IMAGES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    b"GIF87a",
    b"GIF89a",
    b"II*\0",  # TIFF
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"qoif",
    b"DDS |\0\0\0",
)
OTHERS = {
    b"PK\x03\x04": "a zip file",
    b"PK\x05\x06": "an empty zip file",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a gzip file",
    b"\xfd7zXZ\0": "an xz file",
    b"BZh": "a bzip2 file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript file",
    b"\xc5\xd0\xd3\xc6": "an EPS file",
    b"8BPS": "a Photoshop file",
    b"SIMPLE  =": "a FITS file",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\x00\x00\x00\x1cftypisom": "a video",
    b"\x1a\x45\xdf\xa3": "a video",
    b"<svg": "an SVG drawing",
    b"version https://git-lfs": "a Git LFS pointer",
}
HEIF = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"hevc")


def is_image(head: bytes) -> bool:
    """Returns whether a file that begins like this is an image that is read, whatever its name."""
    if head.startswith(IMAGES):
        return True
    bmp = head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) >= 26
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    avif = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis")
    return bmp or webp or avif


def describe(head: bytes) -> str:
    r"""Describes a file by its first bytes.

    >>> describe(b""), describe(b"PK\x03\x04"), describe(b"<html>404</html>")
    ('an empty file', 'a zip file', "a web page, beginning with '<html>404</html>'")
    """
    if not head:
        return "an empty file"
    for magic, words in OTHERS.items():
        if head.startswith(magic):
            return words
    if is_image(head):
        return "a broken image"
    if head[4:8] == b"ftyp":
        return "a HEIC image" if head[8:12] in HEIF else "a video"
    if not any(head):
        return "nothing but zeros"
    text = _text(head)
    if text is None:
        return "bytes of an unknown kind"
    start = text.split("\n")[0].strip()[:40]
    lower = text.lower()
    if "<svg" in lower:
        return "an SVG drawing"
    if lower.startswith(("<!doctype html", "<html")) or "<html" in lower or "<body" in lower:
        return f"a web page, beginning with {start!r}"
    return f"text, beginning with {start!r}"


def _text(head: bytes) -> str | None:
    """Returns the beginning of a file as text without surrounding space; None if it is not text."""
    for cut in range(4):  # a character of up to four bytes may be cut off
        try:
            text = head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        return text.strip() if text.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable() else None
    return None
