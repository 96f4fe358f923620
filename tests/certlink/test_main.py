"""The command line as a whole."""

import subprocess
import sys
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from certlink.main import app

ROOT = Path(__file__).parents[2]
WITHOUT_THE_LOCAL_STACK = """
import sys
sys.modules["local"] = sys.modules["sandbox"] = None
from certlink.main import app
print(*(command.callback.__module__ for command in app.registered_commands))
app()
"""


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    shown = CliRunner().invoke(app, ["--version"])

    assert (shown.exit_code, shown.stdout) == (0, f"{project['version']}\n")


def test_the_local_stack_brings_its_commands_by_an_entry_point() -> None:
    modules = {command.callback.__module__ for command in app.registered_commands if command.callback}

    assert "local.commands" in modules
    assert "sandbox" in {group.name for group in app.registered_groups}


def test_without_the_local_stack_and_the_sandbox_the_product_runs() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_LOCAL_STACK, "--help"], capture_output=True, text=True, check=True
    )

    modules, _, commands = listed.stdout.partition("\n")
    assert {module.partition(".")[0] for module in modules.split()} == {"certlink"}
    assert {"serve", "work", "migrate"} <= {line.split()[0] for line in commands.splitlines() if line.strip()}
