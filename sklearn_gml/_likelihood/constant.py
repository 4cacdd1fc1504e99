"""The objective: a log-likelihood with its gradient and its information."""

import math
from functools import cached_property

import numpy as np

from .._data.refinement import DOUBLED_CANCELLATION, refine
from .._data.statistics import gaussian_loglik
from .._linalg.factor import factorize
from .._linalg.triangular import EPS, ROUNDING_MARGIN, column_norms, triangle
from .estimate import Estimate
from .prior import CoefficientPrior


def rounding_sigma(magnitude, sum_weights):
    """Root mean square rounding error of residuals, with a margin.

    ``magnitude`` is the norm of the terms that cancel in them. Data that are zero
    throughout have no scale; theirs is one.
    """
    floor = magnitude * (ROUNDING_MARGIN * EPS / math.sqrt(sum_weights))
    floor[floor == 0] = ROUNDING_MARGIN * EPS
    return floor


class ConstantPoint:
    """A :class:`ConstantObjective` at one theta; computes what it is asked for."""

    unbounded = lengthens = False

    def __init__(self, objective, theta, same_mean=None):
        self.objective = objective
        self.theta = theta
        if same_mean is None:
            self._sum_up()
        else:
            # All that does not depend on sigma.
            self.residual, self.squares = same_mean.residual, same_mean.squares
            self.magnitude, self.summed = same_mean.magnitude, same_mean.summed

    def _sum_up(self):
        """What every use of a point needs, by target.

        ``residual`` (k, t) stands for the weighted residuals, ``squares`` (t,) is
        ``|r|^2 + sum_j alpha_j b_j^2``, and ``magnitude`` (t,) the norm of the terms
        that cancel in predictions: their squares add up rather than their sizes, as
        rounding errors do. ``summed`` is that of y and of the terms as the factor has
        summed them, about its origin: constants of X are not in it.
        """
        objective, mean = self.objective, self.theta[:-1]
        self.residual = objective.target - objective.design @ mean
        self.squares = np.einsum("ij,ij->j", self.residual, self.residual)
        if objective.prior.exists:
            self.squares += np.sum((np.sqrt(objective.penalty) * mean) ** 2, axis=0)
        self.magnitude, self.summed = (
            # Terms are of the size of y, whatever that of the columns: no overflow.
            np.hypot(objective.norms_y, np.linalg.norm(norms[:, None] * mean, axis=0))
            for norms in (objective.norms_x, objective.summed_norms_x)
        )

    @property
    def cancellation(self):
        """How much larger than the residuals those terms are."""
        residual = np.maximum(np.sqrt(self.squares), EPS * self.magnitude)
        return self.magnitude / np.where(residual > 0, residual, 1.0)

    @property
    def free_sigma(self):
        """sigma at its maximum, zero if need be."""
        return np.sqrt(self.squares / self.objective.degrees)

    @cached_property
    def sigma_floor(self):
        """Root mean square rounding error of y and of the factor, with a margin.

        What predictions lose beyond it is not a question of the likelihood.
        """
        return rounding_sigma(self.summed, self.objective.degrees)

    @property
    def degenerate(self):
        """Which targets leave no noise to be seen, shape (t,)."""
        return self.objective.saturated | (self.free_sigma <= self.sigma_floor)

    @cached_property
    def value(self):
        """J, summed over the targets."""
        return self.objective.value(self.squares, np.exp(self.theta[-1]))

    @cached_property
    def gain_floor(self):
        """A predicted gain that comes of rounding in the gradient."""
        rounding = EPS * self.magnitude * np.exp(-self.theta[-1])
        return float(rounding @ rounding)

    @property
    def resolution(self):
        """A difference in J that cannot be told from rounding error."""
        return self.gain_floor + EPS * abs(self.value)

    @cached_property
    def gradient(self):
        """dJ/dtheta, shaped as theta."""
        objective, precision = self.objective, np.exp(-2.0 * self.theta[-1])
        gradient = np.empty_like(self.theta)
        slope = objective.design.T @ self.residual
        if objective.prior.exists:
            slope -= objective.penalty * self.theta[:-1]
        gradient[:-1] = slope * precision
        gradient[-1] = self.squares * precision - objective.degrees
        return gradient

    @property
    def information(self):
        """Expected information of each target, shape (t, q + 1, q + 1)."""
        objective, size = self.objective, len(self.theta)
        information = np.zeros((self.theta.shape[1], size, size))
        normal = objective.design.T @ objective.design
        normal += np.diag(objective.penalty[:, 0])
        precision = np.exp(-2.0 * self.theta[-1])
        information[:, :-1, :-1] = normal * precision[:, None, None]
        information[:, -1, -1] = 2.0 * objective.degrees
        return information

    @property
    def information_diagonal(self):
        """The diagonal of the expected information, shaped as theta."""
        objective, precision = self.objective, np.exp(-2.0 * self.theta[-1])
        diagonal = np.empty_like(self.theta)
        diagonal[:-1] = objective.mean_diagonal[:, None] * precision
        diagonal[-1] = 2.0 * objective.degrees
        return diagonal

    @cached_property
    def step(self):
        """Newton's: ``information^-1 gradient``.

        That of log sigma is left to ``settled``, which goes all the way.
        """
        step = np.zeros_like(self.theta)
        step[:-1] = self.objective.mean_step(self.residual, self.theta[:-1])
        return step

    @property
    def gain(self):
        """What the step is predicted to gain: half of ``gradient . step``."""
        return 0.5 * float(np.vdot(self.gradient, self.step))


