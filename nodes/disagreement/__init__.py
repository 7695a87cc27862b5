"""What proposals differ on: the box that has them compared before the aggregator, and what is read of the answer."""
