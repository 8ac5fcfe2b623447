"""scikit-learn's callback protocol (SLEP023), on top of the solvers' events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradum.core import Params
from gradum.estimators.solver_arguments import Events
from gradum.solvers.driver import solve
from gradum.solvers.solution import EpochDone, Solution
from gradum.solvers.threads import between_turns, turn


class Listeners:
    """The callbacks of one estimator during one fit.

    The fit is a task, and each epoch (or iteration) a subtask of it. A callback that returns True
    at the end of an epoch ends the training.

    Parameters
    ----------
    estimator : estimator
        With scikit-learn's ``CallbackSupportMixin``.
    X, y, sample_weight
        What ``fit`` was given.
    attributes : callable
        Maps parameters to the fitted attributes that a prediction needs.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any,
        attributes: Callable[[Params], dict[str, Any]],
    ) -> None:
        self._estimator, self._attributes = estimator, attributes
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._stopped = False

    def __bool__(self) -> bool:
        """Whether there is any callback."""
        return bool(getattr(self._estimator, "_skl_callbacks", None))

    def follow(self, events: Events, most: int) -> Solution:
        """Consume the events of at most the given number of epochs, and return the solution.

        The estimator then has its fitted attributes.
        """
        fit = self._estimator._init_callback_context(max_subtasks=most)
        fit.call_on_fit_task_begin(**self._told)
        left = most
        epoch = self._begin_epoch(fit, left)

        def hear(event: Any) -> bool:
            nonlocal left, epoch
            if epoch is not None and isinstance(event, EpochDone):
                self._stopped |= self._end(epoch, event)
                left -= 1
                epoch = self._begin_epoch(fit, left)
            return self._stopped

        with turn():
            solution = solve(events, between_turns(hear))
        if epoch is not None:  # epoch begun, but training ended before its end
            epoch.call_on_fit_task_end(estimator=self._estimator)
        vars(self._estimator).update(self._attributes(solution.params))
        fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
        return solution

    def _begin_epoch(self, fit: Any, left: int) -> Any:
        if not self or left <= 0:
            return None
        epoch = fit.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**self._told)
        return epoch

    def _end(self, epoch: Any, event: EpochDone) -> bool:
        def attributes() -> dict[str, Any]:
            return self._attributes(event.params()) if event.params else {}

        return epoch.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)
