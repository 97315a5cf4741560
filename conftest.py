from hypothesis import Phase, settings

pytest_plugins = ["local.testing"]

# For the mutants: one counterexample is enough, and a shorter one is not looked for.
settings.register_profile("found", phases=[Phase.explicit, Phase.generate], derandomize=True)
