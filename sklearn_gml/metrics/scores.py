"""Scores of predicted distributions against what happened."""

import warnings

import numpy as np
from scipy import special, stats
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_array

from .._data.validation import validate_sample_weight
from .._distributions.quadrature import quadrature
from .._distributions.transformed import batch_shape, parameters_of, tail_indices

# Quantiles of smaller probabilities weigh nothing, since the score counts them times
# their probability; some of scipy's fail there.
NEGLIGIBLE = 1e-60


def loglik_score(y_true, distribution, *, sample_weight=None):
    r"""Mean log-density of what happened; higher is better.

    The logarithmic score: strictly proper, and the only one that depends on nothing
    but the density at the outcome. It has units: dividing y by k adds log(k) a target.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
    distribution : frozen distribution
        From scipy or :func:`~sklearn_gml.predict_dist`: one for all rows, or of the
        shape of ``y_true``. A single target may have shape (n,) or (n, 1) on either
        side.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.

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

    Examples
    --------
    >>> from scipy.stats import norm
    >>> from sklearn_gml.metrics import loglik_score
    >>> round(loglik_score([1.0, 2.0], norm([1.0, 1.0], 1.0)), 4)
    -1.1689
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    return _mean(_sum_of_targets(distribution.logpdf(y)), weight)


def crps_loss(y_true, distribution, *, sample_weight=None):
    r"""Mean continuous ranked probability score; lower is better.

    .. math::

        \mathrm{CRPS}(F, y) = \int (F(x) - 1\{x \ge y\})^2 \, dx

    A proper score in units of y: the absolute error of a point forecast, and for a
    distribution what remains of it after credit for saying how uncertain it is. Far
    outliers count in proportion, not squared.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
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
    ArithmeticError
        If the quadrature for other distributions does not converge.

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
    return _mean(_mean_of_targets(_crps(y, _by_target(distribution))), weight)


def pit_values(y_true, distribution):
    """Probability integral transform: the predicted probability of less than y.

    Uniform between 0 and 1 if the distributions are right; a histogram that is high
    in the middle says that they are too wide, one that is high at the ends too narrow.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
    distribution : frozen distribution
        As in :func:`loglik_score`.

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
    return _by_target(distribution).cdf(y)


def interval_coverage_score(y_true, distribution, level=0.9, *, sample_weight=None):
    """Share of outcomes inside the central interval of this level.

    Near ``level`` if the distributions are right. Not proper: an interval that is
    always right has a coverage of 1. Read it beside :func:`interval_width`.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, t)
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
    >>> from sklearn_gml.metrics import interval_coverage_score
    >>> interval_coverage_score([0.0, 1.0, 2.0, -3.0], norm(0.0, 1.0), 0.8)
    0.5
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    low, high = distribution.interval(_checked_level(level))
    return _mean(_mean_of_targets(((y >= low) & (y <= high)).astype(float)), weight)


def interval_width(y_true, distribution, level=0.9, *, sample_weight=None):
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
    low, high = distribution.interval(_checked_level(level))
    return _mean(_mean_of_targets(high - low + np.zeros(y.shape)), weight)


