"""Sums of many parts in pairs, so that rounding errors grow with the logarithm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class PartialSum(NamedTuple):
    """The sum of ``2**rounds`` consecutive parts."""

    rounds: int
    value: Any


def with_part(
    sums: tuple[PartialSum, ...], part: Any, add: Callable[[Any, Any], Any]
) -> tuple[PartialSum, ...]:
    """The partial sums with one more part, as a binary counter carries.

    Adding one part after another to a total would be simpler, but its rounding errors
    grow with the number of parts: the pivots of collinear columns grow with it, and
    after some ten thousand parts these columns no longer look collinear. In pairs,
    pairs of pairs and so on, they grow with its logarithm, at one addition for each
    part on average.

    Parameters
    ----------
    sums : tuple of PartialSum
        Of the parts so far, the longest first; empty before the first part.
    part : object
        What is added.
    add : callable
        ``add(earlier, later)``, the sum of two.

    Returns
    -------
    tuple of PartialSum
        Each of more rounds than the next. The first sums are those of before.
    """
    rounds, kept = 0, len(sums)
    while kept and sums[kept - 1].rounds == rounds:
        kept -= 1
        part, rounds = add(sums[kept].value, part), rounds + 1
    return (*sums[:kept], PartialSum(rounds, part))
