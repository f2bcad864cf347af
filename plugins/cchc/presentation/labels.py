"""Vietnamese labels of codes: statuses, severities, kinds of alerts, flags, levels. One place for every output.

The labels are in include/messages/labels.yaml, a group for each kind of code. Sentences belong in other files.
"""

from __future__ import annotations

from cchc.messages import clean_text, fill, read_messages

LABELS = read_messages("labels")


def label(code: str, group: str, **values: object) -> str:
    """The label of a code, filled with ``values``; the code itself, on one line, where the group has none for it.

    Raises LookupError for an unknown group.
    """
    text = LABELS.texts.get(f"{group}.{code}")
    if text is None:
        LABELS.group(group)  # raises for a misspelt group
        return clean_text(code)
    return fill(text, **values)
