"""How Sphinx builds the site: `sphinx-build -W docs docs/_build/html`. It needs no network."""

from __future__ import annotations

import os
import re
import sys
import tomllib
import warnings
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"
DOCS = Path(__file__).parent
# This very source, wherever it is; and what lies beside this file.
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

import moving  # noqa: E402
import sklearn_reg  # noqa: E402

project = "sklearn_reg"
author = "The sklearn_reg developers"
copyright = author
version = release = sklearn_reg.__version__
PROJECT = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Without intersphinx, which would fetch the indices of other sites.
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
    "numpydoc",
    "changelog",
]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "**sg_execution_times.rst"]
templates_path = ["_templates"]
nitpicky = False
default_role = "literal"
add_module_names = False
highlight_language = "python"

autosummary_generate = True
autodoc_default_options = {"members": False}
autodoc_typehints = "none"  # types are in the docstrings
maximum_signature_line_length = 72  # a longer one has a line for each parameter
toc_object_entries_show_parents = "hide"  # fit, and not LassoRegression.fit
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"(^|/)(quickstart|larger_than_memory|adamw_digits)\.py",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "minigallery_sort_order": "gallery_order.place_in_gallery",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e6,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_reg",),
    "reference_url": {"sklearn_reg": None},
    "image_srcset": ["2x"],
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_reg"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css", "touch.css"]
html_js_files = [("touch/start.js", {"type": "module"})]
html_show_sourcelink = False
html_copy_source = False
ALONE = ["index", "gallery", "performance", "coming_from", "solvers", "roadmap", "policy"]
ALONE += ["changelog"]
html_sidebars = {page: [] for page in ALONE}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {
        "text": "sklearn_reg",
        "image_light": "_static/favicon.svg",
        "image_dark": "_static/favicon.svg",
    },
    # No version switcher: there is one version. The theme looks for its list of versions at the
    # root of a server, and not at all where pages are opened as files, as the README does.
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "icon_links": [
        {"name": "Source", "url": PROJECT["urls"]["Source"], "icon": "fa-brands fa-github"},
    ],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["version"],
    "back_to_top_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# Examples and doctests must not warn, and neither must what they import.
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def escape_underscores(app, what, name, obj, options, lines) -> None:
    """Let docstrings write lambda_ and coef_ plainly: to Sphinx that would be a reference."""
    formula = None  # indentation of the formula that a line may belong to
    for k, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith(".. math::"):
            formula = indent
        elif line.strip() and formula is not None and indent <= formula:
            formula = None
        if formula is None and not line.lstrip().startswith((">>>", "...", "..")):
            outside = re.split(r"(`[^`]*`)", line)
            outside[::2] = [re.sub(r"(?<=\w)_(?!\w)", r"\_", text) for text in outside[::2]]
            lines[k] = "".join(outside)


def setup(app) -> None:
    """Register it after numpydoc, which has a priority of 500."""
    app.connect("autodoc-process-docstring", escape_underscores, priority=900)
    app.connect("builder-inited", lambda app: moving.write())
