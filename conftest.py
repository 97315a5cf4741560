pytest_plugins = ["local.fixtures"]
