"""The estimator: validate, build the objective, maximise, expose."""

import warnings
from contextlib import contextmanager
from math import log
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions

from ._blocks import WIDE, Rows
from ._callbacks import CallbackSupportMixin, begin_fit, watch_blocks
from ._inference_methods import GaussianInferenceMixin
from ._influence_methods import GaussianInfluenceMixin
from ._likelihood import StatisticsObjective
from ._matrix_free import MatrixFreeObjective
from ._maximize import maximize_lbfgs, maximize_newton
from ._nonnegative import NonNegativeObjective
from ._prediction import GaussianPredictionMixin
from ._statistics import GaussianStatistics, summarise
from ._validation import validate_training_data
from .exceptions import DegenerateFitWarning, RankDeficiencyWarning

# From the warning out to the line that called fit: _warn, _maximise, fit and
# scikit-learn's wrapper around it.
STACK_LEVEL = 5

MAXIMISERS = {
    "auto": maximize_newton,
    "newton": maximize_newton,
    "lbfgs": maximize_lbfgs,
}


class GaussianMLRegressor(
    GaussianInferenceMixin,
    GaussianInfluenceMixin,
    GaussianPredictionMixin,
    CallbackSupportMixin,
    MultiOutputMixin,
    RegressorMixin,
    BaseEstimator,
):
    r"""Linear regression by maximum likelihood, with the distribution it implies.

    The model is :math:`y \mid x \sim N(b_0 + x'b, \sigma^2)`. Fitting maximises
    the weighted log-likelihood of the training rows, minus a penalty that is
    the logarithm of a Gaussian prior on the coefficients,

    .. math::

        J = \sum_i w_i \left[-\tfrac12 \log 2\pi - \log\sigma
            - \frac{(y_i - b_0 - x_i'b)^2}{2\sigma^2}\right]
            - \frac{\alpha}{2} \frac{|b|^2}{\sigma^2}

    For any sigma this is a quadratic in the coefficients, so its maximum is
    the least-squares solution (that of ``Ridge(alpha)`` with alpha > 0): the
    point predictions are those of ``LinearRegression`` or ``Ridge``. What the
    likelihood adds is sigma, and with it a distribution for every prediction.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether the mean has an intercept. It is never penalised.
    alpha : float, default=0.0
        Precision of the Gaussian prior on the coefficients in units of the
        noise, ``b ~ N(0, sigma^2 / alpha)``; the ``alpha`` of ``Ridge``.
    method : {"ml", "reml"}, default="ml"
        Estimate of sigma. ``"ml"``: ``sigma^2 = RSS / n``, the maximum of the
        likelihood. ``"reml"``: ``sigma^2 = RSS / (n - rank)``, the maximum of
        the restricted likelihood, unbiased, as R and statsmodels report it;
        with alpha > 0 the coefficients are integrated out under their prior,
        and ``sigma^2 = (RSS + alpha |b|^2) / (n - 1)`` (n without intercept).
        Not defined with ``positive=True``.
    positive : bool, default=False
        Whether the coefficients must not be negative.
    solver : {"auto", "newton", "lbfgs"}, default="auto"
        ``"newton"`` needs a single step here. ``"lbfgs"`` climbs the same
        likelihood with scipy's L-BFGS-B: an independent check, and slower.
        ``"auto"`` is Newton.
    max_iter : int, default=100
        Steps of the solver at most.
    tol : float, default=1e-8
        Stop when the maximum is nearer than this many standard errors.

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (t, p)
        Coefficients; two-dimensional when ``y`` was.
    intercept_ : float or ndarray of shape (t,)
        Intercept, 0.0 without one.
    sigma_ : float or ndarray of shape (t,)
        Standard deviation of the noise, in units of ``y``.
    loglik_ : float
        Log-likelihood of the training data at the fitted parameters in nats,
        constants included and prior excluded, summed over the targets. Equal
        to ``score_loglik`` of the training data.
    restricted_loglik_ : float
        With ``method="reml"`` only: the maximised restricted log-likelihood
        (R's ``logLik(fit, REML=TRUE)``).
    aic_, bic_ : float
        ``-2 loglik_ + 2 k`` and ``-2 loglik_ + k log(n)``, where
        ``n = sum(sample_weight)`` and k counts, for each target, the rank and
        one sigma.
    rank_ : int
        Number of identified parameters of the mean, the intercept included.
    n_iter_ : int
        Steps that the solver took.
    statistics_ : GaussianStatistics
        Everything that the fit knew of the data. Not there for sparse X with more
        than 4096 columns, see Notes.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``X`` had names that are all strings.

    See Also
    --------
    sklearn.linear_model.LinearRegression : The same coefficients, no likelihood.
    sklearn.linear_model.BayesianRidge : A prior of which alpha is estimated.

    Notes
    -----
    Two things are called weights, and they are not the same. ``sample_weight`` is a
    frequency: weight 2 is the row twice, weight 0 is the row left out, and everything
    obeys it, sigma, likelihood and information criteria included. Use it for counted
    rows, and for importance in a cross-validation. ``noise_scale`` is what is known of
    the noise: row i has standard deviation ``noise_scale[i] * sigma``, and remains one
    row. Use it for means of several measurements (``1 / sqrt(number)``) and for
    instruments of different accuracy; it is the precision weight of R's
    ``lm(weights=)`` and statsmodels' ``WLS``, ``weights = 1 / noise_scale**2``. Where
    noise is to be predicted it is 1 unless given again.

    Sparse ``X`` with more than 4096 columns is fitted without a matrix of columns
    by columns, by conjugate gradients on the same likelihood. There are then no
    ``statistics_`` and nothing that needs the information matrix, ``rank_`` is its
    upper bound, and ``method="reml"`` and ``positive=True`` are refused.

    With residuals at the rounding level of ``y`` the likelihood has no maximum.
    The fit warns (:class:`~sklearn_gml.DegenerateFitWarning`) and sigma stays
    finite at that level; ``loglik_`` may then differ from ``score_loglik``, because
    predictions are rounded as well. Collinear columns give the shortest coefficients
    and a :class:`~sklearn_gml.RankDeficiencyWarning`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gml import GaussianMLRegressor
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(0, 10, size=(200, 1))
    >>> y = 100 + 5 * x[:, 0] + rng.normal(scale=2, size=200)
    >>> model = GaussianMLRegressor().fit(x, y)
    >>> print(f"{model.intercept_:.2f} + {model.coef_[0]:.2f} x, sd {model.sigma_:.2f}")
    100.09 + 4.95 x, sd 2.04
    >>> low, high = model.predict_dist([[4.0]]).interval(0.9)
    >>> print(f"{low[0]:.1f} to {high[0]:.1f}")
    116.5 to 123.3
    >>> model.n_iter_
    1
    """

    _parameter_constraints: dict = {
        "fit_intercept": ["boolean"],
        "alpha": [Interval(Real, 0, np.inf, closed="left")],
        "method": [StrOptions({"ml", "reml"})],
        "positive": ["boolean"],
        "solver": [StrOptions(set(MAXIMISERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept=True,
        alpha=0.0,
        method="ml",
        positive=False,
        solver="auto",
        max_iter=100,
        tol=1e-8,
    ):
        self.fit_intercept = fit_intercept
        self.alpha = alpha
        self.method = method
        self.positive = positive
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, noise_scale=None):
        """Maximise the likelihood of the rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, read in blocks and never changed. Dense float64 and float32
            arrays are not copied; CSC is converted to CSR.
        y : array-like of shape (n,) or (n, t)
            Targets; each has its own coefficients and sigma.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of each row, see Notes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For invalid data, weights or parameters. The estimator is then left
            as it was.
        """
        context = begin_fit(self)
        watch = None if context is None else watch_blocks(self, context)
        with self._unchanged_on_error():
            data = validate_training_data(
                X, y, sample_weight, noise_scale, estimator=self
            )
            rows = Rows.of(data.X, data.y, data.sample_weight, data.noise_scale, watch)
            self._check_combinations(rows)
            vector_target = data.y.ndim == 1
            if rows.is_wide_and_sparse:
                rows.check_finite()
                objective = MatrixFreeObjective(
                    rows, fit_intercept=self.fit_intercept, alpha=self.alpha
                )
                statistics = None
            else:
                statistics = summarise(rows, vector_target, data.feature_names)
                objective = self._objective(statistics)
            self._maximise(objective, statistics, rows, vector_target)
        if context is not None:
            context.call_on_fit_task_end(estimator=self, reconstruction_attributes={})
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_statistics(self, statistics):
        """Fit to rows of which only the statistics are known.

        Parameters
        ----------
        statistics : GaussianStatistics
            For example a sum of statistics that were made elsewhere.

        Returns
        -------
        self
            With the attributes that ``fit`` sets.
        """
        if not isinstance(statistics, GaussianStatistics):
            raise TypeError(
                "statistics must be a GaussianStatistics, got "
                f"{type(statistics).__name__}. To fit rows, use fit(X, y)."
            )
        with self._unchanged_on_error():
            self.n_features_in_ = statistics.n_features
            names = statistics.feature_names
            if names is not None:
                names = np.array(names, dtype=object)
            self._set_or_delete("feature_names_in_", names)
            self._check_combinations()
            objective = self._objective(statistics)
            return self._maximise(
                objective, statistics, vector_target=statistics.vector_target
            )

    @contextmanager
    def _unchanged_on_error(self):
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _maximise(self, objective, statistics, rows=None, vector_target=True):
        maximise = MAXIMISERS[self.solver]
        solution = maximise(objective, max_iter=self.max_iter, tol=self.tol)
        self._warn(objective, solution)
        if rows is None:
            estimate = objective.estimate(solution.point)
        else:
            estimate = objective.refined(solution.point, rows)
        self._expose(objective, estimate, vector_target)
        self.n_iter_ = solution.n_iter
        self._set_or_delete("statistics_", statistics)
        return self

    def _check_combinations(self, rows=None):
        if self.method == "reml" and self.positive:
            raise ValueError(
                "method='reml' is not defined with positive=True, because bounded "
                "coefficients have no number of degrees of freedom: use method='ml' "
                "or positive=False."
            )
        if rows is None or not rows.is_wide_and_sparse:
            return
        for name, allowed in (("method", "ml"), ("positive", False)):
            value = getattr(self, name)
            if value != allowed:
                raise ValueError(
                    f"{name}={value!r} is not supported for sparse X with "
                    f"{rows.n_features} columns, more than {WIDE}, because no matrix "
                    f"of columns by columns is formed: use {name}={allowed!r}, fewer "
                    "columns or dense X."
                )

    def _set_or_delete(self, name, value):
        """Set a fitted attribute, or leave none of an earlier fit behind."""
        if value is not None:
            setattr(self, name, value)
        elif hasattr(self, name):
            delattr(self, name)

    def _objective(self, statistics):
        objective = NonNegativeObjective if self.positive else StatisticsObjective
        return objective(
            statistics,
            fit_intercept=self.fit_intercept,
            alpha=self.alpha,
            restricted=self.method == "reml",
        )

    def _warn(self, objective, solution):
        if not solution.converged:
            warnings.warn(
                f"GaussianMLRegressor has {solution.message}.",
                ConvergenceWarning,
                stacklevel=STACK_LEVEL,
            )
        degenerate = np.flatnonzero(solution.point.degenerate)
        if len(degenerate):
            warnings.warn(
                "There is no noise left to estimate sigma from: the model has rank "
                f"{objective.rank} and the rows have sum of weights "
                f"{objective.sum_weights:g}, or it reproduces y to the last digit. The "
                "likelihood has no maximum; sigma_ is of the size of rounding errors, "
                "and loglik_, aic_ and bic_ describe arithmetic. Use more rows"
                f"{'' if self.alpha else ', fewer columns or alpha > 0'}.",
                DegenerateFitWarning,
                stacklevel=STACK_LEVEL,
            )
            return
        lost = objective.n_parameters - objective.rank
        if lost and not self.alpha:
            choice = (
                "Some non-negative coefficients were"
                if self.positive
                else "The coefficients of smallest norm were"
            )
            warnings.warn(
                f"The columns of X are collinear: {lost} of "
                f"{objective.n_parameters} directions are not identified. "
                f"{choice} chosen; predictions do not depend on the choice. Drop "
                "columns or use alpha > 0.",
                RankDeficiencyWarning,
                stacklevel=STACK_LEVEL,
            )

    def _expose(self, objective, estimate, vector_target):
        coef = estimate.coef[0] if vector_target else estimate.coef
        # Not the view of the parameters that it is.
        self.coef_ = np.array(coef, order="C")
        self.sigma_ = float(estimate.sigma[0]) if vector_target else estimate.sigma
        self.intercept_ = 0.0
        if self.fit_intercept:
            intercept = estimate.intercept
            self.intercept_ = float(intercept[0]) if vector_target else intercept
        self.rank_ = int(objective.rank)
        self.loglik_ = objective.loglik(estimate)
        n_parameters = len(estimate.coef) * (objective.rank + 1)
        self._n_parameters = n_parameters
        self.aic_ = -2.0 * self.loglik_ + 2.0 * n_parameters
        self.bic_ = -2.0 * self.loglik_ + n_parameters * log(objective.sum_weights)
        self._root = estimate.root
        restricted = None
        if self.method == "reml":
            restricted = objective.value(estimate.squares, estimate.sigma)
        self._set_or_delete("restricted_loglik_", restricted)