class ConstantObjective:
    r"""Log-likelihood of a linear mean with constant noise, from statistics alone.

    The parameters ``theta``, an array of shape (q + 1, t) with a column for
    each target, are the q parameters ``b`` of the mean (the intercept first if
    there is one: the mean of y *at the mean of X*) and last
    ``s = log sigma``. With ``n = sum(w)``, the columns ``F`` (k, q) and ``c``
    (k, t) of the triangular factor and ``r = c - F b``, so that
    :math:`|r|^2 = \sum_i w_i (y_i - \mu_i)^2`,

    .. math::

        J(\theta) = -\frac{n}{2}\log 2\pi - n s
                    - \frac{|r|^2 + b'Ab}{2 e^{2s}}

    (A is diagonal and holds the prior precision of each coefficient, zero for the
    intercept; one alpha for all: :math:`b'Ab = \alpha |b|^2`).

    - gradient: :math:`(F'r - A b) / e^{2s}` for b,
      :math:`(|r|^2 + b'Ab) / e^{2s} - n` for s;
    - expected information: :math:`(F'F + A) / e^{2s}` for b,
      :math:`2 n` for s, no cross term.

    **For any sigma, J is quadratic in b, and its maximum over b does not depend
    on sigma.** One Newton step from anywhere is therefore the least-squares
    solution (ridge regression if alpha > 0), and then sigma has the closed form
    :math:`\sigma^2 = (|r|^2 + b'Ab) / n` that :meth:`settled` sets.
    Minimising squared error *is* maximising this likelihood.

    The restricted likelihood (REML) integrates the parameters of the mean out:
    :math:`n - k` stands for n, where k counts those with a flat prior (the intercept
    and the coefficients of precision zero), and
    :math:`-\frac12 \log\det (F'F + A) + \frac12 \sum_{a_j > 0} \log a_j` is added,
    as R reports it.

    Parameters
    ----------
    statistics : GaussianStatistics
    fit_intercept : bool
    alpha : float, ndarray of shape (p,) or CoefficientPrior
        Prior precision, of all coefficients or of each, in units of the noise. Zero:
        a flat prior. Infinite: a coefficient of zero.
    restricted : bool
    """

    #: Parameters of the noise of a target, and whether it varies.
    noise_rank, varies = 1, False
    point_type = ConstantPoint
    #: Hardly falling gains after which a maximiser gives up.
    max_stalls = 3
    #: Lower bound of the slopes.
    lower_slope = -np.inf

    def __init__(self, statistics, *, fit_intercept=True, alpha=0.0, restricted=False):
        self.fit_intercept = fit_intercept
        self.restricted = restricted
        self.sum_weights = statistics.sum_weights
        self.mean_weight = statistics.sum_weights / statistics.n_samples
        self.log_scale = statistics.log_scale
        n_features, n_mean = (
            statistics.n_features,
            fit_intercept + statistics.n_features,
        )
        # About the means the intercept is orthogonal to the slopes.
        origin = statistics.mean if fit_intercept else np.zeros_like(statistics.origin)
        self.origin_x, self.origin_y = origin[:n_features], origin[n_features:]
        factor = statistics.about(origin)
        if not fit_intercept:
            factor = triangle(factor[:, 1:])
        self.design, self.target = factor[:, :n_mean], factor[:, n_mean:]
        self.prior = CoefficientPrior.of(alpha, n_features)
        self.penalty = self.prior.penalty(fit_intercept)
        if self.prior.dropped.any():
            self.design = self.design.copy()
            self.design[:, int(fit_intercept) :][:, self.prior.dropped] = 0.0

        # The first row is that of the intercept, the next p those of the slopes,
        # and the last are those of y.
        self.slopes = slice(int(fit_intercept), n_mean)
        self.information_root = self.design[self.slopes, self.slopes]
        size = statistics.factor[0, 0]
        first_row = size * origin
        norms = column_norms(factor[int(fit_intercept) :, int(fit_intercept) :])
        raw = np.hypot(norms, first_row)
        summed = np.hypot(norms, statistics.factor[0, 1:]) if fit_intercept else raw
        self.norms_x, self.norms_y = raw[:n_features], raw[n_features:]
        self.summed_norms_x = summed[:n_features]
        self.factor = factorize(
            self.information_root,
            self.norms_x,
            precision=self.prior.precision,
        )
        if fit_intercept:
            self.norms_x = np.append(size, self.norms_x)
            self.summed_norms_x = np.append(size, self.summed_norms_x)
        self.rank = self.factor.rank + fit_intercept
        #: parameters of the mean with a flat prior, as far as rows identify them
        self.flat = self.factor.flat_rank + fit_intercept
        degrees = self.sum_weights - (self.flat if restricted else 0)
        #: no more rows than parameters, or no contrasts to learn sigma from
        self.saturated = degrees <= 0 or statistics.n_samples <= self.flat
        #: rows enough, but weights that count them as fewer than the parameters
        self.lacks_weight = degrees <= 0 and statistics.n_samples > self.flat
        self.degrees = degrees if degrees > 0 else self.sum_weights

    @property
    def n_parameters(self):
        """Number of parameters of the mean, identified or not."""
        return self.design.shape[1]

    @property
    def shape(self):
        """Shape of theta."""
        return self.n_parameters + 1, self.target.shape[1]

    @property
    def start(self):
        """The point of zero coefficients and the sigma that belongs to them."""
        return self.settled(np.zeros(self.shape))

    @property
    def lower(self):
        """Lower bounds of theta."""
        bounds = np.full(self.shape, -np.inf)
        bounds[self.slopes] = self.lower_slope
        return bounds

    def free(self, point):
        """Mask of the parameters without a closed form: those of the mean."""
        free = np.ones(self.shape, dtype=bool)
        free[-1] = False
        return free

    def at(self, theta):
        """The :class:`ConstantPoint` theta, where the objective can be evaluated."""
        return self.point_type(self, theta)

    def settled(self, theta, before=None):
        """The point with the mean of theta and log sigma at its maximum there."""
        point = self.point_type(self, theta)
        settled = theta.copy()
        settled[-1] = np.log(np.maximum(point.free_sigma, point.sigma_floor))
        return self.point_type(self, settled, point)

    @property
    def mean_diagonal(self):
        """Diagonal of the information of the mean, sigma aside."""
        return np.einsum("ij,ij->j", self.design, self.design) + self.penalty[:, 0]

    def mean_step(self, residual, mean):
        """Step to the maximum over the mean: least squares on the factor.

        Solving with the orthogonal factor rather than with the information spares
        the square of the condition number.
        """
        step, slopes = np.empty_like(mean), self.slopes
        step[slopes] = self.slope_step(residual[slopes], mean[slopes])
        if self.fit_intercept:
            along = residual[0] - self.design[0, 1:] @ step[slopes]
            step[0] = along / self.design[0, 0]
        return step

    def shortest(self, coef):
        """The shortest coefficients of the same predictions."""
        return self.factor.shortest(coef)

    def slope_step(self, residual, coef):
        """The same for the slopes alone."""
        return self.factor.step(residual, coef)

    def effective_degrees(self, point) -> float:
        """Trace of the hat matrix, the intercept included; the rank without a prior.

        What y takes of its own prediction, summed over the rows.
        """
        return self.fit_intercept + self.factor.effective_rank()

    def log_root_determinant(self):
        """Half the log-determinant of the information, sigma aside."""
        intercept = np.log(self.design[0, 0]) if self.fit_intercept else 0.0
        return intercept + self.factor.log_determinant()

    def estimate(self, point):
        """The :class:`Estimate` that a point stands for."""
        coef, intercept, sigma = self.in_units_of_data(point)
        return self._estimate(
            coef, intercept, point.squares, sigma, self._covariance_root()
        )

    def _estimate(self, coef, intercept, squares, sigma, covariance_root, excess=None):
        restricted = self.value(squares, sigma) if self.restricted else None
        return Estimate(
            coef, intercept, squares, sigma, covariance_root, restricted, excess=excess
        )

    def in_units_of_data(self, point):
        """``(coef (t, p), intercept (t,), sigma (t,))`` of a point."""
        coef = self.shortest(point.theta[self.slopes])
        intercept = np.zeros(coef.shape[1])
        if self.fit_intercept:
            intercept = point.theta[0] + self.origin_y - self.origin_x @ coef
        return coef.T, intercept, np.exp(point.theta[-1])

    def refined(self, point, rows):
        """The estimate at a maximum, with the digits that its factor had lost.

        Where predictions or standard errors cancel many digits, the last Newton
        step is repeated in doubled precision: :mod:`sklearn_gml._data.refinement`.
        """
        estimate = self.estimate(point)
        if self.saturated or self.rank < self.n_parameters:
            return estimate
        cancellation = max(
            point.cancellation.max(),
            column_norms(self.norms_x[:, None] * estimate.covariance_root).max(),
        )
        if cancellation < DOUBLED_CANCELLATION:
            return estimate
        mean = estimate.coef.T
        if self.fit_intercept:
            mean = np.vstack([estimate.intercept, mean])
        refined = refine(
            rows,
            mean,
            estimate.covariance_root,
            penalty=self.penalty,
            cancellation=cancellation,
        )
        if refined is None:
            return estimate
        mean, squares, excess, covariance_root = refined
        intercept = mean[0] if self.fit_intercept else estimate.intercept
        sigma = np.sqrt(squares / self.degrees)
        # Doubled precision has rounding errors as well.
        sigma = np.where(sigma > EPS * point.sigma_floor, sigma, point.sigma_floor)
        return self._estimate(
            mean[self.slopes].T, intercept, squares, sigma, covariance_root, excess
        )

    def loglik(self, estimate):
        """Log-likelihood at an estimate, without prior and without restriction."""
        prior = np.sum((estimate.coef * np.sqrt(self.prior.finite)) ** 2, axis=1)
        squares = np.maximum(estimate.squares - prior, 0.0)
        values = gaussian_loglik(squares, estimate.sigma, self.sum_weights)
        return float(np.sum(values - self.log_scale))

    def value(self, squares, sigma):
        """J for given squares and sigma, summed over the targets."""
        values = gaussian_loglik(squares, sigma, self.degrees) - self.log_scale
        if self.restricted:
            values = values - self.log_root_determinant()
        return float(values.sum())

    def _covariance_root(self):
        """Root of the inverse information of ``(intercept, b)``, sigma aside."""
        slopes = self.factor.covariance_root()
        if not self.fit_intercept:
            return slopes
        size = self.design[0, 0]
        covariance_root = np.zeros((1 + len(slopes), 1 + slopes.shape[1]))
        covariance_root[0, 0] = 1.0 / size
        covariance_root[0, 1:] = -(self.design[0, 1:] / size + self.origin_x) @ slopes
        covariance_root[1:, 1:] = slopes
        return covariance_root
