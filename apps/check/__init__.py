"""The command `check`: whether each model of the settings answers, and what its server takes."""
