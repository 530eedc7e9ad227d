"""Which characters the bytes of a page mean: by its mark, else the server's word, else the page's own, else a guess.

As https://html.spec.whatwg.org/multipage/parsing.html#encoding-sniffing-algorithm and
https://encoding.spec.whatwg.org/#names-and-labels want it.
"""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OF_HEADER = re.compile(r"charset\s*+=\s*+(?:[\"']\s*+)?+([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_LOOKED_AT_BYTES = 1024
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_OF_META = re.compile(rb"<meta\b[^<>]*?\bcharset\s*+=\s*+(?:[\"']\s*+)?+([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_OF_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9_:.-]{1,40})[\"']", re.IGNORECASE)

# Names that pages give, as the standard understands them: often a larger set than the name's own.
_AS_STANDARD = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "x-cp1252": "cp1252",
    "iso-8859-9": "cp1254",
    "latin5": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "euc-jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "korean": "cp949",
    "windows-949": "cp949",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_UNDER_ITS_NAME = re.compile(r"windows-125[0-8]|iso-?8859-(?:[2-8]|1[03-6])|koi8-[ru]|ibm866", re.IGNORECASE)


def decoded(body: bytes, content_type: str, *, truncated: bool) -> tuple[str, str]:
    """The text of a page and the name of its encoding. What is not valid in it becomes U+FFFD.

    A page that says nothing is UTF-8 where it can be, and windows-1252 otherwise.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _text(body[len(mark) :], encoding, truncated=truncated), encoding
    encoding = _declared(body, content_type) or _guessed(body, truncated=truncated)
    return _text(body, encoding, truncated=truncated), encoding


def _declared(body: bytes, content_type: str) -> str | None:
    found = _OF_HEADER.search(content_type)
    of_server = None if found is None else _codec(found[1])
    if of_server is not None:
        return of_server
    head = _COMMENT.sub(b"", body[:_LOOKED_AT_BYTES])
    of_page = _OF_XML.match(head) or _OF_META.search(head)
    if of_page is None:
        return None
    encoding = _codec(of_page[1].decode("ascii"))
    # It was read as ASCII, so it cannot be UTF-16, whatever it says.
    return "utf-8" if encoding in {"utf-16-le", "utf-16-be"} else encoding


def _codec(label: str) -> str | None:
    """Python's name of an encoding of text; None for what is not known."""
    plain = label.strip().lower()
    if plain in _AS_STANDARD:
        return _AS_STANDARD[plain]
    return codecs.lookup(plain).name if _UNDER_ITS_NAME.fullmatch(plain) else None


def _guessed(body: bytes, *, truncated: bool) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body, final=not truncated)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _text(body: bytes, encoding: str, *, truncated: bool) -> str:
    """A character that was cut in two at the end of a page that was cut is left out."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(body, final=not truncated)
