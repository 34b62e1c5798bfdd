"""Display of the weights along the steps of optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.values import Weights, check_labelled, check_weights
from sklearn_reg.display._drawing import (
    axes_for,
    draw_line,
    label_axes,
    line_names,
    name_ends,
    styles,
)
from sklearn_reg.optimizers import (
    adam_with_l2,
    adamw,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)

OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "SGD + L2": sgd_with_l2,
    "SGD + weight decay": sgd_with_weight_decay,
    "Adam + L2": adam_with_l2,
    "AdamW": adamw,
}


class TrajectoryDisplay:
    """Weights along a descent, one panel for each optimizer.

    Parameters
    ----------
    trajectories : dict of str to ndarray of shape (n_steps + 1, n_weights)
        Weights from the start on, by the title to draw them under.
    names : sequence of str, default=None
        Names of the weights; None is w0, w1, ...

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes
        One for each trajectory.
    lines_ : list of list of matplotlib Line2D
        For each trajectory a line for each weight.

    See Also
    --------
    trajectory : Computes one of them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import TrajectoryDisplay
    >>> size = np.array([100, 0.01])  # of the gradients of the two weights
    >>> display = TrajectoryDisplay.from_gradient(
    ...     lambda w: size * (w - 1), [1, 1], n_steps=20, lr=0.01, lambda_=1
    ... )
    >>> [ax.get_title() for ax in display.axes_]
    ['SGD + L2', 'SGD + weight decay', 'Adam + L2', 'AdamW']
    """

    def __init__(
        self, trajectories: Mapping[str, Weights], *, names: Sequence[str] | None = None
    ) -> None:
        self.trajectories = trajectories
        self.names = names

    @classmethod
    def from_gradient(
        cls,
        gradient: Callable[[Weights], ArrayLike],
        w: ArrayLike,
        n_steps: int,
        *,
        lr: float,
        lambda_: ArrayLike,
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Run SGD and Adam, each with an L2 penalty and with weight decay, and draw the weights.

        Parameters
        ----------
        gradient : callable
            w -> gradient of the loss at w, without any penalty's.
        w : array-like of shape (n_weights,)
            Weights to start from.
        n_steps : int
            Number of steps, >= 0.
        lr : float
            Learning rate of all four, > 0.
        lambda_ : float or array-like that broadcasts to w
            Strength of penalty and decay, >= 0.
        names : sequence of str, default=None
            Names of the weights; None is w0, w1, ...
        ax : sequence of 4 matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        runs = {
            title: trajectory(step, w, gradient, n_steps, lr=lr, lambda_=lambda_)
            for title, step in OPTIMIZERS.items()
        }
        return cls.from_trajectories(runs, names=names, ax=ax)

    @classmethod
    def from_trajectories(
        cls,
        trajectories: Mapping[str, Weights],
        *,
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what :func:`trajectory` returned.

        Parameters
        ----------
        trajectories : dict of str to ndarray of shape (n_steps + 1, n_weights)
            Weights from the start on, by the title to draw them under.
        names : sequence of str, default=None
            Names of the weights; None is w0, w1, ...
        ax : sequence of matplotlib Axes, default=None
            Where to draw, one for each; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        return cls(trajectories, names=names).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw weights against steps.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Where to draw, one for each trajectory; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display itself.
        """
        count = len(check_labelled(self.trajectories, "trajectories"))
        self.axes_, self.figure_ = axes_for(ax, count, (max(2.6 * count, 6.4), 3.4), sharey=True)
        self.lines_ = []
        for panel, (title, weights) in zip(self.axes_, self.trajectories.items(), strict=True):
            flat = check_weights(weights, f"trajectories[{title!r}]").reshape(len(weights), -1)
            looks = styles(flat.shape[1])
            names = line_names(self.names, flat.shape[1], "w", "weight", "names")
            steps = np.arange(len(flat))
            self.lines_.append(
                [
                    draw_line(panel, steps, values, name, **look)
                    for name, values, look in zip(names, flat.T, looks, strict=True)
                ]
            )
            label_axes(panel, xlabel="step")
            label_axes(panel, quoted=True, title=str(title))
        label_axes(self.axes_[0], ylabel="weight")
        # The places of the names depend on the limits, which all panels share.
        for panel, lines in zip(self.axes_, self.lines_, strict=True):
            name_ends(panel, lines, "right")
        return self
