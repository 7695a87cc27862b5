"""Many questions put to one mixture by actors of a Ray cluster; Ray and `batch` enter, nothing else of evaluation."""
