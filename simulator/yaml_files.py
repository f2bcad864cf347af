"""The one reader of the simulator's YAML files.

It isn't ``cchc.strict_yaml``: the simulator works without the pipeline, and the pipeline's tests are no test of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def load_yaml(path: Path) -> dict[str, Any]:
    """A file's mapping; raises yaml.YAMLError where it can't be read."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document
