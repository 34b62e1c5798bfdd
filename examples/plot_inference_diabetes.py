"""
Which of the ten matter?
========================

Ten measurements of 442 patients, and how far their diabetes had progressed a
year later. The intervals of sex, bmi, bp and s5 exclude zero by every method of
this page. Of s1 and s2 one cannot say it: they are nearly combinations of the
others, and two methods disagree about them. The one whose assumptions hold here
says that it does not know.
"""

# %%
# All ten, by least squares
# -------------------------
#
# There are 44 patients for each measurement, and nobody has selected the ten
# with a look at the target. So the oldest method will do: least squares, and
# Student's t. The columns get a standard deviation of one, so that the
# coefficients can be compared.

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

from sklearn_reg import (
    InferenceDisplay,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    coefficient_inference,
)

plt.style.use("sklearn_reg.legible")
X, y = load_diabetes(return_X_y=True, as_frame=True)
X = X / X.std(ddof=0)
least_squares = RidgeRegression(0.0, solver="auto").fit(X, y)
ols = coefficient_inference(least_squares, X, y, method="ols")
InferenceDisplay.from_inference(ols, p_values=True)
plt.show()

# %%
# The ten p-values are adjusted for being ten (Holm): to call those below 0.05 an
# effect is wrong for *any* of them in at most one of twenty data sets.
#
# The interval of s1 is the longest. It does not say that s1 has no effect. It
# says that an effect of -70 agrees with these data, and so does none.
#
# Two methods side by side
# ------------------------
#
# The desparsified lasso is made for more features than rows, and may be asked
# here too. Each row of the figure is the same measurement on both sides.

lasso = LassoRegressionCV().fit(X, y)
debiased = coefficient_inference(lasso, X, y, method="debiased")
figure, axes = plt.subplots(1, 2, figsize=(10, 5), sharex=True)
methods = {"Least squares": ols, "The desparsified lasso": debiased}
for ax, (title, found) in zip(axes, methods.items(), strict=True):
    InferenceDisplay.from_inference(found, sort=False, ax=ax)
    ax.set_title(title)
plt.show()

# %%
# Eight of ten rows agree. Those of s1 and s2 do not: the right side has shorter
# intervals, and they exclude zero. Its last assumption is the one to check: no
# column is nearly a combination of a few others. How much of each do the other
# nine explain?

explained = {}
for name in X:
    others = X.drop(columns=name)
    fit = RidgeRegression(0.0, solver="auto").fit(others, X[name])
    explained[name] = fit.score(others, X[name])
    print(f"{name:4} {explained[name]:.2f}")

# %%
# Nearly all of s1 and s2, which are total cholesterol and its largest part. The
# method then leaves a part of the bias of the lasso in the estimate, and the
# interval does not know of it. With another :math:`\lambda` the lasso is biased
# in another way, and the estimate moves with it:

for lambda_ in (0.1, 1.0, 2.0):
    model = LassoRegression(lambda_, solver="auto").fit(X, y)
    found = coefficient_inference(
        model, X, y, method="debiased", features=["bmi", "s1"], sigma=ols.sigma
    )
    for name, low, high in zip(
        found.feature_names, found.lower, found.upper, strict=True
    ):
        print(f"lambda = {lambda_}: {name:3} from {low:5.1f} to {high:5.1f}")

# %%
# The intervals of bmi stay where they are. Those of s1 do not.
#
# The model that a lasso selects
# ------------------------------
#
# One may also let a lasso select, and ask about the model that it has selected.
# With :math:`\lambda = 1`, fixed before anybody looked at y, it leaves three of
# the ten out. "selective" takes into account that the same rows have selected
# the seven, "split" selects them again on halves of the rows, fifty times, and
# tests them on the other halves.

fixed = LassoRegression(1.0, solver="auto").fit(X, y)
selective = coefficient_inference(fixed, X, y, method="selective")
split = coefficient_inference(
    fixed,
    X,
    y,
    method="split",
    features=selective.feature_names,
    random_state=0,
)
figure, axes = plt.subplots(1, 2, figsize=(10, 5), sharex=True)
methods = {"Given the selection": selective, "On other rows": split}
for ax, (title, found) in zip(axes, methods.items(), strict=True):
    InferenceDisplay.from_inference(found, sort=False, ax=ax)
    ax.set_title(title)
plt.show()

ratio = (split.upper - split.lower) / (selective.upper - selective.lower)
for name, times in zip(selective.feature_names, ratio, strict=True):
    print(f"{name}: split is {times:.1f} times as long")

# %%
# Both sides exclude zero for the same five. The intervals of "split" are longer,
# most of them by more than a half: each test has half of the rows, and fifty
# tests are combined. On the left the interval of s6 goes down further than up.
# The lasso has nearly left s6 out, and then the selection tells little apart.
#
# Here s3 excludes zero, and in the model of all ten it does not. That is no
# contradiction. These are the coefficients of a model without s2 and s4, and s3
# has a part of what they do. "selective" asks about this model, whether it is
# the right one or not. "split" assumes that each half selects every feature with
# an effect.
#
# Neither allows you to try several :math:`\lambda` here and keep the one that you
# like. "split" of a `LassoRegressionCV` chooses it again in each half.

# %%
# What to remember
# ----------------
#
# - With many more rows than features, test all of them by "ols". The method has
#   the fewest assumptions.
# - If two methods disagree, read what they assume. It stands below each figure.
# - A selected model is another question: its coefficients are those without the
#   features that were left out.
# - A long interval is an answer: these data do not tell these features apart. Two
#   of them together may still have an effect without doubt.
#
# An effect in a regression is no cause, and a feature matters *given the
# others* that are in the model. More in :doc:`/guide/inference`.
#
# Exercises
# ---------
#
# 1. Does it matter that the noise may be larger for some patients than for
#    others? Compare with `covariance="HC3"`.
#
# .. dropdown:: Answer
#
#    Hardly. Standard errors change by less than 6 %, and the same four
#    adjusted p-values stay below 0.05.
#
# 2. Leave s2, s3 and s4 out, for a reason other than y: they are parts of the
#    same cholesterol. What becomes of s1?
#
# .. dropdown:: Answer
#
#    Its interval becomes a sixth as long, because the columns that are left do
#    not explain s1, and it excludes zero: from -16.7 to -4.6. But that is another
#    question. It is s1 given fewer features, and its coefficient now has a part
#    of what the three did.
#
# 3. Add ten columns of noise. How long are the intervals of the ten then?
#
# .. dropdown:: Answer
#
#    About as long as before. Ten columns of noise cost ten of the 431 degrees of
#    freedom, and they hardly explain the measurements.
