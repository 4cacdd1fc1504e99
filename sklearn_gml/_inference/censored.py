"""Covariances of parameters where y is known in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .log_linear import LogLinearInference


@dataclass(frozen=True)
class RowCounts:
    """Rows of one target by what is known of their y, by frequency."""

    observed: float
    left_censored: float
    right_censored: float
    interval: float
    unknown: float

    @property
    def text(self) -> str:
        """Such as ``150 observed, 451 left-censored``."""
        return ", ".join(
            f"{count:.10g} {name.replace('_', '-')}"
            for name, count in vars(self).items()
            if count or name == "observed"
        )


@dataclass(frozen=True, eq=False)
class CensoredInference(LogLinearInference):
    """A fit to rows known in part, with constant or log-linear noise.

    Attributes
    ----------
    counts : tuple of RowCounts
        One for each target.
    truncation : tuple of float
        Limits outside of which rows are not seen.
    """

    counts: tuple[RowCounts, ...] = ()
    truncation: tuple[float, float] = (-np.inf, np.inf)

    @property
    def varies(self) -> bool:
        return len(self.positions) > 0

    def checked_kind(self, kind: str | None) -> str:
        """The kind of covariance, or its default; raise if there is no such kind."""
        has_prior = self.prior.exists or self.noise_alpha
        expected = "posterior" if has_prior else "information"
        if kind is None or kind == expected:
            return expected
        raise ValueError(
            f"kind={kind!r} is not available where y is known in part and "
            f"{'a prior' if has_prior else 'no prior'}: use kind={expected!r}."
        )

    def sigma_limits(self, level: float, kind: str) -> NDArray:
        """Limits (t, 2) of a constant sigma, from the information of log sigma."""
        if self.varies:
            return super().sigma_limits(level, kind)
        variance = self.covariances(kind)[:, -1, -1]
        reach = stats.norm.isf(0.5 * (1.0 - level)) * np.sqrt(variance)
        return np.exp(self.noise[:, :1] + np.multiply.outer(reach, [-1.0, 1.0]))

    def sigma_profile_limits(self, level: float) -> NDArray:
        return self.profile_limits(level)

    def profile_limits(self, level: float) -> NDArray:
        raise ValueError(
            "method='profile' would have to maximise over the rows again where y is "
            "known in part: use method='wald', or likelihood_ratio_test of two fits."
        )

    def leverage(self, rows):
        raise ValueError(
            "Leverage is the share of its own y in the prediction of a row, and y is "
            "known in part here: it is defined for fits without limits."
        )

    def influence(self, rows):
        raise ValueError(
            "Standardised residuals and Cook's distance are those of least squares, "
            "and y is known in part here: they are defined for fits without limits."
        )

    @property
    def title(self) -> str:
        noise = "log-linear" if self.varies else "constant"
        known = [
            name
            for name, some in (
                ("censored", any(count.text.count(" ") > 1 for count in self.counts)),
                ("truncated", np.isfinite(self.truncation).any()),
            )
            if some
        ]
        return f"Gaussian linear regression, {noise} noise, {' and '.join(known)} y"

    def figures(self, level: float, kind: str) -> Iterator[dict[str, str]]:
        """Figures of each target, ready to print."""
        limits = None if self.varies else self.sigma_limits(level, kind)
        for target, figures in enumerate(super().figures(level, kind)):
            if limits is not None:
                low, high = limits[target]
                text = f"{self.sigma[target]:.3g} ({low:.3g} to {high:.3g})"
                figures = {"sigma": text}
            yield {"rows": self.counts[target].text, **figures}
