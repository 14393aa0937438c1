"""What strangers meet first states what the project states."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import sirtdose

ROOT = Path(__file__).resolve().parents[1]
yaml = pytest.importorskip("yaml", reason="needs PyYAML, which mkdocs brings")
# What conda-forge calls otherwise.
CONDA = {"matplotlib": "matplotlib-base", "tzdata": "python-tzdata"}
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml"))


def _project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_the_recipe_asks_for_what_the_package_asks_for() -> None:
    wanted = set()
    for one in _project()["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)(>=.+)", one).groups()
        wanted.add(f"{CONDA.get(name.lower(), name.lower())} {bound}")
    [python, *run] = _yaml(ROOT / "packaging" / "recipe.yaml")["requirements"]["run"]
    assert set(run) == wanted
    assert python == "python >=${{ python_min }}"


def test_the_recipe_starts_what_the_package_starts() -> None:
    recipe = _yaml(ROOT / "packaging" / "recipe.yaml")
    [(name, target)] = _project()["scripts"].items()
    assert recipe["build"]["python"]["entry_points"] == [f"{name} = {target}"]
    oldest = _project()["requires-python"].removeprefix(">=")
    assert recipe["context"]["python_min"] == oldest


def test_the_citation_is_of_this_version() -> None:
    citation = _yaml(ROOT / "CITATION.cff")
    assert citation["version"] == sirtdose.__version__
    assert citation["repository-code"] == _project()["urls"]["Source"]
    assert " AND ".join(citation["license"]) == _project()["license"]
    authors = [one["name"] for one in citation["authors"]]
    assert authors == [one["name"] for one in _project()["authors"]]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_that_shows_a_fault_asks_for_inspect_and_privacy(form: Path) -> None:
    asked = {one["id"]: one for one in _yaml(form)["body"] if "id" in one}
    assert "sirtdose inspect" in asked["inspect"]["attributes"]["label"]
    [box] = asked["private"]["attributes"]["options"]
    assert box["required"] is True


def test_the_container_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Containerfile").read_text("utf-8").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and line[0].isupper()]
    user = [i for i, one in enumerate(steps) if one[0] == "USER"]
    entry = [i for i, one in enumerate(steps) if one == ["ENTRYPOINT", '["sirtdose"]']]
    assert user
    assert entry
    assert user[-1] < entry[0]
    assert steps[user[-1]][1] not in {"root", "0"}
    copied = {name for one in steps if one[0] == "COPY" for name in one[1].split()[:-1]}
    built_from = {"pyproject.toml", "LICENSE", _project()["readme"]}
    assert built_from < copied
    kept_back = (ROOT / ".dockerignore").read_text("utf-8")
    for name in copied - {"./sirtdose", "--from=build", "/opt/sirtdose"}:
        assert f"\n!{name}\n" in kept_back
