"""The stack on one machine without Docker, its fakes of the outside, the demo and the replay."""
