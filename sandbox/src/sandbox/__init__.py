"""The outside world of the mesh, simulated over real HTTP and SMTP."""
