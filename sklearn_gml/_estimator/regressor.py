"""The estimator: validate, build the objective, maximise, expose."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from .._data.predictors import noise_positions
from .._data.rows import Rows
from .._data.statistics import GaussianStatistics
from .._data.validation import validate_training_data
from .._inference.fit import FitSettings
from .callbacks import CallbackSupportMixin, begin_fit, watch_blocks, watch_steps
from .censoring import check_no_limits, fit_known_in_part, limits_of_fit
from .diagnostics import announce
from .documentation import DocumentationLinkMixin
from .fitting import (
    MAXIMISERS,
    expose,
    fit_constant,
    fit_rows,
    name_targets,
    unchanged_on_error,
)
from .inference import GaussianInferenceMixin
from .influence import GaussianInfluenceMixin
from .partial_fit import PartialFitMixin
from .prediction import GaussianPredictionMixin
from .sampling import GaussianSamplingMixin
from .summary import GaussianSummaryMixin


class GaussianMLRegressor(
    GaussianInferenceMixin,
    GaussianSummaryMixin,
    GaussianInfluenceMixin,
    GaussianSamplingMixin,
    GaussianPredictionMixin,
    PartialFitMixin,
    CallbackSupportMixin,
    DocumentationLinkMixin,
    MultiOutputMixin,
    RegressorMixin,
    BaseEstimator,
):
    r"""Linear regression by maximum likelihood, with the distribution it implies.

    The model is :math:`y \mid x \sim N(b_0 + x'b, \sigma(x)^2)`. Fitting maximises
    the weighted log-likelihood of the training rows, minus a penalty that is
    the logarithm of a Gaussian prior on the coefficients,

    .. math::

        J = \sum_i w_i \left[-\tfrac12 \log 2\pi - \log\sigma_i
            - \frac{(y_i - b_0 - x_i'b)^2}{2\sigma_i^2}\right]
            - \frac{\alpha}{2} \frac{|b|^2}{m^2} - \frac{\kappa}{2} |c|^2

    With constant noise, :math:`\sigma_i = m = \sigma`, this is for any sigma a
    quadratic in the coefficients, so its maximum is the least-squares solution (that
    of ``Ridge(alpha)`` with alpha > 0): the point predictions are those of
    ``LinearRegression`` or ``Ridge``. What the likelihood adds is sigma, and with it a
    distribution for every prediction.

    With ``noise="log-linear"``, :math:`\log\sigma(x) = c_0 + z'c`, where z are the
    columns of x that drive the noise, and m is the geometric mean of this over the
    training rows; ``noise_floor`` keeps sigma(x) from falling towards zero. No
    least-squares formula exists; rows with less noise count more.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether the mean has an intercept. It is never penalised.
    alpha : float, "evidence" or array-like of shape (g,), default=0.0
        Precision of the Gaussian prior on the coefficients in units of the
        noise, ``b ~ N(0, sigma^2 / alpha)``; the ``alpha`` of ``Ridge``. An array has
        one for each group of ``prior_groups``; a number is that of each.

        ``"evidence"`` maximises the likelihood with the coefficients integrated out
        under their prior (marginal likelihood, empirical Bayes); what was found is
        ``alpha_``. With ``method="reml"`` parameters of a flat prior are integrated
        out as well, with ``method="ml"`` they are at their maximum (``BayesianRidge``
        without hyperpriors). With constant noise only.
    prior_groups : None, "columns" or list of selections, default=None
        Columns whose coefficients share an alpha. None: all of them. ``"columns"``:
        each has its own (automatic relevance determination). A list: each entry
        selects the columns of a group, as ``noise_columns`` does, and columns of no
        group have a flat prior, which no alpha touches. The one-hot columns of
        persons or schools as a group, ``alpha="evidence"`` and ``method="reml"``
        are random intercepts: the fit is that of R's ``lme`` and ``lmer``, where
        ``sigma_ / sqrt(alpha_)`` is the standard deviation of the intercepts and
        ``coef_`` holds their best linear unbiased predictions.
    noise : {"constant", "log-linear"}, default="constant"
        Whether sigma is the same for all rows, or its logarithm linear in features.
    noise_columns : str, int, array-like, slice or callable, default=None
        With log-linear noise, the columns that drive it: names, positions, a slice,
        a boolean mask or a function of ``X`` such as ``make_column_selector``, as in
        ``ColumnTransformer``. None is all of them; an empty choice is constant noise,
        but for a slice, whose ends are then wrong.
    noise_alpha : float, default=0.0
        Precision of the Gaussian prior on the noise coefficients,
        ``c ~ N(0, 1 / noise_alpha)``; the noise intercept has none.
    noise_floor : float, default=0.01
        With log-linear noise, sigma(x) is not taken below this share of the sigma of
        constant noise (known noise scales apart). Where ``exp(c_0 + z'c)`` is above
        twice that floor, it is sigma(x); below, sigma(x) falls smoothly to the floor. A
        fit without such rows is the same, bit for bit, with any floor. 0 is no floor:
        the likelihood may then have no maximum, see Notes.
    covariance : {"diagonal", "full"}, default="diagonal"
        Whether the noise of several targets is independent, or has a covariance
        matrix Sigma; with constant noise only. The coefficients are the same. The
        joint maximum is ``Sigma = R'R / n`` with the residuals R; likelihoods,
        ``aic_``, ``bic_`` and :meth:`predict_dist` are those of all targets together.
        With alpha > 0, the prior of the coefficients is ``N(0, Sigma / alpha)``.
    censoring : tuple of (float or None, float or None), default=None
        Limits at which y is recorded: of a y at or beyond a limit it is known only that
        it lies beyond. ``(0, None)`` is the Tobit model, ``(None, cap)`` a cap. Limits
        of single rows are given to ``fit`` as ``y_lower`` and ``y_upper``.
    truncation : tuple of (float or None, float or None), default=None
        Limits within which rows are seen at all: the density of y is divided by the
        probability of being seen.
    method : {"ml", "reml"}, default="ml"
        Estimate of sigma. ``"ml"``: ``sigma^2 = RSS / n``, the maximum of the
        likelihood. ``"reml"``: ``sigma^2 = RSS / (n - rank)``, the maximum of
        the restricted likelihood, unbiased, as R and statsmodels report it;
        with alpha > 0 the coefficients are integrated out under their prior,
        and ``sigma^2 = (RSS + alpha |b|^2) / (n - 1)`` (n without intercept; columns
        of no group of ``prior_groups`` are subtracted as well).
        With log-linear noise, the restricted likelihood of R's
        ``gls(weights=varExp(), method="REML")``. Not defined with ``positive=True``.
    positive : bool, default=False
        Whether the coefficients must not be negative; with constant noise only.
    predict_kind : {"auto", "predictive", "plugin"}, default="auto"
        What :meth:`predict_dist`, ``predict(return_std=True)``, scorers and displays
        mean when they are not told. ``"predictive"`` has the uncertainty of the
        parameters in it, ``"plugin"`` takes them as known; ``"auto"`` is predictive
        wherever the data determine it, see :meth:`predict_dist`. Read when predicting.
    solver : {"auto", "newton", "lbfgs"}, default="auto"
        ``"newton"`` needs a single step with constant noise; with log-linear noise it
        begins by Fisher scoring. ``"lbfgs"`` maximises the same likelihood with scipy's
        L-BFGS-B: an independent check, and slower. ``"auto"`` is Newton.
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
        Standard deviation of the noise, in units of ``y``; with log-linear noise its
        geometric mean over the training rows.
    covariance_ : ndarray of shape (t, t)
        Covariance matrix of the noise, with ``covariance="full"`` only.
    noise_coef_ : ndarray of shape (m,) or (t, m)
        Coefficients of log sigma. This and the next two with log-linear noise only.
    noise_intercept_ : float or ndarray of shape (t,)
        Intercept of log sigma (natural logarithm, ``y`` in its units).
    noise_features_in_ : ndarray of shape (m,)
        Positions of the columns that drive the noise.
    alpha_ : float, or ndarray of shape (g,)
        Prior precision of the coefficients, of each of ``prior_groups`` if there are
        any. With ``alpha="evidence"`` the one found, infinite where a group has
        dropped out: its coefficients are zero.
    edf_ : float, or ndarray of shape (t,)
        Effective degrees of freedom of the mean, the intercept included: the trace of
        the hat matrix, ``rank_`` without a prior. For each target with log-linear
        noise; with ``positive=True`` that of the model without bounds; an upper bound
        for wide sparse X.
    log_evidence_ : float
        With a prior and constant noise: log-likelihood with the coefficients
        integrated out, as ``alpha="evidence"`` maximises it, summed over the targets.
        With ``method="reml"`` it is ``restricted_loglik_``.
    loglik_ : float
        Log-likelihood of the training rows in nats, constants included and prior
        excluded, summed over the targets: ``score_loglik`` of these rows.
    restricted_loglik_ : float
        With ``method="reml"`` only: the maximised restricted log-likelihood
        (R's ``logLik(fit, REML=TRUE)``).
    aic_, bic_ : float
        ``-2 loglik_ + 2 k`` and ``-2 loglik_ + k log(n)``, n the sum of the weights; k
        counts, for each target, ``edf_`` and the parameters of the noise.
    rank_ : int
        Number of identified parameters of the mean, the intercept included.
    n_iter_ : int
        Steps that the solver took.
    statistics_ : GaussianStatistics
        Everything that a fit with constant noise needs of the data. Not available for
        sparse X with more than 4096 columns, see Notes.
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

    Where y is known in part (``censoring``, ``truncation``, ``y_lower``, ``y_upper``) a
    row adds the logarithm of what is known: a density, the probability of an interval
    :math:`\log[\Phi(b_i) - \Phi(a_i)]`, or either over the probability of being seen.
    Coefficients, sigma and predictions are those of the latent y, before it was
    recorded; ``predict_dist(X, kind="recorded")`` is what is recorded. Standard errors
    are those of the observed information, log sigma included, and normal. If rows can
    be separated, for example because all rows of a group are censored, there is no
    maximum and the fit warns. Rows known in part are copied once.
    ``method="reml"``, ``positive=True``, ``partial_fit`` and ``fit_statistics`` are
    refused.

    Sparse ``X`` with more than 4096 columns is fitted without a matrix of columns
    by columns, by conjugate gradients on the same likelihood. There are then no
    ``statistics_`` and nothing that needs the information matrix, ``rank_`` is its
    upper bound, and ``method="reml"``, ``positive=True`` and log-linear noise are
    refused.

    With residuals at the rounding level of ``y`` the likelihood has no maximum.
    The fit warns (:class:`~sklearn_gml.DegenerateFitWarning`) and sigma stays
    finite at that level; ``loglik_`` may then differ from ``score_loglik``.

    Where a noise column isolates rows that the mean fits exactly, their sigma would
    fall towards zero and the likelihood rise without bound. ``noise_floor`` bounds
    both, so that a maximum exists; the summary counts the rows that it holds. With
    ``noise_floor=0`` the fit warns of such data; ``noise_alpha > 0`` gives a maximum.
    Collinear columns give the shortest coefficients and a RankDeficiencyWarning.

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

    Noise that grows with x:

    >>> y = 100 + 5 * x[:, 0] + np.exp(0.3 * x[:, 0]) * rng.normal(size=200)
    >>> model = GaussianMLRegressor(noise="log-linear").fit(x, y)
    >>> print(round(model.noise_intercept_, 2), model.noise_coef_.round(2))
    -0.09 [0.31]
    >>> mean, std = model.predict([[1.0], [9.0]], return_std=True)
    >>> print(mean.round(1), std.round(1))
    [105.1 145.1] [ 1.3 15.7]

    Sales above 120 are recorded as 120:

    >>> y = np.minimum(100 + 5 * x[:, 0] + rng.normal(scale=2, size=200), 120)
    >>> model = GaussianMLRegressor(censoring=(None, 120)).fit(x, y)
    >>> print(f"{model.intercept_:.1f} + {model.coef_[0]:.1f} x, sd {model.sigma_:.1f}")
    99.5 + 5.2 x, sd 2.0
    >>> print(model.predict_dist([[4.0]], kind="recorded").mean().round(1))
    [119.4]
    """

    _parameter_constraints: dict = {
        "fit_intercept": ["boolean"],
        "alpha": [
            Interval(Real, 0, np.inf, closed="left"),
            StrOptions({"evidence"}),
            "array-like",
        ],
        "prior_groups": [None, StrOptions({"columns"}), list, tuple],
        "noise": [StrOptions({"constant", "log-linear"})],
        "noise_columns": [None, str, Integral, "array-like", slice, callable],
        "noise_alpha": [Interval(Real, 0, np.inf, closed="left")],
        "noise_floor": [Interval(Real, 0, 1, closed="left")],
        "covariance": [StrOptions({"diagonal", "full"})],
        "censoring": [None, tuple, list],
        "truncation": [None, tuple, list],
        "method": [StrOptions({"ml", "reml"})],
        "positive": ["boolean"],
        "predict_kind": [StrOptions({"auto", "predictive", "plugin"})],
        "solver": [StrOptions(set(MAXIMISERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        alpha: float | str | ArrayLike = 0.0,
        prior_groups: Any = None,
        noise: str = "constant",
        noise_columns: Any = None,
        noise_alpha: float = 0.0,
        noise_floor: float = 0.01,
        covariance: str = "diagonal",
        censoring: tuple[float | None, float | None] | None = None,
        truncation: tuple[float | None, float | None] | None = None,
        method: str = "ml",
        positive: bool = False,
        predict_kind: str = "auto",
        solver: str = "auto",
        max_iter: int = 100,
        tol: float = 1e-8,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.alpha = alpha
        self.prior_groups = prior_groups
        self.noise = noise
        self.noise_columns = noise_columns
        self.noise_alpha = noise_alpha
        self.noise_floor = noise_floor
        self.covariance = covariance
        self.censoring = censoring
        self.truncation = truncation
        self.method = method
        self.positive = positive
        self.predict_kind = predict_kind
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
        y_lower: ArrayLike | None = None,
        y_upper: ArrayLike | None = None,
    ) -> Self:
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
        y_lower, y_upper : array-like of shape (n,) or (n, t), optional
            Limits between which y is known to lie, infinite where there is none. Where
            they are equal, y itself counts; elsewhere y is not looked at.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            For invalid data, weights or parameters. The estimator is then left
            as it was.
        """
        context = begin_fit(self)
        watch = None if context is None else watch_blocks(self, context)
        with unchanged_on_error(self):
            data = validate_training_data(
                X, y, sample_weight, noise_scale, estimator=self
            )
            rows = Rows.of(data.X, data.y, data.sample_weight, data.noise_scale, watch)
            positions = None
            if self.noise == "log-linear":
                positions = noise_positions(self.noise_columns, X)
            after_step = None if context is None else watch_steps(self, context, X, y)
            settings = FitSettings.of(self).of_columns(X)
            described = {
                "positions": positions,
                "vector_target": data.y.ndim == 1,
                "feature_names": data.feature_names,
                "after_step": after_step,
            }
            limits = limits_of_fit(
                settings, data.y, y_lower, y_upper, data.sample_weight
            )
            if limits is not None and limits.say_something:
                fit = fit_known_in_part(rows, limits, settings, **described)
            else:
                fit = fit_rows(rows, settings, **described)
            expose(self, fit)
            name_targets(self, data.target_names)
            announce(fit)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, X=X, y=y, reconstruction_attributes={}
            )
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_statistics(self, statistics: GaussianStatistics) -> Self:
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
        if not statistics.n_samples:
            raise ValueError("The statistics are those of no rows: add some to them.")
        with unchanged_on_error(self):
            check_no_limits(self, "fit_statistics")
            if self.noise != "constant":
                raise ValueError(
                    f"noise={self.noise!r} needs the rows, which statistics have not "
                    "kept: use fit(X, y), or noise='constant'."
                )
            fit = fit_constant(statistics, FitSettings.of(self).of_columns(statistics))
            expose(self, fit)
            announce(fit)
        return self
