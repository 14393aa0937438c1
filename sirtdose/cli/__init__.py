"""The terminal: click, exit codes, one command a file."""
