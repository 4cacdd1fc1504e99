"""Predictions of a fitted model, and their distributions."""

import numpy as np
from scipy import stats
from sklearn.utils import check_array
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

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
from .._distributions.transformed import parameters_of
from .._inference.inference import inference_of
from .fitting import fitted


class GaussianPredictionMixin:
    """Methods of a fitted Gaussian linear model; fitting is the estimator's."""

    def predict(self, X, return_std=False):
        """The mean of y at X.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        return_std : bool, default=False
            Whether to return the standard deviation of y at X as well: that of
            :meth:`predict_dist`.

        Returns
        -------
        mean : ndarray of shape (n,) or (n, t)
        std : ndarray of the same shape
            Only with ``return_std=True``.
        """
        if return_std:
            return _mean_and_sigma(self, X, None)
        return _mean(fitted(self), _validated(self, X))

    def predict_dist(self, X, *, kind="plugin", noise_scale=None):
        """The distribution of y at X.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        kind : {"plugin", "predictive", "mean"}, default="plugin"
            ``"plugin"``: y at x under the fitted parameters, as if they were known.

            ``"predictive"``: y at x with the uncertainty of the parameters, exact
            (R's ``interval="prediction"``): Student t of n - rank degrees of freedom,
            scale ``s sqrt(noise_scale^2 + h)`` with the :meth:`leverage` h.

            ``"mean"``: the mean at x (R's ``interval="confidence"``), scale
            ``s sqrt(h)``.

            With alpha > 0, h is that of the posterior of the coefficients, s is
            ``sigma_``, and the degrees of freedom are n - 1 (n without intercept);
            with ``method="reml"`` that is the posterior of y or its mean under flat
            priors of the intercept and log sigma.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.

        Returns
        -------
        scipy.stats frozen distribution
            ``norm``, or ``t`` with parameter uncertainty, ``loc`` of shape (n,) or
            (n, t): ``pdf``, ``logpdf``, ``cdf``, ``ppf``, ``interval``, ``rvs`` and the
            others work on all rows at once. Its scale is NaN where the data do not
            identify the mean or leave nothing to learn the noise from.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> at_two = GaussianMLRegressor().fit(X, y).predict_dist([[2.0]])
        >>> print(at_two.mean().round(3), at_two.std().round(3))
        [4.3] [0.224]
        >>> print(at_two.sf(5.0).round(4))
        [0.0009]
        """
        if kind in ("predictive", "mean"):
            fit = fitted(self)
            known = inference_of(fit)
            rows = rows_without_targets(self, X, noise_scale)
            return _jointly(fit, known.distribution(rows, _mean(fit, rows.X), kind))
        if kind != "plugin":
            raise ValueError(
                f"kind must be 'plugin', 'predictive' or 'mean', got {kind!r}."
            )
        return _jointly(
            fitted(self), stats.norm(*_mean_and_sigma(self, X, noise_scale))
        )

    def loglik_samples(self, X, y, *, noise_scale=None):
        """Log-density of each row, summed over the targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.

        Returns
        -------
        ndarray of shape (n,)
            ``log p(y_i | x_i)`` in nats, ``predict_dist(X).logpdf(y)``.
        """
        mean, sigma = _mean_and_sigma(self, X, noise_scale)
        if (fit := fitted(self)).joint:
            joint = MultivariateNormal(mean, sigma, fit.correlation_root)
            return joint.logpdf(outcomes_like(mean, y))
        standardised = (outcomes_like(mean, y) - mean) / sigma
        density = -0.5 * (LOG_2PI + standardised**2) - np.log(sigma)
        return density if density.ndim == 1 else density.sum(axis=1)

    def score(self, X, y, sample_weight=None):
        """R^2 of the predictions, the coefficient of determination.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows. Rows of weight zero take no part, whatever they
            hold.

        Returns
        -------
        float
            As of any regressor: the mean over the targets.
        """
        sample_weight, X, y = without_uncounted(sample_weight, X, y)
        return super().score(X, y, sample_weight)

    def score_loglik(
        self, X, y, sample_weight=None, *, noise_scale=None, normalize=False
    ):
        """Log-likelihood of rows under the fitted parameters; higher is better.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.
        normalize : bool, default=False
            Whether to divide by ``sum(sample_weight)``, which makes data of
            different size comparable.

        Returns
        -------
        float
            ``sum_i w_i log p(y_i | x_i)`` in nats.
        """
        sample_weight, X, y, noise_scale = without_uncounted(
            sample_weight, X, y, noise_scale
        )
        density = self.loglik_samples(X, y, noise_scale=noise_scale)
        return weighted_total(density, sample_weight, normalize)


def _jointly(fit, by_target):
    """The joint distribution of which these are the targets by themselves."""
    if not fit.joint:
        return by_target
    shapes, loc, scale = parameters_of(by_target)
    if not shapes:
        return MultivariateNormal(loc, scale, fit.correlation_root)
    df = np.broadcast_to(shapes[0], loc.shape)[:, 0]
    return MultivariateT(loc, scale, fit.correlation_root, df)


def outcomes_like(mean, y):
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


def weighted_total(density, sample_weight, normalize):
    """``sum_i w_i density_i``, per unit of weight if asked for."""
    weight = validate_sample_weight(sample_weight, density)
    if weight is None:
        return float(density.mean() if normalize else density.sum())
    total = float(weight @ density)
    return total / float(weight.sum()) if normalize else total


def _validated(estimator, X):
    check_is_fitted(estimator)
    return validate_data(estimator, X, accept_sparse=SPARSE_FORMATS, reset=False)


def rows_without_targets(estimator, X, noise_scale) -> Rows:
    """Validated rows of the features of a fit."""
    X = _validated(estimator, X)
    scale = validate_noise_scale(noise_scale, X)
    return Rows.of(X, np.empty((X.shape[0], 0)), noise_scale=scale)


def _mean(fit, X):
    mean = safe_sparse_dot(X, fit.coef.T, dense_output=True) + fit.intercept
    return mean[:, 0] if fit.vector_target else mean


def _mean_and_sigma(estimator, X, noise_scale):
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
