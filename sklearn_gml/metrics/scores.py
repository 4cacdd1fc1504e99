"""Scores of predicted distributions against what happened."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_array, check_random_state

from .._data.limits import validated_bounds
from .._data.validation import validate_sample_weight
from .._distributions.parameters import (
    batch_shape,
    check_probability,
)
from .._distributions.protocol import Distribution
from .._distributions.recorded import Recorded
from .crps import crps_of_rows

NAMED_ROWS = 5  # in a warning of scores that are not finite


def loglik_score(
    y_true: ArrayLike,
    distribution: Distribution,
    *,
    sample_weight: ArrayLike | None = None,
    y_lower: ArrayLike | None = None,
    y_upper: ArrayLike | None = None,
) -> float:
    r"""Mean log-density of what happened; higher is better.

    The logarithmic score: strictly proper, and the only one that depends on nothing
    but the density at the outcome. It has units: dividing y by k adds log(k) a target.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Outcomes.
    distribution : frozen distribution
        From scipy or :func:`~sklearn_gml.predict_dist`: one for all rows, or of the
        shape of ``y_true``. A single target may have shape (n,) or (n, 1) on either
        side.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.
    y_lower, y_upper : array-like shaped as y_true, optional
        Limits between which y is known to lie, both or none. Where they differ, the
        logarithm of the probability of the interval stands for the log-density.

    Returns
    -------
    float
        :math:`\sum_i w_i \log p_i(y_i) / \sum_i w_i` in nats a row. The log-densities
        of several targets are added up: they are independent given x.

    Raises
    ------
    ValueError
        For shapes that do not fit, missing values or invalid weights.
    TypeError
        If ``distribution`` is not a frozen distribution.

    Warns
    -----
    UndefinedMetricWarning
        If the log-density of a row is not finite, as where y lies outside the support
        or nothing is known of a row: the mean is not finite either. It names the rows.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import loglik_score
    >>> round(loglik_score([1.0, 2.0], norm([1.0, 1.0], 1.0)), 4)
    -1.1689
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    density = _log_density(distribution, y)
    bounds = validated_bounds(y_lower, y_upper, np.shape(y_true))
    if bounds is not None:
        lower, upper = (bound.reshape(np.shape(density)) for bound in bounds)
        inside = _log_probability(distribution, lower, upper)
        density = np.where(lower < upper, inside, density)
    return _mean(_sum_of_targets(density), weight, "loglik_score")


