"""What ends a run early: budgets, quorums, early stops; all of core but `evidence` enters."""
