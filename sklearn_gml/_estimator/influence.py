"""What a fitted model says of single rows: leverage, influence, uncertain means."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import validate_data

from .._data.rows import Rows
from .._data.validation import (
    SPARSE_FORMATS,
    validate_noise_scale,
    validate_sample_weight,
)


class FitSettings(NamedTuple):
    """Parameters of the fit that is asked, whatever was set since."""

    fit_intercept: bool
    alpha: float
    noise_alpha: float
    method: str
    positive: bool


class GaussianInfluenceMixin:
    """Leverage and influence of rows, and what it does to their predictions.

    To stand beside :class:`~sklearn_gml._estimator.inference.GaussianInferenceMixin`.
    """

    def leverage(self, X, *, noise_scale=None):
        r"""Leverage of rows: ``h = x' (X'X)^-1 x``, of the rows of the fit.

        For a row of the training data it is the share of its own y in its prediction
        (one copy's, if the row has a weight), and all of them add up to the rank; for
        any row, :math:`s \sqrt{h}` is the standard error of its mean. With alpha > 0
        it is that of ridge regression, ``x' (X'X + alpha I)^-1 x``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of these rows: h is divided by its square.

        Returns
        -------
        ndarray of shape (n,), or (n, t) with log-linear noise of t targets
            NaN for rows whose mean the fit does not identify. With log-linear noise
            it is that of weighted least squares at the fitted sigma,
            ``x' M^-1 x / sigma(x)^2``, where M is the information of the mean.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> print(GaussianMLRegressor().fit(X, y).leverage(X).round(3))
        [0.7 0.3 0.3 0.7]
        """
        known = self._inference()
        X = self._validated(X)
        scale = validate_noise_scale(noise_scale, X)
        return known.leverage(Rows.of(X, np.empty((X.shape[0], 0)), noise_scale=scale))

    def influence(self, X, y, *, noise_scale=None):
        """How each row of the fit bears on it.

        Weights are known to the fit already: the measures are those of one copy.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
            The rows of the fit, or some of them.
        noise_scale : array-like of shape (n,), optional
            As it was given to ``fit``.

        Returns
        -------
        Influence
            ``leverage``, ``standardized_residuals``, ``studentized_residuals``,
            ``cooks_distance``; R's ``hatvalues``, ``rstandard``, ``rstudent`` and
            ``cooks.distance``. NaN for rows that alone decide their own prediction.

        Raises
        ------
        ValueError
            As :meth:`coef_covariance`, and with alpha > 0: these measures are those
            of least squares.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 4.0, 6.0]
        >>> measures = GaussianMLRegressor().fit(X, y).influence(X, y)
        >>> print(measures.cooks_distance.round(3))
        [0.389 0.276 0.276 0.389]
        """
        known = self._inference()
        if self._settings.alpha:
            raise ValueError(
                "Standardised residuals and Cook's distance are defined for least "
                f"squares, not for alpha={self._settings.alpha!r}: use alpha=0, or "
                "leverage."
            )
        measures = known.influence(self._rows_of_fit(X, y, None, noise_scale))
        if self.coef_.ndim == 2:
            return measures
        first = {
            name: values if values.ndim == 1 else values[:, 0]
            for name, values in vars(measures).items()
        }
        return type(measures)(**first)

    def _uncertain_distribution(self, X, kind, noise_scale):
        """Student's t of y at rows (``kind="predictive"``) or of their mean."""
        known = self._inference()
        X = self._validated(X)
        scale = validate_noise_scale(noise_scale, X)
        rows = Rows.of(X, np.empty((X.shape[0], 0)), noise_scale=scale)
        return known.distribution(rows, self._mean(X), kind)

    def _rows_of_fit(self, X, y, sample_weight, noise_scale):
        """Validated rows of the features and targets of the fit."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=SPARSE_FORMATS,
            dtype=[np.float64, np.float32],
            multi_output=True,
            y_numeric=True,
            reset=False,
        )
        rows = Rows.of(
            X,
            y,
            validate_sample_weight(sample_weight, X),
            validate_noise_scale(noise_scale, X),
        )
        if rows.y.shape[1] != len(np.atleast_2d(self.coef_)):
            raise ValueError(
                f"y has {rows.y.shape[1]} targets, but the model was fitted to "
                f"{len(np.atleast_2d(self.coef_))}."
            )
        return rows
