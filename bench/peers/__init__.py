"""What is measured beside the worker, each as a process of its own that reads the same topic."""
