"""Measuring the search, beside others, by voice and by sound: what scripts/evaluate runs."""
