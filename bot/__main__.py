"""`python -m bot` is `byname`."""

from bot.cli import main

main()
