"""Texts for people: read strictly, filled with clean values, and never written into Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc.local.validate_messages import check_messages
from cchc.messages import MAX_VALUE_LENGTH, Messages, MessagesError, OneLine, clean_text, list_placeholders
from cchc.settings import CHECKOUT

LETTER = re.compile("[àáảãạăắằẳẵặâấầẩẫậđèéẻẽẹêếềểễệìíỉĩịòóỏõọôốồổỗộơớờởỡợùúủũụưứừửữựỳýỷỹỵ]", re.IGNORECASE)
# Words that the code reads in files of senders: a column of our own making, statuses of tasks.
WIRE_WORDS = {"Lý do trả lại", "chưa thực hiện", "đang thực hiện", "không áp dụng"}


@pytest.fixture
def messages(tmp_path: Path) -> Messages:
    """A file with a text of its own and a group."""
    path = tmp_path / "greeting.yaml"
    path.write_text("hello: Chào {name}\nstatuses:\n  done: hoàn thành\n  open: đang mở\n", encoding="utf-8")
    return Messages(path)


def test_format_fills_a_text(messages: Messages) -> None:
    assert messages.format("hello", name="bà Lan") == "Chào bà Lan"
    assert messages.format("statuses.done") == "hoàn thành"


def test_format_keeps_a_value_on_its_line(messages: Messages) -> None:
    assert messages.format("hello", name="Lan\r\nBcc: x\u202e") == "Chào Lan Bcc: x"
    assert len(messages.format("hello", name="a" * 900)) == len("Chào ") + MAX_VALUE_LENGTH


def test_format_leaves_one_line_as_it_is(messages: Messages) -> None:
    long = OneLine("a  b" * 900)
    assert messages.format("hello", name=long) == f"Chào {long}"


@pytest.mark.parametrize("values", [{}, {"nam": "Lan"}])
def test_format_without_the_value_of_a_placeholder_is_an_error(messages: Messages, values: dict[str, str]) -> None:
    with pytest.raises(LookupError):
        messages.format("hello", **values)


def test_unknown_key_and_group_are_errors(messages: Messages) -> None:
    with pytest.raises(LookupError):
        messages.format("goodbye")
    with pytest.raises(LookupError):
        messages.group("severities")


def test_group_keeps_the_order_of_the_file(messages: Messages) -> None:
    assert list(messages.group("statuses").items()) == [("done", "hoàn thành"), ("open", "đang mở")]


@pytest.mark.parametrize(
    ("text", "field", "advice"),
    [
        ("hello: 5\n", "hello", "is not text"),
        ("hello: ''\n", "hello", "is not text"),
        ("group: {hello: [a, b]}\n", "group.hello", "is not text"),
        ('hello: "Chào {name"\n', "hello", "brace"),
        ('hello: "Chào {name.first}"\n', "hello", "brace"),
        ('hello: "Chào {name!r}"\n', "hello", "brace"),
        ('hello: "Chào {}"\n', "hello", "brace"),
        ("hello: a\nhello: b\n", "hello", "is written twice"),
    ],
)
def test_file_with_a_mistake_is_rejected_with_its_key(tmp_path: Path, text: str, field: str, advice: str) -> None:
    path = tmp_path / "greeting.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MessagesError) as caught:
        _ = Messages(path).texts
    assert [(one.file, one.field) for one in caught.value.mistakes] == [("greeting.yaml", field)]
    assert advice in str(caught.value)


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(MessagesError, match="no such file"):
        _ = Messages(tmp_path / "none.yaml").texts


def test_placeholders_are_the_names_in_braces() -> None:
    assert list_placeholders("{a} {{b}} {c} {a}") == {"a", "c"}


def test_clean_text_is_one_line() -> None:
    assert clean_text(" a\tb\u2028c\u200bd ") == "a b c d"


def test_every_text_is_used_with_its_placeholders() -> None:
    assert [str(mistake) for mistake in check_messages()] == []


def test_no_vietnamese_sentence_stands_in_python() -> None:
    sources = sorted((CHECKOUT / "plugins").rglob("*.py"))
    found = [f"{path.relative_to(CHECKOUT)}: {text}" for path in sources for text in list_sentences(path)]
    assert found == []


def list_sentences(path: Path) -> Iterator[str]:
    """The texts of a module, but for docstrings, with three or more words of Vietnamese letters."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [part.value for part in parts if isinstance(part, ast.Constant) and id(part) not in docstrings]
        text = "…".join(text for text in texts if isinstance(text, str))
        if sum(bool(LETTER.search(word)) for word in text.split()) >= 3 and text not in WIRE_WORDS:
            yield text


def test_a_vietnamese_sentence_in_python_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""Lời của mô-đun này."""\nA = f"Tệp {1} chưa được"\nB = "Quản trị"\n', encoding="utf-8")
    assert list(list_sentences(path)) == ["Tệp … chưa được"]
