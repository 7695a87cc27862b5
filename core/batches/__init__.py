"""Providers' batches: requests are written down, sent as files, and answered within a day at half the price."""