def _log_probability(
    distribution: Distribution, lower: NDArray, upper: NDArray
) -> NDArray:
    """Of an interval, from the tail in which it lies."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # The limit farther out is zero, or the interval is.
        values = []
        for tail, near, far in (
            (distribution.logcdf, upper, lower),
            (distribution.logsf, lower, upper),
        ):
            outer = tail(near)
            values.append(outer + np.log1p(-np.exp(tail(far) - outer)))
        return np.where(distribution.cdf(lower) < 0.5, *values)


def crps_loss(
    y_true: ArrayLike,
    distribution: Distribution,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Mean continuous ranked probability score; lower is better.

    .. math::

        \mathrm{CRPS}(F, y) = \int (F(x) - 1\{x \ge y\})^2 \, dx

    A proper score in units of y: the absolute error of a point forecast, and for a
    distribution what remains of it after credit for saying how uncertain it is. Far
    outliers count in proportion, not squared.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Outcomes.
    distribution : frozen distribution
        As in :func:`loglik_score`; continuous.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.

    Returns
    -------
    float
        Mean over the rows and, with equal weight, over the targets.

    Raises
    ------
    ValueError, TypeError
        As :func:`loglik_score`.

    Warns
    -----
    UndefinedMetricWarning
        If the score of a row is not finite: the mean is not finite either. It names
        the rows.
    IntegrationWarning
        If the quadrature for other distributions does not converge in some rows, which
        are NaN.

    Notes
    -----
    In closed form for the normal, Student's t with more than one degree of freedom
    and the lognormal distribution, after [1]_. Otherwise by quadrature of the
    equivalent integral over probabilities, :math:`2 \int_0^1 (1\{y < q_u\} - u)
    (q_u - y) \, du` with quantiles :math:`q_u`, to about ten digits. It is infinite
    under tails that are heavy enough, however improbable: those of the exponential of
    Student's t, or of Box-Cox with an exponent between -0.5 and 0.

    References
    ----------
    .. [1] Jordan, Krüger and Lerch (2019), "Evaluating probabilistic forecasts with
       scoringRules", Journal of Statistical Software 90(12).

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import crps_loss
    >>> round(crps_loss([0.0, 1.0], norm(0.0, 1.0)), 4)
    0.4181
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    return _mean(
        _mean_of_targets(crps_of_rows(y, _by_target(distribution))), weight, "crps_loss"
    )


def pit_values(
    y_true: ArrayLike, distribution: Distribution, *, random_state: Any = 0
) -> NDArray[np.float64]:
    """Probability integral transform: the predicted probability of less than y.

    Uniform between 0 and 1 if the distributions are right; a histogram that is high
    in the middle says that they are too wide, one that is high at the ends too narrow.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Outcomes.
    distribution : frozen distribution
        As in :func:`loglik_score`.
    random_state : int, RandomState or None, default=0
        Where y is a limit that has a probability of its own
        (``predict_dist(X, kind="recorded")``), the value is random between the
        probability of less and that of y or less, so that values are uniform.

    Returns
    -------
    ndarray of shape (n,) or (n, t)
        ``distribution.cdf(y_true)``, a number for each target.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import pit_values
    >>> print(pit_values([0.0, 1.96], norm(0.0, 1.0)).round(3))
    [0.5   0.975]
    """
    y, _ = _checked(y_true, distribution)
    distribution = _by_target(distribution)
    below = distribution.cdf(y)
    if not isinstance(distribution, Recorded):
        return np.asarray(below)
    less = distribution.cdf_below(y)
    part = check_random_state(random_state).uniform(size=np.shape(below))
    return less + part * (below - less)


def interval_coverage_score(
    y_true: ArrayLike,
    distribution: Distribution,
    level: float = 0.9,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Share of outcomes inside the central interval of this level.

    Near ``level`` if the distributions are right. Not proper: an interval that is
    always right has a coverage of 1. Read it beside :func:`interval_width`.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Outcomes.
    distribution : frozen distribution
        As in :func:`loglik_score`.
    level : float, default=0.9
        Probability that the interval should hold, between 0 and 1.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.

    Returns
    -------
    float
        Mean over the rows and, with equal weight, over the targets.

    Warns
    -----
    UndefinedMetricWarning
        If the interval of a row is NaN, because its distribution is: whether it
        holds the outcome is not known, and the score is NaN. It names the rows.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import interval_coverage_score
    >>> interval_coverage_score([0.0, 1.0, 2.0, -3.0], norm(0.0, 1.0), 0.8)
    0.5
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    low, high = distribution.interval(check_probability("level", level))
    inside = np.where(np.isnan(low + high), np.nan, (y >= low) & (y <= high))
    return _mean(_mean_of_targets(inside), weight, "interval_coverage_score")


def interval_width(
    y_true: ArrayLike,
    distribution: Distribution,
    level: float = 0.9,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean width of the central intervals of this level, in units of y.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Says only which rows there are: all scores are called alike.
    distribution : frozen distribution
        As in :func:`loglik_score`.
    level : float, default=0.9
        Probability that the interval should hold, between 0 and 1.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.

    Returns
    -------
    float
        Mean over the rows and, with equal weight, over the targets.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import interval_width
    >>> round(interval_width([0.0, 1.0], norm(0.0, [1.0, 2.0]), 0.95), 3)
    5.88
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    low, high = distribution.interval(check_probability("level", level))
    widths = high - low + np.zeros(y.shape)
    return _mean(_mean_of_targets(widths), weight, "interval_width")


def d2_loglik_score(
    y_true: ArrayLike,
    distribution: Distribution,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Gain in log-likelihood over the unconditional normal, on the scale of R^2.

    .. math::

        D^2 = 1 - \exp(-2 (\bar l - \bar l_0) / t)

    with the mean log-density :math:`\bar l` of the t targets of a row, and
    :math:`\bar l_0` that of the normal with the mean and standard deviation of
    ``y_true``, which knows no x (of joint distributions, with the correlations too).
    1 is perfect, 0 no better than that normal, negative worse. For a linear model with
    constant noise, on its own training rows, it is exactly R^2; elsewhere it also
    counts whether sigma is right.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
        Outcomes.
    distribution : frozen distribution
        As in :func:`loglik_score`.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.

    Returns
    -------
    float
        NaN, with an ``UndefinedMetricWarning``, where a target does not vary: nothing
        is left to gain.

    Notes
    -----
    The generalised R^2 of Cox and Snell, and Magee (1990). The ratio
    :math:`1 - \bar l / \bar l_0`, usual for probabilities of classes, would change
    with the units of y, since log-densities have no natural zero.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import d2_loglik_score
    >>> y = [1.0, 3.0, 4.0, 6.0]
    >>> round(d2_loglik_score(y, norm([1.1, 2.7, 4.3, 5.9], 0.2236)), 3)
    0.985
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    used = np.ones(len(y), dtype=bool) if weight is None else weight > 0
    # Compared as numbers: the mean of equal numbers may be another, by rounding.
    if np.any(np.all(y[used] == y[used][0], axis=0)):
        warnings.warn(
            "d2_loglik_score is not defined where a target does not vary.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
        return float("nan")
    rows, row_weight = y[used], None if weight is None else weight[used]
    centre = np.average(rows, axis=0, weights=row_weight)
    spread = np.sqrt(np.average((rows - centre) ** 2, axis=0, weights=row_weight))
    # The mean log-density of data under their own normal.
    without_x = np.sum(-0.5 * np.log(2.0 * np.pi * np.e) - np.log(spread))
    if hasattr(distribution, "by_target"):
        standardised = ((rows - centre) / spread).T
        correlations = np.cov(standardised, aweights=row_weight, bias=True)
        without_x -= 0.5 * np.linalg.slogdet(np.atleast_2d(correlations))[1]
    values = _sum_of_targets(_log_density(distribution, y))
    gain = _mean(values, weight, "d2_loglik_score") - without_x
    n_targets = np.size(spread)
    with np.errstate(over="ignore"):  # minus infinity is the answer
        return float(-np.expm1(-2.0 * gain / n_targets))


def _checked(
    y_true: ArrayLike, distribution: Any, sample_weight: ArrayLike | None = None
) -> tuple[NDArray, NDArray | None]:
    """y in the shape of the distribution, and the weights."""
    y = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
    shape = batch_shape(distribution)
    if shape:
        # Without this (n, 1) meets (n,) as a table of n rows by n columns.
        if len(y) != shape[0] or y.size != np.prod(shape):
            raise ValueError(
                f"y_true has shape {y.shape}, but there are distributions of shape "
                f"{shape}."
            )
        y = y.reshape(shape)
    return y, validate_sample_weight(sample_weight, y)


def _by_target(distribution: Any) -> Any:
    """Of a joint distribution, those of the targets by themselves."""
    return getattr(distribution, "by_target", distribution)


def _log_density(distribution: Distribution, y: NDArray) -> NDArray:
    with np.errstate(divide="ignore"):  # minus infinity is the answer
        return distribution.logpdf(y)


def _sum_of_targets(values: NDArray) -> NDArray:
    return values if values.ndim == 1 else values.sum(axis=1)


def _mean_of_targets(values: NDArray) -> NDArray:
    return values if values.ndim == 1 else values.mean(axis=1)


def _mean(values: NDArray, weight: NDArray | None, name: str) -> float:
    """Weighted mean; a warning names the rows that are not finite."""
    # Rows of weight zero are left out, infinite values included.
    used = np.full(values.shape, True) if weight is None else weight > 0
    lost = np.flatnonzero(used & ~np.isfinite(values))
    if len(lost):
        shown = ", ".join(f"{row} ({values[row]:g})" for row in lost[:NAMED_ROWS])
        more = ", ..." if len(lost) > NAMED_ROWS else ""
        warnings.warn(
            f"{name} is not finite in {len(lost)} of {np.count_nonzero(used)} rows, "
            f"and so is their mean. Rows (and scores): {shown}{more}.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    if weight is None:
        return float(values.mean())
    return float(values[used] @ weight[used] / weight.sum())
