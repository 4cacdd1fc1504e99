"""MeanVarianceRegressor: any regressor for the mean, any for the variance."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    _fit_context,
)
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, get_tags, indexable
from sklearn.utils._metadata_requests import _raise_for_params, _routing_enabled
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from .._data.validation import validate_sample_weight
from .alternation import (
    Task,
    checked_targets,
    fit_in_turns,
    predicted_mean,
    predicted_sigma,
)
from .fitter import Fitter
from .prediction import outcomes_like, weighted_total
from .regressor import GaussianMLRegressor

PREFIT, IN_SAMPLE = "prefit", "in-sample"


class MeanVarianceRegressor(
    MetaEstimatorMixin, MultiOutputMixin, RegressorMixin, BaseEstimator
):
    r"""A Gaussian likelihood from two regressors: one for the mean, one for the noise.

    The model is :math:`y \mid x \sim N(f(x), \sigma^2(x))`, and its log-likelihood is

    .. math::

        l(f, \sigma^2) = \sum_i w_i \left[-\tfrac12 \log 2\pi\sigma^2(x_i)
            - \frac{(y_i - f(x_i))^2}{2\sigma^2(x_i)}\right]

    For a given :math:`\sigma^2`, maximising it over f is minimising squared error with
    weights :math:`w_i / \sigma^2(x_i)`. For a given f, maximising it over
    :math:`\sigma^2` is minimising the gamma deviance of the squared residuals
    :math:`r_i^2 = (y_i - f(x_i))^2`,

    .. math::

        2 \sum_i w_i \left[\frac{r_i^2}{\sigma^2(x_i)} - 1
            - \log\frac{r_i^2}{\sigma^2(x_i)}\right]

    which is :math:`-4 l` but for terms without :math:`\sigma^2`. Regressors for both
    exist, and this estimator lets them take turns. It is known as mean-variance
    estimation [1]_.

    Parameters
    ----------
    mean : regressor, default=None
        Any that minimises squared error. None is :class:`GaussianMLRegressor`.
    variance : regressor, default=None
        Any that minimises the gamma deviance and predicts positive numbers. None is
        one sigma for all rows. Known to do so:

        - ``GammaRegressor``, or ``TweedieRegressor(power=2, link="log")``: log-linear
          sigma, with ``alpha=0`` for no penalty;
        - ``HistGradientBoostingRegressor(loss="gamma")``;
        - ``LGBMRegressor(objective="gamma")`` of LightGBM;
        - ``XGBRegressor(objective="reg:gamma")`` of XGBoost.

        Averages of squared residuals (``RandomForestRegressor``,
        ``KNeighborsRegressor``, ``DummyRegressor``) are positive too and estimate the
        same variance, but large residuals have more weight than the likelihood gives
        them.
    cv : int, splitter, iterable, "prefit" or "in-sample", default=5
        Where residuals come from. Those of the rows that the mean was fitted to are
        too small, the more so the more flexible the mean is. So each row's residual is
        that of a mean fitted without it, in the folds of ``cv`` as in
        ``cross_val_predict``; with repeated folds, its mean square. Rows that are in
        no test fold are not used for the variance. ``"prefit"``: ``mean`` is
        fitted already, to other rows. ``"in-sample"``: residuals of the fit itself;
        right where the mean has few parameters for the number of rows.
    n_rounds : int, default=1
        How often mean and variance are fitted in turns. From the second round on, the
        mean is fitted with weights ``sample_weight / sigma(x)^2``, multiplied by the
        squared geometric mean of sigma so that penalties keep their meaning. The
        alternation ends before a round that lowers the log-likelihood, which is not
        kept.

    Attributes
    ----------
    mean_ : regressor, or list of t regressors if y has two dimensions
        Fitted to all rows. With ``cv="prefit"`` it is ``mean`` itself.
    variance_ : regressor, list of regressors, or None
        Fitted to squared residuals divided by ``residual_scale_ ** 2``, so that the
        units of y do not matter; None with ``variance=None``.
    residual_scale_ : float or ndarray of shape (t,)
        Root mean square of the residuals.
    sigma_ : float or ndarray of shape (t,)
        Standard deviation of the noise; its geometric mean over the training rows
        where it varies.
    loglik_path_ : ndarray of shape (n_iter_,)
        Log-likelihood of the residuals after each round in nats, weighted and summed
        over the targets; it never falls. With ``cv="in-sample"`` the last is
        ``score_loglik`` of the training rows.
    n_iter_ : int
        Number of rounds that were kept; the largest over the targets.
    n_features_in_ : int
        Number of features, where X shows it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``X`` had names that are all strings.

    See Also
    --------
    GaussianMLRegressor : Linear mean and log-linear sigma, jointly at their maximum.

    Notes
    -----
    X is handed on as it is: data frames, sparse matrices and missing values are
    taken wherever both regressors take them. Several targets are several models,
    because the weights of a target are its own.

    The predicted distribution is normal, with mean and sigma as fitted. Residuals out
    of fold contain the error of the mean, so that sigma does too, on average.

    With metadata routing, ``sample_weight`` and other metadata reach ``mean``,
    ``variance`` and the splitter as they request. The weights of later rounds go to
    every regressor that has them; pipelines and searches have to pass them on.

    References
    ----------
    .. [1] Nix and Weigend (1994), "Estimating the mean and variance of the target
       probability distribution", IEEE International Conference on Neural Networks.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from sklearn_gml import MeanVarianceRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 10, size=(2000, 1))
    >>> y = np.sin(X[:, 0]) + np.exp(0.3 * X[:, 0] - 3.0) * rng.normal(size=2000)
    >>> model = MeanVarianceRegressor(
    ...     HistGradientBoostingRegressor(max_iter=50),
    ...     HistGradientBoostingRegressor(loss="gamma", max_iter=20),
    ... ).fit(X, y)
    >>> mean, std = model.predict([[2.0], [8.0]], return_std=True)
    >>> print(mean.round(0), std.round(1))
    [1. 1.] [0.1 0.6]
    """

    _parameter_constraints: dict = {
        "mean": [None, HasMethods(["fit", "predict"])],
        "variance": [None, HasMethods(["fit", "predict"])],
        "cv": ["cv_object", StrOptions({PREFIT, IN_SAMPLE})],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        mean: BaseEstimator | None = None,
        variance: BaseEstimator | None = None,
        *,
        cv: Any = 5,
        n_rounds: int = 1,
    ) -> None:
        self.mean = mean
        self.variance = variance
        self.cv = cv
        self.n_rounds = n_rounds

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = [get_tags(self._mean_regressor())]
        if self.variance is not None:
            inner.append(get_tags(self.variance))
        tags.input_tags.sparse = all(one.input_tags.sparse for one in inner)
        tags.input_tags.allow_nan = all(one.input_tags.allow_nan for one in inner)
        tags.non_deterministic = any(one.non_deterministic for one in inner)
        return tags

    def get_metadata_routing(self) -> MetadataRouter:
        """Which metadata reach the regressors and the splitter.

        Returns
        -------
        MetadataRouter
            As scikit-learn's metadata routing needs it.
        """
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(mean=self._mean_regressor(), method_mapping=to_fit)
        if self.variance is not None:
            router.add(variance=self.variance, method_mapping=to_fit)
        if hasattr(self.cv, "split"):
            to_split = MethodMapping().add(caller="fit", callee="split")
            router.add(splitter=self.cv, method_mapping=to_split)
        return router

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit mean and variance in turns.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n, p)
            Features, handed on to the regressors as they are.
        y : array-like of shape (n,) or (n, t)
            Targets; each has its own mean and variance.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        **fit_params : dict
            Metadata for the regressors and the splitter, with metadata routing only.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            For invalid data, weights or parameters, and if the variance is not
            positive. The estimator is then left as it was.
        TypeError
            If weights are needed that a regressor does not take.
        """
        routed = self._routed(sample_weight, fit_params)
        if y is None:
            raise ValueError(
                "MeanVarianceRegressor requires y to be passed, but the target y is "
                "None."
            )
        X, y = indexable(X, y)
        weight = validate_sample_weight(sample_weight, X)
        y = checked_targets(y, weight)
        tasks = self._tasks(X, y, weight, routed)
        pairs = [fit_in_turns(task, self.n_rounds) for task in tasks]
        validate_data(self, X, skip_check_array=True)
        self._expose(pairs, y.ndim == 1)
        return self

    def _tasks(self, X: Any, y: Any, weight: Any, routed: Bunch) -> list[Task]:
        """What is to be fitted for each target."""
        splits = predictions = variance = None
        mean = self._mean_regressor()
        targets = y.reshape(len(y), -1)
        cv = self.cv if isinstance(self.cv, str) else None
        if cv == PREFIT:
            if self.n_rounds > 1:
                raise ValueError(
                    f"n_rounds={self.n_rounds} fits the mean again, which cv='prefit' "
                    "leaves as it is: use n_rounds=1 or another cv."
                )
            check_is_fitted(mean)
            predictions = predicted_mean(mean, X, targets.shape)
        elif cv != IN_SAMPLE:
            splitter = check_cv(self.cv, y)
            splits = list(splitter.split(X, y, **routed.splitter.split))
        if self.variance is not None:
            variance = Fitter.of("variance", self.variance, routed.variance.fit, y)
        return [
            Task(
                X,
                targets[:, target],
                weight,
                Fitter.of("mean", mean, routed.mean.fit, y),
                variance,
                splits,
                None if predictions is None else predictions[:, target],
            )
            for target in range(targets.shape[1])
        ]

    def _expose(self, pairs: list[Any], vector_target: bool) -> None:
        rounds = max(len(pair.loglik_path) for pair in pairs)
        self.mean_: Any = [pair.mean for pair in pairs]
        self.variance_: Any = [pair.variance for pair in pairs]
        self.residual_scale_ = np.array([pair.scale for pair in pairs])
        self.sigma_ = np.array([pair.sigma for pair in pairs])
        self.loglik_path_ = np.sum(
            [
                np.pad(pair.loglik_path, (0, rounds - len(pair.loglik_path)), "edge")
                for pair in pairs
            ],
            axis=0,
        )
        self.n_iter_ = rounds
        if vector_target:
            self.mean_, self.variance_ = self.mean_[0], self.variance_[0]
            self.residual_scale_ = self.residual_scale_[0]
            self.sigma_ = self.sigma_[0]
        elif isinstance(self.cv, str) and self.cv == PREFIT:
            self.mean_ = self.mean
        if self.variance is None:
            self.variance_ = None

    def _mean_regressor(self) -> BaseEstimator:
        if self.mean is not None:
            return self.mean
        regressor = GaussianMLRegressor()
        if _routing_enabled():
            regressor.set_fit_request(sample_weight=True)
        return regressor

    def _routed(self, sample_weight: Any, fit_params: dict[str, Any]) -> Bunch:
        """Parameters of ``fit`` of the regressors, and of ``split`` of the splitter."""
        if _routing_enabled():
            if sample_weight is not None:
                fit_params = {**fit_params, "sample_weight": sample_weight}
            routed = process_routing(self, "fit", **fit_params)
            empty = Bunch(fit={}, split={})
            names = ("mean", "variance", "splitter")
            return Bunch(**{name: routed.get(name, empty) for name in names})
        _raise_for_params(fit_params, self, "fit")
        both = {} if sample_weight is None else {"sample_weight": sample_weight}
        return Bunch(
            mean=Bunch(fit=both), variance=Bunch(fit=both), splitter=Bunch(split={})
        )

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """The mean of y at X.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n, p)
            What both regressors take.
        return_std : bool, default=False
            Whether to return sigma at X as well.

        Returns
        -------
        mean, std : ndarray of shape (n,) or (n, t)
            The standard deviation only with ``return_std=True``.
        """
        # The regressors compare X with that of their fit.
        check_is_fitted(self)
        n_rows, (X,) = _num_samples(X), indexable(X)
        vector_target = not np.ndim(self.sigma_)
        shape = (n_rows,) if vector_target else (n_rows, len(self.sigma_))
        if isinstance(self.mean_, list):
            columns = [predicted_mean(mean, X, (n_rows,)) for mean in self.mean_]
            mean = np.column_stack(columns)
        else:
            mean = predicted_mean(self.mean_, X, shape)
        if not return_std:
            return mean
        scales = np.atleast_1d(self.residual_scale_)
        variances = self.variance_
        if not isinstance(variances, list):
            variances = [variances] * len(scales)
        columns = [
            predicted_sigma(variance, scale, X, n_rows)
            for variance, scale in zip(variances, scales, strict=True)
        ]
        return mean, columns[0] if vector_target else np.column_stack(columns)

    def predict_dist(self, X: ArrayLike, *, kind: str | None = None) -> Any:
        """The distribution of y at X.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n, p)
            What both regressors take.
        kind : {None, "auto", "plugin"}, default=None
            There is but one distribution, that of mean and sigma as fitted.

        Returns
        -------
        scipy.stats frozen distribution
            ``norm`` with ``loc`` of shape (n,) or (n, t).

        Raises
        ------
        ValueError
            For another ``kind``.
        """
        if kind not in (None, "auto", "plugin"):
            raise ValueError(
                f"kind={kind!r} is not known to MeanVarianceRegressor, whose "
                "regressors do not say how surely they know: use kind='plugin'."
            )
        return stats.norm(*self.predict(X, return_std=True))

    def loglik_samples(self, X: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Log-density of each row, summed over the targets.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n, p)
            What both regressors take.
        y : array-like of shape (n,) or (n, t)
            Outcomes.

        Returns
        -------
        ndarray of shape (n,)
            ``log p(y_i | x_i)`` in nats, ``predict_dist(X).logpdf(y)``.
        """
        mean, sigma = self.predict(X, return_std=True)
        density = stats.norm(mean, sigma).logpdf(outcomes_like(mean, y))
        return density if density.ndim == 1 else density.sum(axis=1)

    def score_loglik(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        normalize: bool = False,
    ) -> float:
        """Log-likelihood of rows under the fitted parameters; higher is better.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n, p)
            What both regressors take.
        y : array-like of shape (n,) or (n, t)
            Outcomes.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        normalize : bool, default=False
            Whether to divide by ``sum(sample_weight)``.

        Returns
        -------
        float
            ``sum_i w_i log p(y_i | x_i)`` in nats.
        """
        density = self.loglik_samples(X, y)
        return weighted_total(density, sample_weight, normalize=normalize)
