"""Labels of codes, and the template environment that shows them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import jinja2
import pytest

from cchc.presentation.labels import label
from cchc.presentation.templates import open_templates


def test_label_of_a_code_is_in_its_group() -> None:
    assert label("stopped", "load_statuses") == "bị chặn"
    assert label("stale", "unknown_reasons", day="30/06/2024") == "số liệu cũ (ngày 30/06/2024)"


def test_code_without_a_label_is_shown_on_one_line() -> None:
    assert label("new\nflag", "quality_flags") == "new flag"


def test_unknown_group_of_labels_is_an_error() -> None:
    with pytest.raises(LookupError):
        label("stopped", "statuses")


def test_filters_of_templates() -> None:
    template = open_templates().from_string(
        '{{ code | label("severities") }} {{ day | day }} {{ number | number }} {{ text | plain }}'
    )
    values = {"code": "critical", "day": date(2024, 6, 30), "number": Decimal("89.996"), "text": "a |\n*b*"}
    assert template.render(values) == r"nghiêm trọng 30/06/2024 89,996 a \| \*b\*"


def test_undefined_name_in_a_template_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        open_templates().get_template("quality.html.j2").render()
