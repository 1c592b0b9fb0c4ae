"""The fault rig: what breaks a running mesh on purpose, and the book its figures are written in."""
