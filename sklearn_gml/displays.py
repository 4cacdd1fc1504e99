"""Pictures of models and their predictions, drawn with matplotlib (extra ``plot``).

In the manner of scikit-learn's displays: ``from_estimator`` or ``from_predictions``
compute and draw, ``plot(ax=...)`` draws again, what was drawn are attributes that end
in ``_``.
"""

from ._likelihood_display import LikelihoodDisplay
from ._prediction_displays import (
    CalibrationDisplay,
    PredictiveDisplay,
    ResidualsDisplay,
)

__all__ = [
    "CalibrationDisplay",
    "LikelihoodDisplay",
    "PredictiveDisplay",
    "ResidualsDisplay",
]
