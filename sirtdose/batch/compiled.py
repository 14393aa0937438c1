"""Loaded last by the process that workers are forked from: the page is compiled.

This takes 0.1 s, which each case would spend again. What is loaded by then is set apart
from garbage collection: looking through it, every worker would copy it all.
"""

import gc

from sirtdose.report.render import compile_template

compile_template("post.html")
gc.collect()
gc.freeze()
