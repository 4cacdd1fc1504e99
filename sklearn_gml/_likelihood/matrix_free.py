"""The likelihood of wide sparse rows, without a matrix of columns by columns."""

from dataclasses import replace

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from .._data.statistics import gaussian_loglik
from .constant import ConstantObjective
from .estimate import Estimate
from .prior import CoefficientPrior

# Iterations of one Newton step. Text with a ridge takes fifty or so. A likelihood
# without a maximum, of more columns than rows and no penalty, is not worth as many.
CG_ITERATIONS = 3000
HOPELESS_ITERATIONS = 300

# Two steps of this reach the default tolerance, and the last digits.
STEP_TOLERANCE = 1e-7


class CentredRows(LinearOperator):
    """``sqrt(w) [1, X - means]`` as an operator: X stays sparse and as it lies.

    Without an intercept, ``sqrt(w) X``.
    """

    def __init__(self, rows, means, root_weight):
        self.X, self.means, self.root_weight = rows.X, means, root_weight
        self.fit_intercept = means is not None
        n_columns = rows.n_features + self.fit_intercept
        super().__init__(np.float64, (rows.n_samples, n_columns))

    def _matmat(self, mean):
        slopes = mean[int(self.fit_intercept) :]
        product = self.X @ slopes
        if self.fit_intercept:
            product += mean[0] - self.means @ slopes
        return product * self.root_weight

    def _rmatvec(self, residual):
        return self._rmatmat(residual.reshape(-1, 1))

    def _rmatmat(self, residual):
        weighted = residual * self.root_weight
        slopes = self.X.T @ weighted
        if not self.fit_intercept:
            return slopes
        sums = weighted.sum(axis=0)
        return np.vstack([sums, slopes - np.multiply.outer(self.means, sums)])


class MatrixFreeObjective(ConstantObjective):
    """The objective of :class:`ConstantObjective`, its sums taken from the rows.

    Value and gradient cost one product with X and one with its transpose; the
    Newton step is solved by conjugate gradients, which need no more. Memory is that
    of a few vectors. Started from zero, they find the shortest of many solutions.

    What needs the information as a matrix is not available: statistics to merge,
    rank (its upper bound is reported), restricted likelihood, standard errors.

    Parameters
    ----------
    rows : Rows
        With sparse X.
    fit_intercept : bool
    alpha : float, ndarray of shape (p,) or CoefficientPrior
        Prior precision, of all coefficients or of each.
    """

    def __init__(self, rows, *, fit_intercept=True, alpha=0.0):
        self.fit_intercept, self.restricted = fit_intercept, False
        self.sum_weights, self.log_scale = rows.sum_frequencies, rows.log_scale
        # Sums over weights of any scale are made per unit of weight.
        rows, self.unit = rows.positive.per_unit_of_weight()
        self.mean_weight = rows.sum_frequencies / rows.n_samples
        weight = np.ones(rows.n_samples) if rows.weight is None else rows.weight
        root_weight = np.sqrt(weight)[:, None]
        total = weight.sum()
        # float32 would lose the squares.
        X = rows.X.astype(np.float64, copy=False)
        sums, squares = weight @ X, weight @ X.multiply(X)
        means = sums / total
        self.origin_x = means if fit_intercept else np.zeros_like(means)
        self.origin_y = np.zeros(rows.y.shape[1])
        if fit_intercept:
            self.origin_y = weight @ rows.y / total
        self.design = CentredRows(rows, means if fit_intercept else None, root_weight)
        self.target = root_weight * (rows.y - self.origin_y)
        self.slopes = slice(int(fit_intercept), self.n_parameters)

        prior = CoefficientPrior.of(alpha, rows.n_features)
        self.prior = replace(prior, precision=prior.precision / self.unit)
        self.penalty = self.prior.penalty(fit_intercept)
        self.norms_y = np.sqrt(weight @ rows.y**2)
        first = [total] if fit_intercept else []
        self.norms_x = self.summed_norms_x = np.sqrt(np.append(first, squares))
        centred = squares - total * self.origin_x**2
        self._diagonal = np.append(first, np.maximum(centred, 0.0))
        # Columns without entries, of which hashed words leave many, are no directions.
        occupied = squares > 0
        n_occupied = fit_intercept + int(np.sum(occupied))
        self.rank = min(n_occupied, rows.n_positive)
        self.degrees = self.sum_weights / self.unit
        n_flat = fit_intercept + int(np.sum(self.prior.flat & occupied))
        self.flat = min(n_flat, rows.n_positive)
        self.saturated, self.lacks_weight = rows.n_positive <= n_flat, False

    def effective_degrees(self, point) -> float:
        r"""An upper bound of the trace of the hat matrix.

        With G the information in units of the prior, the trace is that of
        :math:`f(G)`, :math:`f(x) = x / (x + 1)`. As f is concave, the sum of f over
        the diagonal is no smaller (Peierls' inequality), and the diagonal is known.
        """
        if not self.prior.exists:
            return float(self.rank)
        pulled, diagonal = self.penalty[:, 0] > 0, self._diagonal
        columns = diagonal[pulled] / (diagonal[pulled] + self.penalty[pulled, 0])
        return float(self.flat + min(columns.sum(), self.rank - self.flat))

    @property
    def mean_diagonal(self):
        return self._diagonal + self.penalty[:, 0]

    def mean_step(self, residual, mean):
        """Step towards the maximum over the mean, by conjugate gradients.

        Each step shrinks the distance by ``STEP_TOLERANCE``, and the next starts
        from a gradient that is taken afresh from the rows. LSMR, of the same cost,
        stops where the gradient is small beside the residual, too early for that.
        """
        penalty = self.penalty[:, 0]
        size = len(mean)
        information = LinearOperator(
            (size, size),
            matvec=lambda b: (
                self.design.T @ (self.design @ b.ravel()) + penalty * b.ravel()
            ),
            dtype=np.float64,
        )
        scale = None
        if self.prior.exists:
            # The solution is unique, in any units: those of one size are the quickest.
            # Without a penalty it is the shortest one in the units given.
            inverse = 1.0 / np.where(self.mean_diagonal > 0, self.mean_diagonal, 1.0)
            scale = LinearOperator((size, size), matvec=lambda b: inverse * b.ravel())
        gradient = self.design.T @ residual - self.penalty * mean
        limit = HOPELESS_ITERATIONS if self.saturated else CG_ITERATIONS
        steps = [
            cg(information, column, M=scale, rtol=STEP_TOLERANCE, maxiter=limit)[0]
            for column in gradient.T
        ]
        return np.column_stack(steps)

    def shortest(self, coef):
        return coef

    def estimate(self, point):
        coef, intercept, sigma = self.in_units_of_data(point)
        return Estimate(coef, intercept, self.unit * point.squares, sigma, None)

    def loglik(self, estimate):
        prior = np.sum((estimate.coef * np.sqrt(self.prior.finite)) ** 2, axis=1)
        squares = np.maximum(estimate.squares - self.unit * prior, 0.0)
        values = gaussian_loglik(squares, estimate.sigma, self.sum_weights)
        return float(np.sum(values - self.log_scale))

    def refined(self, point, rows):
        return self.estimate(point)
