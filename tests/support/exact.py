"""Least squares of float64 rows in exact rational arithmetic."""

from fractions import Fraction
from math import lcm

import numpy as np


def _integers(matrix):
    """The columns as integers, each a float64 column times a power of two."""
    columns, scales = [], []
    for column in np.asarray(matrix, dtype=float).T:
        fractions = [Fraction(value) for value in column]
        scale = lcm(*(value.denominator for value in fractions))
        columns.append([int(value * scale) for value in fractions])
        scales.append(scale)
    return columns, scales


def least_squares(X, y, *, fit_intercept=True):
    """``(parameters, standard errors / sigma, residual sum of squares)``.

    The parameters start with the intercept if there is one. Every number is the
    float64 nearest to the exact answer.
    """
    design = np.column_stack([np.ones(len(y)), X]) if fit_intercept else X
    columns, scales = _integers(np.column_stack([design, y]))
    products = [
        [sum(a * b for a, b in zip(left, right, strict=True)) for right in columns]
        for left in columns
    ]
    size = len(columns) - 1
    # Fraction-free Gauss-Jordan elimination (Bareiss): all divisions are exact.
    rows = [products[i] + [int(i == j) for j in range(size)] for i in range(size)]
    pivot = 1
    for k in range(size):
        previous, pivot = pivot, rows[k][k]
        if pivot == 0:
            raise ValueError("the columns are collinear")
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [
                    (pivot * a - factor * b) // previous
                    for a, b in zip(rows[i], rows[k], strict=True)
                ]
    # The eliminated rows share one diagonal, the determinant.
    determinant = pivot
    solution = [Fraction(rows[i][size], determinant) for i in range(size)]
    rss = products[size][size] - sum(
        b * products[i][size] for i, b in enumerate(solution)
    )
    parameters, errors = [], []
    for i in range(size):
        parameters.append(float(solution[i] * scales[i] / scales[size]))
        inverse = Fraction(rows[i][size + 1 + i], determinant) * scales[i] ** 2
        errors.append(_root(inverse))
    return np.array(parameters), np.array(errors), float(rss / scales[size] ** 2)


def _root(value):
    """Square root of a fraction that may lie outside the range of a float."""
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return float(np.ldexp(np.sqrt(float(value / Fraction(4) ** shift)), shift))
