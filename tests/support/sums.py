"""Questions of arithmetic, and two systems to compare on them."""

import json

SUMS = "".join(json.dumps({"question": f"What is {n} * 3?", "gold": 3 * n + (n % 4 == 0)}) + "\n" for n in range(2, 62))


FEW = "".join(SUMS.splitlines(keepends=True)[:8])
"""Two of them with wrong gold."""


TWO = ["--system", "offline:words", "--system", "self-moa,samples=2,temperature=0.7,early_stop=off"]
