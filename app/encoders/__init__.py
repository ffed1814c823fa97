"""Transcribers and embedders behind small protocols."""
