"""What the documentation says is so: docstrings against signatures, the README against the code."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_reg
from loading import module_of
from sklearn_reg._tools.versions import SITE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_GIVEN = inspect.Parameter.empty
PUBLIC = {name: getattr(sklearn_reg, name) for name in sklearn_reg.__all__}


# --- docstrings -----------------------------------------------------------------------------------


def sections(documented: Any) -> dict[str, str]:
    """Split a numpydoc docstring into its sections."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", inspect.getdoc(documented) or "", flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented_parameters(documented: Any) -> dict[str, Any]:
    """Read names and defaults from lines such as `rtol, atol : float, default=1e-6`."""
    found = {}
    text = sections(documented).get("Parameters", "")
    for names, kind in re.findall(r"^(\*{0,2}\w[\w, *]*) : (.*)$", text, flags=re.MULTILINE):
        _, given, default = kind.partition("default=")
        for name in names.split(", "):
            found[name.lstrip("*")] = ast.literal_eval(default) if given else NOT_GIVEN
    return found


def actual_parameters(documented: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(documented).parameters.items()
    return {name: p.default for name, p in parameters if name != "self"}


def public_methods() -> Iterator[tuple[str, Any]]:
    """Yield the methods that are written here; what scikit-learn adds, it documents."""
    for name, public in PUBLIC.items():
        if inspect.isclass(public):
            for method_name, method in inspect.getmembers(public, inspect.isroutine):
                ours = (getattr(method, "__module__", None) or "").startswith("sklearn_reg")
                if ours and not method_name.startswith("_"):
                    yield f"{name}.{method_name}", method


CALLABLES = {name: public for name, public in PUBLIC.items() if callable(public)}
METHODS = dict(public_methods())
# A named tuple's fields are its parameters, and documented once, as attributes.
WITH_PARAMETERS = {
    name: public
    for name, public in {**CALLABLES, **METHODS}.items()
    if not (inspect.isclass(public) and issubclass(public, tuple))
}


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_documented_parameters_and_defaults_are_those_of_the_signature(name: str) -> None:
    documented = documented_parameters(WITH_PARAMETERS[name])
    actual = actual_parameters(WITH_PARAMETERS[name])
    assert list(documented) == list(actual)
    for parameter, default in actual.items():
        assert documented[parameter] == default, parameter
        assert type(documented[parameter]) is type(default), parameter  # 1 is not 1.0, nor True


@pytest.mark.parametrize("name", CALLABLES)
def test_every_public_name_is_explained_and_shown(name: str) -> None:
    found = sections(CALLABLES[name])
    assert ("Attributes" if inspect.isclass(CALLABLES[name]) else "Returns") in found
    if name in WITH_PARAMETERS:
        assert ("Parameters" in found) == bool(actual_parameters(CALLABLES[name]))
        assert ">>>" in found["Examples"]


@pytest.mark.parametrize("name", METHODS)
def test_every_public_method_says_what_it_returns(name: str) -> None:
    assert "Returns" in sections(METHODS[name])


FAMILIES = {
    kind: {name: PUBLIC[name] for name in PUBLIC if re.fullmatch(rf"\w+Regression{kind}", name)}
    for kind in ("", "CV")
}
OF_ITS_OWN = {"eps"}  # where the grid of ridge ends is another thing
OF_GROUPS = {"standardize", "penalty_weights", "objective_"}  # may be those of a whole group


def paragraphs(documented: Any) -> dict[str, str]:
    """Split parameters and attributes into paragraphs by name; its own name in them is X."""
    text = "".join(sections(documented)[title] for title in ("Parameters", "Attributes"))
    parts = re.split(r"^(\w[\w, ]*) : ", text, flags=re.MULTILINE)[1:]
    name = documented.__name__.removesuffix("CV")
    return {
        of: " ".join(said.replace(name, "X").split())
        for of, said in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_classes_of_a_family_share_is_documented_in_the_same_words(kind: str) -> None:
    family = {name: paragraphs(Estimator) for name, Estimator in FAMILIES[kind].items()}
    assert len(family) == 4
    shared = set.intersection(*map(set, family.values())) - OF_ITS_OWN
    assert len(shared) > 15
    for said in family.values():
        if "groups" in said:
            said |= {name: family[f"LassoRegression{kind}"][name] for name in OF_GROUPS & shared}
    assert [name for name in shared if len({said[name] for said in family.values()}) > 1] == []


def modules() -> list[str]:
    walked = pkgutil.walk_packages(sklearn_reg.__path__, "sklearn_reg.")
    return ["sklearn_reg", *(module.name for module in walked)]


@pytest.mark.parametrize("name", modules())
def test_every_exported_name_exists_once(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(exported) == len(set(exported))
    assert [e for e in exported if not hasattr(module, e)] == []


def test_import_brings_in_no_optional_library() -> None:
    # scikit-learn itself imports pandas where it finds it. That is forgotten before the test, so
    # that only what sklearn_reg asks for comes back.
    code = """if True:
        import sys, sklearn.base
        for name in [name for name in sys.modules if name.split(".")[0] == "pandas"]:
            del sys.modules[name]
        import sklearn_reg
        print(*{name.split(".")[0] for name in sys.modules})
    """
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "sklearn_reg" in imported
    assert imported & {"matplotlib", "pandas", "dask", "distributed"} == set()


# --- the reference --------------------------------------------------------------------------------

API = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
LISTED = re.findall(r"^   (\w+)$", API, flags=re.MULTILINE)


def test_the_reference_lists_every_public_name_once() -> None:
    assert sorted(LISTED) == sorted(PUBLIC)
    module = re.search(r"currentmodule:: (\S+)", API)[1]
    assert module == "sklearn_reg"
    assert len(re.findall(r":toctree: generated$", API, re.MULTILINE)) == API.count("autosummary::")


@pytest.mark.parametrize("name", [name for kind in FAMILIES.values() for name in kind])
def test_a_notebook_links_to_the_page_of_the_estimator(name: str) -> None:
    # Sphinx's autosummary names a page of its folder after the module and the class.
    pages = {f"{SITE}/generated/sklearn_reg.{listed}.html" for listed in LISTED}
    link = PUBLIC[name]()._get_doc_link()
    assert link in pages
    assert link.endswith(f".{name}.html")
    assert f'href="{link}"' in PUBLIC[name]()._repr_html_()
    assert f'href="{link}"' in make_pipeline(StandardScaler(), PUBLIC[name]())._repr_html_()
    # What others derive from it, they document.
    assert type("Derived", (PUBLIC[name],), {"__module__": "theirs"})()._get_doc_link() == ""


# --- the README -----------------------------------------------------------------------------------


def rows_of_table(heading: str) -> list[list[str]]:
    """Return the cells of the table that starts with this heading, without the heading."""
    table = README[README.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table[2:]]


SNIPPETS = re.findall(r"```python\n(.*?)```.*?```text\n(.*?)```", README, re.S)


@pytest.mark.parametrize(
    ("code", "printed"), SNIPPETS, ids=["in use", "descent", "choosing", "batches"]
)
def test_readme_snippets_print_what_the_readme_says(code: str, printed: str) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue() == printed


@pytest.mark.parametrize("row", rows_of_table("here"), ids=lambda row: row[0].strip("`"))
def test_readme_translates_lambda_into_alpha(row: list[str]) -> None:
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X = StandardScaler().fit_transform(X)
    names = {"a": 0.7, "r": 0.3, "n_samples": len(X), **PUBLIC}
    here = eval(row[0].strip("`"), names)
    there = eval(
        row[1].strip("`"), {**names, "Ridge": Ridge, "Lasso": Lasso, "ElasticNet": ElasticNet}
    )
    here.set_params(solver="auto", tol=1e-12).fit(X, y)
    there.set_params(tol=1e-12, max_iter=100_000).fit(X, y)
    assert_allclose(here.coef_, there.coef_, atol=1e-6)
    assert_allclose(here.intercept_, there.intercept_, rtol=1e-10)
    assert np.abs(here.coef_).max() > 1


@pytest.mark.parametrize("row", rows_of_table("formula"), ids=lambda row: row[0])
def test_readme_points_at_the_function_of_each_formula(row: list[str]) -> None:
    path = re.search(r"\((.*)\)", row[2])[1]
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for dotted in re.findall(r"`(.*?)`", row[1]):
        found = module
        for part in dotted.split("."):
            found = getattr(found, part)
        assert Path(inspect.getsourcefile(found)) == ROOT / path


def test_readme_map_names_files_that_exist() -> None:
    for row in rows_of_table("floor"):
        for name in re.findall(r"`(.*?)`", row[1]):
            assert (ROOT / "sklearn_reg" / name).exists()


def test_readme_map_is_what_import_linter_checks() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = contract["contracts"][0]["layers"]
    named = [
        {re.sub(r"\.py$|/$", "", name) for name in re.findall(r"`(.*?)`", row[1])}
        for row in rows_of_table("floor")
    ]
    assert named == [set(floor.split(" : ")) for floor in floors]
    folders = {path.parent.name for path in (ROOT / "sklearn_reg").glob("*/__init__.py")}
    siblings = {name.rpartition(".")[2] for name in contract["contracts"][1]["ancestors"]}
    assert siblings == {"sklearn_reg", *folders}


def test_code_that_pages_show_is_there() -> None:
    for page in (ROOT / "docs").glob("guide/*.rst"):
        shown = re.findall(
            r"literalinclude:: (\S+)\n +:start-at: (.*)\n +:end-at: (.*)\n", page.read_text()
        )
        for path, start, end in shown:
            code = (page.parent / path).read_text()
            assert end in code.partition(start)[1] + code.partition(start)[2], (page.name, start)


WIDEST = 80  # what fits beside the navigation at 1280 pixels


def code_of(examples: Iterable[doctest.Example]) -> list[str]:
    """Return the lines of doctests as a page shows them."""
    lines = []
    for example in examples:
        lines += [f">>> {line}" for line in example.source.splitlines()]
        lines += example.want.splitlines()
    return lines


PAGES = sorted([*(ROOT / "docs").glob("*.rst"), *(ROOT / "docs" / "guide").glob("*.rst")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_pages_is_read_without_scrolling(page: Path) -> None:
    lines = code_of(doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8")))
    assert [line for line in lines if len(line) > WIDEST] == []


@pytest.mark.parametrize("name", modules())
def test_code_of_docstrings_is_read_without_scrolling(name: str) -> None:
    tests = doctest.DocTestFinder().find(importlib.import_module(name))
    lines = code_of(example for test in tests for example in test.examples)
    assert [line for line in lines if len(line) > WIDEST] == []


def test_the_changelog_page_turns_what_the_changelog_uses() -> None:
    changelog = module_of(ROOT / "docs" / "changelog.py")
    written = "# Log\n\nAs [they](https://x.org/) do.\n\n## [1.0] - 2030\n\n- `w_` and w_ * 2\n"
    assert changelog.as_rst(written) == (
        "Log\n===\n\nAs `they <https://x.org/>`__ do.\n\n"
        "1.0 - 2030\n----------\n\n- `w_` and w\\_ \\* 2\n"
    )


def test_readme_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []
