r"""
How many of the chosen features are noise?
==========================================

With the :math:`\lambda` that predicts best, more than half of them can be. That
:math:`\lambda` is chosen for prediction, and a little noise in the model costs
a prediction little. Stability selection asks another question: which features
do random halves of the patients choose again and again? It comes with a bound
on the number of features that are chosen by chance.
"""

# %%
# Ninety columns that are noise for sure
# --------------------------------------
#
# The data are ten measurements of 442 patients. To know what is noise, noise is
# added: nine times the ten columns again, each time with the patients in another
# order. These ninety columns look like measurements, and say nothing about the
# patient in whose row they are.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from sklearn_reg import (
    LassoRegressionCV,
    StabilityDisplay,
    StabilitySelection,
)

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True, as_frame=True)


def with_noise(seed):
    """Return X and nine blocks of noise."""
    rng = np.random.default_rng(seed)
    blocks = [X]
    for block in range(1, 10):
        shuffled = X.iloc[rng.permutation(len(X))].reset_index(drop=True)
        blocks.append(shuffled.add_suffix(f" noise {block}"))
    return pd.concat(blocks, axis=1)


# %%
# Three ways to choose
# --------------------
#
# Stability selection draws fifty pairs of disjoint halves of the patients, and
# follows the lasso path of each half. A feature is selected if at least 60 % of
# the halves choose it at some :math:`\lambda`. Each path ends before it has
# chosen more than q features. `expected_false_selections=1` sets q, so that no
# more than one feature is expected to be selected by chance.

stable = StabilitySelection(expected_false_selections=1, random_state=0)
methods = {
    "smallest error": LassoRegressionCV(standardize=True),
    "1-SE rule": LassoRegressionCV(standardize=True, rule="1se"),
    "stability selection": stable,
}


def chosen(method):
    """Return which features a fitted method has chosen."""
    return method.support_ if method is stable else method.coef_ != 0


counts = {name: [] for name in methods}
for seed in range(1, 21):
    Z = with_noise(seed)
    for name, method in methods.items():
        support = chosen(method.fit(Z, y))
        counts[name].append((support[10:].sum(), support[:10].sum()))
for name, both in counts.items():
    noise, measured = np.mean(both, axis=0)
    print(f"{name}: {measured:.1f} measurements, {noise:.1f} columns of noise")

# %%
# The left panel shows the halves of the first data set. Four features reach the
# threshold. All noise stays far below it, in grey. The right panel has the
# columns of noise that each way has chosen in each of twenty data sets.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), layout="constrained"
)
Z = with_noise(1)
StabilityDisplay.from_estimator(stable.fit(Z, y), ax=left)
left.set_title(f"A half chooses at most {stable.n_selected_limit_} features")
rng = np.random.default_rng(0)
for place, both in enumerate(counts.values()):
    noise = np.array(both)[:, 0]
    beside = place + rng.uniform(-0.2, 0.2, noise.size)
    right.plot(beside, noise, "oD^"[place], color=f"C{place}", alpha=0.7)
bound = right.axhline(stable.error_bound_, color="0.25", linestyle="--")
right.legend([bound], ["the bound of stability selection, on the mean"])
right.set_xticks(range(3), methods)
right.set(ylabel="columns of noise that are chosen", ylim=(-1.5, 40))
right.set_xlim(-0.5, 2.5)
right.set_title("Twenty data sets, ninety columns of noise each")
plt.show()

# %%
# The bound is about a mean, and is far from sharp: it holds for every way of
# choosing, and whatever the columns have in common. Here it says that at most
# one column is expected, and there is none. The price is paid by weak effects:
# the measurement sex has one, and is not selected.

print(stable.frequency_table().head(8))
print(f"q = {stable.n_selected_:.2f}, bound {stable.error_bound_:.2f}")

# %%
# What to remember
# ----------------
#
# To predict, choose :math:`\lambda` by cross-validation, and do not read the
# list of features as a finding. To find features that other patients would give
# too, select those that most halves choose. The bound takes the rows to be
# independent, and "by chance" has a meaning of its own:
# :doc:`/guide/stability`. How the choice varies from sample to sample:
# :ref:`sphx_glr_auto_examples_plot_unstable_selection.py`.
#
# The method is by Meinshausen and Bühlmann (2010),
# https://doi.org/10.1111/j.1467-9868.2010.00740.x; pairs of halves, and the
# bound that needs no assumption on the noise, are by Shah and Samworth (2013),
# https://doi.org/10.1111/j.1467-9868.2011.01034.x.
#
# Exercises
# ---------
#
# 1. The bound is :math:`q^2 / ((2 \pi - 1) p)`. With the same bound, a larger
#    threshold :math:`\pi` allows a larger q. Select with thresholds of 0.6, 0.75
#    and 0.9. Does it matter which one you take?
#
# .. dropdown:: Answer
#
#    Hardly: q grows from 4 to 8, and the same four features are selected: bmi,
#    s5, bp and s3.
#
# 2. Shuffle y, so that all hundred columns are noise. How many are selected?
#
# .. dropdown:: Answer
#
#    In most shuffles none, and less than one on average, as the bound says.
#
# 3. Replace bmi by two measurements of it, each with an error of 3 % of its
#    standard deviation. How often is each of them chosen?
#
# .. dropdown:: Answer
#
#    They share the halves. Every half chooses one of the two, and few choose
#    both. For most draws of the errors neither is in 90 % of the halves, which
#    bmi was. Put together what says the same thing before you select.
