"""Running the whole of Earmark on one machine: its services, its processes, its tools."""
