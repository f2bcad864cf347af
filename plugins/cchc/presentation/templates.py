"""The one Jinja environment for everything that is rendered: mails, pages, generated documents.

Its filters belong here; the templates lie in include/templates/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any

import jinja2
from jinja2.filters import make_attrgetter

from cchc.presentation.formats_vi import format_day
from cchc.presentation.labels import label
from cchc.settings import INCLUDE

FOLDER = INCLUDE / "templates"
# Characters with a meaning of their own in a table of Markdown, or in HTML.
SPECIAL = re.compile(r"([\\|*<])")


@cache
def open_templates() -> jinja2.Environment:
    """The environment: HTML is escaped, an undefined name is an error, a block's own line leaves no line.

    Filters: ``day`` is 30/06/2024, ``label`` is the label of a code in a group, ``number`` has a decimal comma,
    ``plain`` makes one line of Markdown, ``runs`` groups neighbours by an attribute.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "day": format_day,
        "label": label,
        "number": _write_number,
        "plain": _write_plain,
        "runs": _split_runs,
    }
    return environment


@jinja2.pass_environment
def _split_runs(environment: jinja2.Environment, items: Iterable[Any], attribute: str) -> list[tuple[Any, list[Any]]]:
    """Items in their order; neighbours with the same attribute make one group."""
    return [(key, list(run)) for key, run in groupby(items, make_attrgetter(environment, attribute))]


def _write_plain(text: str | None) -> str:
    """Text on one line that Markdown shows unchanged; "" for None."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split())) if text else ""


def _write_number(number: Decimal) -> str:
    """All decimals that ``number`` has, with a decimal comma and no thousands."""
    return f"{number:f}".replace(".", ",")
