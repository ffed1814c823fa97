"""The web application, and what it shares with the workers."""
