"""Questions, records and rows from and to other tools' files: a file a form, and a table of them."""
