"""JSON bodies: the UTF-8 mark that some servers write before them is no fault, another encoding is."""

from __future__ import annotations

import codecs

import pytest

from cchc.sources.json_body import parse_body


def test_body_after_a_byte_order_mark_is_read() -> None:
    body = '{"data":"Sở Y tế"}'.encode()
    assert parse_body(codecs.BOM_UTF8 + body) == parse_body(body) == ({"data": "Sở Y tế"}, None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_body_in_another_encoding_is_not(encoding: str) -> None:
    assert parse_body('{"data":"Sở Y tế"}'.encode(encoding))[1] in ("wrong_encoding", "not_json")


@pytest.mark.parametrize("body", [codecs.BOM_UTF8 * 2 + b"{}", codecs.BOM_UTF8, b"{" + codecs.BOM_UTF8 + b"}"])
def test_byte_order_mark_anywhere_else_is_no_json(body: bytes) -> None:
    assert parse_body(body) == ({}, "not_json")
