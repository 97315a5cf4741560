"""What was recorded: files in several formats, or the records of the events topic, made into one `Recording`."""
