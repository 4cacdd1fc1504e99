"""scikit-learn's callbacks, from 1.9 on: a long fit can be watched block by block."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """Nothing: scikit-learn before 1.9 has no callbacks."""


def begin_fit(estimator):
    """The context of the fit for callbacks, None if nobody is watching."""
    if not hasattr(estimator, "_skl_callbacks") and not hasattr(
        estimator, "_parent_callback_ctx"
    ):
        return None
    context = estimator._init_callback_context(max_subtasks=None)
    return context.call_on_fit_task_begin(estimator=estimator)


def watch_blocks(estimator, context):
    """A function that tells the callbacks of each block which passes through it.

    Their wish to stop is not heard: sums over some of the rows are no fit of all.
    """

    def watched(slices, count):
        sweep = context.subcontext(task_name="pass over the rows", max_subtasks=count)
        sweep.call_on_fit_task_begin(estimator=estimator)
        for rows in slices:
            block = sweep.subcontext(task_name="block")
            block.call_on_fit_task_begin(estimator=estimator)
            yield rows
            block.call_on_fit_task_end(estimator=estimator)
        sweep.call_on_fit_task_end(estimator=estimator)

    return watched
