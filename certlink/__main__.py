"""Run certlink as a module."""

from certlink.main import main

main()
