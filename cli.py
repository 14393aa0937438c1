"""Run sirtdose from a checkout: python cli.py post ..."""

from sirtdose.cli.main import run

run()
