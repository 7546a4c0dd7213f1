"""The code that is measured: each module runs inside a package directory, with nothing of this project beside it."""
