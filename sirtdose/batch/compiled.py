"""Loaded once, by the process that workers are forked from: the page is compiled.

This takes 0.1 s, which each case would spend again.
"""

from sirtdose.report.render import compile_template

compile_template("post.html")
