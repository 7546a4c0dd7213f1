"""What a request asks for, carried out through ports."""
