"""Results to people: documents, tables, pages."""
