"""What a fitted model says: of new rows, and of how surely it knows."""

import numpy as np
from scipy import stats
from sklearn.utils import check_array
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ._blocks import WIDE
from ._inference import covariance
from ._noise import sigma_at
from ._statistics import LOG_2PI
from ._validation import (
    SPARSE_FORMATS,
    validate_noise_scale,
    validate_sample_weight,
)


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
            return self._mean_and_sigma(X)
        return self._mean(self._validated(X))

    def _validated(self, X):
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse=SPARSE_FORMATS, reset=False)

    def _mean(self, X):
        return safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_

    def _mean_and_sigma(self, X, noise_scale=None):
        X = self._validated(X)
        mean = self._mean(X)
        if hasattr(self, "noise_coef_"):
            sigma = sigma_at(
                X, self.noise_coef_, self.noise_intercept_, self.noise_features_in_
            )
        else:
            sigma = np.broadcast_to(self.sigma_, mean.shape).copy()
        scale = validate_noise_scale(noise_scale, X)
        if scale is not None:
            sigma *= scale.reshape(-1, *[1] * (mean.ndim - 1))
        return mean, sigma

    def predict_dist(self, X, *, noise_scale=None):
        """The distribution of y at X under the fitted parameters.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: it multiplies sigma.

        Returns
        -------
        scipy.stats frozen normal distribution
            With ``loc`` of shape (n,) or (n, t): ``pdf``, ``logpdf``, ``cdf``,
            ``ppf``, ``interval``, ``rvs`` and the others work on all rows at once.
            The uncertainty of the parameters themselves is not in it.

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
        return stats.norm(*self._mean_and_sigma(X, noise_scale))

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
        mean, sigma = self._mean_and_sigma(X, noise_scale)
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        check_consistent_length(X, y)
        if y.size != mean.size:
            raise ValueError(
                f"y has shape {y.shape}, but the model was fitted to targets of which "
                f"these rows have shape {mean.shape}."
            )
        standardised = (y.reshape(mean.shape) - mean) / sigma
        density = -0.5 * (LOG_2PI + standardised**2) - np.log(sigma)
        return density if density.ndim == 1 else density.sum(axis=1)

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
        density = self.loglik_samples(X, y, noise_scale=noise_scale)
        weight = validate_sample_weight(sample_weight, density)
        if weight is None:
            return float(density.mean() if normalize else density.sum())
        total = float(weight @ density)
        return total / float(weight.sum()) if normalize else total

    def coef_covariance(self):
        """Covariance of the intercept and the coefficients.

        ``s^2 (X'X)^-1`` with ``s^2 = RSS / (n - rank)``, whatever the ``method``: with
        Student's t of n - rank degrees of freedom it gives the exact intervals and
        tests of the classical linear model. With alpha > 0 it is the posterior
        covariance ``sigma^2 (X'X + alpha I)^-1`` instead.

        Returns
        -------
        ndarray of shape (q, q) or (t, q, q)
            The intercept comes first, if there is one, then the coefficients.
            Standard errors are the square roots of its diagonal. NaN for parameters
            that the data do not identify, and throughout where n is not larger than
            the rank.

        Raises
        ------
        ValueError
            With ``positive=True``, where no such matrix describes the uncertainty,
            and after a fit of wide sparse ``X``, which never formed the information.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> print(np.sqrt(np.diagonal(model.coef_covariance())).round(4))
        [0.2646 0.1414]
        """
        check_is_fitted(self)
        if self._roots[0] is None:
            raise ValueError(
                "Standard errors need the information matrix, which is not formed for "
                f"sparse X with {self.n_features_in_} columns, more than {WIDE}: use "
                "fewer columns or dense X."
            )
        if self.positive:
            raise ValueError(
                "Bounded coefficients have no covariance matrix that describes their "
                "uncertainty: use positive=False."
            )
        if hasattr(self, "noise_coef_") and self.noise_coef_.size:
            matrices = np.array([root @ root.T for root in self._roots])
            return matrices[0] if self.coef_.ndim == 1 else matrices
        n_features, weights = self.n_features_in_, self.statistics_.sum_weights
        variance = np.atleast_1d(self.sigma_) ** 2
        if not self.alpha:
            freedom = weights - self.rank_
            if self.method == "ml":
                variance = variance * weights / freedom if freedom > 0 else np.nan
            variance = np.full(self.statistics_.n_targets, variance)
        means = self.statistics_.mean[:n_features]
        matrices = covariance(self._roots[0], variance, means, n_features)
        return matrices[0] if self.coef_.ndim == 1 else matrices
