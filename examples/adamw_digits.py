"""Train a small network on handwritten digits with Adam + L2 and AdamW, for a grid of settings.

    python examples/adamw_digits.py [--csv FILE]

It writes the table that the gallery page plot_adamw_digits draws, examples/adamw_digits.csv. All
strengths of the penalty are trained at once: the steps of this package work on arrays of any shape,
and a `lambda_` may differ from weight to weight.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_reg import adam_with_l2, adamw

TABLE = Path(__file__).with_suffix(".csv")
STEPS = {"Adam + L2": adam_with_l2, "AdamW": adamw}
RATES = np.geomspace(1e-4, 1e-1, 7)
LAMBDAS = {
    "Adam + L2": np.geomspace(1e-5, 1e-1, 9),
    "AdamW": np.geomspace(1e-3, 10, 9),
}
HIDDEN, BATCH, EPOCHS, SEEDS = 64, 50, 60, 2


def digits():
    """Return 500 images to train on and 1297 to test on, with pixels in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(
        X / 16, np.eye(10)[y], train_size=500, random_state=0
    )


def start(n_networks, seed):
    """Return weights of shape (n_networks, n_weights), the same network several times."""
    rng = np.random.default_rng(seed)
    first = rng.normal(scale=np.sqrt(2 / 64), size=(64, HIDDEN))
    second = rng.normal(scale=np.sqrt(1 / HIDDEN), size=(HIDDEN, 10))
    flat = np.concatenate(
        [first.ravel(), second.ravel(), np.zeros(HIDDEN + 10)]
    )
    return np.tile(flat, (n_networks, 1))


def layers(w):
    """Split flat weights into those of both layers and their intercepts."""
    ends = np.cumsum([64 * HIDDEN, HIDDEN * 10, HIDDEN])
    W1, W2, b1, b2 = np.split(w, ends, axis=1)
    shape = len(w), HIDDEN
    return (
        W1.reshape(len(w), 64, HIDDEN),
        W2.reshape(*shape, 10),
        b1[:, None],
        b2[:, None],
    )


def gradients(w, X, Y):
    """Return the gradients of the cross-entropy and the predicted probabilities."""
    W1, W2, b1, b2 = layers(w)
    hidden = np.maximum(X @ W1 + b1, 0.0)
    scores = hidden @ W2 + b2
    scores -= scores.max(axis=2, keepdims=True)
    shares = np.exp(scores)
    shares /= shares.sum(axis=2, keepdims=True)
    off = (shares - Y) / len(Y)
    back = (off @ W2.swapaxes(1, 2)) * (hidden > 0)
    parts = (
        X.T @ back,
        hidden.swapaxes(1, 2) @ off,
        back.sum(axis=1),
        off.sum(axis=1),
    )
    return np.concatenate(
        [part.reshape(len(w), -1) for part in parts], axis=1
    ), shares


def train(step, lr, lambdas, X, Y, seed=0, epochs=EPOCHS):
    """Train a network for each lambda; the learning rate falls linearly to zero."""
    w, state = start(len(lambdas), seed), None
    decayed = (
        np.arange(w.shape[1]) < 64 * HIDDEN + HIDDEN * 10
    )  # not the intercepts
    strengths = np.multiply.outer(lambdas, decayed)
    rng = np.random.default_rng(seed)
    n_steps = epochs * (len(X) // BATCH)
    for k in range(n_steps):
        if k % (len(X) // BATCH) == 0:
            order = rng.permutation(len(X))
        rows = order[(k * BATCH) % len(X) :][:BATCH]
        g, _ = gradients(w, X[rows], Y[rows])
        w, state = step(w, g, state, lr * (1 - k / n_steps), strengths)
    return w, state


def main():
    """Train the grid, and write a row for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, default=TABLE)
    path = parser.parse_args().csv
    X, X_new, Y, Y_new = digits()
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["optimizer", "lr", "lambda", "train_loss", "test_error"])
        for title, step in STEPS.items():
            for lr in RATES:
                seen, new = [], []
                for seed in range(SEEDS):
                    w, _ = train(step, lr, LAMBDAS[title], X, Y, seed)
                    shares = gradients(w, X, Y)[1]
                    right = np.maximum((shares * Y).sum(axis=2), 1e-300)
                    seen.append(-np.log(right).mean(axis=1))
                    guessed = gradients(w, X_new, Y_new)[1].argmax(axis=2)
                    new.append((guessed != Y_new.argmax(axis=1)).mean(axis=1))
                for s, loss, error in zip(
                    LAMBDAS[title],
                    np.mean(seen, axis=0),
                    np.mean(new, axis=0),
                    strict=True,
                ):
                    rows.writerow(
                        [
                            title,
                            f"{lr:.4g}",
                            f"{s:.4g}",
                            f"{loss:.4g}",
                            f"{error:.4f}",
                        ]
                    )
                print(title, f"lr {lr:.4g}", np.mean(new, axis=0).round(3))


if __name__ == "__main__":
    main()
