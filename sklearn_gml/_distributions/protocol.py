"""What a distribution has to be: scipy's method names."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike


@runtime_checkable
class Distribution(Protocol):
    """A distribution, or an array of them, with the methods of a frozen one of scipy.

    Frozen distributions of ``scipy.stats`` are such, and what
    :func:`~sklearn_gml.predict_dist` returns.
    """

    def pdf(self, x: ArrayLike, /) -> Any:
        """Density."""

    def logpdf(self, x: ArrayLike, /) -> Any:
        """Logarithm of the density."""

    def cdf(self, x: ArrayLike, /) -> Any:
        """Probability of a smaller value."""

    def logcdf(self, x: ArrayLike, /) -> Any:
        """Logarithm of ``cdf``."""

    def sf(self, x: ArrayLike, /) -> Any:
        """Probability of a larger value."""

    def logsf(self, x: ArrayLike, /) -> Any:
        """Logarithm of ``sf``."""

    def ppf(self, q: ArrayLike, /) -> Any:
        """Inverse of ``cdf``."""

    def isf(self, q: ArrayLike, /) -> Any:
        """Inverse of ``sf``."""

    def median(self) -> Any:
        """The value with as much probability below as above."""

    def mean(self) -> Any:
        """Expectation."""

    def var(self) -> Any:
        """Variance."""

    def std(self) -> Any:
        """Standard deviation."""

    def interval(self, confidence: Any, /) -> Any:
        """The ends of the central interval of this probability."""

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random values."""
