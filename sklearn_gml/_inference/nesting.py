"""Whether one fitted model contains another, proved from their statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .._data.span import CONSTANT, spans_constant
from .._data.statistics import GaussianStatistics
from .._linalg.triangular import column_norms
from .fit import Fit

# Correlations of the same columns differ by the rounding errors of two factors, and of
# a transformation in between.
SAME_COLUMN = 1e-7

# Columns that a message names.
SHOWN = 5


@dataclass(frozen=True, eq=False)
class _Columns:
    """Columns of X in units of their length, through their products.

    Attributes
    ----------
    lengths : ndarray of shape (p,)
        Norms of the columns, about their means if a constant is in the model; zero for
        what the constant explains.
    marks : ndarray of shape (p, m)
        Cosines with y (and with the constant, if it is not in the model).
    products : ndarray of shape (p, p)
        Cosines among each other.
    """

    lengths: NDArray[np.float64]
    marks: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def of(cls, statistics: GaussianStatistics, centred: bool) -> _Columns:
        p = statistics.n_features
        origin = np.zeros_like(statistics.origin)
        sizes = column_norms(statistics.about(origin))[1 : 1 + p]
        factor = statistics.about(statistics.mean if centred else origin)
        columns, others = factor[:, 1 : 1 + p], factor[:, 1 + p :]
        if centred:
            columns, others = columns[1:], others[1:]
        else:
            others = np.column_stack([factor[:, 0], others])
        lengths = column_norms(columns)
        lengths = np.where(lengths > CONSTANT * sizes, lengths, 0.0)
        unit = np.where(lengths > 0, columns / _or_one(lengths), 0.0)
        others = others / _or_one(column_norms(others))
        return cls(lengths, unit.T @ others, unit.T @ unit)


def _or_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, 1.0)


@dataclass(frozen=True, eq=False)
class Nesting:
    """Where the columns of a smaller model are in a larger one.

    Attributes
    ----------
    places : ndarray of int, shape (p,)
        Columns of the larger model that are those of the smaller one, up to a factor
        and a constant; -1 for constant columns.
    log_scale : float
        Sum of the logarithms of these factors.
    """

    places: NDArray[np.intp]
    log_scale: float


def check_nested(restricted: Fit, full: Fit) -> Nesting:
    """Raise unless the full model contains the restricted one.

    The rows are not at hand, but statistics have the means of all columns and their
    products with each other and with y. Columns that agree in all of them, up to a
    factor (and a constant, if the models have one), are taken for the same ones.
    """
    if restricted.settings.fit_intercept and not _has_constant(full):
        raise ValueError(
            "restricted has an intercept and full has none, nor columns that add up to "
            "a constant: the models are not nested. Use fit_intercept=True for full."
        )
    nesting = _found(restricted, full)
    _check_noise(restricted, full, nesting)
    return nesting


def _has_constant(fit: Fit) -> bool:
    return fit.settings.fit_intercept or spans_constant(fit.statistics)


def _found(restricted: Fit, full: Fit) -> Nesting:
    """The columns of one model among those of the other."""
    centred = restricted.settings.fit_intercept
    one = _Columns.of(cast(GaussianStatistics, restricted.statistics), centred)
    other = _Columns.of(cast(GaussianStatistics, full.statistics), centred)
    places = np.full(len(one.lengths), -1)
    signs = np.ones(len(one.lengths))
    done: list[int] = []
    missing: list[int] = []
    for column in map(int, np.flatnonzero(one.lengths)):
        for place, sign in _candidates(restricted, full, one, other, column):
            products = sign * signs[done] * other.products[place, places[done]]
            if np.all(np.abs(products - one.products[column, done]) <= SAME_COLUMN):
                places[column], signs[column] = place, sign
                done.append(column)
                break
        else:
            missing.append(column)
    if missing:
        labels = restricted.parameter_names()[restricted.settings.fit_intercept :]
        names = [labels[column] for column in missing[:SHOWN]]
        raise ValueError(
            f"{', '.join(names)}{' ...' if len(missing) > SHOWN else ''} of restricted "
            "not found among the columns of full (no column there has the same mean, "
            "norm and products with y and the others): the models are not nested, or "
            "cannot be proved to be. Fit full to the columns of restricted and more."
        )
    lengths = other.lengths[places[done]] / one.lengths[done]
    return Nesting(places, float(np.sum(np.log(lengths))))


def _candidates(
    restricted: Fit, full: Fit, one: _Columns, other: _Columns, column: int
) -> Iterator[tuple[int, float]]:
    """Columns of the full model that have the same products with y, and their signs.

    That of the same name first.
    """
    named = np.zeros(len(other.lengths), dtype=bool)
    if restricted.feature_names and full.feature_names:
        name = restricted.feature_names[column]
        named = np.array([name == theirs for theirs in full.feature_names])
    for place in np.argsort(~named, kind="stable"):
        if not other.lengths[place]:
            continue
        for sign in (1.0, -1.0):
            away = sign * other.marks[place] - one.marks[column]
            if np.all(np.abs(away) <= SAME_COLUMN):
                yield int(place), sign


def _check_noise(restricted: Fit, full: Fit, nesting: Nesting) -> None:
    """Raise unless what drives the noise of one drives that of the other."""
    joint = restricted.settings.covariance == "full" and restricted.n_targets > 1
    if joint and full.settings.covariance != "full":
        raise ValueError(
            "restricted has covariance='full' and full 'diagonal': the models are not "
            "nested. Use covariance='full' for full."
        )
    if not restricted.varies:
        return
    driving = nesting.places[restricted.noise_positions]
    driving = driving[driving >= 0]
    known = set() if full.noise_positions is None else set(full.noise_positions)
    if not known.issuperset(driving):
        raise ValueError(
            "Columns drive the noise of restricted that do not drive that of full: the "
            "models are not nested. Let them be among noise_columns of full."
        )
    if restricted.settings.noise_floor != full.settings.noise_floor:
        raise ValueError(
            f"restricted has noise_floor={restricted.settings.noise_floor!r} and full "
            f"{full.settings.noise_floor!r}: fit both with the same noise_floor."
        )
