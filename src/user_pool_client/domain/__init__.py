"""Pure decisions: no AWS, no clock, no logger."""
