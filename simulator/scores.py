"""The portal's arithmetic, derived from its responses: exact quotients, rounded half up to hundredths.

Scores and percentages are whole hundredths (``530`` is 5.3), so that sums of scores are exact.
"""

from __future__ import annotations


def scale(numerator: int, denominator: int, top: int = 100) -> int:
    """``numerator`` ÷ ``denominator`` × ``top`` in hundredths, half up; 0 when the denominator is 0."""
    return (numerator * top * 200 + denominator) // (2 * denominator) if denominator else 0


def write_number(hundredths: int) -> int | float:
    """The number as the portal writes it: 100, 0 and 5.3, never 100.0."""
    whole, rest = divmod(hundredths, 100)
    return hundredths / 100 if rest else whole
