"""Scores of predicted distributions, and scorers for model selection.

Scores take what happened and a distribution; scorers take a fitted model and data,
find the distribution with :func:`~sklearn_gml.predict_dist`, and go into
``GridSearchCV(scoring=...)`` or ``cross_validate(scoring=...)``.

==============================  ===============================================
of (y_true, distribution)       what it is
==============================  ===============================================
``loglik_score``                mean log-density; higher is better
``crps_loss``                   continuous ranked probability score; lower
``d2_loglik_score``             gain over the unconditional normal, as R^2
``pit_values``                  probability integral transform
``energy_score``                CRPS of several targets together; lower
``interval_coverage_score``     share of outcomes inside an interval
``interval_width``              mean width of the intervals
==============================  ===============================================

``loglik_scorer``, ``neg_crps_scorer``, ``neg_energy_scorer`` and
``d2_loglik_scorer`` are callables
``(estimator, X, y, sample_weight=None, *, noise_scale=None)``, higher always better.
With metadata routing enabled, ask for weights and known noise with
``loglik_scorer.set_score_request(sample_weight=True, noise_scale=True)``, best of a
copy (``copy.deepcopy``): the scorers are shared. ``DistributionScorer(metric)`` makes
a scorer of another score of distributions.
"""

from .energy import energy_score
from .scorers import (
    DistributionScorer,
    d2_loglik_scorer,
    loglik_scorer,
    neg_crps_scorer,
    neg_energy_scorer,
)
from .scores import (
    crps_loss,
    d2_loglik_score,
    interval_coverage_score,
    interval_width,
    loglik_score,
    pit_values,
)

__all__ = [
    "DistributionScorer",
    "crps_loss",
    "d2_loglik_score",
    "d2_loglik_scorer",
    "energy_score",
    "interval_coverage_score",
    "interval_width",
    "loglik_score",
    "loglik_scorer",
    "neg_crps_scorer",
    "neg_energy_scorer",
    "pit_values",
]
