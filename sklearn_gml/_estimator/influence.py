"""Leverage and influence of the rows of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._inference.inference import inference_of
from .._inference.influence import Influence
from .._inference.leave_one_out import loo_loglik_samples
from .fitting import fitted, rows_of_fit
from .prediction import rows_without_targets


class GaussianInfluenceMixin:
    """Leverage and influence of rows."""

    def leverage(
        self, X: Any, *, noise_scale: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        r"""Leverage of rows: ``h = x' (X'X)^-1 x``, of the rows of the fit.

        For a row of the training data it is the share of its own y in its prediction
        (one copy's, if the row has a weight), and all of them add up to the rank; for
        any row, :math:`s \sqrt{h}` is the standard error of its mean. With alpha > 0
        it is that of ridge regression, ``x' (X'X + alpha I)^-1 x``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, columns as in ``fit``.
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
        known = inference_of(fitted(self))
        return known.leverage(rows_without_targets(self, X, noise_scale))

    def influence(
        self, X: Any, y: ArrayLike, *, noise_scale: ArrayLike | None = None
    ) -> Influence:
        """How each row of the fit bears on it.

        Weights are known to the fit already: the measures are those of one copy.

        Parameters
        ----------
        X, y : array-like
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
        fit = fitted(self)
        known = inference_of(fit)
        if fit.prior.exists:
            raise ValueError(
                "Standardised residuals and Cook's distance are defined for least "
                f"squares, not for alpha={fit.settings.alpha!r}: use alpha=0, or "
                "leverage."
            )
        measures = known.influence(rows_of_fit(self, X, y, None, noise_scale))
        if not fit.vector_target:
            return measures
        first = {
            name: values if values.ndim == 1 else values[:, 0]
            for name, values in vars(measures).items()
        }
        return type(measures)(**first)

    def loo_loglik_samples(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        noise_scale: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        r"""Log-density of each row by the fit of the others, without fitting them.

        With the leverage h and the residual e of the row,

        .. math::

            \log p_i = -\tfrac12 \log 2 \pi \sigma_{(i)}^2
            - \frac{e^2}{2 (1 - h)^2 \sigma_{(i)}^2}, \qquad
            \sigma_{(i)}^2 = \frac{1}{n - 1}
            \left( n \sigma^2 - \frac{e^2}{1 - h} \right)

        (n - rank for n with ``method="reml"``). This is exact for constant noise, also
        with a prior, whose alpha stays as it is. The sum is the expected log predictive
        density of new rows, which AIC approximates: ``-aic_ / 2``.

        Parameters
        ----------
        X, y : array-like
            All rows of the fit.
        sample_weight, noise_scale : array-like of shape (n,), optional
            As they were given to ``fit``. Of a row of weight 2 or more one copy is left
            out, one of weight below 1 altogether.

        Returns
        -------
        ndarray of shape (n,)
            In nats, summed over the targets. NaN for rows that alone decide their own
            prediction: the others do not identify it.

        Raises
        ------
        ValueError
            With log-linear noise, ``positive=True`` and sparse X of more than 4096
            columns; for other rows than those of the fit.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> print(round(model.loo_loglik_samples(X, y).sum(), 1))
        -2397.9
        >>> print(round(-model.aic_ / 2, 1), round(model.loglik_, 1))
        -2398.0 -2386.0
        """
        fit = fitted(self)
        rows = rows_of_fit(self, X, y, sample_weight, noise_scale)
        return loo_loglik_samples(fit, rows)
