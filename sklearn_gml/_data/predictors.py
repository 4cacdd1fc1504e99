"""Noise that varies from row to row: what drives it, and linear predictors of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils.extmath import safe_sparse_dot

from .validation import selected_positions


def noise_positions(noise_columns, X):
    """Positions of the columns of X that drive the noise.

    Parameters
    ----------
    noise_columns : None, str, int, array-like, slice or callable
        As in ``ColumnTransformer``; None is all of them.
    X : array-like, sparse matrix or data frame of shape (n, p)
        As the user gave it: names are those of its columns.

    Returns
    -------
    ndarray of int
    """
    return _column_positions(
        noise_columns,
        X,
        "noise_columns",
        "if the noise should be constant, use [] or noise='constant'",
    )


def prior_positions(
    prior_groups: str | Sequence | None, X: Any
) -> tuple[NDArray[np.intp], ...] | None:
    """Positions of the columns of each group of a prior.

    Parameters
    ----------
    prior_groups : None, "columns" or list of selections
        Selections as :func:`noise_positions` takes them, or what they select by name
        or position from ``GaussianStatistics``.
    X : array-like, sparse matrix, data frame or GaussianStatistics

    Returns
    -------
    tuple of ndarray of int, or None
        None for one group of all columns.
    """
    if prior_groups is None:
        return None
    n_features = getattr(X, "n_features", None)
    from_statistics = n_features is not None
    if not from_statistics:
        X = X if hasattr(X, "shape") else np.asarray(X)
        n_features = X.shape[1]
    if isinstance(prior_groups, str):
        return tuple(np.arange(n_features)[:, None])
    groups = []
    for number, selection in enumerate(prior_groups):
        if from_statistics and not callable(selection):
            found = selected_positions(selection, n_features, X.feature_names)
        elif from_statistics:
            raise ValueError(
                f"prior_groups[{number}]={selection!r} is a function of X, which "
                "statistics have not kept: use names or positions."
            )
        else:
            name, remedy = f"prior_groups[{number}]", "leave it out of the list"
            found = _column_positions(selection, X, name, remedy)
        if not len(found):
            raise ValueError(
                f"prior_groups[{number}]={selection!r} selects no column: leave it out "
                "of the list."
            )
        groups.append(found)
    together = np.concatenate([*groups, np.empty(0, np.intp)])
    counts = np.bincount(together, minlength=n_features)
    if counts.max(initial=0) > 1:
        raise ValueError(
            f"prior_groups={prior_groups!r} has column {int(np.argmax(counts > 1))} in "
            "two groups: a coefficient has one prior."
        )
    if not groups:
        raise ValueError(
            "prior_groups has no group: use None for one group of all columns, or "
            "alpha=0.0 for no prior."
        )
    return tuple(groups)


def _column_positions(columns, X, name, remedy):
    if callable(columns):
        columns = columns(X)
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    if columns is None:
        return np.arange(X.shape[1])
    is_slice = isinstance(columns, slice)
    if is_slice and columns.start is columns.stop is None:
        # scikit-learn ignores or refuses the step, by version.
        return np.arange(X.shape[1])[columns]
    try:
        if isinstance(columns, bool) or np.ndim(columns) > 1:
            raise ValueError("names, positions, a mask or a slice are expected.")
        if is_slice and columns.step and _has_names(columns):
            raise ValueError("a slice of names has no step.")
        found = _get_column_indices(X, columns)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{name}={columns!r} does not select columns of X: {error}"
        ) from error
    positions = np.atleast_1d(np.asarray(found, dtype=np.intp))
    if is_slice and not len(positions):
        # A ColumnTransformer hands no columns to its transformer, which objects.
        raise ValueError(
            f"{name}={columns!r} selects none of the {X.shape[1]} columns "
            f"of X: {remedy}."
        )
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"{name}={columns!r} names a column twice.")
    return positions


def _has_names(columns):
    return isinstance(columns.start, str) or isinstance(columns.stop, str)


# The link is exp where exp(predictor) is above twice the floor, and constant where it
# is below half of it.
LINK_WIDTH = float(np.log(2.0))
# Its square is finite, also times the square of a noise scale of 1e4.
LARGEST_LOG_SIGMA = float(np.log(1e150))


@dataclass(frozen=True, eq=False)
class NoiseLink:
    r"""From the linear predictor of a row to its log sigma, which has a floor.

    With :math:`s = (\eta - \log f) / \log 2` for the predictor :math:`\eta` and the
    floor f,

    .. math::

        \log\sigma = \begin{cases}
            \eta & s \ge 1 \\
            \log f + \frac{\log 2}{16} (1 + s)^3 (3 - s) & -1 < s < 1 \\
            \log f & s \le -1
        \end{cases}

    This is exp, bit for bit, from twice the floor on. It is twice differentiable, its
    second derivative :math:`\frac{3}{4 \log 2}(1 - s^2)` in between. A link that came
    near the floor without reaching it would bound the likelihood as well, but rows that
    are fitted exactly would then have no maximum.

    Attributes
    ----------
    log_floor : float or ndarray of shape (t,)
        Minus infinity: no floor.
    """

    log_floor: float | NDArray = -np.inf

    @property
    def is_bounded(self) -> bool:
        return bool(np.any(np.isfinite(self.log_floor)))

    @property
    def threshold(self) -> float | NDArray:
        """The predictor from which on the link is exp."""
        return self.log_floor + LINK_WIDTH

    def log_sigma(self, predictor: NDArray) -> NDArray:
        """Log sigma at linear predictors of shape (n,) or (n, t)."""
        if not self.is_bounded:
            return predictor
        s = self._position(predictor)
        bent = self.log_floor + LINK_WIDTH / 16.0 * (1.0 + s) ** 3 * (3.0 - s)
        return np.where(predictor < self.threshold, bent, predictor)

    def slope(self, predictor: NDArray) -> NDArray:
        """The derivative of log sigma by the predictor."""
        s = self._position(predictor)
        return 0.25 * (1.0 + s) ** 2 * (2.0 - s)

    def curvature(self, predictor: NDArray) -> NDArray:
        """The second derivative."""
        s = self._position(predictor)
        return 0.75 / LINK_WIDTH * (1.0 - s) * (1.0 + s)

    def _position(self, predictor):
        return np.clip((predictor - self.log_floor) / LINK_WIDTH, -1.0, 1.0)


def noise_predictor(X, coef, intercept, positions):
    """``intercept + z'coef`` of each row, arguments as in :func:`sigma_at`."""
    return safe_sparse_dot(X[:, positions], coef.T, dense_output=True) + intercept


