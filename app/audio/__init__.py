"""Untrusted bytes in, mono 16 kHz float32 out.

Nothing is imported here: the web process reads landmarks, and has neither pydub nor ffmpeg.
"""
