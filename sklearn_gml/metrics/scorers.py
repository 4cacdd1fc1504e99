"""Scorers for model selection: they find the distribution and score it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.metrics._scorer import _BaseScorer

from .._distributions.predict_dist import recorded_dist
from .energy import energy_score
from .scores import crps_loss, d2_loglik_score, loglik_score


class DistributionScorer(_BaseScorer):
    """Scores the distribution that a fitted model predicts; higher is better.

    A scorer of scikit-learn's own kind, because searches treat those specially: they
    pass weights and route metadata to them.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, distribution, sample_weight=...)``.
    sign : {1, -1}
        -1 for a loss.
    kind : {"auto", "predictive", "plugin"}, optional
        Of :func:`~sklearn_gml.predict_dist`; by default the regressor decides.
    """

    def __init__(
        self, metric: Callable[..., float], sign: int = 1, kind: str | None = None
    ) -> None:
        self._metric = metric
        self._kind = kind
        self._sign = sign
        # What scikit-learn reads of its scorers.
        self._kwargs: dict[str, Any] = {}
        self._response_method = "predict"
        self._deprecation_msg = None

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        noise_scale: ArrayLike | None = None,
        kind: str | None = None,
        y_lower: ArrayLike | None = None,
        y_upper: ArrayLike | None = None,
    ) -> float:
        """Score a fitted model on data.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes.
        X : array-like or sparse matrix of shape (n, p)
            What ``estimator.predict`` takes.
        y : array-like of shape (n,) or (n, t)
            Outcomes.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            Known noise scales of these rows, for regressors that take them.
        kind : {"auto", "predictive", "plugin"}, optional
            Default: that of the scorer.

        y_lower, y_upper : array-like shaped as y, optional
            Limits between which y is known to lie, for the log-likelihood alone.

        Returns
        -------
        float
            The score, or minus the loss, of y as it is recorded: with the limits of
            ``censoring`` and ``truncation`` of the regressor, if it has any.
        """
        kind = self._kind if kind is None else kind
        options = {"sample_weight": sample_weight}
        if y_lower is not None or y_upper is not None:
            if self._metric is not loglik_score:
                raise ValueError(
                    f"{self._metric.__name__} is not defined for y between y_lower and "
                    "y_upper: use the scorer of the log-likelihood."
                )
            options |= {"y_lower": y_lower, "y_upper": y_upper}
        distribution = recorded_dist(estimator, X, kind=kind, noise_scale=noise_scale)
        return self._sign * self._metric(y, distribution, **options)

    # From its signature scikit-learn reads what can be routed to a scorer.
    _score_func = __call__

    def _score(
        self, method_caller: Any, estimator: Any, X: Any, y: Any, **metadata: Any
    ) -> float:
        return self(estimator, X, y, **metadata)

    def __repr__(self) -> str:
        sign = "-" if self._sign < 0 else ""
        return f"{type(self).__name__}({sign}{self._metric.__name__})"


loglik_scorer = DistributionScorer(loglik_score)
neg_crps_scorer = DistributionScorer(crps_loss, sign=-1)
neg_energy_scorer = DistributionScorer(energy_score, sign=-1)
d2_loglik_scorer = DistributionScorer(d2_loglik_score)
