"""A registration by itself: document and page."""
