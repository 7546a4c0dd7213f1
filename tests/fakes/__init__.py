"""Stand-ins for the services around the function, each with the real one's observed behaviour."""
