"""Generation always writes the same bytes, and the committed files are current."""

from __future__ import annotations

import difflib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openapi import generate, prepare


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a process with hash seed 1 and without PATH generated."""
    return generated_with("1", tmp_path_factory.mktemp("generated"))


def generated_with(seed: str, where: Path) -> Path:
    """Generate in a process with this hash seed and without PATH."""
    command = [sys.executable, "-m", "openapi.generate", "--output", str(where / "css_sdk_openapi")]
    command += ["--document", str(where / "css-api.json"), "--served", str(where / "published.json")]
    environment = {k: v for k, v in os.environ.items() if k != "PATH"} | {"PYTHONHASHSEED": seed}
    subprocess.run(command, check=True, cwd=prepare.HERE.parent, env=environment)
    return where


@pytest.fixture
def generated_once(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the slow generator with a copy of its earlier output for the same document."""

    def again(document: Path, package: Path) -> None:
        assert document.read_bytes() == (made / "css-api.json").read_bytes()
        shutil.copytree(made / "css_sdk_openapi", package)

    monkeypatch.setattr(generate, "generate", again)


@pytest.mark.usefixtures("generated_once")
def test_the_committed_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """The committed document and client are what the committed inputs generate."""
    assert (generate.main(["--check"]), capsys.readouterr().err) == (0, "")


def test_two_hash_seeds_generate_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """Generation does not depend on the hash seed or on PATH."""
    assert files(made) == files(generated_with("2", tmp_path))
    assert "css_sdk_openapi/py.typed" in files(made)


@pytest.mark.usefixtures("generated_once")
def test_the_check_names_every_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` names each changed, missing and extra file, fails, and changes nothing."""
    where = ["--output", str(tmp_path / "css_sdk_openapi"), "--document", str(tmp_path / "css-api.json")]
    assert generate.main(where) == 0
    package = tmp_path / "css_sdk_openapi"
    (package / "stray.py").write_text("", encoding="utf-8")
    (package / "errors.py").unlink()
    (package / "types.py").write_text("changed", encoding="utf-8")
    (tmp_path / "css-api.json").write_text("{}\n", encoding="utf-8")
    before = files(tmp_path)
    assert generate.main(["--check", *where]) == 1
    assert capsys.readouterr().err.split()[-4:] == [
        "css-api.json",
        "css_sdk_openapi/errors.py",
        "css_sdk_openapi/stray.py",
        "css_sdk_openapi/types.py",
    ]
    assert files(tmp_path) == before


@pytest.mark.usefixtures("generated_once")
def test_a_generation_replaces_the_whole_folder(tmp_path: Path) -> None:
    """A generation removes files of an earlier one that are no longer generated."""
    package = tmp_path / "css_sdk_openapi"
    package.mkdir()
    (package / "stray.py").write_text("", encoding="utf-8")
    assert generate.main(["--output", str(package), "--document", str(tmp_path / "css-api.json")]) == 0
    assert set(files(tmp_path)) == {
        f"css_sdk_openapi/{n}" for n in files(generate.CLIENT) if "__pycache__" not in n
    } | {"css-api.json"}


@pytest.mark.parametrize("breakage", ["document", "generator"])
def test_a_failed_generation_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], breakage: str
) -> None:
    """If the document or the generator fails, the files of the earlier generation are unchanged."""
    package, document = tmp_path / "css_sdk_openapi", tmp_path / "css-api.json"
    package.mkdir()
    (package / "former.py").write_text("", encoding="utf-8")
    document.write_text("former", encoding="utf-8")
    options = ["--output", str(package), "--document", str(document)]
    if breakage == "document":
        (tmp_path / "published.json").write_text('{"openapi": "3.0.0"', encoding="utf-8")
        options += ["--published", str(tmp_path / "published.json")]
    else:
        monkeypatch.setattr(generate, "CONFIG", tmp_path / "missing.yaml")
    before = files(tmp_path)
    assert generate.main(options) == 1
    assert capsys.readouterr().err.startswith("generate: ")
    assert files(tmp_path) == before


@pytest.mark.posix
def test_a_warning_of_the_generator_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the generator warns, for example because ruff is missing, no client is written."""
    python = tmp_path / "bin" / Path(sys.executable).name
    python.parent.mkdir()
    try:
        python.symlink_to(sys.executable)
    except OSError:  # pragma: no cover
        pytest.skip("no symbolic links here")
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with pytest.raises(generate.GenerateError, match="ruff is not in PATH"):
        generate.build(tmp_path)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("model.py.jinja", ["+from dateutil.parser import isoparse"]),
        (
            "endpoint_module.py.jinja",
            [
                '-        {{parameter.python_name}}=quote(str({{parameter.python_name}}), safe=""),',
                '+        {{parameter.python_name}}=quote({% if parameter.python_name.endswith("role_name") %}'
                'quote(str({{parameter.python_name}}), safe="").replace(".", "%2E")'
                '{% else %}str({{parameter.python_name}}){% endif %}, safe=""),',
            ],
        ),
        (
            "property_templates/datetime_property.py.jinja",
            ["-datetime.datetime.fromisoformat({{ source }})", "+isoparse({{ source }})"],
        ),
    ],
)
def test_the_templates_differ_from_those_of_the_generator_in_one_place(name: str, changes: list[str]) -> None:
    """Our templates differ from the generator's only in the date parser and the encoding of role names."""
    found = importlib.util.find_spec("openapi_python_client")
    assert found is not None
    assert found.origin is not None
    theirs = (Path(found.origin).parent / "templates" / name).read_text(encoding="utf-8")
    ours = (generate.TEMPLATES / name).read_text(encoding="utf-8")
    lines = difflib.unified_diff(theirs.splitlines(), ours.splitlines(), lineterm="", n=0)
    assert [line for line in lines if not line.startswith(("---", "+++", "@@"))] == changes
