"""Which fields of a row a rule of its suite looks at: ``fields`` in the meta of include/expectations/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache

from cchc.settings import EXPECTATIONS


@cache
def read_rule_fields(suite: str) -> Mapping[str, Sequence[str]]:
    """Rule → headings or names on the wire, of the rules of a suite that say so."""
    content = json.loads((EXPECTATIONS / f"{suite}.json").read_text(encoding="utf-8"))
    metas = [expectation["meta"] for expectation in content["expectations"]]
    return {meta["rule_id"]: meta["fields"] for meta in metas if "fields" in meta}
