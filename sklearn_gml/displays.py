"""Pictures of models and their predictions, drawn with matplotlib (extra ``plot``).

In the manner of scikit-learn's displays: ``from_estimator`` or ``from_predictions``
compute and draw, ``plot(ax=...)`` draws again, what was drawn are attributes that end
in ``_``.
"""

from ._calibration_displays import CalibrationDisplay, ResidualsDisplay
from ._likelihood_display import LikelihoodDisplay
from ._predictive_display import PredictiveDisplay

__all__ = [
    "CalibrationDisplay",
    "LikelihoodDisplay",
    "PredictiveDisplay",
    "ResidualsDisplay",
]
