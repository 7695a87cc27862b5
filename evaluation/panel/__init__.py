"""Which models belong in a panel: what was recorded of them, measured; all of evaluation but `comparing` enters."""
