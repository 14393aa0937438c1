"""Where each patient stands: which step of a treatment is done, missing, outdated."""
