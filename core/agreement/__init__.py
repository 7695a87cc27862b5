"""Who says the same: texts come in, answers and groups come out; seats are not known here."""
