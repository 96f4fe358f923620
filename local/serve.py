"""Serve certlink with the sandbox's people on the sign-in page."""

import typer

from certlink.commands.runner import load_settings
from certlink.commands.serve import serve_until_stopped
from sandbox.personas import WORK_PERSONAS
from web.pages.sign_in import SignInHint

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(port: int) -> None:
    """Serve the API and the pages; the sign-in page offers the sandbox's work personas."""
    hints = [SignInHint(email=persona.email, about=persona.about) for persona in WORK_PERSONAS]
    serve_until_stopped(load_settings(), host="127.0.0.1", port=port, sign_in_hints=hints)


if __name__ == "__main__":
    app()
