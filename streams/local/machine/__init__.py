"""This user's machine: folders, ports, private files, who else is on it."""
