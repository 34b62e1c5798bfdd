"""What surrounds the code for those who publish, cite, build and report: it parses, and agrees."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sklearn_reg
from sklearn_reg._tools.versions import SITE

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    (ROOT / "PKG-INFO").exists(), reason="a source archive has no workflows, only the repository"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*"))
FORMS = [ROOT / ".github" / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "feature.yml")]
CITATION, RECIPE = ROOT / "CITATION.cff", ROOT / "conda" / "recipe.yaml"
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def minor(version: str) -> tuple[int, int]:
    """Read 3.11 as (3, 11)."""
    major, number = version.split(".")
    return int(major), int(number)


def jobs_of(path: Path) -> dict[str, Any]:
    return read(path)["jobs"]


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs_of(path).values():
        yield from job.get("steps", [])


# --- workflows ------------------------------------------------------------------------------------


def test_there_are_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["release.yml", "tests.yml"]


@every_workflow
def test_a_workflow_names_files_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:\.ci|\.github|docs|tests|sklearn_reg)/[\w./]*\w", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_workflow
def test_a_workflow_is_complete(path: Path) -> None:
    jobs = jobs_of(path)
    for name, job in jobs.items():
        assert ("runs-on" in job) != ("uses" in job), name
        assert set(job.get("needs", [])) <= set(jobs)
        for step in job.get("steps", []):
            assert ("run" in step) != ("uses" in step), (name, step)


@every_workflow
def test_actions_are_held_to_a_major_version(path: Path) -> None:
    used = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@(release/)?v\d+", name)] == []


@every_workflow
def test_a_workflow_may_only_read_unless_a_job_says_more(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in jobs_of(path).items() if "permissions" in job}
    allowed = {"publish": {"id-token": "write"}} if path.name == "release.yml" else {}
    assert more == allowed


def test_a_release_uploads_what_was_tested_and_built() -> None:
    release = jobs_of(ROOT / ".github" / "workflows" / "release.yml")
    assert set(release["publish"]["needs"]) == {"tests", "build"}
    assert release["publish"]["environment"] == "pypi"
    tests = read(ROOT / ".github" / "workflows" / "tests.yml")
    assert set(tests[True]) == {"push", "pull_request", "workflow_call"}  # YAML reads `on` as true


def test_every_python_of_the_classifiers_is_tested() -> None:
    pythons = [
        minor(name.rpartition(" ")[2])
        for name in PROJECT["classifiers"]
        if re.search(r":: 3\.\d+$", name)
    ]
    assert pythons == sorted(pythons)
    assert PROJECT["requires-python"] == ">={}.{}".format(*pythons[0])
    jobs = jobs_of(ROOT / ".github" / "workflows" / "tests.yml")
    environments = jobs["environments"]["strategy"]["matrix"]["environment"]
    assert [minor(name) for name in environments if name != "oldest"] == pythons
    assert "oldest" in environments
    script = (ROOT / ".ci" / "environments").read_text(encoding="utf-8")
    assert f"oldest_minor={pythons[0][1]} " in script
    assert minor(str(read(RECIPE)["context"]["python_min"])) == pythons[0]


# --- what says who and which ----------------------------------------------------------------------


def test_one_version_everywhere() -> None:
    assert str(read(CITATION)["version"]) == sklearn_reg.__version__
    assert read(RECIPE)["context"]["version"] == sklearn_reg.__version__


def test_one_address_everywhere() -> None:
    source = PROJECT["urls"]["Source"]
    assert read(CITATION)["repository-code"] == source
    assert read(RECIPE)["about"]["homepage"] == source
    assert PROJECT["urls"]["Documentation"] == SITE
    assert all(address.startswith("https://") for address in PROJECT["urls"].values())
    assert all(PROJECT["urls"][name].startswith(source + "/") for name in ("Changelog", "Issues"))


def test_the_recipe_asks_for_what_the_package_asks_for() -> None:
    run = [name.replace(" ", "") for name in read(RECIPE)["requirements"]["run"]]
    assert run[1:] == PROJECT["dependencies"]
    assert read(RECIPE)["about"]["license"] == PROJECT["license"]


def test_the_citation_has_what_its_format_asks_for() -> None:
    citation = read(CITATION)
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]


def test_read_the_docs_builds_what_is_there() -> None:
    config = read(ROOT / ".readthedocs.yaml")
    assert config["version"] == 2
    assert (ROOT / config["sphinx"]["configuration"]).exists()
    assert config["sphinx"]["fail_on_warning"] is True
    (install,) = config["python"]["install"]
    assert set(install["extra_requirements"]) <= set(PROJECT["optional-dependencies"])
    python = config["build"]["tools"]["python"]
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_asks_questions(path: Path) -> None:
    form = read(path)
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields) > 0
    assert all(field["attributes"]["label"] for field in fields)


def test_a_bug_report_asks_for_versions() -> None:
    assert "show_versions()" in FORMS[0].read_text(encoding="utf-8")
    assert isinstance(read(FORMS[0].with_name("config.yml"))["blank_issues_enabled"], bool)
