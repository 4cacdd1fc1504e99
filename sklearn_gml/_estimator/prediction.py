"""Predictions of a fitted model, and their distributions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.utils import check_array
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from .._data.limits import UNLIMITED
from .._data.predictors import sigma_at
from .._data.rows import Rows
from .._data.statistics import LOG_2PI
from .._data.validation import (
    SPARSE_FORMATS,
    validate_noise_scale,
    validate_sample_weight,
    without_uncounted,
)
from .._distributions.multivariate import MultivariateNormal, MultivariateT
from .._distributions.recorded import Recorded
from .._distributions.student import FrozenT
from .._distributions.transformed import parameters_of
from .._inference.fit import Fit
from .._inference.inference import inference_of, reason_without_inference
from .censoring import limits_of_fit
from .fitting import fitted

DISTRIBUTION_KINDS = ("auto", "predictive", "plugin", "mean", "recorded")


class GaussianPredictionMixin:
    """Methods of a fitted Gaussian linear model; fitting is the estimator's."""

    predict_kind: str

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of y at X.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
        return_std : bool, default=False
            Whether to return the standard deviation of y at X as well: that of
            :meth:`predict_dist`.

        Returns
        -------
        mean, std : ndarray of shape (n,) or (n, t)
            The standard deviation only with ``return_std=True``.
        """
        mean = _mean(fitted(self), _validated(self, X))
        return (mean, self.predict_dist(X).std()) if return_std else mean

    def predict_dist(
        self, X: Any, *, kind: str | None = None, noise_scale: ArrayLike | None = None
    ) -> Any:
        r"""The distribution of y at X.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
        kind : {"auto", "predictive", "plugin", "mean", "recorded"}, optional
            Default: ``predict_kind`` of the constructor.

            ``"predictive"``: y at x with the uncertainty of the parameters (R's
            ``interval="prediction"``). With constant noise it is exact: Student t of
            n - rank degrees of freedom, scale ``s sqrt(noise_scale^2 + h)`` with the
            :meth:`leverage` h. With log-linear noise Student t of
            :math:`1 / (2 v)` degrees of freedom, v the variance of the linear predictor
            of :math:`\log\sigma(x)`, and scale :math:`\sqrt{\sigma(x)^2 + m}`, m the
            variance of the mean.

            ``"plugin"``: y at x under the fitted parameters, as if they were known:
            normal.

            ``"auto"``: predictive where the data determine it. Where no degrees of
            freedom are left, or a row lies outside the span of the training rows, it is
            the plugin one, with a warning that counts the rows (with log-linear noise
            with the location and scale of the plugin one, but Student t of the degrees
            of freedom that the other directions leave: sigma there may be held at
            ``noise_floor``). It is the plugin one
            for fits that have no standard errors: with ``positive=True``, of wide
            sparse X, and of targets with alphas of their own.

            ``"mean"``: the mean at x (R's ``interval="confidence"``), scale
            ``s sqrt(h)``.

            ``"recorded"``: y as it is recorded, ``"plugin"`` clipped at the limits of
            ``censoring``, which have a probability each, and within ``truncation``.
            All other kinds are those of the latent y.

            With alpha > 0, h is that of the posterior of the coefficients, s is
            ``sigma_``, and the degrees of freedom are n - 1 (n without intercept);
            with ``method="reml"`` that is the posterior of y or its mean under flat
            priors of the intercept and log sigma.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.

        Returns
        -------
        scipy.stats frozen distribution
            ``t``, or ``norm`` for the fitted parameters, ``loc`` of shape (n,) or
            (n, t): ``pdf``, ``logpdf``, ``cdf``, ``ppf``, ``interval``, ``rvs`` and the
            others work on all rows at once. With ``kind="predictive"`` or ``"mean"``
            its scale is NaN where the data do not identify the mean or leave nothing to
            learn the noise from.
            For ``kind="recorded"`` with limits it is a
            :class:`~sklearn_gml._distributions.recorded.Recorded`, which has the same
            methods.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> at_two = GaussianMLRegressor().fit(X, y).predict_dist([[2.0]])
        >>> print(at_two.mean().round(3), at_two.interval(0.9)[1].round(3))
        [4.3] [5.353]
        >>> plugin = GaussianMLRegressor(predict_kind="plugin").fit(X, y)
        >>> print(plugin.predict_dist([[2.0]]).interval(0.9)[1].round(3))
        [4.668]
        """
        fit = fitted(self)
        kind = self.predict_kind if kind is None else kind
        if kind not in DISTRIBUTION_KINDS:
            allowed = ", ".join(map(repr, DISTRIBUTION_KINDS))
            raise ValueError(f"kind must be one of {allowed}, got {kind!r}.")
        limits = fit.settings.limits
        if kind == "recorded" and limits != (UNLIMITED, UNLIMITED):
            return Recorded(*_mean_and_sigma(self, X, noise_scale), *limits)
        if kind == "recorded":
            kind = self.predict_kind
        if kind == "auto" and reason_without_inference(fit) is not None:
            kind = "plugin"
        if kind == "plugin":
            mean, sigma = _mean_and_sigma(self, X, noise_scale)
            return _jointly(fit, stats.norm(loc=mean, scale=sigma))
        return _jointly(fit, _student(self, X, kind, noise_scale))

    def loglik_samples(
        self,
        X: Any,
        y: ArrayLike,
        *,
        noise_scale: ArrayLike | None = None,
        y_lower: ArrayLike | None = None,
        y_upper: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Log-density of each row, summed over the targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
        y : array-like of shape (n,) or (n, t)
            Outcomes.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.
        y_lower, y_upper : array-like of shape (n,) or (n, t), optional
            Limits between which y is known to lie, as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            ``log p(y_i | x_i)`` in nats at the fitted parameters:
            ``predict_dist(X, kind="plugin").logpdf(y)``; with limits the logarithm of
            the probability where y is not known, and divided by that of being seen,
            ``predict_dist(X, kind="recorded").logpdf(y)``.
        """
        mean, sigma = _mean_and_sigma(self, X, noise_scale)
        fit = fitted(self)
        limits = limits_of_fit(fit.settings, outcomes_like(mean, y), y_lower, y_upper)
        if limits is not None:
            return limits.log_density(mean, sigma).sum(axis=1)
        if fit.joint:
            joint = MultivariateNormal(mean, sigma, fit.correlation_root)
            return joint.logpdf(outcomes_like(mean, y))
        standardised = (outcomes_like(mean, y) - mean) / sigma
        density = -0.5 * (LOG_2PI + standardised**2) - np.log(sigma)
        return density if density.ndim == 1 else density.sum(axis=1)

    def score(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """R^2 of the predictions, the coefficient of determination.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
        y : array-like of shape (n,) or (n, t)
            Outcomes.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows. Rows of weight zero take no part, whatever they
            hold.

        Returns
        -------
        float
            As of any regressor: the mean over the targets.
        """
        sample_weight, X, y = without_uncounted(sample_weight, X, y)
        return super().score(X, y, sample_weight)  # type: ignore[misc]

    def score_loglik(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        noise_scale: ArrayLike | None = None,
        y_lower: ArrayLike | None = None,
        y_upper: ArrayLike | None = None,
        normalize: bool = False,
    ) -> Any:
        """Log-likelihood of rows under the fitted parameters; higher is better.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
        y : array-like of shape (n,) or (n, t)
            Outcomes.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.
        y_lower, y_upper : array-like of shape (n,) or (n, t), optional
            Limits between which y is known to lie, as in ``fit``.
        normalize : bool, default=False
            Whether to divide by ``sum(sample_weight)``, which makes data of
            different size comparable.

        Returns
        -------
        float
            ``sum_i w_i log p(y_i | x_i)`` in nats.
        """
        sample_weight, X, y, noise_scale, y_lower, y_upper = without_uncounted(
            sample_weight, X, y, noise_scale, y_lower, y_upper
        )
        density = self.loglik_samples(
            X, y, noise_scale=noise_scale, y_lower=y_lower, y_upper=y_upper
        )
        return weighted_total(density, sample_weight, normalize)


def _student(
    estimator: Any, X: Any, kind: str | None, noise_scale: ArrayLike | None
) -> Any:
    """Student's t at rows; of y at the fitted parameters where "auto" has to be."""
    fit = fitted(estimator)
    known = inference_of(fit)
    rows = rows_without_targets(estimator, X, noise_scale)
    mean = _mean(fit, rows.X)
    freedom, scale = known.freedom_and_scale(
        rows, "predictive" if kind == "auto" else kind
    )
    scale = scale.reshape(mean.shape)
    if np.ndim(freedom):
        freedom = freedom.reshape(mean.shape)
    unknown = np.isnan(scale)
    if kind == "auto" and unknown.any():
        _, sigma = _mean_and_sigma(estimator, X, noise_scale)
        if not fit.varies:
            # Where noise varies, a normal distribution of a sigma that nothing tells
            # of would put any y out of reach.
            freedom = np.where(unknown, np.inf, freedom)
        scale = np.where(unknown, sigma, scale)
        _warn_of_plugin(known, unknown)
    return FrozenT(freedom, mean, scale)


def _jointly(fit: Fit, by_target: Any) -> Any:
    """The joint distribution of which these are the targets by themselves."""
    if not fit.joint:
        return by_target
    shapes, loc, scale = parameters_of(by_target)
    if not shapes:
        return MultivariateNormal(loc, scale, fit.correlation_root)
    df = np.broadcast_to(shapes[0], loc.shape)[:, 0]
    return MultivariateT(loc, scale, fit.correlation_root, df)


def outcomes_like(mean: NDArray, y: Any) -> NDArray[np.float64]:
    """y in the shape of the predicted mean.

    Raises
    ------
    ValueError
        If it has another number of rows or targets.
    """
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    check_consistent_length(mean, y)
    if y.size != mean.size:
        raise ValueError(
            f"y has shape {y.shape}, but the model was fitted to targets of which "
            f"these rows have shape {mean.shape}."
        )
    return y.reshape(mean.shape)


def weighted_total(
    density: NDArray, sample_weight: ArrayLike | None, normalize: bool
) -> float:
    """``sum_i w_i density_i``, per unit of weight if asked for."""
    weight = validate_sample_weight(sample_weight, density)
    if weight is None:
        return float(density.mean() if normalize else density.sum())
    total = float(weight @ density)
    return total / float(weight.sum()) if normalize else total


def _validated(estimator: Any, X: Any) -> Any:
    check_is_fitted(estimator)
    return validate_data(estimator, X, accept_sparse=SPARSE_FORMATS, reset=False)


def rows_without_targets(estimator: Any, X: Any, noise_scale: ArrayLike | None) -> Rows:
    """Validated rows of the features of a fit."""
    X = _validated(estimator, X)
    scale = validate_noise_scale(noise_scale, X)
    return Rows.of(X, np.empty((X.shape[0], 0)), noise_scale=scale)


def _mean(fit: Fit, X: Any) -> NDArray[np.float64]:
    mean = safe_sparse_dot(X, fit.coef.T, dense_output=True) + fit.intercept
    return mean[:, 0] if fit.vector_target else mean


def _mean_and_sigma(
    estimator: Any, X: Any, noise_scale: ArrayLike | None
) -> tuple[NDArray, NDArray]:
    fit, X = fitted(estimator), _validated(estimator, X)
    mean = _mean(fit, X)
    if fit.varies:
        sigma = sigma_at(
            X, fit.noise_coef, fit.noise_intercept, fit.noise_positions, fit.noise_link
        )
        sigma = sigma.reshape(mean.shape)
    else:
        sigma = np.broadcast_to(fit.shown(fit.sigma), mean.shape).copy()
    scale = validate_noise_scale(noise_scale, X)
    if scale is not None:
        sigma *= scale.reshape(-1, *[1] * (mean.ndim - 1))
    return mean, sigma


def _warn_of_plugin(known: Any, unknown: NDArray) -> None:
    """That rows have the distribution at the fitted parameters."""
    count, n = int(np.sum(unknown.reshape(len(unknown), -1).any(axis=1))), len(unknown)
    reason = (
        "they lie outside the span of the training rows, as a category does that was "
        "not there"
        if known.determined
        else "no degrees of freedom are left, or the information is not positive "
        "definite"
    )
    warnings.warn(
        f"{count} of {n} rows are predicted with the fitted parameters as if they were "
        f"known (kind='plugin'), because {reason}. Their intervals are too short. Use "
        "fewer columns, more rows or alpha > 0; predict_kind='plugin' gives such "
        "distributions without this warning.",
        UserWarning,
        stacklevel=4,
    )
