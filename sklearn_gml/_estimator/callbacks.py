"""scikit-learn's callbacks, from 1.9 on, called for each block of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .._inference.fit import Fit

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: scikit-learn before 1.9 has no callbacks."""


def begin_fit(estimator: Any) -> Any:
    """The context of the fit for callbacks, None without callbacks."""
    if not hasattr(estimator, "_skl_callbacks") and not hasattr(
        estimator, "_parent_callback_ctx"
    ):
        return None
    context = estimator._init_callback_context(max_subtasks=None)
    return context.call_on_fit_task_begin(estimator=estimator)


def watch_blocks(estimator: Any, context: Any) -> Callable[..., Any]:
    """A function that tells the callbacks of each block of rows.

    A request to stop is ignored: sums over some of the rows are no fit of all.
    """

    def watched(slices: Iterable[slice], count: int) -> Iterator[slice]:
        sweep = context.subcontext(task_name="pass over the rows", max_subtasks=count)
        sweep.call_on_fit_task_begin(estimator=estimator)
        for rows in slices:
            block = sweep.subcontext(task_name="block")
            block.call_on_fit_task_begin(estimator=estimator)
            yield rows
            block.call_on_fit_task_end(estimator=estimator)
        sweep.call_on_fit_task_end(estimator=estimator)

    return watched


def watch_steps(estimator: Any, context: Any, X: Any, y: Any) -> Callable[..., None]:
    """A function that tells the callbacks of each step of a maximiser.

    It takes a function that makes the fit of that step, which is called only if a
    callback asks for the fitted estimator.
    """

    def after_step(fit: Callable[[], Fit]) -> None:
        def attributes() -> dict[str, Any]:
            made = fit()
            shown = made.attributes().items()
            return {"_fit": made} | {n: v for n, v in shown if v is not None}

        step = context.subcontext(task_name="maximiser step")
        step.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
        step.call_on_fit_task_end(
            estimator=estimator, X=X, y=y, reconstruction_attributes=attributes
        )

    return after_step
