"""Draws of the parameters of a fitted model."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from .._inference.sampling import sample_parameters
from .fitting import fitted


class GaussianSamplingMixin:
    """Draws of the parameters, by their covariance."""

    def sample_parameters(
        self,
        size: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray[np.float64]:
        """Draws of the intercept and the coefficients, as surely as they are known.

        Of the posterior given alpha with a prior; without one of the distribution that
        confidence intervals are made of, which is the posterior under flat priors of
        the coefficients and of log sigma. Student's t with constant noise, where sigma
        is integrated out; normal with log-linear noise.

        Parameters
        ----------
        size : int, default=1
            Number of draws.
        random_state : int, RandomState instance or None, default=None
            Of the draws; an integer makes them the same in each call.

        Returns
        -------
        ndarray of shape (size, q) or (size, t, q)
            In the order of :meth:`parameter_names`. NaN for parameters that neither
            data nor prior identify.

        Raises
        ------
        ValueError
            If ``size`` is no positive number, with ``covariance="full"``, and as
            :meth:`coef_covariance`.

        Examples
        --------
        >>> from sklearn_gml import GaussianMLRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 4.0, 6.0, 7.0]
        >>> model = GaussianMLRegressor().fit(X, y)
        >>> draws = model.sample_parameters(10_000, random_state=0)
        >>> print(draws.mean(axis=0).round(1))
        [1.2 1.5]
        >>> print((draws[:, 1] > 1.2).mean().round(2))
        0.98
        """
        fit = fitted(self)
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"size must be a positive number of draws, got {size!r}.")
        draws = sample_parameters(fit, int(size), check_random_state(random_state))
        return draws[:, 0] if fit.vector_target else draws
