"""Matrix products in doubled precision, at the speed of BLAS.

Both factors are cut into slices of so few bits that the products of slices,
and their sums over the inner dimension, are exact in float64; BLAS multiplies
the slices, and only the addition of the few products needs care. The method is
that of Ozaki, Ogita, Oishi and Rump (Numerical Algorithms 59, 2012). The
alternative, numpy's long double, has 11 bits more instead of 53, is slow for
want of BLAS, and does not exist on every platform.
"""

from math import ceil, log2

import numpy as np

MANTISSA = 53

# Slices at most: six of about 21 bits are more than twice the bits of a float64,
# which leaves nothing of factors whose entries span the range of one.
MAX_SLICES = 6


def two_sum(a, b):
    """``(s, e)`` with ``s = fl(a + b)`` and ``s + e = a + b`` exactly (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a, b):
    """``(p, e)`` with ``p = fl(a b)`` and ``p + e = a b`` exactly (Dekker)."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + (
        a_low * b_low
    )
    return product, error


def _halves(a):
    shifted = a * (2.0**27 + 1.0)
    high = shifted - (shifted - a)
    return high, a - high


def matmul_pair(left, right, cancellation=1.0):
    """``(high, low)`` whose sum is ``left @ right`` in doubled precision.

    Parameters
    ----------
    left : ndarray of shape (n, k)
    right : ndarray of shape (k, m)
    cancellation : float
        By what factor the terms of the product are larger than their sum. So
        many more bits than those of a float64 are carried.

    Returns
    -------
    high, low : ndarray of shape (n, m)
    """
    # Columns are scaled to one size: the unit of a row then suits all its entries.
    scale = _power_above(left, axis=0)
    inner = max(left.shape[1], 2)
    bits = (MANTISSA - ceil(log2(inner * MAX_SLICES))) // 2
    count = ceil((MANTISSA + log2(max(cancellation, 1.0))) / bits)
    count = min(max(count, 2), MAX_SLICES)
    left_slices = np.hstack(_slices(left / scale, bits, count, axis=1))
    right_slices = _slices(right * scale.T, bits, count, axis=0)
    high = low = None
    # Products of one order have one unit: BLAS adds them up exactly as well. The
    # smallest come first.
    for order in range(count, 0, -1):
        product = left_slices[:, : order * left.shape[1]] @ np.vstack(
            right_slices[order - 1 :: -1]
        )
        if high is None:
            high, low = product, np.zeros_like(product)
        else:
            high, error = two_sum(high, product)
            low += error
    return two_sum(high, low)


def matmul_doubled(left, right, cancellation=1.0):
    """``left @ right``, rounded once: the high part of :func:`matmul_pair`."""
    return matmul_pair(left, right, cancellation)[0]


def _slices(matrix, bits, count, axis):
    """Exact summands of ``matrix``, each a multiple of a unit of its row or column."""
    unit = _power_above(matrix, axis=axis)
    rest, slices = matrix, []
    for _ in range(count):
        unit = unit * 2.0**-bits
        # Adding and subtracting this rounds to a multiple of the unit.
        shifter = 1.5 * 2.0 ** (MANTISSA - 1) * unit
        piece = (rest + shifter) - shifter
        slices.append(piece)
        rest = rest - piece
    return slices


def _power_above(matrix, axis):
    largest = np.max(np.abs(matrix), axis=axis, keepdims=True, initial=0.0)
    _, exponent = np.frexp(largest)
    return np.where(largest > 0, np.ldexp(1.0, exponent), 1.0)
