"""The words every other part shares: errors, state, report, models."""
