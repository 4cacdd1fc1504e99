"""Rows seen through the factor of a fit: leverage, influence, robust covariances."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils._missing import is_pandas_na

from .._data.refinement import whitened_blocks
from .._data.rows import Rows
from .._likelihood.leave_one_out import OWN_PREDICTION

# Powers of 1 / (1 - h) that the squared residuals are multiplied by: MacKinnon and
# White (1985). HC1 multiplies the whole by n / (n - rank) instead.
POWERS = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}

# Rows that a message names.
SHOWN_ROWS = 5


@dataclass(frozen=True, eq=False)
class Influence:
    """How each row bears on a fit.

    Attributes
    ----------
    leverage : ndarray of shape (n,)
        Diagonal h of the hat matrix: the share of a row in its own prediction.
    standardized_residuals : ndarray of shape (n,) or (n, t)
        ``e / (s sqrt(1 - h))``, of unit variance.
    studentized_residuals : ndarray of shape (n,) or (n, t)
        The same with the s that the other rows give: Student t with one degree of
        freedom less than the fit has.
    cooks_distance : ndarray of shape (n,) or (n, t)
        How far leaving the row out moves all predictions, in units of
        ``rank s^2``: ``standardized^2 h / (1 - h) / rank``.
    """

    leverage: np.ndarray
    standardized_residuals: np.ndarray
    studentized_residuals: np.ndarray
    cooks_distance: np.ndarray


@dataclass(frozen=True, eq=False)
class FittedRows:
    """Rows and the factor of a fit, of these rows or of others.

    Attributes
    ----------
    rows : Rows
        Without rows of frequency zero.
    covariance_root : ndarray of shape (q, r)
        Covariance root of the mean, sigma aside.
    mean : ndarray of shape (q, t)
        Parameters of the mean, or (q, 0) where residuals do not matter.
    cancellation : float
        How much larger than its result a product of a row with them is.
    """

    rows: Rows
    covariance_root: np.ndarray
    mean: np.ndarray
    cancellation: float

    def blocks(self):
        """``(slice, whitened columns, residuals)``, both over the noise scale.

        The inner products of the whitened columns of a row are its leverage.
        """
        start, width, scale = 0, self.covariance_root.shape[1], self.rows.noise_scale
        for white, _ in whitened_blocks(
            self.rows, self.covariance_root, self.mean, self.cancellation
        ):
            part = slice(start, start + len(white))
            start = part.stop
            if scale is not None:
                white /= scale[part, None]
            yield part, white[:, :width], white[:, width:]

    def leverage_and_residuals(self):
        """``(n,)`` and ``(n, t)``, both over the noise scale."""
        n_samples, n_targets = self.rows.n_samples, self.mean.shape[1]
        leverage, residuals = np.empty(n_samples), np.empty((n_samples, n_targets))
        for part, white, residual in self.blocks():
            leverage[part] = np.einsum("ij,ij->i", white, white)
            residuals[part] = residual
        return leverage, residuals

    def residual_squares(self):
        """Weighted sums of squares of the residuals, shape (t,)."""
        return sum(
            self._frequency(part) @ residual**2 for part, _, residual in self.blocks()
        )

    def robust_scores(self, kind):
        """Whitened scores of the rows, reduced to triangles R (t, k, r).

        R'R is their covariance. It is not formed: with its roundings, variances that
        are zero, of coefficients that exactly fitted rows fix, may come out negative.
        """
        width, n_targets = self.covariance_root.shape[1], self.mean.shape[1]
        triangles = [np.zeros((0, width))] * n_targets
        alone = []
        for part, white, residual in self.blocks():
            power, rest = POWERS[kind], np.ones(len(white))
            if power:
                rest = remainder(np.einsum("ij,ij->i", white, white))
                alone.extend(part.start + np.flatnonzero(np.isnan(rest)))
            size = np.sqrt(self._frequency(part) / rest**power)
            for target in range(n_targets):
                scores = white * (size * residual[:, target])[:, None]
                stacked = np.vstack([triangles[target], scores])
                triangles[target] = np.linalg.qr(stacked, mode="r")
        if alone:
            warnings.warn(_alone_message(kind, alone), stacklevel=2)
        return np.stack(triangles)

    def cluster_scores(self, codes, n_clusters):
        """Whitened scores summed within each cluster, (t, n_clusters, r)."""
        width, n_targets = self.covariance_root.shape[1], self.mean.shape[1]
        sums = np.zeros((n_targets, n_clusters, width))
        for part, white, residual in self.blocks():
            weighted = self._frequency(part)[:, None] * residual
            for target in range(n_targets):
                scores = white * weighted[:, target, None]
                np.add.at(sums[target], codes[part], scores)
        return sums

    def _frequency(self, part):
        frequency = self.rows.frequency
        return np.ones(part.stop - part.start) if frequency is None else frequency[part]


def _alone_message(kind, alone):
    shown = ", ".join(str(row) for row in alone[:SHOWN_ROWS])
    more = ", ..." if len(alone) > SHOWN_ROWS else ""
    return (
        f"kind={kind!r} divides by 1 - leverage, which is zero for {len(alone)} of the "
        f"rows (positions {shown}{more}; rows of weight zero not counted): they alone "
        "decide their own prediction, and all covariances are NaN. Use kind='HC0' or "
        "'HC1', or leave out these rows or the columns that only they have."
    )


def cluster_codes(groups) -> tuple[NDArray[np.intp], int]:
    """Number of the group of each row, and how many groups there are."""
    groups = np.asarray(groups)
    if groups.dtype.kind == "O":
        missing = [one is None or is_pandas_na(one) or one != one for one in groups]
    else:
        missing = groups != groups
    where = np.flatnonzero(missing)
    if len(where):
        raise ValueError(
            f"groups has no label for {len(where)} rows (the first: {where[0]}; rows "
            "of weight zero not counted): give each a group, one of its own if it is "
            "independent of all others, or leave these rows out of the fit."
        )
    if groups.dtype.kind == "O":
        # Labels of several types cannot be sorted.
        numbers: dict = {}
        codes = np.array([numbers.setdefault(one, len(numbers)) for one in groups])
        return codes, len(numbers)
    clusters, codes = np.unique(groups, return_inverse=True)
    return codes, len(clusters)


def checked_groups(groups):
    """Labels of clusters, (n,)."""
    shape = np.shape(groups)
    if len(shape) != 1 and not (len(shape) == 2 and shape[1] == 1):
        raise ValueError(
            f"groups must have one label for each row, got shape {shape}: for groups "
            "that two columns define together, combine them into one label."
        )
    return column_or_1d(groups)


def remainder(leverage):
    """``1 - h``, NaN where a row alone decides its own prediction."""
    rest = 1.0 - leverage
    return np.where(rest > OWN_PREDICTION, rest, np.nan)


def influence(leverage, residuals, squares, *, freedom, rank):
    """The measures of :class:`Influence`, from ordinary residuals (n, t).

    ``squares`` (t,) is the residual sum of squares of the fit and ``freedom`` its
    degrees of freedom. Source: Cook and Weisberg (1982), chapters 2 and 3.
    """
    leverage = leverage[:, None]
    rest = remainder(leverage)
    standardized = residuals / np.sqrt(squares / freedom * rest)
    others = squares - residuals**2 / rest
    # Where the other rows fit exactly, the ratio to their sigma is not defined.
    others = np.where(others > 0, others, np.nan)
    freedom = freedom - 1.0 if freedom > 1.0 else np.nan
    studentized = residuals / np.sqrt(others / freedom * rest)
    return standardized, studentized, standardized**2 * leverage / rest / rank