def d2_loglik_score(y_true, distribution, *, sample_weight=None):
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
    centre = np.average(y, axis=0, weights=weight)
    spread = np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight))
    if not np.all(spread > 0):
        warnings.warn(
            "d2_loglik_score is not defined where a target does not vary.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
        return float("nan")
    # The mean log-density of data under their own normal.
    without_x = np.sum(-0.5 * np.log(2.0 * np.pi * np.e) - np.log(spread))
    if hasattr(distribution, "by_target"):
        correlations = np.cov(((y - centre) / spread).T, aweights=weight, bias=True)
        without_x -= 0.5 * np.linalg.slogdet(np.atleast_2d(correlations))[1]
    gain = _mean(_sum_of_targets(distribution.logpdf(y)), weight) - without_x
    n_targets = np.size(spread)
    return float(-np.expm1(-2.0 * gain / n_targets))


def _checked(y_true, distribution, sample_weight=None):
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


def _by_target(distribution):
    """Of a joint distribution, those of the targets by themselves."""
    return getattr(distribution, "by_target", distribution)


def _checked_level(level):
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, got {level}.")
    return level


def _sum_of_targets(values):
    return values if values.ndim == 1 else values.sum(axis=1)


def _mean_of_targets(values):
    return values if values.ndim == 1 else values.mean(axis=1)


def _mean(values, weight):
    if weight is None:
        return float(values.mean())
    # Rows of weight zero are left out, infinite values included.
    used = weight > 0
    return float(values[used] @ weight[used] / weight.sum())


# Continuous ranked probability score -------------------------------------------------


def _crps(y, distribution):
    family = getattr(getattr(distribution, "dist", None), "name", None)
    closed_form = CLOSED_FORMS.get(family)
    if closed_form is not None:
        shapes, loc, scale = parameters_of(distribution)
        if family != "t" or np.all(np.asarray(shapes[0]) > 1):
            return closed_form(y, *shapes, loc, scale)
    return _crps_by_quadrature(y, distribution)


def _crps_normal(y, loc, scale):
    z = (y - loc) / scale
    shape = z * (2.0 * stats.norm.cdf(z) - 1.0) + 2.0 * stats.norm.pdf(z)
    return scale * (shape - 1.0 / np.sqrt(np.pi))


def _crps_t(y, freedom, loc, scale):
    z = (y - loc) / scale
    density = 2.0 * stats.t.pdf(z, freedom) * (freedom + z**2) / (freedom - 1.0)
    # Gamma functions overflow where their ratio is near one.
    ratio = np.exp(
        special.betaln(0.5, freedom - 0.5) - 2.0 * special.betaln(0.5, freedom / 2.0)
    )
    rest = 2.0 * np.sqrt(freedom) / (freedom - 1.0) * ratio
    return scale * (z * (2.0 * stats.t.cdf(z, freedom) - 1.0) + density - rest)


def _crps_lognormal(y, s, loc, scale):
    y = y - loc
    with np.errstate(divide="ignore"):
        z = np.log(np.maximum(y, 0.0) / scale) / s
    mean = scale * np.exp(s**2 / 2.0)
    inside = special.ndtr(z - s) - special.ndtr(-s / np.sqrt(2.0))
    return y * (2.0 * special.ndtr(z) - 1.0) - 2.0 * mean * inside


CLOSED_FORMS = {"norm": _crps_normal, "t": _crps_t, "lognorm": _crps_lognormal}


def _crps_by_quadrature(y, distribution):
    """Three integrals over probabilities, of which none is near 1.

    "Near" is the side of the median on which y lies, and r the probability beyond y:
    quantiles beyond y, between y and the median, and on the far side.
    """
    # F^2 and (1 - F)^2 are integrable under tails of half an order.
    exists = np.broadcast_to(np.minimum(*tail_indices(distribution)) > 0.5, y.shape)
    # Some of scipy's overflow on the way to their limits.
    with np.errstate(all="ignore"):
        below = y < distribution.ppf(0.5)
        beyond = np.where(below, distribution.cdf(y), distribution.sf(y))

    def distance(u, from_below):
        u = np.maximum(u, NEGLIGIBLE)
        with np.errstate(all="ignore"):
            quantile = np.where(from_below, distribution.ppf(u), distribution.isf(u))
            return np.where(exists, np.abs(quantile - y), 0.0)

    typical = np.minimum(distance(0.1, below), distance(0.25, below))
    typical = typical + distance(0.1, ~below)

    zero, half = np.zeros(y.shape), np.full(y.shape, 0.5)
    size = np.where(exists, typical, 1.0)
    outer = quadrature(lambda u: u * distance(u, below), zero, beyond, size)
    inner = quadrature(lambda u: (1.0 - u) * distance(u, below), beyond, half, size)
    far = quadrature(lambda u: u * distance(u, ~below), zero, half, size)
    return np.where(exists, 2.0 * (outer + inner + far), np.inf)
