"""The `./dev` script."""

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certlink.main import app

ROOT = Path(__file__).parents[2]
DEV = ROOT / "dev"
PYPROJECT = """[project]
version = "1"

[tool.ruff]
line-length = 120
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an installed .venv whose programs only tell how they were called."""
    shutil.copy2(DEV, tmp_path)
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "certlink", "ruff", "mypy", "lint-imports"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*"\nexec test ! -e "$0.fails"\n')
        (programs / name).chmod(0o755)
    digest = hashlib.sha256(json.dumps({"version": "1"}).encode()).hexdigest()
    version = ".".join(map(str, sys.version_info[:3]))
    (tmp_path / ".venv" / "installed.stamp").write_text(f"{digest}\n{version}\n{tmp_path}\n")
    return tmp_path


def test_alone_it_lists_every_command(checkout: Path) -> None:
    (checkout / "requirements.lock").unlink()

    listed = run(checkout)

    assert listed.returncode == 0
    commands = re.findall(r"^  (\S+) {2,}\S", listed.stdout, re.MULTILINE)
    assert {"up", "demo", "test", "check", "format", "lock"} <= set(commands)
    passed_on = listed.stdout.partition("Everything else goes to certlink")[2].splitlines()[1].split()
    there = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(passed_on) <= there | {str(group.name) for group in app.registered_groups}


def test_the_rest_passes_on_to_certlink(checkout: Path) -> None:
    passed_on = run(checkout, "sandbox", "advance", "10 days")

    assert passed_on.stdout == "certlink sandbox advance 10 days\n"
    assert passed_on.stderr == ""


def test_options_of_the_tests_go_to_pytest(checkout: Path) -> None:
    assert run(checkout, "test", "-k", "up").stdout == "python -m pytest -n auto --dist loadfile -k up\n"


def test_check_runs_what_the_house_demands_and_the_tests_last(checkout: Path) -> None:
    checked = run(checkout, "check")

    assert checked.returncode == 0
    assert checked.stdout.splitlines() == [
        "ruff format --check --quiet .",
        "ruff check --quiet .",
        "mypy ",
        "lint-imports ",
        "certlink check",
        "python -m pytest -n auto --dist loadfile",
    ]


def test_check_stops_at_the_first_that_fails(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "mypy.fails").touch()

    checked = run(checkout, "check")

    assert checked.returncode == 1
    assert checked.stdout.splitlines()[-1] == "mypy "
    assert checked.stderr.splitlines()[-1] == "dev: == types failed"


def test_a_changed_lock_is_installed_again(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("# changed\n")

    installed = run(checkout, "install")

    assert "python -m pip --disable-pip-version-check --no-input install" in installed.stderr
    assert "--require-hashes" in installed.stderr
    assert run(checkout, "install").stderr == ""


def test_a_changed_project_is_installed_again_and_changed_settings_of_tools_are_not(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace("120", "100"))
    tools = run(checkout, "install")
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace('"1"', '"2"'))
    project = run(checkout, "install")

    assert tools.stderr == ""
    assert f"--editable {checkout}\n" in project.stderr


def test_an_interrupted_install_is_not_taken_for_a_whole_one(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("# changed\n")
    (checkout / ".venv" / "bin" / "python").write_text('#!/bin/sh\ncase "$*" in *install*) exit 1;; esac\n')

    interrupted = run(checkout, "up")

    assert interrupted.returncode == 3
    assert "pip could not install" in interrupted.stderr.splitlines()[-1]
    assert not (checkout / ".venv" / "installed.stamp").exists()


def test_a_moved_checkout_is_installed_again(checkout: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("dev", "requirements.lock", "pyproject.toml", ".venv"):
        shutil.move(checkout / name, moved)

    assert "--require-hashes" in run(moved, "install").stderr


def test_what_an_earlier_lock_pinned_is_removed(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text(
        "Kept_Name==1 \\\n    --hash=sha256:00\nwith_extra[email]==3 \\\n    --hash=sha256:00\n"
    )
    listing = (
        'case "$*" in *list*) echo kept.name==1; echo with-extra==3; echo surplus==2; echo pip==9;; *) echo "$*";; esac'
    )
    (checkout / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\n{listing}\n")

    installed = run(checkout, "install")

    assert "uninstall --quiet --yes surplus\n" in installed.stderr


def test_a_python_without_ensurepip_is_one_clear_line(tmp_path: Path) -> None:
    shutil.copy2(DEV, tmp_path)
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "ensurepip.py").write_text("raise ImportError\n")

    refused = run(tmp_path, "test", PYTHONPATH=str(tmp_path / "hidden"))

    assert refused.returncode == 3
    assert refused.stderr.startswith("dev: Python has no ensurepip: on Debian and Ubuntu, apt install python3.")


def test_an_old_python_can_read_it_and_says_that_it_is_too_old() -> None:
    source = DEV.read_text()

    ast.parse(source, feature_version=(3, 7))
    pretended = f"import sys; sys.version_info = (3, 8, 18); sys.argv = ['dev', 'test']; __file__ = {str(DEV)!r}\n"
    refused = subprocess.run(
        [sys.executable, "-c", pretended + f"exec(compile({source!r}, 'dev', 'exec'))"],
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 3
    assert refused.stderr == "dev: Python 3.11 or newer is needed, this is 3.8\n"


def test_it_needs_nothing_but_the_standard_library() -> None:
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(ast.parse(DEV.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    }

    assert imported <= sys.stdlib_module_names


def test_the_lock_pins_every_package_by_hash_and_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = [line for line in lock.splitlines() if line and line[0] not in " #"]

    assert "://" not in lock
    assert all(re.match(r"[\w.-]+(\[[\w, -]+\])?==\S+.* \\$", package) for package in packages)
    assert lock.count(" \\\n    --hash=sha256:") >= len(packages)
    assert not [line for line in lock.splitlines() if line.startswith("-")]


def run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a checkout's ./dev."""
    inherited = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(checkout)}
    return subprocess.run(
        [sys.executable, "-S", str(checkout / "dev"), *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
