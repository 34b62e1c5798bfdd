"""The figures that move: their formulas are the package's, and they obey mouse, touch and keys."""

from __future__ import annotations

import json
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from loading import module_of
from sklearn_reg import (
    ElasticNetRegression,
    RidgeRegression,
    adam_with_l2,
    adamw,
    elastic_net_penalty,
    elastic_net_prox,
    l1_prox,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)

ROOT = Path(__file__).parents[1]
CHECK = module_of(ROOT / "docs" / "check_pages.py")
MODULES = ROOT / "docs" / "_static" / "touch"
FIGURES = ("why-zeros", "descent", "path", "decay", "bias-variance")
WIDTHS = CHECK.WIDTHS
LARGEST = 60_000  # bytes of all modules

PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>html {--pst-color-background: white; --pst-color-border: silver; --pst-color-surface: white;
--pst-font-family-base: sans-serif} body {margin: 16px; max-width: 800px}</style>
<link rel="icon" href="favicon.svg"><link rel="stylesheet" href="touch.css">
<script type="module" src="touch/start.js"></script></head><body>
<div class="touch FIGURE docutils container"><figure><img src="favicon.svg" alt="still"></figure>
</div></body></html>"""

FONT_SIZES = """(all) => all.map((e) => {
    const { a, b } = e.getScreenCTM();
    return parseFloat(getComputedStyle(e).fontSize) * Math.hypot(a, b);
})"""


def test_the_modules_are_small_and_load_nothing_else() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in MODULES.glob("*.js")}
    assert sum(len(text.encode()) for text in texts.values()) <= LARGEST
    for name, text in texts.items():
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), name
        for imported in re.findall(r'from "([^"]+)"', text):
            assert (MODULES / imported).is_file(), (name, imported)


def test_the_guide_gives_each_figure_a_still_one() -> None:
    found = []
    for page in (ROOT / "docs" / "guide").glob("*.rst"):
        found += re.findall(
            r"\.\. container:: touch ([\w-]+)\n\n   \.\. figure:: .+\n(?:      .*\n)*?      :alt: ",
            page.read_text(encoding="utf-8"),
        )
    assert sorted(found) == sorted(FIGURES)


def luminance(colour: str) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines define it."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("theme", "paper"), [("light", "#ffffff"), ("dark", "#14181e")])
def test_lines_stand_out_from_the_page(theme: str, paper: str) -> None:
    css = (ROOT / "docs" / "_static" / "touch.css").read_text(encoding="utf-8")
    block = re.findall(r"\.touch \{(.*?)\}", css, re.S)[("light", "dark").index(theme)]
    colours = dict(re.findall(r"--t-([\w-]+): (#\w{6})", block))
    for name in ("0", "1", "2", "3", "ink"):
        light, dark = sorted([luminance(colours[name]), luminance(paper)])[::-1]
        assert (light + 0.05) / (dark + 0.05) >= 3.0, (theme, name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page for each figure, with numbers that this version of the package computes."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(MODULES, folder / "touch")
    for name in ("touch.css", "favicon.svg"):
        shutil.copy(MODULES.parent / name, folder)
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        numbers = module_of(ROOT / "docs" / "moving.py").path_figure()
    finally:
        sys.path.remove(str(ROOT / "docs"))
    (folder / "touch" / "path.json").write_text(json.dumps(numbers), encoding="utf-8")
    for figure in FIGURES:
        (folder / f"{figure}.html").write_text(PAGE.replace("FIGURE", figure), encoding="utf-8")
    with CHECK.served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; .ci/browser installs it."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        try:
            started = CHECK.chromium(running)
        except playwright.Error as error:
            pytest.skip(f"no Chromium starts here: {str(error).splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any, site: str) -> Iterator[Callable[[str, int], Any]]:
    """Open the page of a figure at a width; nothing may go wrong in its console."""
    wrong: list[str] = []
    pages = []

    def opened(figure: str, width: int) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, has_touch=width < 600)
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{site}{figure}.html")
        page.wait_for_selector(".touch-ready .touch-words:not(:empty)")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert not wrong


def words(page: Any) -> str:
    text: str = page.inner_text(".touch-words")
    return text


def place(page: Any, selector: str, share: tuple[float, float] = (0.5, 0.5)) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def slide(page: Any, label: str, key: str, times: int = 1) -> None:
    """Press a key on a slider, found by its label as a screen reader finds it."""
    page.get_by_role("slider", name=label).first.focus()
    for _ in range(times):
        page.keyboard.press(key)


# --- the formulas ---------------------------------------------------------------------------------


def random_loss(rng: np.random.Generator, p: int) -> tuple[Any, Any, Any, Any]:
    """Return X and y = X best without an intercept, H = X'X / n, and best."""
    X, best = rng.normal(size=(30, p)), rng.normal(size=p)
    return X, X @ best, X.T @ X / 30, best


