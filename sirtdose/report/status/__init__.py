"""Where each patient stands, as a document, a table and text."""
