"""What ends a run early: budgets, quorums, early stops."""
