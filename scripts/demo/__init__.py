"""The demo: three small podcasts of our own, spoken, scored and served on this machine."""
