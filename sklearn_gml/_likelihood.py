"""The objective: a log-likelihood with its gradient and its information."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ._linalg import EPS, column_norms, factorize, power_of_two, triangle
from ._refinement import refine
from ._statistics import gaussian_loglik

# sigma below this many times the rounding error of a residual is arithmetic,
# not noise. A prediction, a subtraction and a sum lose a few eps between them;
# at eight, the likelihood of a degenerate fit is still that of its predictions.
ROUNDING_MARGIN = 8.0

# Cancellation up to here leaves fourteen digits of a double, because rounding
# errors average; beyond, the last Newton step is done in doubled precision.
DOUBLED_CANCELLATION = 2.0**8


@dataclass(frozen=True, eq=False)
class Estimate:
    """Parameters of the mean in the units of the data, and what goes with them.

    Attributes
    ----------
    coef : ndarray of shape (t, p)
    intercept : ndarray of shape (t,)
    squares : ndarray of shape (t,)
        ``|r|^2 + alpha |b|^2``, of which sigma is made.
    sigma : ndarray of shape (t,)
    root : ndarray of shape (q, r)
        ``sigma^2 root root'`` is the inverse information of the parameters of the
        mean, the intercept first if there is one.
    """

    coef: np.ndarray
    intercept: np.ndarray
    squares: np.ndarray
    sigma: np.ndarray
    root: np.ndarray


class StatisticsObjective:
    r"""Log-likelihood of a linear mean with constant noise, from statistics alone.

    The parameters ``theta``, an array of shape (q + 1, t) with a column for
    each target, are the q parameters ``b`` of the mean (the intercept first if
    there is one: the mean of y *at the mean of X*) and last
    ``s = log sigma``. With ``n = sum(w)``, the columns ``F`` (k, q) and ``c``
    (k, t) of the triangular factor and ``r = c - F b``, so that
    :math:`|r|^2 = \sum_i w_i (y_i - \mu_i)^2`,

    .. math::

        J(\theta) = -\frac{n}{2}\log 2\pi - n s
                    - \frac{|r|^2 + \alpha |b|^2}{2 e^{2s}}

    (the penalty leaves the intercept out).

    - gradient: :math:`(F'r - \alpha b) / e^{2s}` for b,
      :math:`(|r|^2 + \alpha |b|^2) / e^{2s} - n` for s;
    - expected information: :math:`(F'F + \alpha I) / e^{2s}` for b,
      :math:`2 n` for s, no cross term.

    **For any sigma, J is quadratic in b, and its maximum over b does not depend
    on sigma.** One Newton step from anywhere is therefore the least-squares
    solution (ridge regression if alpha > 0), and then sigma has the closed form
    :math:`\sigma^2 = (|r|^2 + \alpha |b|^2) / n` that :meth:`settle` sets.
    Minimising squared error *is* maximising this likelihood.

    The restricted likelihood (REML) integrates the parameters of the mean out:
    :math:`n - k` stands for n, where k counts those with a flat prior (all, or
    the intercept alone if alpha > 0), and
    :math:`-\frac12 \log\det (F'F + \alpha I) + \frac{p}{2} \log\alpha` is added
    (the last term if alpha > 0), as R reports it.

    Parameters
    ----------
    statistics : GaussianStatistics
    fit_intercept : bool
    alpha : float
    restricted : bool
    """

    #: Lower bound of the slopes.
    lower_slope = -np.inf

    def __init__(self, statistics, *, fit_intercept=True, alpha=0.0, restricted=False):
        self.fit_intercept = fit_intercept
        self.alpha = alpha
        self.restricted = restricted
        self.sum_weights = statistics.sum_weights
        self.origin_x, self.origin_y = np.split(
            # About the means the intercept is orthogonal to the slopes.
            statistics.mean if fit_intercept else np.zeros_like(statistics.origin),
            [statistics.n_features],
        )
        n_mean = fit_intercept + statistics.n_features
        factor = statistics.about(np.concatenate([self.origin_x, self.origin_y]))
        if not fit_intercept:
            factor = triangle(factor[:, 1:])
        self.design, self.target = factor[:, :n_mean], factor[:, n_mean:]
        self.penalty = np.full((n_mean, 1), float(alpha))
        self.penalty[: int(fit_intercept)] = 0.0

        norms = statistics.column_norms()
        norms_x, self.norms_y = np.split(norms, [statistics.n_features])
        self.norms_x = np.append(np.sqrt(self.sum_weights), norms_x)[-n_mean:]
        # The first row is that of the intercept, the next p those of the slopes,
        # and the last speak of y alone.
        self.slopes = slice(int(fit_intercept), n_mean)
        self.root = self.design[self.slopes, self.slopes]
        self.factor = factorize(self.root, EPS * norms_x, penalty=alpha)
        self.rank = self.factor.rank + fit_intercept
        flat = int(fit_intercept) if alpha else self.rank
        degrees = self.sum_weights - (flat if restricted else 0)
        #: no more rows than parameters, or no contrasts to learn sigma from
        self.saturated = degrees <= 0 or (
            not alpha and statistics.n_samples <= self.rank
        )
        self.degrees = degrees if degrees > 0 else self.sum_weights

    @property
    def n_parameters(self):
        """Number of parameters of the mean, identified or not."""
        return self.design.shape[1]

    @property
    def start(self):
        """Zero coefficients and the sigma that belongs to them."""
        return self.settle(np.zeros(self.shape))

    @property
    def shape(self):
        """Shape of theta."""
        return self.n_parameters + 1, self.target.shape[1]

    @property
    def lower(self):
        """Lower bounds of theta."""
        bounds = np.full(self.shape, -np.inf)
        bounds[self.slopes] = self.lower_slope
        return bounds

    @property
    def free(self):
        """Mask of the parameters without a closed form: those of the mean."""
        free = np.ones(self.shape, dtype=bool)
        free[-1] = False
        return free

    def residual(self, theta):
        """Root (k, t) of the weighted residuals."""
        return self.target - self.design @ theta[:-1]

    def squares(self, theta):
        """``|r|^2 + alpha |b|^2`` of each target."""
        residual, mean = self.residual(theta), theta[:-1]
        return np.sum(residual**2, axis=0) + np.sum(self.penalty * mean**2, axis=0)

    def value(self, theta):
        """J at theta, summed over the targets."""
        root = np.sqrt(self.squares(theta))[None]
        values = gaussian_loglik(root, np.exp(theta[-1]), self.degrees)
        if self.restricted:
            values = values - self._log_root_determinant()
        return float(values.sum())

    def _log_root_determinant(self):
        intercept = np.log(self.design[0, 0]) if self.fit_intercept else 0.0
        return intercept + self.factor.log_determinant()

    def gradient(self, theta):
        """dJ/dtheta, shaped as theta."""
        mean, precision = theta[:-1], np.exp(-2.0 * theta[-1])
        slope = self.design.T @ self.residual(theta) - self.penalty * mean
        noise = self.squares(theta) * precision - self.degrees
        return np.vstack([slope * precision, noise])

    def information(self, theta):
        """Expected information of each target, shape (t, q + 1, q + 1)."""
        size = len(theta)
        information = np.zeros((theta.shape[1], size, size))
        normal = self.design.T @ self.design + np.diag(self.penalty[:, 0])
        precision = np.exp(-2.0 * theta[-1])
        information[:, :-1, :-1] = normal * precision[:, None, None]
        information[:, -1, -1] = 2.0 * self.degrees
        return information

    def newton_step(self, theta):
        """``information^-1 gradient``, by least squares on the factor.

        The step of log sigma is left to :meth:`settle`, which goes all the way.
        """
        residual, slopes = self.residual(theta), self.slopes
        step = np.zeros_like(theta)
        step[slopes] = self._slope_step(residual[slopes], theta[slopes])
        if self.fit_intercept:
            along = residual[0] - self.design[0, 1:] @ step[1:-1]
            step[0] = along / self.design[0, 0]
        return step

    def _slope_step(self, residual, coef):
        return self.factor.step(residual, coef)

    def settle(self, theta):
        """theta with log sigma at its maximum, given the mean."""
        sigma, floor = self._free_sigma(theta), self.sigma_floor(theta)
        settled = theta.copy()
        settled[-1] = np.log(np.maximum(sigma, floor))
        return settled

    def degenerate(self, theta):
        """Which targets leave no noise to be seen, shape (t,)."""
        return self.saturated | (self._free_sigma(theta) <= self.sigma_floor(theta))

    def _free_sigma(self, theta):
        return np.sqrt(self.squares(theta) / self.degrees)

    def sigma_floor(self, theta):
        """Root mean square rounding error of the residuals, with a margin.

        Data that are zero throughout have no scale; theirs is one.
        """
        scale = self._magnitude(theta) / np.sqrt(self.sum_weights)
        return ROUNDING_MARGIN * EPS * np.where(scale > 0, scale, 1.0)

    def resolution(self, theta):
        """A difference in J that cannot be told from rounding error."""
        rounding = EPS * self._magnitude(theta) * np.exp(-theta[-1])
        return float(np.sum(rounding**2) + EPS * abs(self.value(theta)))

    def _magnitude(self, theta):
        """Norm of the terms that cancel in the residuals, by target."""
        return self.norms_y + self.norms_x @ np.abs(theta[:-1])

    def estimate(self, theta):
        """The :class:`Estimate` that theta stands for."""
        coef = theta[self.slopes]
        intercept = np.zeros(coef.shape[1])
        if self.fit_intercept:
            intercept = theta[0] + self.origin_y - self.origin_x @ coef
        squares, sigma = self.squares(theta), np.exp(theta[-1])
        return Estimate(coef.T, intercept, squares, sigma, self._raw_root())

    def refined(self, theta, rows):
        """The estimate at theta with the digits restored that its factor had lost.

        Rounding error as large as the cancellation in predictions and standard
        errors says is left alone while it is small; else, see
        :mod:`sklearn_gml._refinement`.
        """
        estimate = self.estimate(theta)
        if self.saturated or self.rank < self.n_parameters:
            return estimate
        magnitude = self._magnitude(theta)
        residual = np.maximum(np.sqrt(self.squares(theta)), EPS * magnitude)
        cancellation = max(
            np.max(self.norms_x @ np.abs(estimate.root)),
            np.max(magnitude / np.where(residual > 0, residual, 1.0)),
        )
        if cancellation < DOUBLED_CANCELLATION:
            return estimate
        mean = estimate.coef.T
        if self.fit_intercept:
            mean = np.vstack([estimate.intercept, mean])
        mean, squares, root = refine(
            rows, mean, estimate.root, penalty=self.penalty, cancellation=cancellation
        )
        intercept = mean[0] if self.fit_intercept else estimate.intercept
        sigma = np.sqrt(squares / self.degrees)
        sigma = np.where(sigma > 0, sigma, self.sigma_floor(theta))
        return Estimate(mean[self.slopes].T, intercept, squares, sigma, root)

    def loglik(self, estimate):
        """Log-likelihood at an estimate, without prior and without restriction."""
        prior = self.alpha * np.sum(estimate.coef**2, axis=1)
        root = np.sqrt(np.maximum(estimate.squares - prior, 0.0))
        values = gaussian_loglik(root[None], estimate.sigma, self.sum_weights)
        return float(values.sum())

    def restricted_loglik(self, estimate):
        """J with ``restricted=True`` at an estimate."""
        root = np.sqrt(estimate.squares)[None]
        values = gaussian_loglik(root, estimate.sigma, self.degrees)
        return float(np.sum(values - self._log_root_determinant()))

    def _raw_root(self):
        """Root of the inverse information of ``(intercept, b)``, sigma aside."""
        slopes = self.factor.covariance_root()
        if not self.fit_intercept:
            return slopes
        size = self.design[0, 0]
        root = np.zeros((1 + len(slopes), 1 + slopes.shape[1]))
        root[0, 0] = 1.0 / size
        root[0, 1:] = -(self.design[0, 1:] / size + self.origin_x) @ slopes
        root[1:, 1:] = slopes
        return root


class NonNegativeObjective(StatisticsObjective):
    """The same likelihood over non-negative coefficients.

    The quadratic in b has its constrained maximum at the solution of a
    non-negative least-squares problem on the same factor, so that one step
    still suffices.
    """

    lower_slope = 0.0

    def __init__(self, statistics, **settings):
        super().__init__(statistics, **settings)
        # Bounds can keep any number of parameters from an exact fit.
        self.saturated = False

    def refined(self, theta, rows):
        """The estimate as it is: a step may cross a bound."""
        return self.estimate(theta)

    def _slope_step(self, residual, coef):
        root, target = self.root, residual + self.root @ coef
        if self.alpha:
            ridge = np.sqrt(self.alpha) * np.eye(root.shape[1])
            root = np.vstack([root, ridge])
            target = np.vstack([target, np.zeros_like(coef)])
        scale = power_of_two(column_norms(root))
        scaled = root / scale
        columns = [optimize.nnls(scaled, column)[0] for column in target.T]
        return np.column_stack(columns) / scale[:, None] - coef
