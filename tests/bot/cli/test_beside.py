"""Words beside a head: under themselves on a terminal, in one line in a pipe."""

import os
import pty
import subprocess
import sys

SAID = (
    "signed in as @tern on https://social.example (4.6.4); automation label seen; 299 of 300 calls"
)
PROGRAM = f"from bot.cli._context import beside; print(beside('ok    login  ', {SAID!r}))"
COMMAND = [sys.executable, "-c", PROGRAM]


def on_a_terminal(columns):
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns)}
    subprocess.run(COMMAND, stdout=theirs, env=env, check=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode().splitlines()


def test_on_a_terminal_words_stand_under_themselves():
    first, *others = on_a_terminal(60)
    assert first.startswith("ok    login  signed in as")
    assert others
    assert all(line.startswith(" " * 13) and line[13] != " " for line in others)
    assert all(len(line) <= 60 for line in (first, *others))


def test_in_a_pipe_they_stay_in_one_line():
    told = subprocess.run(COMMAND, capture_output=True, text=True, check=True).stdout
    assert told == f"ok    login  {SAID}\n"