Case = tuple[str, list[Any], Any]


def penalty_cases(rng: np.random.Generator) -> Iterator[Case]:
    """JavaScript expressions of `m`, the module, and of `a`, their arguments, with our values."""
    for rho in 3 * (0.0, 1.0, 0.5, 0.3):
        z, step, lambda_ = 2 * rng.normal(size=5), rng.uniform(0.1, 1), rng.uniform(0.1, 2)
        shrunk = l1_prox(z, step=1.0, lambda_=lambda_)
        yield "a[0].map((z) => m.softThreshold(z, a[1]))", [z, lambda_], shrunk
        yield "m.penalty(...a)", [z, lambda_, rho], elastic_net_penalty(z, lambda_, rho)
        yield "m.prox(...a)", [z, step, lambda_, rho], elastic_net_prox(z, step, lambda_, rho)


def solver_cases(rng: np.random.Generator) -> Iterator[Case]:
    """The optimum, and every point and gap of the descents."""
    for k, rho in enumerate(3 * (0.0, 1.0, 0.5, 0.3)):
        (X, y, H, best), lambda_ = random_loss(rng, 2 + k % 3), rng.uniform(0.02, 0.4)
        model = ElasticNetRegression(lambda_, l1_ratio=rho, fit_intercept=False, n_iterations=25)
        fitted = clone(model).set_params(solver="auto", tol=1e-14).fit(X, y)
        loss, at = "new m.Loss(a[0], a[1])", [H, best, lambda_, rho]
        yield f"m.solve({loss}, a[2], a[3])", at, fitted.coef_
        yield f"{loss}.objective(a[4], a[2], a[3])", [*at, fitted.coef_], fitted.objective_
        rate = 0.7 / (np.linalg.eigvalsh(H)[-1] + lambda_ * (1 - rho))
        for solver in ("gradient_descent", "subgradient", "accelerated"):
            model.set_params(solver=solver, learning_rate=rate, tol=0.0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # 25 steps are few
                model.fit(X, y)
            given = [*at, solver, rate, model.n_iter_]
            points = f"m.descend(a[4], {loss}, a[2], a[3], a[1].map(() => 0), a[5], a[6])"
            yield f"{points}[a[6]]", given, model.coef_
            gaps = f"{points}.slice(1).map((w) => m.gap({loss}, w, a[2], a[3]))"
            yield gaps, given, model.gap_history_
    _, _, H, _ = random_loss(rng, 2)
    yield "m.largestEigenvalue(a[0])", [H], np.linalg.eigvalsh(H)[-1]


def optimizer_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Eight steps of each optimizer, with gradients of different sizes."""
    optimizers = {
        "SGD + L2": sgd_with_l2,
        "SGD + decay": sgd_with_weight_decay,
        "Adam + L2": adam_with_l2,
        "AdamW": adamw,
    }
    step = "([w, s], g) => m.OPTIMIZERS[a[0]](w, g, s, 0.1, 0.5)"
    for title, optimizer in optimizers.items():
        gradients = rng.normal(size=(8, 3)) * [10, 1, 0.1]
        given = iter(gradients)
        ours = trajectory(
            optimizer, np.ones(3), lambda w, given=given: next(given), 8, lr=0.1, lambda_=0.5
        )
        yield f"a[1].reduce({step}, [[1, 1, 1], null])[0]", [title, gradients], ours[-1]


def ridge_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Polynomials, and ridges on them."""
    x = np.linspace(0.02, 0.98, 17)
    basis = np.polynomial.legendre.legvander(2 * x - 1, 8)[:, 1:] * np.sqrt(np.arange(3, 18, 2))
    yield "a[0].map((x) => m.legendre(x, 8))", [x], basis
    y = np.sin(6 * x) + rng.normal(size=17)
    for lambda_ in (1e-6, 1e-3, 1.0):
        ridge = RidgeRegression(lambda_, solver="auto").fit(basis, y)
        found = [*ridge.coef_, ridge.intercept_]
        yield "m.ridges(...a)[0].flat()", [basis, [y], lambda_], found


def test_the_formulas_are_those_of_the_package(browser: Any, site: str) -> None:
    rng = np.random.default_rng(0)
    parts = (penalty_cases, solver_cases, optimizer_cases, ridge_cases)
    cases = [case for part in parts for case in part(rng)]
    page = browser.new_page()
    page.goto(f"{site}why-zeros.html")
    plain = [[code, json.loads(json.dumps(a, default=np.ndarray.tolist))] for code, a, _ in cases]
    found = page.evaluate(
        """async (cases) => {
            const m = await import("./touch/maths.js");
            return cases.map(([code, a]) => Function("m", "a", `return ${code}`)(m, a));
        }""",
        plain,
    )
    page.close()
    assert len(found) == len(cases) > 100
    for (code, _, wanted), got in zip(cases, found, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-10, err_msg=code)


# --- what readers do ------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_fits_is_named_and_prints_still(figure: str, width: int, tab: Any) -> None:
    page = tab(figure, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.locator("figure").is_visible()
    for slider in page.get_by_role("slider").all():
        assert slider.evaluate("(e) => e.getAttribute('aria-label') || e.labels[0].textContent")
        assert slider.get_attribute("aria-valuetext")
    for panel in page.locator(".touch-live svg[role=group]").all():
        assert panel.get_attribute("aria-label")
    sizes = page.eval_on_selector_all(".touch-live svg text", FONT_SIZES)
    assert min(sizes) >= 9.5
    page.emulate_media(media="print")
    assert page.locator("figure").is_visible()
    assert not page.locator(".touch-live").is_visible()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_why_zeros(width: int, tab: Any) -> None:
    page = tab("why-zeros", width)
    assert "corner" in words(page)
    start = place(page, ".t-handle")
    drag(page, start, (start[0], place(page, "svg[role=group]", (0.5, 0.18))[1]))
    assert "edge" in words(page)
    page.get_by_role("slider", name="Optimum of the loss").focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    assert "corner" in words(page)
    slide(page, "share of L1", "Home")
    assert "round" in words(page)
    slide(page, "share of L1", "End")
    slide(page, "penalty", "End")
    assert "both weights to exactly zero" in words(page)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_descent(width: int, tab: Any) -> None:
    page = tab("descent", width)
    before = page.locator(".t-best").count(), words(page)
    at = place(page, "svg[role=group]", (0.8, 0.7))
    page.touchscreen.tap(*at) if width < 600 else page.mouse.click(*at)
    grip = place(page, ".t-grip")
    assert abs(grip[0] - at[0]) < 3
    assert abs(grip[1] - at[1]) < 3
    slide(page, "learning rate", "End")
    assert "diverges" in words(page)
    slide(page, "learning rate", "ArrowLeft", 20)
    slide(page, "curvature", "Home")
    assert "enough" in words(page) != before[1]
    page.get_by_label("subgradient").check()
    assert "does not settle" in words(page)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_path(width: int, tab: Any) -> None:
    page = tab("path", width)
    assert "smallest cross-validation error" in words(page)
    drag(page, place(page, ".t-drag", (0.5, 0.5)), place(page, ".t-drag", (0.97, 0.5)))
    assert "0 of 64" in words(page)
    assert "underfits" in words(page)
    slide(page, "penalty", "Home")
    assert "overfits" in words(page)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_decay(width: int, tab: Any) -> None:
    def left(title: str) -> list[int]:
        share = r"(-?\d+) %"
        said = re.search(rf"{re.escape(title)} leaves {share}, {share}, {share}", words(page))
        assert said is not None
        return [int(number) for number in said.groups()]

    page = tab("decay", width)
    large, _, small = left("Adam + L2")
    assert large > small + 30
    decayed = left("AdamW")
    slide(page, "all gradients", "End")
    assert max(abs(np.subtract(left("AdamW"), decayed))) <= 1
    assert left("Adam + L2")[0] > 80
    slide(page, "learning rate", "Home")
    assert min(left("AdamW")) > 60


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_bias_variance(width: int, tab: Any) -> None:
    page = tab("bias-variance", width)
    slide(page, "penalty", "Home")
    assert "Too little penalty" in words(page)
    slide(page, "penalty", "End")
    assert "Too much penalty" in words(page)
    before = words(page)
    page.get_by_role("button", name="Draw other noise").click()
    assert words(page) != before
    slide(page, "noise", "Home")
    assert "noise 0" in words(page)


def swipe(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with a finger: Playwright has taps alone, the browser's protocol has moves."""
    session = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.0), ("touchMove", 0.5), ("touchMove", 1.0)):
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_a_finger_drags_a_point_and_a_lambda(tab: Any) -> None:
    page = tab("why-zeros", WIDTHS["phone"])
    start = place(page, ".t-handle")
    swipe(page, start, (start[0], place(page, "svg[role=group]", (0.5, 0.18))[1]))
    assert "edge" in words(page)
    page = tab("path", WIDTHS["phone"])
    swipe(page, place(page, ".t-drag"), place(page, ".t-drag", (0.97, 0.5)))
    assert "0 of 64" in words(page)
    page = tab("bias-variance", WIDTHS["phone"])
    swipe(page, place(page, ".t-drag"), place(page, ".t-drag", (0.97, 0.5)))
    assert "Too much penalty" in words(page)