def sigma_at(X, coef, intercept, positions, link):
    """Sigma of each row: ``exp(intercept + z'coef)`` above the floor of the link.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
    coef : ndarray of shape (m,) or (t, m)
    intercept : float or ndarray of shape (t,)
    positions : ndarray of shape (m,)
        Columns z of X that drive the noise.
    link : NoiseLink

    Returns
    -------
    ndarray of shape (n,) or (n, t)
        1e150 at most: of rows so far outside that exp overflows, or its square,
        densities remain finite.
    """
    predictor = noise_predictor(X, coef, intercept, positions)
    return np.exp(np.minimum(link.log_sigma(predictor), LARGEST_LOG_SIGMA))


@dataclass(frozen=True, eq=False)
class LinearPredictor:
    """An intercept and slopes in well-conditioned coordinates, of mean or log sigma.

    What a row needs of the q parameters is ``lift @ parameters``: the intercept at the
    origin, and r coefficients of ``(x - origin)[columns] @ coordinates``.

    Attributes
    ----------
    columns : ndarray of int, shape (m,)
        The columns of X that count.
    coordinates : ndarray of shape (m, r), or None
        None stands for the identity.
    lift : ndarray of shape (1 + r, q)
    n_features : int
        Columns of X.
    by_row : bool
        Whether rows are turned into the coordinates before anything is summed over
        them, because sums over X would lose the digits of nearly constant combinations.
    """

    columns: np.ndarray
    coordinates: np.ndarray | None
    lift: np.ndarray
    n_features: int
    by_row: bool = False

    def about(self, means: NDArray) -> LinearPredictor:
        """The same with its design about these means (r,) of its columns."""
        shift = np.zeros_like(self.lift)
        shift[0] = means @ self.lift[1:]
        return replace(self, lift=self.lift - shift)

    def of_design(self, design: NDArray, parameters: NDArray) -> NDArray:
        """The predictor of rows, from their design."""
        intercept, *coef = self.lift @ parameters
        return design @ np.array(coef) + intercept

    def of_sums(self, total: float, along: NDArray) -> NDArray:
        """Derivatives by the parameters, from sums of rows and of their design."""
        return total * self.lift[0] + along @ self.lift[1:]

    @property
    def n_parameters(self):
        return self.lift.shape[1]

    @cached_property
    def slopes(self):
        """The map (m, q) from parameters to slopes of the columns."""
        slopes = self.lift[1:]
        return slopes if self.coordinates is None else self.coordinates @ slopes

    @cached_property
    def _takes_all(self):
        """Whether the columns are all as they lie, so that an index would only copy."""
        return np.array_equal(self.columns, np.arange(self.n_features))

    def of_rows(self, parameters):
        """``(intercept, slopes)`` for the rows, slopes of all columns of X."""
        slopes = np.zeros(self.n_features)
        slopes[self.columns] = self.slopes @ parameters
        return self.lift[0] @ parameters, slopes

    def of_parameters(self, intercept, along):
        """Derivatives by the parameters, from those by what :meth:`of_rows` gives."""
        return intercept * self.lift[0] + along[self.columns] @ self.slopes

    def design(self, X):
        """The columns of rows (about the origin) that go with the coefficients."""
        if not self._takes_all:
            X = X[:, self.columns]
        return X if self.coordinates is None else X @ self.coordinates

    def in_units_of_data(self, origin):
        """The map (1 + m, q) from parameters to ``(intercept, slopes)``."""
        return np.vstack(
            [self.lift[0] - origin[self.columns] @ self.slopes, self.slopes]
        )
