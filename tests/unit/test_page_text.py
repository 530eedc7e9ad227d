"""Bytes of pages as text: marks, declarations, guesses, and what is invalid."""

import pytest

from tickwell.tasks.page_text import decoded

META = '<meta charset="{}"><p>{}'
HTTP_EQUIV = '<META http-equiv=Content-Type content="text/html; charset={}"><p>{}'


@pytest.mark.parametrize(
    ("body", "content_type", "text", "encoding"),
    [
        ("ä€".encode(), "", "ä€", "utf-8"),
        (b"", "", "", "utf-8"),
        ("Gr\u00fc\u00dfe".encode("latin-1"), "", "Gr\u00fc\u00dfe", "cp1252"),  # says nothing, is no UTF-8
        ("\u20ac \u201cx\u201d".encode("cp1252"), "text/html; charset=ISO-8859-1", "\u20ac \u201cx\u201d", "cp1252"),
        ("Привет".encode("koi8-r"), "text/html;charset=koi8-r", "Привет", "koi8-r"),
        ("Привет".encode("cp1251"), "text/html; Charset='windows-1251'", "Привет", "cp1251"),
        ("日本".encode("cp932"), 'text/html; charset="Shift_JIS"', "日本", "cp932"),
        ("日本".encode("euc_jp"), "text/html; charset=x-euc-jp", "日本", "euc_jp"),
        ("한국".encode("cp949"), "text/html; charset=EUC-KR", "한국", "cp949"),
        ("中国龘".encode("gb18030"), "text/html; charset=gb2312", "中国龘", "gb18030"),
        ("中文".encode("big5"), "text/html; charset=big5", "中文", "big5hkscs"),
        ("ä".encode("utf-16-be"), "text/html; charset=utf-16be", "ä", "utf-16-be"),
        (b"\xef\xbb\xbf" + "ä".encode(), "text/html; charset=iso-8859-1", "ä", "utf-8"),  # the mark wins
        (b"\xff\xfe" + "ä".encode("utf-16-le"), "text/html", "ä", "utf-16-le"),
        (b"\xfe\xff" + "ä".encode("utf-16-be"), "text/html", "ä", "utf-16-be"),
        ("ä".encode(), "text/html; charset=no-such-thing", "ä", "utf-8"),
        ("ä".encode(), "text/html; charset=base64", "ä", "utf-8"),
        ("ä".encode(), "text/html; charset=rot13", "ä", "utf-8"),
        ("ä".encode(), "text/html; charset=idna", "ä", "utf-8"),
    ],
)
def test_the_text_of_a_page(body: bytes, content_type: str, text: str, encoding: str) -> None:
    assert decoded(body, content_type, truncated=False) == (text, encoding)


@pytest.mark.parametrize(
    ("page", "label", "encoding"),
    [
        (META, "windows-1251", "cp1251"),
        (META, "KOI8-R", "koi8-r"),
        (HTTP_EQUIV, "windows-1251", "cp1251"),
        ("<!-- <meta charset=utf-8> --><meta name=x charset={}>{}", "windows-1251", "cp1251"),
        ('<?xml version="1.0" encoding="{}"?><html>{}', "windows-1251", "cp1251"),
        (META, "utf-16", "utf-8"),  # a page that can say so in ASCII is none
        (META, "unknown-8bit", "utf-8"),
    ],
)
def test_a_page_declares_its_encoding_itself(page: str, label: str, encoding: str) -> None:
    whole = page.format(label, "Привет")
    assert decoded(whole.encode(encoding), "text/html", truncated=False) == (whole, encoding)


def test_the_servers_word_goes_before_the_pages() -> None:
    page = META.format("koi8-r", "Привет").encode()
    assert decoded(page, "text/html; charset=utf-8", truncated=False)[1] == "utf-8"


def test_a_declaration_behind_the_first_kilobyte_comes_too_late() -> None:
    page = " " * 1024 + META.format("koi8-r", "x")
    assert decoded(page.encode(), "text/html", truncated=False)[1] == "utf-8"


def test_what_is_not_valid_is_replaced() -> None:
    assert decoded(b"a\xffb", "text/html; charset=utf-8", truncated=False)[0] == "a\ufffdb"
    assert decoded("ä".encode()[:1], "text/html; charset=utf-8", truncated=False)[0] == "\ufffd"


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8"])
def test_a_cut_page_ends_with_its_last_whole_character(content_type: str) -> None:
    assert decoded("aä".encode()[:-1], content_type, truncated=True) == ("a", "utf-8")
