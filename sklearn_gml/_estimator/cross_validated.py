"""The estimator that chooses its prior by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from time import perf_counter
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import Bunch
from sklearn.utils._metadata_requests import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from .._data.rows import WIDE, Rows
from .._data.statistics import GaussianStatistics, statistics_of_rows
from .._data.validation import validate_training_data
from .._inference.fit import Fit, FitSettings
from .._likelihood.choice import Curve, Selection, results
from .._likelihood.cross_validation import (
    FoldCurve,
    folds_of_rows,
    folds_of_statistics,
)
from .._likelihood.leave_one_out import LeaveOneOutCurve
from .._likelihood.scorings import SCORINGS
from .._likelihood.shrinkage import RidgePath
from .callbacks import begin_fit, watch_blocks
from .diagnostics import announce
from .fitting import (
    expose,
    fit_constant,
    fit_targets_apart,
    name_targets,
    unchanged_on_error,
)
from .folds import checked_folds, grid_of, splits_of
from .regressor import GaussianMLRegressor


def _has_no_partial_fit(estimator: Any) -> bool:
    raise AttributeError(
        f"{type(estimator).__name__} has no partial_fit: keep the statistics of each "
        "fold, and give them to fit_statistics."
    )


class GaussianMLRegressorCV(GaussianMLRegressor):
    r"""Ridge regression of which alpha is chosen by exact cross-validation.

    A :class:`~sklearn_gml.GaussianMLRegressor` with constant noise, once it is fitted.
    The prior of the coefficients, ``b ~ N(0, sigma^2 / alpha)``, is the one under which
    rows that were not fitted are most likely.

    Nothing is fitted many times. The rows outside a fold have the sum of the
    :class:`~sklearn_gml.GaussianStatistics` of the other folds. One singular value
    decomposition of that sum, :math:`U D V'`, gives the coefficients
    :math:`V D (D^2 + \alpha)^{-1} U'y` and sigma of every alpha, and the statistics of
    the fold their log-likelihood. Leave-one-out follows from leverages and residuals:

    .. math::

        e_{(i)} = \frac{e_i}{1 - h_i}, \qquad
        \sigma_{(i)}^2 = \frac{1}{n - 1}
        \left( n \sigma^2 - \frac{e_i^2}{1 - h_i} \right).

    The scores are those of a ``GridSearchCV`` over ``GaussianMLRegressor(alpha=...)``.

    Parameters
    ----------
    alphas : None, int or array-like of shape (m,), default=None
        The grid. A number (None: 25) of alphas from hardly any shrinkage to nearly all,
        taken from the singular values of the columns; or the alphas, of which 0 is
        least squares.
    cv : None, int, splitter or iterable, default=None
        None: leave-one-out, exact. A number: so many folds of consecutive rows, as
        ``KFold`` has them. A splitter of scikit-learn, or pairs of positions. Folds
        that together are all rows are merged from their statistics; of splits that
        overlap or leave rows out, those to fit are read as well.
    scoring : {"loglik", "predictive", "neg_mean_squared_error"}, default="loglik"
        Score of the rows held out, higher is better.

        ``"loglik"``: log-likelihood per unit of weight, with the parameters as if they
        were known. ``"predictive"``: that of the predictive distribution, which knows
        how uncertain they are; it needs the leverages of the rows, so that they are
        read once more. ``"neg_mean_squared_error"``: rows count by
        ``sample_weight / noise_scale**2``.
    selection : {"best", "one-standard-error"}, default="best"
        The alpha of the best score; or the largest whose score is no worse than that
        by more than the standard error of the best.
    refine : bool, default=True
        Whether to look between the points of the grid: for the maximum of the exact
        curve, or for the place where it is one standard error lower. False chooses
        from the grid, as ``GridSearchCV`` does.
    alpha_per_target : bool, default=False
        Whether each target has an alpha of its own. Otherwise the log-likelihoods of
        the targets are added up, and their squared errors averaged.
    fit_intercept : bool, default=True
        Whether the mean has an intercept. It is never penalised.
    method : {"ml", "reml"}, default="ml"
        Estimate of sigma, as in :class:`~sklearn_gml.GaussianMLRegressor`.
    predict_kind : {"auto", "predictive", "plugin"}, default="auto"
        What ``predict_dist`` returns, as in :class:`~sklearn_gml.GaussianMLRegressor`.
        The choice of alpha does not depend on it but on ``scoring``.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (t,)
        The alpha that was chosen; an array with ``alpha_per_target=True``.
    best_score_ : float or ndarray of shape (t,)
        Its mean score.
    best_index_ : int or ndarray of shape (t,)
        Position in the grid of the alpha that was chosen, or of the one beside it.
    alphas_ : ndarray of shape (m,)
        The grid.
    cv_results_ : dict
        Of the grid, with the keys of ``GridSearchCV``: ``mean_test_score``,
        ``std_test_score``, ``rank_test_score``, ``split0_test_score`` and so on,
        ``params``, ``param_alpha``, and times, in which all alphas of a fold share.
        Scores have shape (m, t) with ``alpha_per_target=True``. Leave-one-out has no
        entries of single rows; its standard deviation is over the rows.
    coef_path_ : ndarray of shape (m, p) or (m, t, p)
        Coefficients of all rows for each alpha of the grid.
    n_splits_ : int
        Number of folds; of rows with leave-one-out.
    coef_, intercept_, sigma_, loglik_, statistics_ and others
        As in :class:`~sklearn_gml.GaussianMLRegressor` of ``alpha_``.

    See Also
    --------
    GaussianMLRegressor : The same with a given alpha.
    sklearn.linear_model.RidgeCV : Leave-one-out of squared errors.

    Notes
    -----
    A row of weight 2 is two rows also when rows are left out one by one: one of the two
    is. A row of weight below 1 is left out altogether.

    Splits of which a fold has no rows of positive weight are refused. With alpha = 0 a
    row that alone decides its own prediction has no leave-one-out score; such alphas
    are NaN, and come last.

    Folds are cheap once their statistics are there. For 1,000,000 rows of 20 columns
    the search takes about as long as two fits (``python benchmarks/choosing.py``).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gml import GaussianMLRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 30))
    >>> y = 3.0 + X @ rng.normal(scale=0.2, size=30) + rng.standard_normal(60)
    >>> model = GaussianMLRegressorCV().fit(X, y)
    >>> print(f"alpha {model.alpha_:.1f}, leave-one-out {model.best_score_:.3f}")
    alpha 22.8, leave-one-out -1.572
    >>> print(f"hardly any prior {model.cv_results_['mean_test_score'][0]:.3f}")
    hardly any prior -2.604
    >>> low, high = model.predict_dist(X[:1]).interval(0.9)
    """

    _parameter_constraints: dict = {
        "alphas": [None, Interval(Integral, 1, None, closed="left"), "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(SCORINGS))],
        "selection": [StrOptions({"best", "one-standard-error"})],
        "refine": ["boolean"],
        "alpha_per_target": ["boolean"],
        "fit_intercept": ["boolean"],
        "method": [StrOptions({"ml", "reml"})],
        "predict_kind": [StrOptions({"auto", "predictive", "plugin"})],
    }

    def __init__(
        self,
        *,
        alphas: int | ArrayLike | None = None,
        cv: Any = None,
        scoring: str = "loglik",
        selection: str = "best",
        refine: bool = True,
        alpha_per_target: bool = False,
        fit_intercept: bool = True,
        method: str = "ml",
        predict_kind: str = "auto",
    ):
        self.alphas = alphas
        self.cv = cv
        self.scoring = scoring
        self.selection = selection
        self.refine = refine
        self.alpha_per_target = alpha_per_target
        self.fit_intercept = fit_intercept
        self.method = method
        self.predict_kind = predict_kind

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
        **params: Any,
    ) -> GaussianMLRegressorCV:
        """Choose alpha by cross-validation, and fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Sparse X may have 4096 columns at most.
        y : array-like of shape (n,) or (n, t)
            Targets, which share alpha unless ``alpha_per_target``.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows, which count in fits and in scores.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of each row.
        **params : dict
            For the splitter: ``groups``, and what else scikit-learn's metadata routing
            sends it.

        Returns
        -------
        self
            Fitted to all rows with the chosen alpha.

        Raises
        ------
        ValueError
            For invalid data, weights or parameters, and splits without rows. The
            estimator is then left as it was.
        """
        routed = self._routed(params)
        context = begin_fit(self)
        watch = None if context is None else watch_blocks(self, context)
        with unchanged_on_error(self):
            data = validate_training_data(
                X, y, sample_weight, noise_scale, estimator=self
            )
            rows = Rows.of(data.X, data.y, data.sample_weight, data.noise_scale, watch)
            if rows.is_wide_and_sparse:
                raise ValueError(
                    f"Sparse X has {rows.n_features} columns, more than {WIDE}: no "
                    "matrix of columns by columns is formed, and so no decomposition. "
                    "Use fewer columns, dense X, or GaussianMLRegressor(alpha=...) in "
                    "a GridSearchCV."
                )

            def make(part: Rows) -> GaussianStatistics:
                return statistics_of_rows(part, data.y.ndim == 1, data.feature_names)

            curve, path, fit_seconds, n_splits = self._curve_of_rows(
                rows, make, splits_of(self.cv, X, y, routed)
            )
            fit = self._choose(curve, path, fit_seconds, rows)
            self.n_splits_ = n_splits
            name_targets(self, data.target_names)
            announce(fit)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, X=X, y=y, reconstruction_attributes={}
            )
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_statistics(
        self, folds: Sequence[GaussianStatistics]
    ) -> GaussianMLRegressorCV:
        """Choose alpha from the statistics of folds alone, and fit all of them.

        The rows may lie elsewhere: with parties who do not share them, on a cluster, in
        a stream that has gone by. The result is that of ``fit`` with these folds.

        Parameters
        ----------
        folds : sequence of GaussianStatistics
            Two at least; each is held out in turn.

        Returns
        -------
        self
            Fitted to all rows with the chosen alpha.

        Raises
        ------
        TypeError
            If it is not a sequence of statistics.
        ValueError
            For folds without rows or of different columns, ``scoring="predictive"``,
            which needs the rows, and a ``cv`` that says something else.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressorCV, GaussianStatistics
        >>> rng = np.random.default_rng(0)
        >>> X = rng.standard_normal((90, 5))
        >>> y = X @ [1.0, 0.0, 0.0, 0.5, 0.0] + rng.standard_normal(90)
        >>> folds = [
        ...     GaussianStatistics.from_data(X[part], y[part])
        ...     for part in np.array_split(np.arange(90), 3)
        ... ]
        >>> model = GaussianMLRegressorCV().fit_statistics(folds)
        >>> same = GaussianMLRegressorCV(cv=3).fit(X, y)
        >>> bool(np.isclose(model.alpha_, same.alpha_))
        True
        """
        folds = checked_folds(folds, self.cv, self.scoring)
        with unchanged_on_error(self):
            total, folds = folds_of_statistics(folds)
            curve = FoldCurve(folds, SCORINGS[self.scoring], **self._curve_settings())
            fit = self._choose(curve, self._path(total), curve.fit_seconds, None)
            self.n_splits_ = len(folds)
            announce(fit)
        return self

    @available_if(_has_no_partial_fit)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, noise_scale: Any = None
    ) -> None:  # type: ignore[override]
        """Not available: alpha is chosen from folds, and batches are no folds.

        Parameters
        ----------
        X, y, sample_weight, noise_scale : array-like
            Not used.
        """

    def get_metadata_routing(self) -> MetadataRouter:
        """What is routed to the splitter and what is requested by ``fit``.

        Returns
        -------
        MetadataRouter
            As scikit-learn's metadata routing needs it.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        if hasattr(self.cv, "split"):
            mapping = MethodMapping().add(caller="fit", callee="split")
            router.add(splitter=self.cv, method_mapping=mapping)
        return router

    def _routed(self, params: dict[str, Any]) -> dict[str, Any]:
        """What the splitter is given."""
        others = {name: params[name] for name in params if name != "groups"}
        _raise_for_params(others, self, "fit")
        if _routing_enabled():
            if not params:
                return {}
            return (
                process_routing(self, "fit", **params)
                .get("splitter", Bunch(split={}))
                .split
            )
        return params

    def _curve_of_rows(
        self, rows: Rows, make: Callable, splits: Any
    ) -> tuple[Curve, RidgePath, NDArray, int]:
        """``(curve, path of all rows, seconds of fits, number of splits)``."""
        scoring, settings = SCORINGS[self.scoring], self._curve_settings()
        curve: LeaveOneOutCurve | FoldCurve
        if splits is None:
            start = perf_counter()
            path = self._path(make(rows))
            seconds = np.array([perf_counter() - start])
            curve = LeaveOneOutCurve(rows, path, scoring, apart=settings["apart"])
            return curve, path, seconds, rows.n_positive
        total, folds = folds_of_rows(rows, splits, make)
        curve = FoldCurve(folds, scoring, rows, **settings)
        return curve, self._path(total), curve.fit_seconds, len(folds)

    def _curve_settings(self) -> dict[str, Any]:
        return {"apart": self.alpha_per_target, **self._path_settings()}

    def _path_settings(self) -> dict[str, Any]:
        return {
            "fit_intercept": self.fit_intercept,
            "restricted": self.method == "reml",
        }

    def _path(self, statistics: GaussianStatistics) -> RidgePath:
        return RidgePath(statistics, **self._path_settings())

    def _choose(
        self, curve: Curve, path: RidgePath, fit_seconds: NDArray, rows: Rows | None
    ) -> Fit:
        """Set all attributes, and return the fit of all rows."""
        alphas = grid_of(self.alphas, path)
        scores = curve(alphas)
        if not np.isfinite(scores.mean).all():
            warn(
                "Scores of some alphas are not finite: the rows held out are not "
                "predicted by the others. They come last.",
                UserWarning,
                stacklevel=4,
            )
        selection = Selection(curve, alphas, scores, path.least, self.refine)
        choose = (
            selection.best if self.selection == "best" else selection.one_standard_error
        )
        choices = [choose(quantity) for quantity in range(scores.mean.shape[1])]
        fit = self._fit_of(path.statistics, [c.alpha for c in choices], rows)
        expose(self, fit)
        shown = (
            (lambda values: np.array(values))
            if self.alpha_per_target and not fit.vector_target
            else (lambda values: values[0])
        )
        self.alphas_ = alphas
        self.alpha_ = shown([choice.alpha for choice in choices])
        self.best_score_ = shown([choice.score for choice in choices])
        self.best_index_ = shown([choice.index for choice in choices])
        self.cv_results_ = results(alphas, scores, fit_seconds)
        slopes = path.at(alphas).slopes.transpose(1, 2, 0)
        self.coef_path_ = slopes[:, 0].copy() if fit.vector_target else slopes.copy()
        return fit

    def _fit_of(
        self, statistics: GaussianStatistics, alphas: list[float], rows: Rows | None
    ) -> Fit:
        plain = GaussianMLRegressor(
            fit_intercept=self.fit_intercept, method=self.method, alpha=alphas[0]
        )
        settings = FitSettings.of(plain)
        if len(alphas) == 1:
            return fit_constant(statistics, settings, rows=rows)
        return fit_targets_apart(statistics, settings, alphas, rows)
