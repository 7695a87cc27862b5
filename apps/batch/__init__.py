"""The command `batch`: a file of questions, in our form or a benchmark's, and what is kept while they are asked."""
