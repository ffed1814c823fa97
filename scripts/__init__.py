"""What a person runs: set-up, the launcher, benchmarks, the demo."""
