"""The wire: /chat/completions, spoken by this package itself; what is sent, what comes back, and why nothing did."""
